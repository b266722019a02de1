//! The client's id and secret: from the environment or from files, each exactly once.

use secrecy::SecretString;

use super::layers::Layers;
use super::layers::Origin;
use super::layers::Shown;
use super::layers::ShownValue;
use super::secret;
use super::setting::Setting;
use super::value;

/// Whether a credential came once: `None` and a fault when it is missing, refused or came twice.
fn one_of(layers: &mut Layers, name: &'static str, file: &'static str) -> Option<()> {
    if !layers.are_good(&[name, file]) {
        return None;
    }
    match (layers.is_given(name), layers.is_given(file)) {
        (true, true) => {
            let other = layers.origin(file);
            layers.fault(name, format!("given twice, also by {other}; remove one"));
            None
        }
        (false, false) => {
            let alias = Setting::by_name(name)?.alias?;
            layers.error.add(format!(
                "config: {name}: missing; set {alias}, or give --{file}"
            ));
            None
        }
        _ => Some(()),
    }
}

/// The OAuth client's id; `None` and a fault without one.
pub(super) fn client_id(layers: &mut Layers) -> Option<String> {
    one_of(layers, "client-id", "client-id-file")?;
    let Some(path) = layers.draft.client_id_file.clone() else {
        return layers.draft.client_id.clone();
    };
    let read = secret::read_public_file(&path).and_then(|text| value::client_id(&text));
    match read {
        Ok(id) => {
            let shown = Shown {
                value: ShownValue::Text(id.clone()),
                origin: Origin::From("client-id-file"),
            };
            layers.shown.insert("client-id", shown);
            Some(id)
        }
        Err(why) => {
            layers.fault("client-id-file", why);
            None
        }
    }
}

/// The OAuth client's secret; `None` and a fault without one.
pub(super) fn client_secret(layers: &mut Layers) -> Option<SecretString> {
    one_of(layers, "client-secret", "client-secret-file")?;
    let Some(path) = layers.draft.client_secret_file.clone() else {
        return layers.draft.client_secret.clone();
    };
    let secret = layers.secret("client-secret-file", &path)?;
    let shown = Shown {
        value: ShownValue::Hidden,
        origin: Origin::From("client-secret-file"),
    };
    layers.shown.insert("client-secret", shown);
    Some(secret)
}
