//! From the laid layers to the typed settings: what one value cannot tell alone is checked here.

use std::time::Duration;

use hyper::Uri;

use crate::window::Width;
use crate::window::WindowLength;

use super::alert::AlertRule;
use super::credentials;
use super::directory_file::directory;
use super::duration::millis;
use super::engine::AggregateSettings;
use super::engine::ClockRule;
use super::engine::EngineSettings;
use super::environment::Environment;
use super::error::SettingsError;
use super::layers::Flags;
use super::layers::Layers;
use super::layers::Origin;
use super::layers::Shown;
use super::limits::RETAINED_BUCKETS_MAX;
use super::limits::WINDOWS_MAX;
use super::log::LogSettings;
use super::proxies::proxies;
use super::push::PushEndpoint;
use super::push_build;
use super::serve::ServeSettings;
use super::setting::Setting;
use super::small_file;
use super::stream::AuthSettings;
use super::stream::StreamSettings;
use super::table::SETTINGS;
use super::tls;
use super::urls::urls;
use super::variables::Unknown;
use super::wait_levels::WaitLevels;
use super::webhook::WebhookSettings;

/// The settings of `serve`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the engine is started with.
    pub engine: EngineSettings,
    /// The log.
    pub log: LogSettings,
}

/// What [`load`] found.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings, or everything that is wrong with them.
    pub settings: Result<Settings, SettingsError>,
    /// Every setting of the table with its value and origin, in the table's order.
    pub shown: Vec<(&'static Setting, Shown)>,
    /// Every alert and where it stands.
    pub alerts: Vec<(AlertRule, Origin)>,
    /// Every endpoint for events and where it stands.
    pub pushes: Vec<(PushEndpoint, Origin)>,
    /// What is worth knowing and no fault, one line each.
    pub notes: Vec<String>,
    /// What somebody should look at and is no fault, one line each.
    pub warnings: Vec<String>,
}

/// Loads all settings from flags, environment, the TOML file they name, and defaults, the strongest
/// first. Reads the files that settings name; binds and connects nothing.
pub fn load(flags: &Flags, environment: &Environment) -> Loaded {
    let all: Vec<&'static Setting> = SETTINGS.to_vec();
    let mut layers = Layers::lay(&all, flags, environment);
    let unknown = Unknown::among(&environment.names().collect::<Vec<_>>());
    layers.notes.extend(unknown.notes);
    layers.warnings.extend(unknown.warnings);
    let engine = engine(&mut layers);
    let log = log(&layers);
    let Layers {
        error,
        mut shown,
        notes,
        warnings,
        rules,
        pushes,
        ..
    } = layers;
    Loaded {
        alerts: rules,
        pushes,
        settings: error.or(()).map(|()| match engine {
            Some(engine) => Settings { engine, log },
            None => unreachable!("without a fault every part is built"),
        }),
        shown: all
            .into_iter()
            .map(|setting| (setting, shown.remove(setting.name).unwrap_or_default()))
            .collect(),
        notes,
        warnings,
    }
}

/// Loads the settings of the log alone, for commands that take no file. `filter` is what holds
/// where nobody gives one.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load_log(
    flags: &Flags,
    environment: &Environment,
    filter: &str,
) -> Result<LogSettings, SettingsError> {
    let settings: Vec<&'static Setting> = SETTINGS
        .iter()
        .copied()
        .filter(|setting| setting.name.starts_with("log"))
        .collect();
    let layers = Layers::lay(&settings, flags, environment);
    let mut log = log(&layers);
    if !layers.is_given("log") {
        filter.clone_into(&mut log.filter);
    }
    layers.error.or(log)
}

fn log(layers: &Layers) -> LogSettings {
    LogSettings {
        filter: layers.draft.log.clone(),
        format: layers.draft.log_format,
    }
}

