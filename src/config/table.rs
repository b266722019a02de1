//! The rows of the table of settings; those of what the numbers mean stand in `table/numbers.rs`.

mod numbers;
mod units;

use super::directory_table;
use super::front;
use super::log;
use super::log::LogFormat;
use super::outgoing;
use super::region::Region;
use super::secret;
use super::setting::Group;
use super::setting::Kind;
use super::setting::Setting;
use super::source::Source;
use super::stream::Overload;
use super::value;
use super::wait_levels_table;
use numbers::NUMBERS;
use units::DAY;
use units::HOUR;
use units::ms;
use units::s;

/// Every setting, in the order of the help and of `check`.
pub static SETTINGS: &[&Setting] =
    &joined::<{ FIRST.len() + NUMBERS.len() + LAST.len() }>([FIRST, NUMBERS, LAST]);

impl Setting {
    /// The setting of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        SETTINGS
            .iter()
            .copied()
            .find(|setting| setting.name == name)
    }
}

/// The rows of several tables, in one.
const fn joined<const N: usize>(tables: [&'static [Setting]; 3]) -> [&'static Setting; N] {
    let mut all = [&tables[0][0]; N];
    let (mut table, mut row, mut at) = (0, 0, 0);
    while at < N {
        if row == tables[table].len() {
            (table, row) = (table + 1, 0);
        } else {
            all[at] = &tables[table][row];
            (row, at) = (row + 1, at + 1);
        }
    }
    all
}

/// The rows before the numbers'.
static FIRST: &[Setting] = &[
    Setting {
        name: "config",
        alias: None,
        value: "FILE.toml",
        default: None,
        group: Group::General,
        help: "Settings as `name = value`, weaker than flags and environment",
        kind: Kind::Path(|draft| &mut draft.config),
    },
    Setting {
        name: "log",
        alias: Some("RUST_LOG"),
        value: "LEVEL",
        default: Some("info"),
        group: Group::General,
        help: "off, error, warn, info, debug or trace, or module=level pairs, separated by commas",
        kind: Kind::Text(|draft, text| {
            draft.log = log::filter(text)?;
            Ok(())
        }),
    },
    Setting {
        name: "log-format",
        alias: None,
        value: "auto|text|json",
        default: Some("auto"),
        group: Group::General,
        help: "How log lines are written; auto colours them on a terminal",
        kind: Kind::Text(|draft, text| {
            draft.log_format = value::choice(text, &LogFormat::NAMES)?;
            Ok(())
        }),
    },
    Setting {
        name: "source",
        alias: None,
        value: "SOURCE[,SOURCE]",
        default: Some("events-stream"),
        group: Group::Source,
        help: "Where events come from: events-stream, push (what the file's [[push]] tables take), or both",
        kind: Kind::Text(|draft, text| {
            draft.source = Source::parse(text)?;
            Ok(())
        }),
    },
    Setting {
        name: "region",
        alias: Some("GENESYS_ENV"),
        value: "REGION",
        default: None,
        group: Group::Source,
        help: "Region's domain, AWS region name, or base URL; api and nothing mean mypurecloud.com",
        kind: Kind::Text(|draft, text| {
            draft.region = Some(Region::parse(text)?);
            Ok(())
        }),
    },
    Setting {
        name: "token-url",
        alias: None,
        value: "URL",
        default: None,
        group: Group::Source,
        help: "OAuth token endpoint, in place of the region's",
        kind: Kind::HttpUrl(|draft| &mut draft.token_url),
    },
    Setting {
        name: "stream-url",
        alias: None,
        value: "URL",
        default: None,
        group: Group::Source,
        help: "Event stream, in place of the region's",
        kind: Kind::WebSocketUrl(|draft| &mut draft.stream_url),
    },
    Setting {
        name: "client-id",
        alias: Some("GENESYS_CLIENT_ID"),
        value: "ID",
        default: None,
        group: Group::Source,
        help: "OAuth client's id",
        kind: Kind::Id(|draft, text| {
            draft.client_id = Some(value::client_id(text)?);
            Ok(())
        }),
    },
    Setting {
        name: "client-id-file",
        alias: Some("GENESYS_CLIENT_ID_FILE"),
        value: "FILE",
        default: None,
        group: Group::Source,
        help: "File with the OAuth client's id",
        kind: Kind::Path(|draft| &mut draft.client_id_file),
    },
    Setting {
        name: "client-secret",
        alias: Some("GENESYS_CLIENT_SECRET"),
        value: "SECRET",
        default: None,
        group: Group::Source,
        help: "OAuth client's secret, from the environment alone",
        kind: Kind::Secret(|draft, text| {
            draft.client_secret = Some(secret::parse(text)?);
            Ok(())
        }),
    },
    Setting {
        name: "client-secret-file",
        alias: Some("GENESYS_CLIENT_SECRET_FILE"),
        value: "FILE",
        default: None,
        group: Group::Source,
        help: "File with the OAuth client's secret, closed to other users",
        kind: Kind::Path(|draft| &mut draft.client_secret_file),
    },
    outgoing::OAUTH_SCOPE,
    outgoing::OAUTH_AUDIENCE,
    outgoing::OAUTH_CREDENTIALS,
    outgoing::TOKEN_IN_QUERY,
    outgoing::CA_FILE,
    outgoing::HTTPS_PROXY,
    outgoing::HTTP_PROXY,
    outgoing::ALL_PROXY,
    outgoing::NO_PROXY,
    Setting {
        name: "ping-interval",
        alias: None,
        value: "DURATION",
        default: Some("15s"),
        group: Group::Connection,
        help: "How often the peer is pinged",
        kind: Kind::Length(s(1)..=HOUR, |draft| &mut draft.ping_interval),
    },
    Setting {
        name: "dead-after",
        alias: None,
        value: "DURATION",
        default: Some("40s"),
        group: Group::Connection,
        help: "Silence after which the peer counts as dead; longer than the ping interval",
        kind: Kind::Length(s(2)..=DAY, |draft| &mut draft.dead_after),
    },
    Setting {
        name: "live-timeout",
        alias: None,
        value: "DURATION",
        default: Some("30s"),
        group: Group::Connection,
        help: "Limit from the handshake to the first event or the first answer to a ping",
        kind: Kind::Length(s(1)..=HOUR, |draft| &mut draft.live_timeout),
    },
    Setting {
        name: "backoff-base",
        alias: None,
        value: "DURATION",
        default: Some("1s"),
        group: Group::Connection,
        help: "Upper bound of the random delay before the first reconnect; doubles with each failure",
        kind: Kind::Length(ms(10)..=s(30), |draft| &mut draft.backoff_base),
    },
    Setting {
        name: "backoff-cap",
        alias: None,
        value: "DURATION",
        default: Some("30s"),
        group: Group::Connection,
        help: "Where that bound stops doubling",
        kind: Kind::Length(ms(10)..=s(30), |draft| &mut draft.backoff_cap),
    },
    Setting {
        name: "stable-after",
        alias: None,
        value: "DURATION",
        default: Some("60s"),
        group: Group::Connection,
        help: "How long a stream has to be live before the delay starts small again",
        kind: Kind::Length(s(1)..=HOUR, |draft| &mut draft.stable_after),
    },
    Setting {
        name: "connect-timeout",
        alias: None,
        value: "DURATION",
        default: Some("10s"),
        group: Group::Connection,
        help: "Limit on name resolution, connecting, TLS and the handshake together",
        kind: Kind::Length(ms(100)..=s(300), |draft| &mut draft.connect_timeout),
    },
    Setting {
        name: "overload",
        alias: None,
        value: "wait|shed",
        default: Some("wait"),
        group: Group::Connection,
        help: "When the ring is full: slow the sender down, or drop events and count them",
        kind: Kind::Text(|draft, text| {
            draft.overload = value::choice(text, &Overload::NAMES)?;
            Ok(())
        }),
    },
    Setting {
        name: "push-high-water",
        alias: None,
        value: "BYTES",
        default: Some("64MiB"),
        group: Group::Source,
        help: "Bytes of posted events not yet taken over from which posts are answered 503",
        kind: Kind::Bytes(16 << 20..=16 << 30, |draft| &mut draft.push_high_water),
    },
    Setting {
        name: "push-low-water",
        alias: None,
        value: "BYTES",
        default: Some("48MiB"),
        group: Group::Source,
        help: "Bytes down to which they have to fall until posts are taken again",
        kind: Kind::Bytes(1 << 20..=16 << 30, |draft| &mut draft.push_low_water),
    },
];

/// The rows after the numbers'.
static LAST: &[Setting] = &[
    Setting {
        name: "listen",
        alias: None,
        value: "ADDR",
        default: Some("127.0.0.1:4000"),
        group: Group::Server,
        help: "Address and port of the HTTP server; port 0 lets the system choose",
        kind: Kind::Text(|draft, text| {
            draft.listen = Some(value::address(text)?);
            Ok(())
        }),
    },
    Setting {
        name: "token-file",
        alias: None,
        value: "FILE",
        default: None,
        group: Group::Server,
        help: "File with the bearer token that readers have to send, closed to other users",
        kind: Kind::Path(|draft| &mut draft.token_file),
    },
    Setting {
        name: "open-to-network",
        alias: None,
        value: "BOOL",
        default: Some("false"),
        group: Group::Server,
        help: "Let everybody on the network read without a token",
        kind: Kind::Switch(|draft, on| draft.open_to_network = on),
    },
    front::PUBLIC_URL,
    front::TRUSTED_PROXY,
    Setting {
        name: "introspection",
        alias: None,
        value: "BOOL",
        default: None,
        group: Group::Server,
        help: "Let clients ask for the GraphQL schema; without this only where no token is asked for",
        kind: Kind::Switch(|draft, on| draft.introspection = Some(on)),
    },
    Setting {
        name: "ready-max-age",
        alias: None,
        value: "DURATION",
        default: Some("5s"),
        group: Group::Server,
        help: "A snapshot older than this makes /readyz answer 503",
        kind: Kind::Length(s(1)..=HOUR, |draft| &mut draft.ready_max_age),
    },
    Setting {
        name: "keep-alive",
        alias: None,
        value: "DURATION",
        default: Some("75s"),
        group: Group::Server,
        help: "How long a client's idle connection is kept; longer than a proxy in front keeps it",
        kind: Kind::Length(s(1)..=HOUR, |draft| &mut draft.keep_alive),
    },
    Setting {
        name: "tls-cert",
        alias: None,
        value: "FILE.pem",
        default: None,
        group: Group::Server,
        help: "Certificate to serve over TLS with, and the authorities' that lead to a root",
        kind: Kind::Path(|draft| &mut draft.tls_cert),
    },
    Setting {
        name: "tls-key",
        alias: None,
        value: "FILE.pem",
        default: None,
        group: Group::Server,
        help: "Private key of that certificate, closed to other users",
        kind: Kind::Path(|draft| &mut draft.tls_key),
    },
    directory_table::NAMES_FILE,
    directory_table::SESSION_LINK,
    wait_levels_table::AWAITING_WARNING,
    wait_levels_table::AWAITING_CRITICAL,
    wait_levels_table::LONGEST_WARNING,
    wait_levels_table::LONGEST_CRITICAL,
    outgoing::WEBHOOK_URL,
    outgoing::WEBHOOK_TOKEN_FILE,
];
