//! The table of settings: the one place that names them. Flags, environment variables, the keys of
//! the TOML file, the help, `check` and the tests are all made of it.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;

use super::draft::Draft;
use super::proxy::ProxyUrl;

/// One setting. Its flag is `--{name}`, its variable `STREAMGAUGE_{NAME}`, its TOML key `{name}`.
#[derive(Debug)]
pub struct Setting {
    /// The name, in lower case with dashes.
    pub name: &'static str,
    /// A further environment variable, weaker than the program's own.
    pub alias: Option<&'static str>,
    /// What the help shows in place of a value.
    pub value: &'static str,
    /// The default, as a user would write it; `None` when there is none.
    pub default: Option<&'static str>,
    /// The heading it stands under in the help.
    pub group: Group,
    /// One sentence for people.
    pub help: &'static str,
    pub(super) kind: Kind,
}

/// The headings of the help, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The file and the log.
    General,
    /// Where events come from.
    Source,
    /// The connection's life.
    Connection,
    /// What the numbers mean.
    Numbers,
    /// The HTTP server.
    Server,
    /// Notifications about alerts.
    Alerts,
}

impl Group {
    /// The heading.
    pub const fn label(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Source => "Source",
            Self::Connection => "Connection",
            Self::Numbers => "Numbers",
            Self::Server => "Server",
            Self::Alerts => "Alerts",
        }
    }
}

/// What a value looks like, its bounds, and where it goes.
#[derive(Debug)]
pub(super) enum Kind {
    Length(RangeInclusive<Duration>, fn(&mut Draft) -> &mut Duration),
    Lengths(
        RangeInclusive<Duration>,
        fn(&mut Draft) -> &mut Vec<Duration>,
    ),
    Count(RangeInclusive<u64>, fn(&mut Draft) -> &mut u64),
    Bytes(RangeInclusive<u64>, fn(&mut Draft) -> &mut u64),
    Switch(fn(&mut Draft, bool)),
    Path(fn(&mut Draft) -> &mut Option<PathBuf>),
    HttpUrl(fn(&mut Draft) -> &mut Option<Uri>),
    WebSocketUrl(fn(&mut Draft) -> &mut Option<Uri>),
    /// A URL whose path may be a key: shown without it.
    WebhookUrl(fn(&mut Draft) -> &mut Option<Uri>),
    /// Texts separated by commas; a flag is given once for each, a file has a list.
    List(fn(&mut Draft, &str) -> Result<(), String>),
    /// A proxy's URL, which may hold a password: shown without it.
    Proxy(fn(&mut Draft) -> &mut Option<ProxyUrl>),
    /// Hosts without a proxy.
    NoProxy,
    /// Anything else that is written as text.
    Text(fn(&mut Draft, &str) -> Result<(), String>),
    /// Printable ASCII text that means something to others only.
    Phrase(fn(&mut Draft, &str) -> Result<(), String>),
    /// Text that is shown when it is right, and not repeated when it is refused.
    Id(fn(&mut Draft, &str) -> Result<(), String>),
    /// Text that is never shown, and accepted from the environment alone.
    Secret(fn(&mut Draft, &str) -> Result<(), String>),
}

impl Setting {
    /// The program's own environment variable.
    pub fn variable(&self) -> String {
        let name = self.name.replace('-', "_").to_ascii_uppercase();
        format!("{VARIABLE_PREFIX}{name}")
    }

    /// All its environment variables, the weakest first. What every program reads of proxies is
    /// written in small letters too, and those win.
    pub fn variables(&self) -> impl Iterator<Item = String> {
        let small = self.alias.filter(|_| self.is_of_proxy());
        self.alias
            .map(str::to_owned)
            .into_iter()
            .chain(small.map(str::to_ascii_lowercase))
            .chain(std::iter::once(self.variable()))
    }

    /// Why this value has no place where others can read it; `None` when it may stand there.
    pub(super) fn shows_password(&self, text: &str) -> Option<String> {
        let is_shown = matches!(self.kind, Kind::Proxy(_)) && text.contains('@');
        let variable = self.alias.unwrap_or_default();
        is_shown.then(|| {
            format!("has a user name or password in it, which others can read there; set {variable} instead")
        })
    }

    /// Whether it says through which proxy hosts are reached.
    pub const fn is_of_proxy(&self) -> bool {
        matches!(self.kind, Kind::Proxy(_) | Kind::NoProxy)
    }

    /// Whether the value is hidden, and refused on the command line and in the file.
    pub const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret(_))
    }

    /// Whether the flag may stand without a value.
    pub const fn is_switch(&self) -> bool {
        matches!(self.kind, Kind::Switch(_))
    }

    /// Whether the flag may be given several times.
    pub const fn is_list(&self) -> bool {
        matches!(self.kind, Kind::List(_))
    }

    /// Whether the value is a path to complete in a shell.
    pub const fn is_path(&self) -> bool {
        matches!(self.kind, Kind::Path(_))
    }

    /// Whether an error may quote a refused value: not when it may hold a credential.
    pub(super) fn may_quote(&self, text: &str) -> bool {
        // A URL without its scheme is refused as well, with the password that may be in it.
        let may_hold_password = text.contains('@') || (self.is_list() && text.contains('?'));
        !text.contains("://")
            && !may_hold_password
            && !matches!(
                self.kind,
                Kind::Id(_)
                    | Kind::Secret(_)
                    | Kind::HttpUrl(_)
                    | Kind::WebSocketUrl(_)
                    | Kind::WebhookUrl(_)
                    | Kind::Proxy(_)
            )
    }

    /// Whether the TOML file may hold it: it cannot name itself.
    pub fn is_in_file(&self) -> bool {
        self.name != "config" && !self.is_secret()
    }
}

/// What the program's own environment variables begin with.
pub const VARIABLE_PREFIX: &str = "STREAMGAUGE_";
