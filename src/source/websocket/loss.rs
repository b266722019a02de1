//! What the end of a connection, or a try that failed, means for the next one.

use std::time::Duration;

use crate::net::Redactor;
use crate::net::printable;
use crate::stream::LossCause;

/// Why there is no connection (any more), and when to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) struct Loss {
    /// The cause in the API's words.
    pub(in crate::source) cause: LossCause,
    /// One line for people: escaped, bounded, free of secrets.
    pub(in crate::source) detail: String,
    /// When to try again.
    pub(in crate::source) retry: Retry,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Retry {
    /// After the usual backoff.
    Backoff,
    /// After twice the usual backoff: the two sides do not agree on the protocol. Counted as a
    /// protocol error.
    Slower,
    /// With a fresh token and after the usual backoff; slowly, if that one was refused too.
    FreshToken,
    /// After a random time in this range, in place of the backoff.
    Between(Duration, Duration),
    /// After the usual backoff; slowly, if the same happens again and again: somebody else uses the
    /// stream, and every try takes it away from them.
    Displaced,
}

/// The code that says that another client took the stream.
const DISPLACED_CODE: u16 = 4409;
/// What a reason says of that where the code is a general one. Compared in lower case.
const DISPLACED_WORDS: [&str; 12] = [
    "displaced",
    "superseded",
    "replaced by",
    "taken over",
    "another connection",
    "another session",
    "another client",
    "another channel",
    "another_channel",
    "newer connection",
    "newer subscription",
    "duplicate_id",
];

/// Whether a close says that another client took the stream.
fn is_displaced(code: Option<u16>, reason: &str) -> bool {
    match code {
        Some(DISPLACED_CODE) => true,
        Some(1000 | 1001 | 1008 | 4000..=4999) => {
            let reason = reason.to_lowercase();
            DISPLACED_WORDS.iter().any(|word| reason.contains(word))
        }
        _ => false,
    }
}

impl Loss {
    /// The peer closed with `code` (`None`: a close frame without one). Its reason is quoted without
    /// what `redactor` knows: peers repeat the token there.
    pub(in crate::source) fn from_close(
        code: Option<u16>,
        reason: &str,
        redactor: &Redactor,
    ) -> Self {
        let retry = match code {
            _ if is_displaced(code, reason) => Retry::Displaced,
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
            Retry::Displaced => {
                detail.push_str("; another client has taken the stream");
                LossCause::Displaced
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
    pub(in crate::source) fn protocol(what: &str) -> Self {
        Self {
            cause: LossCause::Protocol,
            detail: format!("stream: protocol broken by the peer: {what}"),
            retry: Retry::Slower,
        }
    }

    /// The connection ended without a close frame.
    pub(in crate::source) fn dropped(why: &str) -> Self {
        Self {
            cause: LossCause::Dropped,
            detail: format!("stream: connection lost: {}", printable(why)),
            retry: Retry::Backoff,
        }
    }

    /// The connection stands, but the peer does not answer.
    pub(in crate::source) fn dead_peer(why: &str) -> Self {
        Self {
            cause: LossCause::DeadPeer,
            detail: format!("stream: the peer is dead: {why}"),
            retry: Retry::Backoff,
        }
    }

    /// The connection stands, but the peer never showed that it had taken the subscription.
    pub(in crate::source) fn not_live(why: &str) -> Self {
        Self {
            cause: LossCause::DeadPeer,
            detail: format!("stream: {why}"),
            retry: Retry::Backoff,
        }
    }

    /// Whether it counts as a protocol error.
    pub(in crate::source) fn is_protocol_error(&self) -> bool {
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
    fn a_displacement_is_known_by_its_code_or_its_words() {
        let redactor = Redactor::default();
        let retry = |code, reason| Loss::from_close(code, reason, &redactor).retry;
        for (code, reason) in [
            (4409, ""),
            (4409, "whatever"),
            (1008, "Replaced by another client"),
            (1000, "displaced by a newer subscription"),
            (4000, "another_channel_subscribed"),
            (4001, "Superseded"),
            (4401, "session taken over"),
        ] {
            let loss = Loss::from_close(Some(code), reason, &redactor);
            let found = (loss.cause, loss.retry);
            assert_eq!(found, (LossCause::Displaced, Retry::Displaced), "{reason}");
            assert!(loss.detail.contains("another client"), "{}", loss.detail);
        }
        assert_eq!(retry(Some(4000), "bye"), Retry::Backoff);
        assert_eq!(retry(Some(4401), "token expired"), Retry::FreshToken);
        // It speaks of something else.
        assert_eq!(retry(Some(1002), "frame replaced by noise"), Retry::Slower);
        assert_eq!(retry(None, ""), Retry::Backoff);
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
