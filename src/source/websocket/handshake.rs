//! The WebSocket opening handshake, on hyper and checked in full.
//!
//! `fastwebsockets` has a client handshake too, but it never looks at `Sec-WebSocket-Accept`, refuses
//! the legal `Connection: keep-alive, Upgrade`, and throws away what a refusal says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fastwebsockets::Role;
use fastwebsockets::WebSocketWrite;
use fastwebsockets::after_handshake_split;
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONNECTION, HOST, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE, USER_AGENT,
};
use hyper_util::rt::TokioIo;
use sha1::Digest;
use sha1::Sha1;
use thiserror::Error;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::frames::Frames;
use super::loss::Loss;
use super::loss::Retry;
use super::wanted::Wanted;
use crate::auth::AccessToken;
use crate::net;
use crate::net::ConnectPhase;
use crate::net::Connector;
use crate::net::Endpoint;
use crate::net::NetError;
use crate::net::Reason;
use crate::net::Redactor;
use crate::stream::LossCause;
use crate::time::EpochMs;

/// An open WebSocket.
pub(in crate::source) struct Opened {
    /// What hyper had read beyond its answer, to be followed by what `reader` gives.
    pub(in crate::source) frames: Frames,
    pub(in crate::source) reader: net::ReadHalf,
    pub(in crate::source) writer: Writer,
    /// The `Date` of the answer, which is of a whole second; `None` where there is none to read.
    pub(in crate::source) server_date: Option<EpochMs>,
    /// Knows what the peer was shown: nothing that it says is quoted without.
    pub(in crate::source) redactor: Redactor,
}

/// The writing half: masks what it sends.
pub(in crate::source) type Writer = WebSocketWrite<net::WriteHalf>;

/// What RFC 6455 appends to the key.
const ACCEPT_GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a refusal speaks of when the token is to blame.
const TOKEN_WORDS: [&str; 10] = [
    "token",
    "scope",
    "permission",
    "unauthor",
    "not authorized",
    "not.authorized",
    "authenticat",
    "credential",
    // The word alone, or as the whole of a JSON string: it says no more than the status does.
    "\"forbidden\"",
    "\"forbidden\\\"",
];

