//! The rival of `/graphql`: hyper answering the same bytes from a constant, over real sockets.
//!
//! It accepts, spawns and sets up connections as the server does, reads each request's body to its
//! end and answers the tutorial's query with a ready body. What it leaves out is what the server is
//! measured by: the checks of who asks, the query, the snapshot. `perf/graphql.sh` runs both in turn.
//!
//! ```text
//! cargo run --release --example graphql_constant -- [ADDRESS]
//! ```

#![expect(clippy::print_stdout, reason = "says where it listens")]

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::header;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

const ANSWER: &[u8] = br#"{"data":{"realTimeMetrics":{"activeSessions":14,"totalConnections":892,"avgSessionDurationMs":18450.2,"messagesPerMinute":35.0}}}"#;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that is cut off ends the connection, which hyper sees by itself.
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(ANSWER)));
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1);
    let address = address.unwrap_or_else(|| String::from("127.0.0.1:0"));
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/graphql", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder
                .http1()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10))
                .max_buf_size(16 << 10);
            // The client went away or broke the protocol; there is nobody to tell.
            let _ = builder
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}
