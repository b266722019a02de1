//! What differs between settings that were read at two times.

use hyper::Uri;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::build::Loaded;

/// What is set and not shown.
struct Secrets<'a> {
    client: Option<&'a str>,
    /// With its path, which may be a key.
    webhook: Option<&'a Uri>,
    webhook_token: Option<&'a str>,
}

impl<'a> Secrets<'a> {
    fn of(loaded: &'a Loaded) -> Self {
        let engine = loaded
            .settings
            .as_ref()
            .ok()
            .map(|settings| &settings.engine);
        let webhook = engine.and_then(|engine| engine.webhook.as_ref());
        let token = webhook.and_then(|webhook| webhook.token.as_ref());
        Self {
            client: engine
                .and_then(|engine| engine.auth.as_ref())
                .map(|auth| auth.client_secret.expose_secret()),
            webhook: webhook.map(|webhook| &webhook.url.0),
            webhook_token: token.map(SecretString::expose_secret),
        }
    }

    fn differs(&self, other: &Self, name: &str) -> bool {
        match name {
            "client-secret" => self.client != other.client,
            "webhook-url" => self.webhook != other.webhook,
            "webhook-token-file" => self.webhook_token != other.webhook_token,
            _ => false,
        }
    }
}

impl Loaded {
    /// Settings that have another value in `other`, by what is shown of them and by the secrets that
    /// are not. In the table's order.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let (ours, theirs) = (Secrets::of(self), Secrets::of(other));
        let pairs = self.shown.iter().zip(&other.shown);
        let differing = pairs.filter(|((setting, shown), (_, others))| {
            shown.value != others.value || ours.differs(&theirs, setting.name)
        });
        let differing = differing.map(|((setting, _), _)| setting.name);
        let pushes = |loaded: &Self| loaded.pushes.iter().map(|(push, _)| push.clone()).collect();
        let (ours, theirs): (Vec<_>, Vec<_>) = (pushes(self), pushes(other));
        differing
            .chain((ours != theirs).then_some("push"))
            .collect()
    }
}
