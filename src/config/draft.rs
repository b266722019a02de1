//! Every setting's typed value while the layers are laid over each other.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use secrecy::SecretString;

use crate::config::WaitStrategy;

use super::exempt::Exempt;
use super::link::LinkTemplate;
use super::log::LogFormat;
use super::network::Network;
use super::proxy::ProxyUrl;
use super::public_url::PublicUrl;
use super::region::Region;
use super::source::Source;
use super::stream::CredentialsIn;
use super::stream::Overload;

/// One field a setting, filled by the setting's own reader. The defaults come from the table of
/// settings like any other layer; `None` is a setting without a default that nobody gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) config: Option<PathBuf>,
    pub(super) log: String,
    pub(super) log_format: LogFormat,

    pub(super) source: Source,
    pub(super) region: Option<Region>,
    pub(super) token_url: Option<Uri>,
    pub(super) stream_url: Option<Uri>,

    pub(super) client_id: Option<String>,
    pub(super) client_id_file: Option<PathBuf>,
    pub(super) client_secret: Option<SecretString>,
    pub(super) client_secret_file: Option<PathBuf>,
    pub(super) oauth_scope: Option<String>,
    pub(super) oauth_audience: Option<String>,
    pub(super) oauth_credentials: CredentialsIn,

    pub(super) token_in_query: bool,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) https_proxy: Option<ProxyUrl>,
    pub(super) http_proxy: Option<ProxyUrl>,
    pub(super) all_proxy: Option<ProxyUrl>,
    pub(super) exempt: Exempt,
    /// Entries of the list of exempt hosts that mean nothing.
    pub(super) exempt_unread: Vec<String>,
    pub(super) ping_interval: Duration,
    pub(super) dead_after: Duration,
    pub(super) live_timeout: Duration,
    pub(super) backoff_base: Duration,
    pub(super) backoff_cap: Duration,
    pub(super) stable_after: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) overload: Overload,
    pub(super) push_high_water: u64,
    pub(super) push_low_water: u64,

    pub(super) window: Duration,
    pub(super) windows: Vec<Duration>,
    pub(super) bucket: Duration,
    pub(super) lateness: Duration,
    pub(super) skew: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) uncertain_timeout: Duration,
    pub(super) max_sessions: u64,
    pub(super) dedup_memory: u64,
    pub(super) max_groups: u64,
    pub(super) service_level_threshold: Duration,
    pub(super) short_abandon: Duration,
    pub(super) wait: WaitStrategy,

    pub(super) listen: Option<SocketAddr>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) open_to_network: bool,
    pub(super) public_urls: Vec<PublicUrl>,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) introspection: Option<bool>,
    pub(super) ready_max_age: Duration,
    pub(super) keep_alive: Duration,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    pub(super) names_file: Option<PathBuf>,
    pub(super) session_link: Option<LinkTemplate>,
    pub(super) awaiting_warning: u64,
    pub(super) awaiting_critical: u64,
    pub(super) longest_awaiting_warning: Duration,
    pub(super) longest_awaiting_critical: Duration,

    pub(super) webhook_url: Option<Uri>,
    pub(super) webhook_token_file: Option<PathBuf>,
}