/// Every part is built, so that all faults are found, before any of them is missed.
fn engine(layers: &mut Layers) -> Option<EngineSettings> {
    let (token_url, stream_url) = urls(layers);
    let webhook_url = layers.draft.webhook_url.clone();
    let proxies = proxies(layers, &[&token_url, &stream_url, &webhook_url]);
    let is_asked = layers.draft.source.has_events_stream();
    let client = is_asked.then(|| {
        let id = credentials::client_id(layers);
        (id, credentials::client_secret(layers))
    });
    let stream = stream(layers, stream_url);
    let aggregate = aggregate(layers);
    let serve = serve(layers);
    let push = push_build::push(layers, serve.as_ref());
    let alerts = alerts(layers, aggregate.as_ref());
    let directory = directory(layers);
    let webhook = webhook(layers);
    let auth = match client {
        None => None,
        Some((client_id, client_secret)) => Some(AuthSettings {
            token_url: token_url?,
            client_id: client_id?,
            client_secret: client_secret?,
            scope: layers.draft.oauth_scope.clone(),
            audience: layers.draft.oauth_audience.clone(),
            credentials_in: layers.draft.oauth_credentials,
        }),
    };
    Some(EngineSettings {
        source: layers.draft.source,
        auth,
        stream: stream?,
        push: push?,
        proxies,
        aggregate: aggregate?,
        wait: layers.draft.wait,
        serve: serve?,
        alerts,
        directory,
        webhook,
    })
}

/// The alerts on the windows that there are. Their order is the file's.
fn alerts(layers: &mut Layers, aggregate: Option<&AggregateSettings>) -> Vec<AlertRule> {
    let Some(aggregate) = aggregate else {
        // The windows are at fault, and that is reported.
        return Vec::new();
    };
    for (entry, origin) in &layers.alerts {
        match entry.on(aggregate) {
            Ok(rule) => layers.rules.extend(rule.map(|rule| (rule, origin.clone()))),
            Err(why) => layers.error.add(format!("config: {origin}: {why}")),
        }
    }
    layers.rules.iter().map(|(rule, _)| rule.clone()).collect()
}

fn webhook(layers: &mut Layers) -> Option<WebhookSettings> {
    let draft = layers.draft.clone();
    let has_token = draft.webhook_token_file.is_some();
    let token = draft
        .webhook_token_file
        .and_then(|path| layers.secret("webhook-token-file", &path));
    let Some(url) = draft.webhook_url else {
        if has_token && layers.are_good(&["webhook-url"]) {
            layers.fault(
                "webhook-token-file",
                "no webhook-url to send it to; give one",
            );
        }
        return None;
    };
    let mut webhook = WebhookSettings::new(url);
    webhook.token = token;
    Some(webhook)
}

fn stream(layers: &mut Layers, stream_url: Option<Uri>) -> Option<StreamSettings> {
    let draft = layers.draft.clone();
    if layers.are_good(&["ping-interval", "dead-after"]) && draft.dead_after <= draft.ping_interval
    {
        layers.fault(
            "dead-after",
            "no longer than the ping interval, so a healthy peer would count as dead; raise it",
        );
    }
    if layers.are_good(&["backoff-base", "backoff-cap"]) && draft.backoff_base > draft.backoff_cap {
        layers.fault("backoff-base", "over the backoff cap; lower it");
    }
    if let Some(path) = &draft.ca_file
        && let Err(why) = small_file::check_plain(path)
    {
        layers.fault("ca-file", why);
    }
    Some(StreamSettings {
        stream_url: stream_url?,
        token_in_query: draft.token_in_query,
        ca_file: draft.ca_file,
        ping_interval: draft.ping_interval,
        dead_after: draft.dead_after,
        live_timeout: draft.live_timeout,
        displaced_retry: StreamSettings::DISPLACED_RETRY,
        skew: draft.skew,
        backoff_base: draft.backoff_base,
        backoff_cap: draft.backoff_cap,
        stable_after: draft.stable_after,
        connect_timeout: draft.connect_timeout,
        overload: draft.overload,
    })
}

