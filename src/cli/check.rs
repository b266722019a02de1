//! `streamgauge check`: the settings of `serve`, each with its origin, and what would run; or what would
//! become of a file that is posted. Connects to nothing and binds nothing.

use std::fmt;
use std::fmt::Write;
use std::path::PathBuf;

use clap::ValueHint;
use hyper::Uri;
use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::config::AlertBy;
use crate::config::Environment;
use crate::config::Flags;
use crate::config::Loaded;
use crate::config::PublicUrl;
use crate::config::PushEndpoint;
use crate::config::Setting;
use crate::config::Settings;
use crate::config::SettingsError;
use crate::config::Shown;
use crate::config::ShownValue;
use crate::engine::Engine;
use crate::net::Endpoint;

use super::Failure;
use super::output;
use super::output::Format;
use super::sample;
use super::setting_flags::SettingFlags;

/// Arguments of `streamgauge check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show what would become of this file, element by element, if it was posted to the endpoint of
    /// --push; gzip and zstd are unpacked. `-` reads standard input.
    #[arg(long, value_name = "FILE|-", requires = "push", value_hint = ValueHint::FilePath)]
    sample: Option<PathBuf>,
    /// The endpoint of the settings, by its name, whose dialect or mapping reads the sample
    #[arg(long, value_name = "NAME", requires = "sample")]
    push: Option<String>,
    #[command(flatten)]
    settings: SettingFlags,
}

/// Prints the settings; `log` are the flags of the log.
///
/// # Errors
/// Everything that is wrong with the settings.
pub(super) fn run(args: Args, log: Flags, environment: &Environment) -> Result<(), Failure> {
    let mut loaded = config::load(&log.and(args.settings.0), environment);
    if let Ok(settings) = &loaded.settings
        && let Err(error) = Engine::check(&settings.engine)
    {
        loaded.settings = Err(SettingsError::of(format!("config: {error}")));
    }
    if let (Some(file), Some(name)) = (&args.sample, &args.push) {
        return sample::run(file, name, args.format, &loaded);
    }
    let text = match args.format {
        Format::Text => text(&loaded),
        Format::Json => format!("{:#}\n", json(&loaded)),
    };
    output::data(&text)?;
    match loaded.settings {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Usage(error.to_string())),
    }
}

fn text(loaded: &Loaded) -> String {
    let mut text = String::new();
    let rows: Vec<[String; 3]> = loaded.shown.iter().map(row).collect();
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        // One long path must not push every other row off the screen.
        lengths.max().unwrap_or_default().min(60)
    };
    let (name_width, value_width) = (width(0), width(1));
    for [name, value, origin] in &rows {
        let line = format!("{name:name_width$}  {value:value_width$}  {origin}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for (rule, origin) in &loaded.alerts {
        let name = rule.name.escape_debug();
        let _ = writeln!(text, "alert \"{name}\": {rule}  {origin}");
    }
    for (endpoint, origin) in &loaded.pushes {
        let PushEndpoint {
            name,
            path,
            credential,
            dialect,
            allowed_origins,
        } = endpoint;
        let origins = match &allowed_origins[..] {
            [any] if any == PushEndpoint::ANY_ORIGIN => String::new(),
            some => format!(", allowed origins {}", some.join(" ")),
        };
        let _ = writeln!(
            text,
            "push \"{name}\" at {path}: {dialect}, {credential} (secret set){origins}  {origin}"
        );
    }
    if let Ok(settings) = &loaded.settings {
        let names = &settings.engine.directory.names;
        for by in AlertBy::ALL.into_iter().filter(|by| names.count(*by) > 0) {
            let _ = writeln!(text, "names of {}s: {}", by.label(), names.count(by));
        }
    }
    for warning in &loaded.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    for note in &loaded.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if let Ok(settings) = &loaded.settings {
        let urls = Urls::of(settings);
        for (what, reached) in urls.outgoing() {
            let _ = writeln!(text, "would {what} {reached}");
        }
        for url in &urls.push {
            let _ = writeln!(text, "would take posts at {url}");
        }
        let _ = writeln!(text, "would serve GraphQL at {}", urls.graphql);
        for url in urls.public {
            let _ = writeln!(text, "would be found by browsers elsewhere at {url}");
        }
    }
    text
}

