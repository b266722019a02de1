//! Minutes over real HTTP: every credential and form of a body, faults of bodies and answers, and a server
//! that has no room.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;
use streamgauge::config::AuthSettings;
use streamgauge::config::Dialect;
use streamgauge::config::EngineSettings;
use streamgauge::config::HmacEncoding;
use streamgauge::config::HmacForm;
use streamgauge::config::HmacHash;
use streamgauge::config::PushCredential;
use streamgauge::config::PushEndpoint;
use streamgauge::config::PushPath;
use streamgauge::config::PushSecret;
use streamgauge::config::ServeSettings;
use streamgauge::config::Source;
use streamgauge::config::StreamSettings;
use streamgauge::engine::Engine;
use streamgauge::net::Connector;
use streamgauge::simulate::BodyForm;
use streamgauge::simulate::CentrePlan;
use streamgauge::simulate::PostFailure;
use streamgauge::simulate::Posting;
use streamgauge::simulate::PostingSettings;
use streamgauge::simulate::SenderCredential;
use streamgauge::simulate::Speed;
use streamgauge::time::Clock;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Hour;
use super::Replies;
use super::SHORT_ABANDON_MS;
use super::hour_of_groups;
use super::hour_of_ledger;
use crate::http::HANG;

const SECRET: &str = "a-secret-of-the-simulator";
/// What is posted happened within so many minutes.
const MINUTES: i64 = 10;

fn secret(of: &str) -> PushSecret {
    SecretString::from(format!("{SECRET}-{of}")).into()
}

fn hmac() -> HmacForm {
    HmacForm {
        header: "x-signature".into(),
        hash: HmacHash::Sha256,
        encoding: HmacEncoding::Hex,
        prefix: String::new(),
        timestamp_header: None,
        signed: HmacForm::BODY.into(),
    }
}

/// An engine with an endpoint of a dialect and a credential.
async fn engine(dialect: &Dialect, credential: PushCredential) -> Engine {
    let auth = AuthSettings::new(
        "http://127.0.0.1:9/token".parse().unwrap(),
        "id".into(),
        "secret".into(),
    );
    let stream = StreamSettings::new("ws://127.0.0.1:9/".parse().unwrap());
    let serve = ServeSettings::new("127.0.0.1:0".parse().unwrap());
    let mut settings = EngineSettings::new(auth, stream, serve);
    settings.auth = None;
    settings.source = Source::Push;
    settings.push.endpoints = vec![PushEndpoint {
        name: "simulator".into(),
        path: PushPath::parse("/push/simulator").unwrap(),
        credential,
        dialect: dialect.clone(),
        allowed_origins: vec![PushEndpoint::ANY_ORIGIN.to_owned()],
    }];
    Engine::start(settings, Clock::system()).await.unwrap()
}

fn settings(addr: SocketAddr, dialect: &Dialect, credential: &str) -> PostingSettings {
    let clock = Clock::system();
    let kind = credential.split(':').next().unwrap();
    PostingSettings {
        url: format!("http://{addr}/push/simulator").parse().unwrap(),
        credential: SenderCredential {
            form: credential.parse().unwrap(),
            secret: SecretString::from(format!("{SECRET}-{kind}")),
        },
        dialect: dialect.clone(),
        form: BodyForm::Array,
        batch: 25,
        plan: CentrePlan {
            conversations_per_s: 0.2,
            ..CentrePlan::new(9, clock.wall() - MINUTES * 60_000)
        },
        speed: Speed::REAL,
        faults: Vec::new(),
        patience: Duration::from_secs(20),
        events: Some(300),
        short_abandon_ms: SHORT_ABANDON_MS,
    }
}

fn posting(settings: PostingSettings) -> Posting {
    let connector = Connector::new(None).unwrap();
    Posting::new(settings, connector, Clock::system()).unwrap()
}

async fn post(settings: PostingSettings) -> Result<Posting, PostFailure> {
    let mut posting = posting(settings);
    let stop = CancellationToken::new();
    let done = timeout(HANG, posting.run(&stop, |_, _| {})).await.unwrap();
    done.map(|()| posting)
}

