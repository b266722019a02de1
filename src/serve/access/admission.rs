//! Who is let in: the token in force. It can be replaced while the server answers, and what was let
//! in by the one before then ends.

use std::sync::Arc;

use secrecy::ExposeSecret;
use secrecy::SecretString;
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;

use crate::reloadable::Reloadable;

/// Replaces the token of a running server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Admission(Reloadable<Pass>);

/// A token while it is in force.
#[derive(Debug)]
pub(in crate::serve) struct Pass {
    token: Option<SecretString>,
    revoked: CancellationToken,
}

impl Admission {
    /// With a token to ask for, or without one.
    pub(in crate::serve) fn new(token: Option<SecretString>) -> Self {
        Self(Reloadable::new(Pass::new(token)))
    }

    /// What is in force. One a request: what it opens ends with the token it was let in by.
    pub(in crate::serve) fn pass(&self) -> Arc<Pass> {
        self.0.load()
    }

    /// Whether a token is asked for, and it is another than this one.
    pub fn differs(&self, token: Option<&SecretString>) -> bool {
        match (self.pass().token(), token) {
            (Some(ours), Some(theirs)) => {
                let (ours, theirs) = (ours.expose_secret(), theirs.expose_secret());
                !bool::from(ours.as_bytes().ct_eq(theirs.as_bytes()))
            }
            _ => false,
        }
    }

    /// Whether a token is asked for.
    pub fn asks(&self) -> bool {
        self.pass().token.is_some()
    }

    /// Asks for another token from now on. Subscriptions and streams that the one before has opened
    /// end; cookies made of it are worth nothing any more.
    pub fn replace(&self, token: SecretString) {
        // Swapped first: who loads the one before after this finds it revoked at once.
        self.0.replace(Pass::new(Some(token))).revoked.cancel();
    }
}

impl Pass {
    fn new(token: Option<SecretString>) -> Self {
        Self {
            token,
            revoked: CancellationToken::new(),
        }
    }

    /// The token to show, where one is asked for.
    pub(in crate::serve) const fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    /// Waits until the token is in force no more. Can be dropped while it waits.
    pub(in crate::serve) async fn revoked(&self) {
        self.revoked.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_replaces_a_token_revokes_it() {
        let admission = Admission::new(Some("a".into()));
        let before = admission.pass();
        assert!(admission.differs(Some(&"b".into())) && !admission.differs(Some(&"a".into())));
        assert!(!before.revoked.is_cancelled());
        admission.replace("b".into());
        assert!(before.revoked.is_cancelled());
        let now = admission.pass();
        assert!(!now.revoked.is_cancelled());
        assert_eq!(now.token().map(ExposeSecret::expose_secret), Some("b"));
        assert!(!Admission::new(None).asks() && admission.asks());
    }
}
