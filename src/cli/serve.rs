//! `streamgauge serve`: the engine against a given service, until a signal.

use tracing::info;

use crate::config;
use crate::config::EngineSettings;
use crate::config::Environment;
use crate::config::Flags;
use crate::config::shown_url;
use crate::engine::Engine;
use crate::time::Clock;

use super::Failure;
use super::graphql_url;
use super::logging;
use super::output;
use super::page_note;
use super::runtime;
use super::setting_flags::SettingFlags;
use super::signal::STOPPING;
use super::signal::Stop;

/// Arguments of `streamgauge serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    settings: SettingFlags,
}

/// Runs until a signal; `log` are the flags of the log.
///
/// # Errors
/// Everything that is wrong with the settings, before anything is bound; then what ends the engine.
pub(super) fn run(args: Args, log: Flags, environment: &Environment) -> Result<(), Failure> {
    let loaded = config::load(&log.and(args.settings.0), environment);
    let settings = loaded
        .settings
        .map_err(|error| Failure::Usage(error.to_string()))?;
    logging::start(&settings.log)?;
    for note in loaded.notes {
        info!("{note}");
    }
    Engine::check(&settings.engine).map_err(|error| Failure::Usage(format!("config: {error}")))?;
    let stop = Stop::on_signal()?;
    runtime::run(serve(settings.engine, stop))
}

async fn serve(settings: EngineSettings, stop: Stop) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("{error}"));
    let stream = shown_url(&settings.stream.stream_url);
    let is_tls = settings.serve.tls.is_some();
    let mut engine = Engine::start(settings, Clock::system())
        .await
        .map_err(failed)?;
    output::note(&format!("reading events from {stream}"));
    output::note(&format!(
        "serving GraphQL at {}",
        graphql_url(engine.local_addr(), is_tls)
    ));
    output::note(&page_note(engine.local_addr(), is_tls));
    tokio::select! {
        () = stop.requested() => output::note(STOPPING),
        error = engine.failed() => {
            // The first failure is the one to report; what the rest says of it is an echo.
            let _ = engine.shutdown().await;
            return Err(failed(error));
        }
    }
    engine.shutdown().await.map_err(failed)
}