/// Why a try ended without an open WebSocket.
#[derive(Debug, Error, PartialEq, Eq)]
pub(in crate::source) enum HandshakeError {
    /// No connection.
    #[error("stream: {0}")]
    Net(#[from] NetError),
    /// 401 or 403, with what the server says and what to do.
    #[error("handshake: {place}: refused with status {status}{said}{hint}")]
    Refused {
        place: String,
        status: u16,
        said: String,
        hint: &'static str,
    },
    /// Another status than 101, with what the server says and what to do.
    #[error("handshake: {place}: status {status} instead of 101{said}{hint}")]
    Status {
        place: String,
        status: u16,
        said: String,
        hint: &'static str,
        retry: Retry,
    },
    /// 101, but not to this handshake.
    #[error("handshake: {place}: {why}; the peer is no websocket server or a proxy is in between")]
    NotWebSocket { place: String, why: &'static str },
    /// No answer.
    #[error("handshake: {place}: {why}")]
    Http { place: String, why: String },
}

impl HandshakeError {
    /// What it means for the next try.
    pub(in crate::source) fn into_loss(self) -> Loss {
        let (cause, retry) = match &self {
            Self::Net(_) | Self::Http { .. } => (LossCause::Unreachable, Retry::Backoff),
            Self::Refused { .. } => (LossCause::Refused, Retry::FreshToken),
            Self::Status { retry, .. } => (LossCause::Unreachable, *retry),
            Self::NotWebSocket { .. } => (LossCause::Protocol, Retry::Slower),
        };
        Loss {
            cause,
            detail: self.to_string(),
            retry,
        }
    }
}

/// Whom to greet, and how.
#[derive(Debug)]
pub(in crate::source) struct Handshake<'a> {
    pub(in crate::source) connector: &'a Connector,
    pub(in crate::source) endpoint: &'a Endpoint,
    pub(in crate::source) token: &'a AccessToken,
    /// Whether the token stands in the URL too, as the tutorial has it.
    pub(in crate::source) token_in_query: bool,
}

impl Handshake<'_> {
    /// Connects and upgrades, all before `deadline`. `now` is for reading `Retry-After` dates.
    pub(in crate::source) async fn open(
        &self,
        deadline: Instant,
        now: EpochMs,
    ) -> Result<Opened, HandshakeError> {
        let stream = self.connector.connect(self.endpoint, deadline).await?;
        let upgrade = async {
            let key = self.key()?;
            let answer = net::exchange(stream, self.request(&key)?)
                .await
                .map_err(|why| self.http(why))?;
            if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                return Err(self.refusal(answer, deadline, now).await);
            }
            check_upgrade(answer.headers(), &key).map_err(|why| HandshakeError::NotWebSocket {
                place: self.endpoint.authority(),
                why,
            })?;
            self.take_socket(answer).await
        };
        timeout_at(deadline, upgrade).await.unwrap_or_else(|_| {
            let place = self.endpoint.authority();
            Err(NetError::timeout(&place, ConnectPhase::Request).into())
        })
    }

    fn key(&self) -> Result<String, HandshakeError> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).map_err(|_| self.http("no random numbers".to_owned()))?;
        Ok(STANDARD.encode(nonce))
    }

    fn request(&self, key: &str) -> Result<Request<Full<Bytes>>, HandshakeError> {
        let unbuildable = || self.http("the request cannot be built".to_owned());
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", self.token.expose()))
            .map_err(|_| unbuildable())?;
        authorization.set_sensitive(true);
        let mut target = self.endpoint.path_and_query().to_owned();
        if self.token_in_query {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str("access_token=");
            target.push_str(&net::percent_encoded(self.token.expose()));
        }
        Request::builder()
            .uri(target)
            .header(HOST, self.endpoint.authority())
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, key)
            .header(AUTHORIZATION, authorization)
            .header(USER_AGENT, net::USER_AGENT_NAME)
            .body(Full::default())
            .map_err(|_| unbuildable())
    }

    /// What another status than 101 means.
    async fn refusal(
        &self,
        answer: Response<Incoming>,
        deadline: Instant,
        now: EpochMs,
    ) -> HandshakeError {
        let place = self.endpoint.authority();
        let status = answer.status();
        let wait = net::retry_after(answer.headers(), now);
        let wanted = Wanted::of(answer.headers());
        let reason = Reason::of(answer, &self.redactor(), deadline).await;
        let said = match &reason.quoted {
            Some(quoted) => format!(": {quoted}"),
            None => String::new(),
        };
        let is_token = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let hint = match wanted.or_of(&reason).hint() {
            Some(hint) => hint,
            None => usual_hint(status, &reason),
        };
        let status = status.as_u16();
        if is_token {
            return HandshakeError::Refused {
                place,
                status,
                said,
                hint,
            };
        }
        HandshakeError::Status {
            place,
            status,
            said,
            hint,
            retry: match (status, wait) {
                (429 | 503, Some(wait)) => Retry::Between(wait, wait),
                _ => Retry::Backoff,
            },
        }
    }

    /// Knows everything that this handshake shows to the peer and to a proxy on the way.
    fn redactor(&self) -> Redactor {
        let url = self.endpoint.redactor();
        url.and(self.connector.redactor()).with(self.token.expose())
    }

    /// Takes the socket back from hyper: its own upgraded stream is boxed and cannot be split
    /// without a lock.
    async fn take_socket(&self, answer: Response<Incoming>) -> Result<Opened, HandshakeError> {
        let server_date = net::server_date(answer.headers());
        let upgraded = hyper::upgrade::on(answer)
            .await
            .map_err(|_| self.http("connection closed during the upgrade".to_owned()))?;
        let Ok(parts) = upgraded.downcast::<TokioIo<net::Stream>>() else {
            unreachable!("the stream that was given to hyper comes back from it");
        };
        let (reader, write) = parts.io.into_inner().split();
        // Frames are read by our own walker; fastwebsockets only writes.
        let (_, writer) = after_handshake_split(tokio::io::empty(), write, Role::Client);
        Ok(Opened {
            frames: Frames::new(&parts.read_buf),
            reader,
            writer,
            server_date,
            redactor: self.redactor(),
        })
    }

    fn http(&self, why: String) -> HandshakeError {
        HandshakeError::Http {
            place: self.endpoint.authority(),
            why,
        }
    }
}

