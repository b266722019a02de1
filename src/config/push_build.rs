//! Endpoints for events against everything else in the settings: what one table cannot tell alone.

use secrecy::ExposeSecret;

use super::layers::Layers;
use super::layers::Origin;
use super::public_url::PublicUrl;
use super::push::PushEndpoint;
use super::push::PushSettings;
use super::serve::ServeSettings;

/// The endpoints of the file; `None` and faults where they do not fit. `serve` is missing where the
/// server's own settings are at fault, and that is reported.
pub(super) fn push(layers: &mut Layers, serve: Option<&ServeSettings>) -> Option<PushSettings> {
    let pushes = layers.pushes.clone();
    if layers.are_good(&["push-high-water", "push-low-water"])
        && layers.draft.push_low_water >= layers.draft.push_high_water
    {
        layers.fault("push-low-water", "not below push-high-water; lower it");
    }
    if layers.are_good(&["source"]) && layers.draft.source.has_push() {
        if pushes.is_empty() {
            let why = "events are to be posted, and there is no endpoint; write a [[push]] table into the --config file";
            layers.fault("source", why);
        }
    } else if !pushes.is_empty() {
        let line = format!(
            "push: {} endpoints that take nothing; give --source push to open them",
            pushes.len()
        );
        layers.warnings.push(line);
    }
    let serve = serve?;
    for (endpoint, origin) in &pushes {
        judge(layers, endpoint, origin, serve);
    }
    let mut settings = PushSettings::new(pushes.into_iter().map(|(push, _)| push).collect());
    let bytes = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    settings.high_water = bytes(layers.draft.push_high_water);
    settings.low_water = bytes(layers.draft.push_low_water);
    Some(settings)
}

fn judge(layers: &mut Layers, endpoint: &PushEndpoint, origin: &Origin, serve: &ServeSettings) {
    let (name, credential) = (&endpoint.name, &endpoint.credential);
    let mut fault = |key: &str, why: &str| {
        let line = format!("config: {origin}: push \"{name}\": {key}: {why}");
        layers.error.add(line);
    };
    let secret = credential.secret();
    let token = serve.token.as_ref();
    if token.is_some_and(|token| secret.is(token.expose_secret().as_bytes())) {
        let why = "is the readers' token; give senders a secret of their own";
        fault(credential.key(), why);
    }
    let mut prefixes = serve.public_urls.iter().map(PublicUrl::prefix);
    if prefixes.any(|prefix| endpoint.path.is_under(prefix)) {
        let why = "begins like the path of a public URL, which is taken away before; write what follows it";
        fault("path", why);
    }
    if secret.expose().len() < ServeSettings::TOKEN_CHARACTERS_MIN {
        let why = "the secret has fewer than 16 characters";
        if serve.is_for_network() {
            let why = format!("{why}, and everybody on the network can try it; make a longer one");
            fault(credential.key(), &why);
        } else {
            let key = credential.key();
            let line = format!(
                "push \"{name}\": {key}: {why}; it is refused where the network can reach the server"
            );
            layers.warnings.push(line);
        }
    }
}
