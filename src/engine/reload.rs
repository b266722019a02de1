//! Settings read again while the engine runs: all of them take, or none.
//!
//! What can be replaced is prepared first, which may fail, and then put in force, which cannot. To
//! make more of the settings replaceable, add it to both halves.

use crate::config::AggregateSettings;
use crate::config::AlertRule;
use crate::config::Directory;
use crate::config::EngineSettings;
use crate::reloadable::Reloadable;
use crate::serve::Admission;
use crate::serve::Reloader;
use crate::serve::Server;

use super::Engine;
use super::EngineError;

/// What of a running engine can be replaced.
#[derive(Debug)]
pub(super) struct Replaceable {
    admission: Admission,
    certificate: Reloader,
    alerts: Reloadable<Vec<AlertRule>>,
    directory: Reloadable<Directory>,
    /// The windows that alerts may be on, in milliseconds; those of groups are fixed.
    windows_ms: Vec<u32>,
}

impl Replaceable {
    /// Of an engine with this server, these alerts, names and links in force, and these windows.
    pub(super) fn new(
        server: &Server,
        alerts: Reloadable<Vec<AlertRule>>,
        directory: Reloadable<Directory>,
        aggregate: &AggregateSettings,
    ) -> Self {
        Self {
            admission: server.admission(),
            certificate: server.reloader(),
            alerts,
            directory,
            windows_ms: aggregate.windows.iter().map(|window| window.ms()).collect(),
        }
    }
}

/// What a reload has changed, and what it could not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// In words, such as `token replaced`; empty when everything was as before.
    pub changed: Vec<String>,
    /// Settings whose change a restart is needed for.
    pub needs_restart: Vec<&'static str>,
}

impl Engine {
    /// Puts in force what can be replaced: the token and the certificate of the server, the alerts, the
    /// names and the links. What else differs stays as it is; whether a token is asked for at all is the one such setting that is reported here.
    ///
    /// # Errors
    /// When the settings do not fit the engine that runs; then nothing has changed.
    pub fn reload(&self, settings: &EngineSettings) -> Result<Reloaded, EngineError> {
        Self::check(settings)?;
        let Replaceable {
            admission,
            certificate,
            alerts,
            directory,
            windows_ms,
        } = &self.replaceable;
        let is_missing = |rule: &&AlertRule| {
            let window = rule.window_ms.filter(|_| rule.group.is_none());
            window.is_some_and(|ms| !windows_ms.contains(&ms))
        };
        if let Some(rule) = settings.alerts.iter().find(is_missing) {
            return Err(EngineError::Window {
                alert: rule.name.to_string(),
            });
        }
        let is_renewed = certificate.reload()?;
        // From here on nothing fails.
        let mut reloaded = Reloaded::default();
        if is_renewed {
            reloaded.changed.push("certificate replaced".to_owned());
        }
        let token = settings.serve.token.as_ref();
        if admission.asks() != token.is_some() {
            // Which names the server answers to hangs on it, and who may ask for the schema.
            reloaded.needs_restart.push("token-file");
        } else if let Some(token) = token.filter(|token| admission.differs(Some(token))) {
            admission.replace(token.clone());
            let what = "token replaced, and what the one before had opened ends";
            reloaded.changed.push(what.to_owned());
        }
        let before = alerts.load();
        if *before != settings.alerts {
            let kept = settings
                .alerts
                .iter()
                .filter(|rule| before.contains(rule))
                .count();
            let (new, gone) = (settings.alerts.len() - kept, before.len() - kept);
            alerts.replace(settings.alerts.clone());
            let what = format!("alerts: {new} new, {gone} gone, {kept} kept");
            reloaded.changed.push(what);
        }
        let (before, after) = (directory.load(), &settings.directory);
        if before.names != after.names {
            let (count, old) = (after.names.len(), before.names.len());
            reloaded
                .changed
                .push(format!("names: {count} in place of {old}"));
        }
        if before.session_link != after.session_link {
            reloaded.changed.push("session links replaced".to_owned());
        }
        if *before != *after {
            directory.replace(after.clone());
        }
        Ok(reloaded)
    }
}
