//! What a WebSocket's client has to show before it may ask for anything, and for how long that counts.

use std::sync::Arc;

use serde::Deserialize;

use crate::serve::access::admission::Pass;
use crate::serve::access::bearer;

/// The token to show, if any, and whether it was shown with the upgrade. A page in a browser cannot
/// add a header there, so it may show the token in `connection_init` instead.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Credential {
    pass: Arc<Pass>,
    is_shown: bool,
}

/// The payload of `connection_init`.
#[derive(Deserialize)]
struct Init {
    #[serde(alias = "Authorization", default)]
    authorization: Option<String>,
}

impl Credential {
    /// The token asked for, and whether the upgrade has shown it.
    pub(in crate::serve) const fn new(pass: Arc<Pass>, is_shown: bool) -> Self {
        Self { pass, is_shown }
    }

    /// Waits until the token is in force no more. Can be dropped while it waits.
    pub(super) async fn revoked(&self) {
        self.pass.revoked().await;
    }

    /// Whether a client is let in with this payload of `connection_init`, in JSON. A wrong token is
    /// refused even where the right one was shown before.
    pub(super) fn admits(&self, payload: Option<&str>) -> bool {
        let Some(token) = self.pass.token() else {
            return true;
        };
        let init = serde_json::from_str::<Init>(payload.unwrap_or("{}"));
        match init.map(|init| init.authorization) {
            Ok(Some(offered)) => bearer::is_right(token, offered.as_bytes()),
            Ok(None) => self.is_shown,
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::access::admission::Admission;

    #[test]
    fn the_token_is_shown_with_the_upgrade_or_in_the_payload() {
        let payloads: [(Option<&str>, [bool; 2]); 8] = [
            (None, [true, false]),
            (Some("{}"), [true, false]),
            (Some(r#"{"authorization":null,"more":1}"#), [true, false]),
            (Some(r#"{"authorization":"Bearer s3cret"}"#), [true, true]),
            (Some(r#"{"Authorization":"bearer s3cret"}"#), [true, true]),
            (Some(r#"{"authorization":"s3cret"}"#), [false, false]),
            (Some(r#"{"authorization":"Bearer s3cre"}"#), [false, false]),
            (
                Some(r#"{"authorization":["Bearer s3cret"]}"#),
                [false, false],
            ),
        ];
        for (payload, [shown, not_shown]) in payloads {
            let of = |token| Admission::new(token).pass();
            let with = |is_shown| Credential::new(of(Some("s3cret".into())), is_shown);
            assert_eq!(with(true).admits(payload), shown, "{payload:?}");
            assert_eq!(with(false).admits(payload), not_shown, "{payload:?}");
            assert!(
                Credential::new(of(None), false).admits(payload),
                "{payload:?}"
            );
        }
    }
}
