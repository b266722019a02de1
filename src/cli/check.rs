//! `streamgauge check`: the settings of `serve`, each with its origin, and what would run. Connects
//! to nothing and binds nothing.

use std::fmt::Write;

use clap::ValueEnum;
use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::config::Environment;
use crate::config::Flags;
use crate::config::Loaded;
use crate::config::Setting;
use crate::config::Settings;
use crate::config::SettingsError;
use crate::config::Shown;
use crate::config::ShownValue;
use crate::engine::Engine;

use super::Failure;
use super::output;
use super::setting_flags::SettingFlags;

/// Arguments of `streamgauge check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How the answer is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    settings: SettingFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
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
    for note in &loaded.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if let Ok(settings) = &loaded.settings {
        let urls = Urls::of(settings);
        let _ = writeln!(text, "would fetch a token from {}", urls.token);
        let _ = writeln!(text, "would read events from {}", urls.stream);
        let _ = writeln!(text, "would serve GraphQL at {}", urls.graphql);
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
    let errors = match &loaded.settings {
        Ok(_) => &[],
        Err(error) => error.lines(),
    };
    let would_run = loaded.settings.as_ref().ok().map(|settings| {
        let urls = Urls::of(settings);
        json!({"tokenUrl": urls.token, "streamUrl": urls.stream, "graphqlUrl": urls.graphql})
    });
    json!({
        "ok": loaded.settings.is_ok(),
        "settings": settings,
        "alerts": alerts,
        "notes": loaded.notes,
        "errors": errors,
        "wouldRun": would_run,
    })
}

/// What would run, as people may see it.
struct Urls {
    token: String,
    stream: String,
    graphql: String,
}

impl Urls {
    fn of(settings: &Settings) -> Self {
        let engine = &settings.engine;
        Self {
            token: config::shown_url(&engine.auth.token_url),
            stream: config::shown_url(&engine.stream.stream_url),
            graphql: super::graphql_url(engine.serve.listen, engine.serve.tls.is_some()),
        }
    }
}
