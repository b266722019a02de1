//! Lays the layers over each other: defaults, then the TOML file, then the environment, then flags.
//!
//! Every value that is given is read, also one that a stronger layer covers: a fault does not wait
//! until somebody removes a flag. Touches the file system only for the TOML file.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use secrecy::SecretString;

use super::alert::AlertRule;
use super::alert_table::AlertEntry;
use super::draft::Draft;
use super::environment::Environment;
use super::error::SettingsError;
use super::error::cut;
use super::error::quoted;
use super::exempt::Exempt;
use super::file;
use super::proxy;
use super::proxy::ProxyUrl;
use super::push::PushEndpoint;
use super::secret::SecretFile;
use super::setting::Kind;
use super::setting::Setting;
use super::value;

/// The longest value of any setting, in bytes.
const VALUE_BYTES_MAX: usize = 8_192;
/// What is written for no proxy where a weaker layer names one.
const NO_PROXY: &str = "none";
/// What [`Shown::value`] holds at the most, in bytes.
const SHOWN_BYTES_MAX: usize = 512;

/// The flags that were given, by the name of their setting.
#[derive(Clone, Debug, Default)]
pub struct Flags(BTreeMap<&'static str, String>);

impl Flags {
    /// Adds one flag, of a list all its values with commas between them. A secret's value must not
    /// get here: give an empty text.
    pub fn set(&mut self, setting: &'static Setting, text: String) {
        self.0.insert(setting.name, text);
    }

    /// These flags and `others`, which win.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    #[default]
    Default,
    /// The TOML file.
    File {
        /// Its path.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
    /// Worked out from another setting.
    From(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.escape_debug()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "--{name}"),
            Self::From(name) => f.write_str(name),
        }
    }
}

/// One setting as `check` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// What may be shown of the value.
    pub value: ShownValue,
    /// Where it came from.
    pub origin: Origin,
}

/// What may be shown of a value. Never a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShownValue {
    /// There is none.
    #[default]
    NotSet,
    /// As it was given, escaped and cut.
    Text(String),
    /// It is set, and secret.
    Hidden,
    /// It is wrong; an error says how.
    Refused,
}

/// The layers laid over each other.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) draft: Draft,
    pub(super) shown: BTreeMap<&'static str, Shown>,
    pub(super) error: SettingsError,
    /// The alerts of the file, in its order.
    pub(super) alerts: Vec<(AlertEntry, Origin)>,
    /// Those of them that are right.
    pub(super) rules: Vec<(AlertRule, Origin)>,
    /// The endpoints for events that are right.
    pub(super) pushes: Vec<(PushEndpoint, Origin)>,
    /// What is worth knowing and no fault.
    pub(super) notes: Vec<String>,
    /// What somebody should look at, and no fault.
    pub(super) warnings: Vec<String>,
    /// Settings of which some layer's value is refused.
    refused: BTreeSet<&'static str>,
}

impl Layers {
    /// Lays `settings` over each other; the file is read when `config` is among them.
    pub(super) fn lay(
        settings: &[&'static Setting],
        flags: &Flags,
        environment: &Environment,
    ) -> Self {
        let mut layers = Self::default();
        for setting in settings {
            if let Some(text) = setting.default {
                layers.give(setting, text, Origin::Default);
            }
        }
        // The file's own name comes first: it is what the weakest layer hangs on.
        let (config, others): (Vec<_>, Vec<_>) = settings
            .iter()
            .copied()
            .partition(|setting| setting.name == "config");
        layers.lay_given(&config, flags, environment);
        layers.lay_file();
        layers.lay_given(&others, flags, environment);
        layers
    }

    /// Whether no value of these settings is refused.
    pub(super) fn are_good(&self, names: &[&str]) -> bool {
        names.iter().all(|name| !self.refused.contains(name))
    }

    /// Whether somebody gave a value.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.shown
            .get(name)
            .is_some_and(|shown| shown.origin != Origin::Default)
    }