fn aggregate(layers: &mut Layers) -> Option<AggregateSettings> {
    if !layers.are_good(&["bucket", "window", "windows", "lateness"]) {
        return None;
    }
    let draft = layers.draft.clone();
    let width = match Width::from_ms(small_millis(draft.bucket)) {
        Ok(width) => width,
        Err(why) => {
            layers.fault("bucket", why);
            return None;
        }
    };
    let main_ms = small_millis(draft.window);
    if let Err(why) = WindowLength::new(main_ms, width) {
        layers.fault("window", why);
        return None;
    }
    let mut further_ms: Vec<u32> = draft.windows.iter().copied().map(small_millis).collect();
    if !layers.is_given("windows") {
        // Nobody asked for these: on a bucket that they do not fit they go without a word.
        further_ms.retain(|ms| WindowLength::new(*ms, width).is_ok());
    }
    if further_ms.len() >= WINDOWS_MAX {
        layers.fault(
            "windows",
            format!("{} windows over {}", further_ms.len(), WINDOWS_MAX - 1),
        );
        return None;
    }
    let mut settings = match AggregateSettings::new(width, main_ms, &further_ms) {
        Ok(settings) => settings,
        Err(why) => {
            layers.fault("windows", why);
            return None;
        }
    };
    settings.lateness_ms = millis(draft.lateness);
    settings.clock = ClockRule::Wall {
        skew_ms: millis(draft.skew),
    };
    settings.idle_timeout_ms = millis(draft.idle_timeout);
    settings.uncertain_timeout_ms = millis(draft.uncertain_timeout);
    settings.sessions_max = usize::try_from(draft.max_sessions).unwrap_or(usize::MAX);
    settings.dedup_bytes_max = usize::try_from(draft.dedup_memory).unwrap_or(usize::MAX);
    settings.groups_max = usize::try_from(draft.max_groups).unwrap_or(usize::MAX);
    settings.service_level_ms = millis(draft.service_level_threshold);
    settings.short_abandon_ms = millis(draft.short_abandon);
    let retained = settings.retained_buckets();
    if retained > RETAINED_BUCKETS_MAX {
        layers.fault(
            "bucket",
            format!(
                "the longest window and the lateness take {retained} buckets over {RETAINED_BUCKETS_MAX}; widen the bucket"
            ),
        );
        return None;
    }
    Some(settings)
}

/// The levels of waiting. A yellow one above its red one would never be seen, which is a fault.
fn wait_levels(layers: &mut Layers) -> WaitLevels {
    let draft = &layers.draft;
    let levels = WaitLevels {
        awaiting_warning: draft.awaiting_warning,
        awaiting_critical: draft.awaiting_critical,
        longest_warning: draft.longest_awaiting_warning,
        longest_critical: draft.longest_awaiting_critical,
    };
    let pairs = [
        (
            ["awaiting-warning", "awaiting-critical"],
            levels.awaiting_warning,
            levels.awaiting_critical,
        ),
        (
            ["longest-awaiting-warning", "longest-awaiting-critical"],
            millis(levels.longest_warning),
            millis(levels.longest_critical),
        ),
    ];
    for ([yellow, red], warning, critical) in pairs {
        if critical > 0 && warning > critical && layers.are_good(&[yellow, red]) {
            let why =
                format!("over {red}, so it would never be seen; lower it, or turn it off by 0");
            layers.fault(yellow, why);
        }
    }
    levels
}

/// Milliseconds of a length that the table keeps to a day at the most.
fn small_millis(length: Duration) -> u32 {
    u32::try_from(millis(length)).unwrap_or(u32::MAX)
}

fn serve(layers: &mut Layers) -> Option<ServeSettings> {
    let mut serve = ServeSettings::new(layers.draft.listen.unwrap_or(ServeSettings::LISTEN));
    serve.open_to_network = layers.draft.open_to_network;
    serve.public_urls = layers.draft.public_urls.clone();
    serve.trusted_proxies = layers.draft.trusted_proxies.clone();
    serve.introspection = layers.draft.introspection;
    serve.ready_max_age = layers.draft.ready_max_age;
    serve.timeouts.idle = layers.draft.keep_alive;
    serve.tls = tls::files(layers);
    serve.wait_levels = wait_levels(layers);
    if let Some(path) = layers.draft.token_file.clone() {
        serve.token = Some(layers.secret("token-file", &path)?);
    }
    if !layers.are_good(&["listen", "token-file", "open-to-network"]) {
        return None;
    }
    if let Err(why) = serve.check_exposure() {
        let name = match serve.token {
            Some(_) => "token-file",
            None => "listen",
        };
        layers.fault(name, why);
        return None;
    }
    if serve.has_short_token() {
        let min = ServeSettings::TOKEN_CHARACTERS_MIN;
        let line = format!(
            "token-file: the token has fewer than {min} characters; it is refused where the network can reach the server"
        );
        layers.warnings.push(line);
    }
    if !layers.are_good(&["public-url", "trusted-proxy"]) {
        return None;
    }
    if let Err(why) = serve.check_public_urls() {
        let name = match serve.token {
            Some(_) => "token-file",
            None => "public-url",
        };
        layers.fault(name, why);
        return None;
    }
    Some(serve)
}
