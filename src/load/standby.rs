//! Waits until an engine elsewhere is live on the stand-in's stream, and says why when it does not get
//! there.

use std::time::Duration;

use hyper::StatusCode;
use hyper::Uri;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;

use super::graphql::Unanswered;
use super::watch::Target;
use crate::config::duration;
use crate::net::Connector;

/// How often it is asked.
const ASK: Duration = Duration::from_millis(250);
/// How long nothing but answers of something else is waited through: a proxy may answer for an engine
/// that is still starting.
const STRANGER_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no live engine yet.
enum Unready {
    /// Something else answers: waiting longer is unlikely to help.
    Stranger(String),
    /// It may not have been started, or not have connected.
    NotYet(String),
}

/// Asks the server under `base` again and again until it is an engine whose stream is live.
///
/// # Errors
/// One line that says what is there instead, when it is not within that time.
pub(super) async fn live(
    connector: &Connector,
    base: &Uri,
    within: Duration,
) -> Result<(), String> {
    let mut latest = "no answer yet".to_owned();
    let waiting = async {
        let mut stranger_since = None;
        loop {
            match look(connector, base).await {
                Ok(()) => return Ok(()),
                Err(Unready::Stranger(why)) => {
                    let since = stranger_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= STRANGER_WITHIN.min(within / 2) {
                        return Err(why);
                    }
                    latest = why;
                }
                Err(Unready::NotYet(why)) => {
                    stranger_since = None;
                    latest = why;
                }
            }
            sleep(ASK.min(within / 4)).await;
        }
    };
    match timeout(within, waiting).await {
        Ok(ended) => ended.map_err(|why| format!("{base}: {why}")),
        Err(_) => Err(format!(
            "{base}: not live within {}: {latest}; start it with the --token-url and --stream-url \
             above, or wait longer with --target-wait",
            duration::format(within)
        )),
    }
}

async fn look(connector: &Connector, base: &Uri) -> Result<(), Unready> {
    let connected = Target::connect(connector, base).await;
    let mut target = connected.map_err(Unready::NotYet)?;
    match target.look().await {
        Ok(look) if look.sight().is_live => Ok(()),
        Ok(_) => Err(Unready::NotYet("its stream is not live".to_owned())),
        Err(Unanswered::Status(StatusCode::UNAUTHORIZED)) => Err(Unready::Stranger(
            "it asks for a token, which load does not send; start it without --token".to_owned(),
        )),
        Err(why @ Unanswered::Status(status)) if status.is_server_error() => {
            Err(Unready::NotYet(why.to_string()))
        }
        Err(why @ (Unanswered::Status(_) | Unanswered::Other)) => Err(Unready::Stranger(format!(
            "no streamgauge engine answers there ({why}); give the base URL of streamgauge serve"
        ))),
        Err(why @ (Unanswered::Late | Unanswered::Broken(_))) => {
            Err(Unready::NotYet(why.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio::net::TcpSocket;

    use super::*;

    /// A server that gives this answer to everything, or none.
    async fn server(answer: Option<&'static str>) -> Uri {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4_096]).await;
                if let Some(answer) = answer {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
                kept.push(stream);
            }
        });
        format!("http://{address}/").parse().unwrap()
    }

    /// Long enough for a busy machine to answer once.
    const WITHIN: Duration = Duration::from_secs(4);

    async fn check(base: Uri, parts: &[&str]) {
        let connector = Connector::new(None).unwrap();
        let waiting = live(&connector, &base, WITHIN);
        let ended = timeout(Duration::from_secs(60), waiting).await.unwrap();
        let why = ended.unwrap_err();
        assert!(!why.contains('\n'), "{why}");
        for part in parts {
            assert!(why.contains(part), "{part}: {why}");
        }
    }

    #[tokio::test]
    async fn what_is_no_live_engine_is_named_in_time() {
        // Bound and never listening: it refuses, and nobody else is given its port meanwhile.
        let gone = TcpSocket::new_v4().unwrap();
        gone.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let gone_at = gone.local_addr().unwrap();
        let nobody = format!("http://{gone_at}/").parse().unwrap();
        let answers = async |answer: &'static str, parts: &[&str]| {
            check(server(Some(answer)).await, parts).await;
        };
        tokio::join!(
            check(nobody, &["not live within 4s", "refused", "--target-wait"]),
            async { check(server(None).await, &["not live within 4s", "no answer"]).await },
            answers(
                "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
                &["no streamgauge engine answers there (status 404)"],
            ),
            answers(
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
                &["no streamgauge engine answers there (not the expected answer)"],
            ),
            answers(
                "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"errors\":[]}",
                &["no streamgauge engine answers there (not the expected answer)"],
            ),
            answers(
                "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
                &["asks for a token"],
            ),
            answers(
                "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
                &["not live within", "status 503"],
            ),
            answers("SSH-2.0-x\r\n", &["not live within"]),
            answers(WAITING, &["its stream is not live"]),
        );
    }

    /// An engine that is not connected.
    const WAITING: &str = "HTTP/1.1 200 OK\r\ncontent-length: 143\r\n\r\n{\"data\":{\"counters\":{\"received\":0,\"shed\":0},\"stream\":{\"state\":\"CONNECTING\",\"gapsTotal\":0,\"gaps\":[]},\"engine\":{\"ringDepth\":0,\"ringCapacity\":1}}}";
}
