//! Every setting and limit with its unit, default and reason.
//!
//! `table` names the settings; `layers` lays defaults, file, environment and flags over each other;
//! `build` makes the typed settings that the stages take. Reads files, but binds and connects
//! nothing.

mod alert;
mod alert_table;
mod build;
mod credentials;
mod draft;
pub mod duration;
mod engine;
mod error;
mod file;
mod layers;
pub mod limits;
mod log;
pub mod region;
mod secret;
mod serve;
mod setting;
mod source;
mod stream;
mod table;
mod tls;
mod value;
mod wait;
mod webhook;

pub use alert::{AlertBy, AlertMetric, AlertRule, GROUP_WINDOWS_MS, Threshold};
pub use build::{Loaded, Settings, load, load_log};
pub use engine::{AggregateSettings, ClockRule, EngineSettings};
pub use error::SettingsError;
pub use error::quoted;
pub use layers::{Environment, Flags, Origin, Shown, ShownValue};
pub use log::{LogFormat, LogSettings};
pub use region::Region;
pub use secret::read_file as read_secret;
pub use serve::{ServeBytes, ServeSettings, ServeTimeouts, TlsFiles};
pub use setting::{Group, Setting, VARIABLE_PREFIX};
pub use source::Source;
pub use stream::{AuthSettings, Overload, StreamSettings};
pub use table::SETTINGS;
pub use value::{address, shown_url};
pub use wait::WaitStrategy;
pub use webhook::{HiddenUrl, WebhookSettings};

#[cfg(test)]
mod tests;