    /// A setting's value as it was given, where it may be shown.
    pub(super) fn shown_text(&self, name: &str) -> Option<&str> {
        match &self.shown.get(name)?.value {
            ShownValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where a setting's value comes from.
    pub(super) fn origin(&self, name: &str) -> Origin {
        self.shown
            .get(name)
            .map(|shown| shown.origin.clone())
            .unwrap_or_default()
    }

    /// Adds a fault that lies between settings, or in what a setting points to.
    pub(super) fn fault(&mut self, name: &'static str, why: impl fmt::Display) {
        let origin = self.origin(name);
        self.error.add(format!("config: {name}: {origin}: {why}"));
    }

    /// The secret in the file that a setting names; `None` and a fault when it is not to be had.
    pub(super) fn secret(&mut self, name: &'static str, path: &Path) -> Option<SecretString> {
        match SecretFile::read(path) {
            Ok(SecretFile { secret, warning }) => {
                let path = path.display().to_string();
                let path = path.escape_debug();
                let warning = warning.map(|what| format!("{name}: {path}: {what}"));
                self.warnings.extend(warning);
                Some(secret)
            }
            Err(why) => {
                self.fault(name, why);
                None
            }
        }
    }

    fn lay_file(&mut self) {
        let Some(path) = self.draft.config.clone() else {
            return;
        };
        let entries = file::read(&path);
        for fault in entries.faults {
            self.error.add(fault);
        }
        let origin = |line| Origin::File {
            path: path.display().to_string(),
            line,
        };
        for entry in entries.settings {
            self.give(entry.setting, &entry.text, origin(entry.line));
        }
        self.warnings.extend(entries.warning);
        for push in entries.pushes {
            self.warnings.extend(push.warning);
            let origin = origin(push.line);
            self.pushes.extend(push.endpoint.map(|push| (push, origin)));
        }
        for alert in entries.alerts {
            let origin = origin(alert.line);
            self.alerts.push((alert, origin));
        }
    }

    fn lay_given(
        &mut self,
        settings: &[&'static Setting],
        flags: &Flags,
        environment: &Environment,
    ) {
        for setting in settings {
            for variable in setting.variables() {
                let Some(text) = environment.get(&variable) else {
                    continue;
                };
                if setting.is_of_proxy() && self.says_nothing(&variable, environment) {
                    continue;
                }
                let origin = Origin::Variable(variable);
                match text.to_str() {
                    Some(text) => self.give(setting, text, origin),
                    None => self.refuse(setting, &origin, None, "is no UTF-8 text"),
                }
            }
            let Some(text) = flags.0.get(setting.name) else {
                continue;
            };
            let origin = Origin::Flag(setting.name);
            if setting.is_secret() {
                let why = format!(
                    "everybody on this machine can read a command line; set {} or give --{}-file",
                    setting.alias.unwrap_or_default(),
                    setting.name
                );
                self.refuse(setting, &origin, None, &why);
            } else {
                self.give(setting, text, origin);
            }
        }
    }

    /// Whether a variable about proxies is to be passed over, and notes why.
    fn says_nothing(&mut self, name: &str, environment: &Environment) -> bool {
        let is_cgi = environment.has("REQUEST_METHOD");
        let passed_over = proxy::passed_over(name, is_cgi);
        self.notes.extend(passed_over.map(str::to_owned));
        passed_over.is_some()
    }

    /// Reads one layer's value; it covers those of the layers before.
    fn give(&mut self, setting: &'static Setting, text: &str, origin: Origin) {
        if text.is_empty() {
            self.refuse(
                setting,
                &origin,
                None,
                "is empty; give a value or remove it",
            );
            return;
        }
        if text.len() > VALUE_BYTES_MAX {
            let why = format!("{} B over {VALUE_BYTES_MAX} B; shorten it", text.len());
            self.refuse(setting, &origin, None, &why);
            return;
        }
        let is_in_sight = matches!(origin, Origin::Flag(_) | Origin::File { .. });
        if is_in_sight && let Some(why) = setting.shows_password(text) {
            self.refuse(setting, &origin, None, &why);
            return;
        }
        match apply(setting, text, &mut self.draft) {
            Ok(value) => {
                self.shown.insert(setting.name, Shown { value, origin });
            }
            Err(why) => self.refuse(setting, &origin, Some(text), &why),
        }
    }

    fn refuse(
        &mut self,
        setting: &'static Setting,
        origin: &Origin,
        text: Option<&str>,
        why: &str,
    ) {
        let name = setting.name;
        let line = match text {
            Some(text) if setting.may_quote(text) => {
                format!("config: {name}: {origin}: {}: {why}", quoted(text))
            }
            _ => format!("config: {name}: {origin}: {why}"),
        };
        self.error.add(line);
        self.refused.insert(name);
        if name == "region" {
            self.error.show_regions();
        }
        self.shown.insert(
            name,
            Shown {
                value: ShownValue::Refused,
                origin: origin.clone(),
            },
        );
    }
}

/// Stores a value in the draft and returns what may be shown of it.
fn apply(setting: &Setting, text: &str, draft: &mut Draft) -> Result<ShownValue, String> {
    match &setting.kind {
        Kind::Length(range, field) => *field(draft) = value::length(text, range)?,
        Kind::Lengths(range, field) => *field(draft) = value::lengths(text, range)?,
        Kind::Count(range, field) => *field(draft) = value::count(text, range)?,
        Kind::Bytes(range, field) => *field(draft) = value::bytes(text, range)?,
        Kind::Switch(store) => store(draft, value::switch(text)?),
        Kind::Path(field) => *field(draft) = Some(text.into()),
        Kind::Text(read) | Kind::Phrase(read) | Kind::Id(read) | Kind::List(read) => {
            read(draft, text)?;
        }
        Kind::HttpUrl(field) => {
            let url = value::url(text, value::HTTP)?;
            let shown = value::shown_url(&url);
            *field(draft) = Some(url);
            return Ok(ShownValue::Text(shown));
        }
        Kind::WebhookUrl(field) => {
            let url = value::url(text, value::HTTP)?;
            let shown = value::shown_host(&url);
            *field(draft) = Some(url);
            return Ok(ShownValue::Text(shown));
        }
        Kind::WebSocketUrl(field) => {
            let url = value::url(text, value::WEBSOCKET)?;
            let shown = value::shown_url(&url);
            *field(draft) = Some(url);
            return Ok(ShownValue::Text(shown));
        }
        Kind::Secret(read) => {
            read(draft, text)?;
            return Ok(ShownValue::Hidden);
        }
        Kind::Proxy(field) => {
            let proxy = match text {
                NO_PROXY => None,
                url => Some(ProxyUrl::parse(url)?),
            };
            let shown = proxy
                .as_ref()
                .map_or_else(|| NO_PROXY.to_owned(), ProxyUrl::to_string);
            *field(draft) = proxy;
            return Ok(ShownValue::Text(shown));
        }
        Kind::NoProxy => (draft.exempt, draft.exempt_unread) = Exempt::parse(text),
    }
    let shown = cut(text, SHOWN_BYTES_MAX).escape_debug().to_string();
    Ok(ShownValue::Text(shown))
}
