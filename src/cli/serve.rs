//! `streamgauge serve`: the engine against a given service, until a signal.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio::time::interval;
use tracing::info;
use tracing::warn;

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
use super::push_url;
use super::reload::Reloader;
use super::runtime;
use super::setting_flags::SettingFlags;
use super::signal::Hangups;
use super::signal::STOPPING;
use super::signal::Stop;
use super::systemd::Systemd;

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
    let flags = log.and(args.settings.0);
    let loaded = config::load(&flags, environment);
    let settings = loaded
        .settings
        .clone()
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let log = logging::start(&settings.log)?;
    for note in &loaded.notes {
        info!("{note}");
    }
    for warning in &loaded.warnings {
        warn!("{warning}");
    }
    Engine::check(&settings.engine).map_err(|error| Failure::Usage(format!("config: {error}")))?;
    let (stop, hangups) = Stop::of_server()?;
    let bucket_ms = u64::from(settings.engine.aggregate.width.ms());
    let reloader = Reloader::new(flags, environment.clone(), loaded, settings.log.filter, log);
    runtime::run(async {
        let systemd = Systemd::new(environment, Duration::from_millis(bucket_ms));
        serve(settings.engine, stop, hangups, reloader, systemd).await
    })
}

async fn serve(
    settings: EngineSettings,
    mut stop: Stop,
    mut hangups: Hangups,
    mut reloader: Reloader,
    mut systemd: Systemd,
) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("{error}"));
    let stream = settings
        .auth
        .is_some()
        .then(|| shown_url(&settings.stream.stream_url));
    let endpoints = match settings.source.has_push() {
        true => settings.push.endpoints.clone(),
        false => Vec::new(),
    };
    let public_urls = settings.serve.public_urls.clone();
    let is_tls = settings.serve.tls.is_some();
    let mut engine = Engine::start(settings, Clock::system())
        .await
        .map_err(failed)?;
    if let Some(stream) = stream {
        output::note(&format!("reading events from {stream}"));
    }
    for endpoint in endpoints {
        let url = push_url(engine.local_addr(), is_tls, &endpoint.path);
        output::note(&format!("taking posts for {} at {url}", endpoint.name));
    }
    output::note(&format!(
        "serving GraphQL at {}",
        graphql_url(engine.local_addr(), is_tls)
    ));
    output::note(&page_note(engine.local_addr(), is_tls));
    for url in public_urls {
        output::note(&format!("browsers elsewhere find it at {url}"));
    }
    let reader = engine.reader();
    systemd.ready(&reader.load());
    let period = systemd.period();
    let mut looks = interval(period.unwrap_or(Duration::from_secs(86_400)));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.requested() => break,
            () = hangups.next() => {
                systemd.reloading();
                // Files may be slow, and a signal to stop does not wait for them.
                tokio::select! {
                    () = stop.requested() => break,
                    () = reloader.reload(&engine) => systemd.ready(&reader.load()),
                }
            }
            _ = looks.tick(), if period.is_some() => {
                systemd.look(&reader.load(), engine.is_late());
            }
            error = engine.failed() => {
                // The first failure is the one to report; what the rest says of it is an echo.
                let _ = engine.shutdown().await;
                return Err(failed(error));
            }
        }
    }
    output::note(STOPPING);
    systemd.stopping();
    engine.shutdown().await.map_err(failed)
}
