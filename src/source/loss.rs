//! What the end of a connection, or a try that failed, means for the next one.

use std::time::Duration;

use crate::net::Redactor;
use crate::net::printable;
use crate::stream::LossCause;

/// Why there is no connection (any more), and when to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    /// The cause in the API's words.
    pub(super) cause: LossCause,
    /// One line for people: escaped, bounded, free of secrets.
    pub(super) detail: String,
    /// When to try again.
    pub(super) retry: Retry,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// After the usual backoff.
    Backoff,
    /// After twice the usual backoff: the two sides do not agree on the protocol. Counted as a
    /// protocol error.
    Slower,
    /// With a fresh token and after the usual backoff; slowly, if that one was refused too.
    FreshToken,
    /// After a random time in this range, in place of the backoff.
    Between(Duration, Duration),
}

impl Loss {
    /// The peer closed with `code` (`None`: a close frame without one). Its reason is quoted without
    /// what `redactor` knows: peers repeat the token there.
    pub(super) fn from_close(code: Option<u16>, reason: &str, redactor: &Redactor) -> Self {
        let retry = match code {
            Some(1002 | 1007 | 1009) => Retry::Slower,
            Some(1008 | 4401 | 4403) => Retry::FreshToken,
            // Service restart and try again later, by their registered meaning.
            Some(1012) => Retry::Between(Duration::from_secs(5), Duration::from_secs(30)),
            Some(1013) => Retry::Between(Duration::from_secs(30), Duration::from_secs(60)),
            _ => Retry::Backoff,
        };
        let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
        let mut detail = format!("stream: closed by the peer ({code})");
        if let Some(reason) = redactor.line(reason) {
            detail.push_str(": ");
            detail.push_str(&reason);
        }
        let cause = match retry {
            Retry::FreshToken => {
                detail.push_str(
                    "; check the token's scope analytics:events:read and the region (GENESYS_ENV)",
                );
                LossCause::Refused
            }
            _ => LossCause::Closed,
        };
        Self {
            cause,
            detail,
            retry,
        }
    }

    /// The peer broke the protocol.
    pub(super) fn protocol(what: &str) -> Self {
        Self {
            cause: LossCause::Protocol,
            detail: format!("stream: protocol broken by the peer: {what}"),
            retry: Retry::Slower,
        }
    }

    /// The connection ended without a close frame.
    pub(super) fn dropped(why: &str) -> Self {
        Self {
            cause: LossCause::Dropped,
            detail: format!("stream: connection lost: {}", printable(why)),
            retry: Retry::Backoff,
        }
    }

    /// The connection stands, but the peer does not answer.
    pub(super) fn dead_peer(why: &str) -> Self {
        Self {
            cause: LossCause::DeadPeer,
            detail: format!("stream: the peer is dead: {why}"),
            retry: Retry::Backoff,
        }
    }

    /// Whether it counts as a protocol error.
    pub(super) fn is_protocol_error(&self) -> bool {
        self.retry == Retry::Slower
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_has_its_consequence() {
        let check = |code: Option<u16>, cause: LossCause, retry: Retry| {
            let loss = Loss::from_close(code, "", &Redactor::default());
            assert_eq!((loss.cause, loss.retry), (cause, retry), "{code:?}");
        };
        for code in [
            None,
            Some(1000),
            Some(1001),
            Some(1011),
            Some(1014),
            Some(4000),
        ] {
            check(code, LossCause::Closed, Retry::Backoff);
        }
        for code in [1002, 1007, 1009] {
            check(Some(code), LossCause::Closed, Retry::Slower);
        }
        for code in [1008, 4401, 4403] {
            check(Some(code), LossCause::Refused, Retry::FreshToken);
        }
        let seconds = Duration::from_secs;
        check(
            Some(1012),
            LossCause::Closed,
            Retry::Between(seconds(5), seconds(30)),
        );
        check(
            Some(1013),
            LossCause::Closed,
            Retry::Between(seconds(30), seconds(60)),
        );
    }

    #[test]
    fn reasons_are_escaped_and_cut() {
        let redactor = Redactor::default().with("canary-token");
        let loss = Loss::from_close(Some(1001), "bye\n\x1b[31m", &redactor);
        assert_eq!(
            loss.detail,
            r"stream: closed by the peer (1001): bye\n\u{1b}[31m"
        );
        let loss = Loss::from_close(Some(4401), "expired: canary-token", &redactor);
        assert!(
            loss.detail.contains("expired: [hidden]; check"),
            "{}",
            loss.detail
        );
        // A reason has 123 bytes at the most, and a long token ends there.
        let cut = format!("{} canary-to", "x".repeat(110));
        let loss = Loss::from_close(None, &cut, &redactor);
        assert!(!loss.detail.contains("canary"), "{}", loss.detail);
        assert!(loss.detail.len() < 170, "{}", loss.detail);
    }
}
