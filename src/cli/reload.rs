//! SIGHUP to a server: its settings are read again, all of them or none.

use tokio::task::spawn_blocking;
use tracing::error;
use tracing::warn;

use crate::config;
use crate::config::Environment;
use crate::config::Flags;
use crate::config::Loaded;
use crate::config::Settings;
use crate::engine::Engine;

use super::logging::Log;
use super::output;

/// Names of settings that a reload puts in force; the engine tells of them itself.
const REPLACED: [&str; 5] = ["token-file", "log", "config", "names-file", "session-link"];

/// Reads the settings of a running server again.
#[derive(Debug)]
pub(super) struct Reloader {
    flags: Flags,
    environment: Environment,
    /// What is in force, as it was read. Of what needs a restart it is what the server was started
    /// with, so that each reload names it again.
    started: Loaded,
    /// The levels of the log in force.
    filter: String,
    warnings: Vec<String>,
    log: Log,
}

impl Reloader {
    /// For a server that was started with these settings.
    pub(super) fn new(
        flags: Flags,
        environment: Environment,
        started: Loaded,
        filter: String,
        log: Log,
    ) -> Self {
        Self {
            flags,
            environment,
            warnings: started.warnings.clone(),
            started,
            filter,
            log,
        }
    }

    /// Reads the settings and puts in force what can be. Says in one line what has changed, or why
    /// nothing has.
    pub(super) async fn reload(&mut self, engine: &Engine) {
        let (flags, environment) = (self.flags.clone(), self.environment.clone());
        // Files may be slow.
        let Ok(loaded) = spawn_blocking(move || config::load(&flags, &environment)).await else {
            return;
        };
        match self.take(engine, &loaded) {
            Ok(changed) if changed.is_empty() => {
                output::note("reload: settings read again, nothing changed");
            }
            Ok(changed) => output::note(&format!("reload: {}", changed.join("; "))),
            Err(why) => {
                error!("reload: nothing changed: {why}");
                return;
            }
        }
        for warning in &loaded.warnings {
            if !self.warnings.contains(warning) {
                warn!("{warning}");
            }
        }
        self.warnings = loaded.warnings;
    }

    /// What has changed, in words.
    fn take(&mut self, engine: &Engine, loaded: &Loaded) -> Result<Vec<String>, String> {
        let Settings {
            engine: settings,
            log,
        } = loaded.settings.as_ref().map_err(|error| {
            let mut lines = error.lines().iter();
            let first = lines.next().cloned().unwrap_or_default();
            match lines.count() {
                0 => first,
                more => format!("{first} (and {more} more; streamgauge check lists them)"),
            }
        })?;
        // The log first: it is the one part that may refuse what was found good.
        let is_log_new = log.filter != self.filter;
        if is_log_new {
            self.log.set(&log.filter)?;
        }
        let reloaded = match engine.reload(settings) {
            Ok(reloaded) => reloaded,
            Err(error) => {
                self.log.set(&self.filter)?;
                return Err(format!("config: {error}"));
            }
        };
        let mut changed = reloaded.changed;
        if is_log_new {
            changed.push(format!("log: {}", log.filter));
            self.filter.clone_from(&log.filter);
        }
        let mut restart = reloaded.needs_restart;
        let differing = self.started.differing(loaded).into_iter();
        restart.extend(differing.filter(|name| !REPLACED.contains(name)));
        if !restart.is_empty() {
            changed.push(format!(
                "changed, but only by a restart: {}",
                restart.join(", ")
            ));
        }
        Ok(changed)
    }
}
