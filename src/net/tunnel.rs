//! Asks a proxy for a tunnel to a host: `CONNECT`, RFC 9110, section 9.3.6.

use bytes::Bytes;
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::Request;
use hyper::StatusCode;
use hyper::header::HOST;
use hyper::header::HeaderValue;
use hyper::header::PROXY_AUTHENTICATE;
use hyper::header::PROXY_AUTHORIZATION;
use hyper::header::USER_AGENT;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;
use tokio::time::timeout_at;

use super::ConnectPhase;
use super::Endpoint;
use super::NetError;
use super::Redactor;
use super::Stream;
use super::endpoint::bracketed;
use super::http::USER_AGENT_NAME;
use super::http::exchange;
use super::proxy_header::proxy_authorization;
use super::reason::Reason;
use crate::config::ProxyUrl;

/// A tunnel that is to be opened.
pub(super) struct Tunnel<'a> {
    pub(super) proxy: &'a ProxyUrl,
    pub(super) to: &'a Endpoint,
    /// Knows the proxy's credentials.
    pub(super) redactor: &'a Redactor,
}

impl Tunnel<'_> {
    /// Has the proxy connect, over `stream`, which leads to it.
    ///
    /// # Errors
    /// [`NetError::ProxyRefused`] with what the proxy says, [`NetError::Timeout`] when it is silent.
    pub(super) async fn open(self, stream: Stream, deadline: Instant) -> Result<Stream, NetError> {
        let opening = timeout_at(deadline, self.exchange(stream, deadline));
        opening.await.unwrap_or_else(|_| {
            Err(NetError::Proxy {
                error: Box::new(NetError::timeout(&self.place(), ConnectPhase::Tunnel)),
            })
        })
    }

    async fn exchange(&self, stream: Stream, deadline: Instant) -> Result<Stream, NetError> {
        let request = self
            .request()
            .ok_or_else(|| self.refused("the request cannot be built"))?;
        let answer = exchange(stream, request)
            .await
            .map_err(|why| self.refused(&why))?;
        let status = answer.status();
        if !status.is_success() {
            let hint = self.hint(status, answer.headers());
            let reason = Reason::of(answer, self.redactor, deadline).await;
            let said = reason
                .quoted
                .map(|quoted| format!(": {quoted}"))
                .unwrap_or_default();
            return Err(self.refused(&format!("status {}{said}{hint}", status.as_u16())));
        }
        let upgraded = hyper::upgrade::on(answer)
            .await
            .map_err(|_| self.refused("connection closed"))?;
        let Ok(parts) = upgraded.downcast::<TokioIo<Stream>>() else {
            unreachable!("the stream that was given to hyper comes back from it");
        };
        if !parts.read_buf.is_empty() {
            // Neither TLS nor HTTP has the server speak first.
            return Err(self.refused("it sent more than its answer"));
        }
        Ok(parts.io.into_inner())
    }

    fn request(&self) -> Option<Request<Full<Bytes>>> {
        let target = format!("{}:{}", bracketed(self.to.host()), self.to.port());
        let mut request = Request::connect(&target)
            .header(HOST, &target)
            .header(USER_AGENT, USER_AGENT_NAME);
        if let Some(credentials) = self.proxy.credentials() {
            request = request.header(PROXY_AUTHORIZATION, proxy_authorization(credentials)?);
        }
        request.body(Full::default()).ok()
    }

    fn hint(&self, status: StatusCode, headers: &HeaderMap) -> &'static str {
        // tinyproxy says 401 to a wrong password.
        let is_about_credentials = matches!(
            status,
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED
        );
        if !is_about_credentials {
            return "; ask who runs the proxy, or exempt the host by NO_PROXY";
        }
        let offered = headers.get_all(PROXY_AUTHENTICATE);
        let is_basic = |value: &HeaderValue| {
            let text = value.as_bytes().to_ascii_lowercase();
            text.windows(5).any(|part| part == b"basic")
        };
        match (offered.iter().next(), self.proxy.credentials()) {
            (Some(_), _) if !offered.iter().any(is_basic) => {
                "; it wants another scheme than Basic, the only one that streamgauge has"
            }
            (_, None) => "; it wants a user name and password, write them into the proxy's url",
            (_, Some(_)) => "; check the user name and password in the proxy's url",
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", bracketed(self.proxy.host()), self.proxy.port())
    }

    fn refused(&self, why: &str) -> NetError {
        NetError::ProxyRefused {
            proxy: self.place(),
            place: self.to.authority(),
            why: why.to_owned(),
        }
    }
}
