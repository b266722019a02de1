//! The log: lines on standard error, times in UTC.

use std::io::IsTerminal;
use std::io::stderr;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;
use crate::config::LogSettings;

use super::Failure;

/// Starts the log; once per process.
pub(super) fn start(settings: &LogSettings) -> Result<(), Failure> {
    let filter = EnvFilter::builder()
        .parse(&settings.filter)
        .map_err(|error| Failure::Usage(format!("log: {error}")))?;
    let is_coloured = settings.format == LogFormat::Auto
        && stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // A line that cannot be written is lost: the fallback of the library would panic on a closed
    // standard error.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(is_coloured)
        .log_internal_errors(false);
    let started = match settings.format {
        LogFormat::Json => lines.json().try_init(),
        LogFormat::Auto | LogFormat::Text => lines.try_init(),
    };
    started.map_err(|error| Failure::Failed(format!("log: cannot start: {error}")))
}