fn row((setting, shown): &(&'static Setting, Shown)) -> [String; 3] {
    let origin = shown.origin.to_string();
    let (value, origin) = match &shown.value {
        ShownValue::Text(value) => (value.clone(), origin),
        ShownValue::Hidden => (format!("(set, from {origin})"), String::new()),
        ShownValue::NotSet => ("(not set)".to_owned(), String::new()),
        ShownValue::Refused => ("(refused)".to_owned(), origin),
    };
    [setting.name.to_owned(), value, origin]
}

fn json(loaded: &Loaded) -> Value {
    let settings: Vec<Value> = loaded
        .shown
        .iter()
        .map(|(setting, shown)| {
            let value = match &shown.value {
                ShownValue::Text(value) => Some(value),
                _ => None,
            };
            json!({
                "name": setting.name,
                "value": value,
                "isSet": shown.value != ShownValue::NotSet,
                "isSecret": setting.is_secret(),
                "isRefused": shown.value == ShownValue::Refused,
                "origin": shown.origin.to_string(),
            })
        })
        .collect();
    let alerts: Vec<Value> = loaded
        .alerts
        .iter()
        .map(|(rule, origin)| {
            json!({
                "name": &*rule.name,
                "rule": rule.to_string(),
                "origin": origin.to_string(),
            })
        })
        .collect();
    let pushes: Vec<Value> = loaded
        .pushes
        .iter()
        .map(|(endpoint, origin)| {
            json!({
                "name": &*endpoint.name,
                "path": endpoint.path.as_str(),
                "dialect": endpoint.dialect.to_string(),
                "allowedOrigins": endpoint.allowed_origins,
                "credential": endpoint.credential.to_string(),
                "origin": origin.to_string(),
            })
        })
        .collect();
    let errors = match &loaded.settings {
        Ok(_) => &[],
        Err(error) => error.lines(),
    };
    let would_run = loaded.settings.as_ref().ok().map(|settings| {
        let urls = Urls::of(settings);
        let url = |reached: &Option<Reached>| reached.as_ref().map(|reached| reached.url.clone());
        let proxy = |reached: &Option<Reached>| reached.as_ref()?.proxy.clone();
        json!({
            "tokenUrl": url(&urls.token),
            "tokenProxy": proxy(&urls.token),
            "streamUrl": url(&urls.stream),
            "streamProxy": proxy(&urls.stream),
            "webhookUrl": url(&urls.webhook),
            "webhookProxy": proxy(&urls.webhook),
            "pushUrls": urls.push,
            "graphqlUrl": urls.graphql,
            "publicUrls": urls.public,
        })
    });
    let names = loaded.settings.as_ref().ok().map(|settings| {
        let names = &settings.engine.directory.names;
        json!({
            "queues": names.count(AlertBy::Queue),
            "deployments": names.count(AlertBy::Deployment),
            "directions": names.count(AlertBy::Direction),
        })
    });
    json!({
        "ok": loaded.settings.is_ok(),
        "settings": settings,
        "alerts": alerts,
        "pushEndpoints": pushes,
        "names": names,
        "notes": loaded.notes,
        "warnings": loaded.warnings,
        "errors": errors,
        "wouldRun": would_run,
    })
}

/// What would run, as people may see it.
struct Urls {
    token: Option<Reached>,
    stream: Option<Reached>,
    webhook: Option<Reached>,
    push: Vec<String>,
    graphql: String,
    public: Vec<String>,
}

/// A service, and the proxy on the way to it.
struct Reached {
    url: String,
    proxy: Option<String>,
}

impl Urls {
    fn of(settings: &Settings) -> Self {
        let engine = &settings.engine;
        let reached = |url: &Uri, shown: String| {
            let endpoint = Endpoint::new(url).ok();
            let proxy = endpoint.and_then(|to| {
                let proxy = engine.proxies.choose(to.is_tls(), to.host(), to.port());
                proxy.map(ToString::to_string)
            });
            Reached { url: shown, proxy }
        };
        let auth = engine.auth.as_ref();
        let token = auth.map(|auth| &auth.token_url);
        let stream = auth.map(|_| &engine.stream.stream_url);
        let (listen, is_tls) = (engine.serve.listen, engine.serve.tls.is_some());
        let pushes = match engine.source.has_push() {
            true => &engine.push.endpoints[..],
            false => &[],
        };
        let webhook = engine.webhook.as_ref().map(|webhook| &webhook.url.0);
        Self {
            token: token.map(|url| reached(url, config::shown_url(url))),
            stream: stream.map(|url| reached(url, config::shown_url(url))),
            webhook: webhook.map(|url| reached(url, config::shown_host(url))),
            push: pushes
                .iter()
                .map(|endpoint| super::push_url(listen, is_tls, &endpoint.path))
                .collect(),
            graphql: super::graphql_url(listen, is_tls),
            public: engine
                .serve
                .public_urls
                .iter()
                .map(PublicUrl::to_string)
                .collect(),
        }
    }

    /// What would be asked of others, and where.
    fn outgoing(&self) -> impl Iterator<Item = (&'static str, &Reached)> {
        [
            ("fetch a token from", &self.token),
            ("read events from", &self.stream),
            ("post alerts to", &self.webhook),
        ]
        .into_iter()
        .filter_map(|(what, reached)| Some((what, reached.as_ref()?)))
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)?;
        match &self.proxy {
            Some(proxy) => write!(f, " through the proxy {proxy}"),
            None => Ok(()),
        }
    }
}
