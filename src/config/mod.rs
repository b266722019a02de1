//! Every setting and limit with its unit, default and reason.
//!
//! `table` names the settings; `layers` lays defaults, file, environment and flags over each other;
//! `build` makes the typed settings that the stages take. Reads files, but binds and connects
//! nothing.

mod alert;
mod alert_table;
mod build;
mod credentials;
mod difference;
mod directory;
mod directory_file;
mod directory_table;
mod draft;
pub mod duration;
mod engine;
mod environment;
mod error;
mod exempt;
mod exposure;
mod fields;
mod file;
mod front;
mod layers;
pub mod limits;
mod link;
mod log;
mod names;
mod names_file;
mod network;
mod outgoing;
mod proxies;
mod proxy;
mod public_url;
mod push;
mod push_build;
mod push_credential;
mod push_credential_table;
mod push_table;
pub mod region;
mod secret;
mod serve;
mod setting;
mod site;
mod small_file;
mod source;
mod stream;
mod table;
mod takes;
mod tls;
mod urls;
mod value;
mod variables;
mod wait;
mod webhook;

pub use alert::{AlertBy, AlertKind, AlertRule, GROUP_WINDOWS_MS, Threshold};
pub use build::{Loaded, Settings, load, load_log};
pub use directory::Directory;
pub use engine::{AggregateSettings, ClockRule, EngineSettings};
pub use environment::Environment;
pub use error::SettingsError;
pub use error::quoted;
pub use exempt::Exempt;
pub use layers::{Flags, Origin, Shown, ShownValue};
pub use link::LinkTemplate;
pub use log::{LogFormat, LogSettings};
pub use names::Names;
pub use network::Network;
pub use proxies::load_proxies;
pub use proxy::{ProxyCredentials, ProxyKind, ProxySettings, ProxyUrl};
pub use public_url::{Prefix, PublicUrl};
pub use push::{Dialect, PushEndpoint, PushPath, PushSettings};
pub use push_credential::{HmacEncoding, HmacForm, HmacHash, PushCredential, PushSecret};
pub use region::Region;
pub use secret::SecretFile;
pub use serve::{ServeBytes, ServeSettings, ServeTimeouts, TlsFiles};
pub use setting::{Group, Setting, VARIABLE_PREFIX};
pub use site::{Authority, Host, Scheme, Site};
pub use source::Source;
pub use stream::{AuthSettings, CredentialsIn, Overload, StreamSettings};
pub use table::SETTINGS;
pub use value::{address, shown_host, shown_url};
pub use wait::WaitStrategy;
pub use webhook::{HiddenUrl, WebhookSettings};

#[cfg(test)]
mod tests;