/// Waits until an engine shows what a ledger has.
async fn agree(engine: &Engine, posting: &Posting, dialect: &Dialect) {
    let expected = hour_of_ledger(posting.ledger(), dialect, &Hour::new(), Replies::Compared);
    let reader = engine.reader();
    let mut shown = Hour::new();
    let looking = async {
        while shown != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
            shown = hour_of_groups(&reader.load().groups, Replies::Compared);
        }
    };
    let looked = timeout(HANG, looking).await;
    assert!(
        looked.is_ok(),
        "{dialect}: shown {shown:#?}, expected {expected:#?}"
    );
    let (snapshot, total) = (reader.load(), posting.ledger().total());
    assert_eq!(snapshot.total_connections, total.connections);
    assert_eq!(snapshot.sessions.open, total.open);
    assert_eq!(snapshot.sessions.awaiting, total.awaiting);
    assert_eq!(posting.tally().wrongly_taken, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_credential_and_form_gives_the_ledger() {
    let basic = PushCredential::Basic {
        user: "me".into(),
        password: secret("basic"),
    };
    let header = PushCredential::Header {
        name: "x-api-key".into(),
        secret: secret("header"),
    };
    let signed = PushCredential::Hmac {
        form: hmac(),
        secret: secret("hmac"),
    };
    for (dialect, credential, shown, form, batch) in [
        (
            Dialect::Tutorial,
            PushCredential::Bearer(secret("bearer")),
            "bearer",
            BodyForm::Lines,
            50,
        ),
        (Dialect::Cloudevents, basic, "basic:me", BodyForm::Array, 1),
        (
            Dialect::AmazonConnect,
            header,
            "header:x-api-key",
            BodyForm::Firehose,
            50,
        ),
        (
            Dialect::GenesysEventbridge,
            signed,
            "hmac:x-signature",
            BodyForm::Array,
            50,
        ),
    ] {
        let engine = engine(&dialect, credential).await;
        let settings = PostingSettings {
            form,
            batch,
            ..settings(engine.local_addr(), &dialect, shown)
        };
        let posting = post(settings).await.unwrap();
        agree(&engine, &posting, &dialect).await;
        engine.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_slow_bodies_copies_and_bad_elements_change_nothing() {
    let dialect = Dialect::Cloudevents;
    let engine = engine(&dialect, PushCredential::Bearer(secret("bearer"))).await;
    let faults = [
        "lost-answer=25%",
        "slow-body=8%",
        "duplicate=5%",
        "malformed=3%",
    ];
    let settings = PostingSettings {
        events: Some(1_000),
        faults: faults.map(|flag| flag.parse().unwrap()).to_vec(),
        ..settings(engine.local_addr(), &dialect, "bearer")
    };
    let posting = post(settings).await.unwrap();
    agree(&engine, &posting, &dialect).await;
    let tally = posting.tally();
    assert!(tally.half_bad > 3 && tally.lost_answers > 3, "{tally:?}");
    assert!(tally.slow_bodies > 0 && tally.copies > 20, "{tally:?}");
    assert!(
        tally.events >= 1_000 && tally.wrongly_taken == 0,
        "{tally:?}"
    );
    // Every lost answer was that of a whole request, so it came twice.
    let duplicates = engine.reader().load().counters.duplicates;
    assert!(duplicates > tally.copies, "{duplicates} {tally:?}");
    engine.shutdown().await.unwrap();
}

/// A server that answers one request after another with these heads. Returns its address, and how many
/// connections it had when it was done.
async fn server(answers: &'static [&'static str]) -> (SocketAddr, tokio::task::JoinHandle<u32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut left, mut connections) = (answers.iter(), 0);
        let mut next = left.next();
        while next.is_some() {
            let (mut socket, _) = listener.accept().await.unwrap();
            connections += 1;
            while let Some(answer) = next
                && read_request(&mut socket).await
            {
                socket.write_all(answer.as_bytes()).await.unwrap();
                next = left.next();
            }
        }
        connections
    });
    (addr, serving)
}

async fn read_request(socket: &mut TcpStream) -> bool {
    let mut text = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let count = socket.read(&mut piece).await.unwrap_or_default();
        if count == 0 {
            return false;
        }
        text.extend_from_slice(&piece[..count]);
        let shown = String::from_utf8_lossy(&text).to_lowercase();
        let Some((head, _)) = shown.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.lines().next().unwrap().parse().unwrap();
        if text.len() >= head.len() + 4 + length {
            return true;
        }
    }
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[tokio::test]
async fn a_server_without_room_is_asked_again_on_the_same_connection() {
    const BUSY: &str =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    let (addr, serving) = server(&[BUSY, TAKEN, TAKEN]).await;
    let settings = PostingSettings {
        events: Some(20),
        batch: 10,
        ..settings(addr, &Dialect::Tutorial, "bearer")
    };
    let begun = tokio::time::Instant::now();
    let posting = post(settings).await.unwrap();
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "it waits as asked"
    );
    let tally = posting.tally();
    assert_eq!(
        (tally.busy, tally.requests, tally.events),
        (1, 2, 20),
        "{tally:?}"
    );
    assert_eq!(serving.await.unwrap(), 1);
}

#[tokio::test]
async fn refusals_end_it_with_what_to_do_and_no_secret() {
    for (answer, words) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
            "check --credential",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "check the path of --push",
        ),
        (
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 31\r\n\r\n{\"error\":\"a-secret-of-the-simul",
            "dialect",
        ),
        (
            "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            "check --push",
        ),
    ] {
        let answers: &'static [&'static str] = Box::leak(Box::new([answer]));
        let (addr, _serving) = server(answers).await;
        let failure = post(settings(addr, &Dialect::Tutorial, "bearer"))
            .await
            .unwrap_err();
        let line = failure.to_string();
        assert!(line.contains(words) && !line.contains('\n'), "{line}");
        assert!(!line.contains(&format!("{SECRET}-bearer")), "{line}");
    }
}

#[tokio::test]
async fn where_nobody_answers_it_ends() {
    // Bound and never listening: it refuses, and nobody else is given its port meanwhile.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = nobody.local_addr().unwrap();
    let settings = PostingSettings {
        patience: Duration::from_millis(100),
        ..settings(addr, &Dialect::Tutorial, "bearer")
    };
    let failure = post(settings).await.unwrap_err();
    assert!(
        matches!(&failure, PostFailure::Silent { .. }),
        "{failure:?}"
    );
}
