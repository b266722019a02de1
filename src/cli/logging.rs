//! The log: lines on standard error, times in UTC.

use std::io::IsTerminal;
use std::io::stderr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::LogFormat;
use crate::config::LogSettings;
use crate::stderr::Lines;
use crate::stderr::use_json;

use super::Failure;

/// The running log, whose levels can be replaced.
#[derive(Debug)]
pub(super) struct Log(reload::Handle<EnvFilter, Registry>);

/// Starts the log; once per process.
pub(super) fn start(settings: &LogSettings) -> Result<Log, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::Failed(format!("log: cannot start: {error}"));
    let filter = filter(&settings.filter).map_err(Failure::Usage)?;
    let (filter, handle) = reload::Layer::new(filter);
    let is_coloured = settings.format == LogFormat::Auto
        && stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // The fallback of the library would write to standard error by itself, and wait for it.
    let lines = fmt::layer()
        .with_writer(|| Lines)
        .with_ansi(is_coloured)
        .log_internal_errors(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match settings.format {
        LogFormat::Json => {
            use_json();
            registry.with(lines.json()).try_init()
        }
        LogFormat::Auto | LogFormat::Text => registry.with(lines).try_init(),
    };
    started.map_err(|error| failed(&error))?;
    Ok(Log(handle))
}

fn filter(levels: &str) -> Result<EnvFilter, String> {
    EnvFilter::builder()
        .parse(levels)
        .map_err(|error| format!("log: {error}"))
}

impl Log {
    /// Replaces the levels; those in force stay when it fails.
    ///
    /// # Errors
    /// One reason.
    pub(super) fn set(&self, levels: &str) -> Result<(), String> {
        let filter = filter(levels)?;
        let set = self.0.reload(filter);
        set.map_err(|error| format!("log: {error}"))
    }
}
