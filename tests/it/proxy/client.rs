//! A client that comes by TLS and takes the proxy for the host it asks for.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::http::HANG;
use crate::proxy::program::Proxy;

/// A new connection to the proxy, for `host`.
pub(super) async fn connect(proxy: &Proxy, host: &str) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(proxy.certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(proxy.addr).await.unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    timeout(HANG, connecting).await.unwrap().unwrap()
}

/// Sends one request over a connection of its own; the body is still to come.
pub(super) async fn begin(
    proxy: &Proxy,
    host: &str,
    request: Request<Full<Bytes>>,
) -> Response<Incoming> {
    let stream = TokioIo::new(connect(proxy, host).await);
    let (mut client, connection) = http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let answer = timeout(HANG, client.send_request(request)).await;
    answer.unwrap().unwrap()
}

/// Sends one request and reads the whole answer.
pub(super) async fn send(
    proxy: &Proxy,
    host: &str,
    request: Request<Full<Bytes>>,
) -> Response<String> {
    let (parts, body) = begin(proxy, host, request).await.into_parts();
    let body = timeout(HANG, body.collect()).await.unwrap().unwrap();
    let text = String::from_utf8(body.to_bytes().to_vec()).unwrap();
    Response::from_parts(parts, text)
}
