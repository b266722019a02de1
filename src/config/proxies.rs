//! From the laid layers to the proxies, and what is to be said of them.

use hyper::Uri;

use super::environment::Environment;
use super::error::SettingsError;
use super::error::quoted;
use super::layers::Flags;
use super::layers::Layers;
use super::proxy::ProxySettings;
use super::proxy::ProxyUrl;
use super::setting::Setting;
use super::table::SETTINGS;

/// Loads the proxies alone, from the environment: for commands that take no settings.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load_proxies(environment: &Environment) -> Result<ProxySettings, SettingsError> {
    let settings: Vec<&'static Setting> = SETTINGS
        .iter()
        .copied()
        .filter(|setting| setting.is_of_proxy())
        .collect();
    let layers = Layers::lay(&settings, &Flags::default(), environment);
    let proxies = chosen_proxies(&layers);
    layers.error.or(proxies)
}

fn chosen_proxies(layers: &Layers) -> ProxySettings {
    let draft = &layers.draft;
    let or_all = |name: &str, own: &Option<ProxyUrl>| match layers.is_given(name) {
        true => own.clone(),
        false => draft.all_proxy.clone(),
    };
    ProxySettings {
        https: or_all("https-proxy", &draft.https_proxy),
        http: or_all("http-proxy", &draft.http_proxy),
        exempt: draft.exempt.clone(),
    }
}

/// The proxies, and what is to be said of them where these URLs are reached.
pub(super) fn proxies(layers: &mut Layers, urls: &[&Option<Uri>]) -> ProxySettings {
    let proxies = chosen_proxies(layers);
    for entry in std::mem::take(&mut layers.draft.exempt_unread) {
        let origin = layers.origin("no-proxy");
        let entry = quoted(&entry);
        layers.notes.push(format!(
            "no-proxy: {origin}: {entry}: neither a host nor a network, and not read"
        ));
    }
    let mut used: Vec<&ProxyUrl> = Vec::new();
    for url in urls.iter().copied().flatten() {
        let is_tls = matches!(url.scheme_str(), Some("https" | "wss"));
        let port = url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let Some(proxy) = proxies.choose(is_tls, url.host().unwrap_or_default(), port) else {
            continue;
        };
        if used
            .iter()
            .any(|known| known.to_string() == proxy.to_string())
        {
            continue;
        }
        used.push(proxy);
        let own = if is_tls { "https-proxy" } else { "http-proxy" };
        let name = if layers.is_given(own) {
            own
        } else {
            "all-proxy"
        };
        if let Some(why) = proxy.unsupported() {
            layers.fault(name, why);
        } else if proxy.shows_credentials() {
            let origin = layers.origin(name);
            layers.notes.push(format!(
                "{name}: {origin}: its password travels unencrypted to {proxy}; use an https proxy where there is one"
            ));
        }
    }
    proxies
}