/// What to do about a refusal that wants nothing in particular. The scope is blamed only where the
/// server says nothing else.
fn usual_hint(status: StatusCode, reason: &Reason) -> &'static str {
    match status {
        _ if reason.is_html => "; a page for people: a proxy or firewall may be in between",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
            if reason.quoted.is_none() || reason.speaks_of(&TOKEN_WORDS) =>
        {
            "; check that the client has the scope analytics:events:read and that the region \
             (GENESYS_ENV) is the client's"
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            "; trying again when it allows"
        }
        _ if status.is_redirection() => "; redirects are not followed, check the stream url",
        _ if status.is_server_error() => "; trying again",
        _ => "; check the stream url",
    }
}

/// Whether a 101 answers this handshake, by RFC 6455 section 4.1. We ask for no extension and no
/// subprotocol, so an answer that names one is not ours.
fn check_upgrade(headers: &HeaderMap, key: &str) -> Result<(), &'static str> {
    if !has_token(headers, &UPGRADE, "websocket") {
        return Err("no upgrade to websocket in the answer");
    }
    if !has_token(headers, &CONNECTION, "upgrade") {
        return Err("no connection upgrade in the answer");
    }
    let mut accepts = headers.get_all(SEC_WEBSOCKET_ACCEPT).iter();
    let expected = accept_of(key);
    match (accepts.next(), accepts.next()) {
        (Some(accept), None) if accept.as_bytes() == expected.as_bytes() => {}
        (None, _) => return Err("no sec-websocket-accept in the answer"),
        _ => return Err("wrong sec-websocket-accept in the answer"),
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err("an extension nobody asked for in the answer");
    }
    if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Err("a subprotocol nobody asked for in the answer");
    }
    Ok(())
}

/// Whether a header that is a list of tokens, in one line or many, holds `token`.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn accept_of(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(ACCEPT_GUID);
    STANDARD.encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn the_answer_is_checked_in_full() {
        // The key and its answer are the RFC's own example.
        let good = [
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-accept", ACCEPT),
        ];
        let check = |changes: &[(&'static str, &'static str)], expected: Result<(), &str>| {
            let mut headers = HeaderMap::new();
            for (name, value) in good
                .iter()
                .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name))
            {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            for (name, value) in changes.iter().filter(|(_, value)| !value.is_empty()) {
                headers.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(check_upgrade(&headers, KEY), expected, "{changes:?}");
        };
        check(&[], Ok(()));
        check(&[("connection", "keep-alive, Upgrade")], Ok(()));
        check(
            &[("connection", "keep-alive"), ("connection", "upgrade")],
            Ok(()),
        );
        check(&[("upgrade", "WebSocket")], Ok(()));

        let upgrade = Err("no upgrade to websocket in the answer");
        check(&[("upgrade", "")], upgrade);
        check(&[("upgrade", "h2c")], upgrade);
        let connection = Err("no connection upgrade in the answer");
        check(&[("connection", "")], connection);
        check(&[("connection", "keep-alive")], connection);
        check(&[("connection", "not-upgrade")], connection);
        check(
            &[("sec-websocket-accept", "")],
            Err("no sec-websocket-accept in the answer"),
        );
        let accept = Err("wrong sec-websocket-accept in the answer");
        check(
            &[("sec-websocket-accept", "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=")],
            accept,
        );
        check(
            &[
                ("sec-websocket-accept", ACCEPT),
                ("sec-websocket-accept", ACCEPT),
            ],
            accept,
        );
        let extension = Err("an extension nobody asked for in the answer");
        check(
            &[("sec-websocket-extensions", "permessage-deflate")],
            extension,
        );
        let protocol = Err("a subprotocol nobody asked for in the answer");
        check(&[("sec-websocket-protocol", "chat")], protocol);
    }
}
