//! Standard streams that take nothing: a pipe that nobody reads, one whose reader is gone, a full disk.
//! The engine goes on, one signal ends the command, and what is lost is counted.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::PipeReader;
use std::io::Write;
use std::net::SocketAddr;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use hyper::Version;
use serde_json::Value;
use tokio::time::sleep;

use super::process::HANG;
use super::process::Process;
use super::process::ended;
use super::process::signal;
use super::serve::StandIn;
use crate::engine::rig::ask;
use crate::http::Client;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// A command whose standard error is a pipe that is read up to a line, and not any further.
struct Held {
    child: Child,
    reader: BufReader<PipeReader>,
    address: SocketAddr,
}

impl Held {
    fn start(command: &mut Command) -> Self {
        let (reader, writer) = io::pipe().unwrap();
        let mut filler = writer.try_clone().unwrap();
        let child = command.stderr(Stdio::from(writer)).spawn().unwrap();
        let mut reader = BufReader::new(reader);
        let address = loop {
            let mut line = String::new();
            assert_ne!(reader.read_line(&mut line).unwrap(), 0, "ended at once");
            if let Some((_, rest)) = line.split_once("serving GraphQL at http://") {
                break rest.split_once('/').unwrap().0.parse().unwrap();
            }
        };
        // From here on it is full, and full again as soon as anything is read.
        thread::spawn(move || while filler.write_all(&[b'x'; 4_096]).is_ok() {});
        Self {
            child,
            reader,
            address,
        }
    }

    /// Waits for an answer of which this is true.
    async fn until(&self, query: &str, is: impl Fn(&Value) -> bool) -> Value {
        let asked = async {
            loop {
                let data = ask(self.address, query).await["data"].clone();
                if is(&data) {
                    return data;
                }
                sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(HANG, asked).await.unwrap()
    }

    /// One signal, and the exit code.
    async fn end(mut self) -> Option<i32> {
        signal(self.child.id(), &["TERM"]);
        let code = ended(&mut self.child).await;
        drop(self.reader);
        code
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_whose_log_nobody_reads_goes_on_and_ends() {
    // Every loss is some lines of the log, written by the ingest thread.
    let stand_in = StandIn::start(&["drop@every:50ms"]).await;
    for format in ["text", "json"] {
        let mut command = stand_in.command();
        command.args([
            "--log",
            "trace",
            "--log-format",
            format,
            "--backoff-base",
            "10ms",
        ]);
        let held = Held::start(&mut command);
        let query = "{ counters { received } stream { reconnects } engine { logDropped } }";
        let first = held.until(query, |data| {
            data["stream"]["reconnects"].as_f64() >= Some(5.0)
        });
        let first = first.await["counters"]["received"].as_f64();
        held.until(query, |data| data["counters"]["received"].as_f64() > first)
            .await;
        // Settings are read again, and that is said to nobody.
        signal(held.child.id(), &["HUP", "USR1"]);
        held.until(query, |data| data["counters"]["received"].as_f64() > first)
            .await;
        assert_eq!(held.end().await, Some(0), "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_nobody_can_read_any_more_are_counted() {
    let stand_in = StandIn::start(&["drop@every:50ms"]).await;
    let mut command = stand_in.command();
    command.args(["--backoff-base", "10ms"]);
    let mut held = Held::start(&mut command);
    // The reader goes.
    held.reader = BufReader::new(io::pipe().unwrap().0);
    let query = "{ engine { logDropped } }";
    let dropped = held.until(query, |data| {
        data["engine"]["logDropped"].as_f64() >= Some(3.0)
    });
    dropped.await;
    let mut client = Client::connect(held.address, Version::HTTP_11).await;
    let metrics = client.get(held.address, "/metrics").await;
    let metrics = String::from_utf8_lossy(metrics.body()).into_owned();
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("streamgauge_log_lines_dropped_total "));
    assert!(counted.unwrap().parse::<f64>().unwrap() >= 3.0, "{metrics}");
    assert_eq!(held.end().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_whose_streams_nobody_reads_goes_on_and_ends() {
    let (stdout, writer) = io::pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_streamgauge"));
    command
        .env_clear()
        .args(["demo", "--listen", "127.0.0.1:0", "--log", "trace"])
        .stdin(Stdio::null())
        .stdout(Stdio::from(writer));
    let held = Held::start(&mut command);
    thread::spawn(move || while filler.write_all(&[b'x'; 4_096]).is_ok() {});
    let query = "{ counters { received } }";
    let received = |data: &Value| data["counters"]["received"].as_f64();
    let first = received(&held.until(query, |data| received(data) > Some(0.0)).await);
    held.until(query, |data| received(data) > first).await;
    assert_eq!(held.end().await, Some(0));
    drop(stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_whose_data_nobody_reads_end_by_a_signal() {
    let stand_in = StandIn::start(&[]).await;
    let mut command = stand_in.command();
    let held = Held::start(&mut command);
    let url = format!("http://{}", held.address);
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events.ndjson");
    let out = events.to_str().unwrap();
    let written = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .env_clear()
        .args(["simulate", "--events", "100000", "--out", out])
        .output()
        .unwrap();
    assert!(written.status.success(), "{written:?}");
    for (args, code) in [
        (&["top", "--url", &url, "--interval", "100ms"][..], Some(0)),
        (
            &[
                "load",
                "--rate",
                "100",
                "--duration",
                "1s",
                "--warmup",
                "1ms",
            ],
            Some(1),
        ),
        // The system's own end: there is no code.
        (&["replay", out, "--every", "100ms"], None),
        (&["simulate", "--events", "1000000", "--out", "-"], None),
    ] {
        // Full from the start, so that the first byte of data waits.
        let (stdout, writer) = io::pipe().unwrap();
        let mut filler = writer.try_clone().unwrap();
        let filled = thread::spawn(move || {
            filler.write_all(&[b'x'; 65_536]).unwrap();
            filler
        });
        let filler = filled.join().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
            .env_clear()
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until_blocked(child.id()).await;
        signal(child.id(), &["TERM"]);
        assert_eq!(ended(&mut child).await, code, "{args:?}");
        drop((stdout, filler));
    }
    assert_eq!(held.end().await, Some(0));
}

/// Waits until a thread of the process is inside a write to a pipe.
async fn until_blocked(id: u32) {
    let is_blocked = || {
        let tasks = std::fs::read_dir(format!("/proc/{id}/task")).ok()?;
        tasks.flatten().find_map(|task| {
            std::fs::read_to_string(task.path().join("wchan"))
                .ok()
                .filter(|place| place.contains("pipe_write"))
        })
    };
    let waiting = async {
        while is_blocked().is_none() {
            sleep(PAUSE).await;
        }
    };
    // Where the system does not say, the signal comes while the command works, which is as well.
    let _ = tokio::time::timeout(Duration::from_millis(500), waiting).await;
}

#[test]
fn a_full_disk_behind_the_log_is_no_failure() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
        .env_clear()
        .args([
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--for",
            "100ms",
            "--log",
            "trace",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(full))
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
}

/// Not a test of its own: what [`a_panic_while_nobody_reads_ends_its_thread`] runs.
#[test]
#[ignore = "runs in a process of its own"]
fn panics_behind_a_full_pipe() {
    streamgauge::stderr::catch_panics();
    let ended = thread::spawn(|| panic!("on purpose")).join();
    assert!(ended.is_err());
    std::process::exit(7);
}

#[tokio::test]
async fn a_panic_while_nobody_reads_ends_its_thread() {
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(&[b'x'; 65_536]).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg("commands::blocked::panics_behind_a_full_pipe")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(writer))
        .spawn()
        .unwrap();
    assert_eq!(ended(&mut child).await, Some(7));
    drop(reader);
}

#[tokio::test]
async fn a_fault_that_nobody_reads_ends_the_command_all_the_same() {
    for args in [
        &["demo", "--listen", "0.0.0.0:0"][..],
        &["serve", "--window", "banana"],
    ] {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&[b'x'; 65_536]).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_streamgauge"))
            .env_clear()
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(writer))
            .spawn()
            .unwrap();
        assert_eq!(ended(&mut child).await, Some(2), "{args:?}");
        drop(reader);
    }
}

#[test]
fn streams_that_are_closed_are_no_failure() {
    let binary = env!("CARGO_BIN_EXE_streamgauge");
    let script = format!("exec {binary} demo --listen 127.0.0.1:0 --for 100ms <&- >&- 2>&-");
    let status = Command::new("/bin/sh").args(["-c", &script]).status();
    assert_eq!(status.unwrap().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn as_json_every_line_is_an_object() {
    let stand_in = StandIn::start(&[]).await;
    let mut command = stand_in.command();
    command.args(["--log-format", "json"]);
    let mut serve = Process::of(&mut command);
    let address = serve.until_stderr("serving GraphQL at ");
    assert!(address.contains("\"level\":\"INFO\""), "{address}");
    serve.until_stderr("stream is live");
    serve.signal(&["HUP"]);
    serve.until_stderr("reload: ");
    serve.signal(&["TERM"]);
    let ended = serve.wait();
    assert_eq!(ended.code, Some(0));
    for line in ended.stderr.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        assert!(object["fields"]["message"].is_string(), "{line}");
    }
}

#[test]
fn the_last_lines_come_out_where_somebody_reads() {
    // A fault is told by the last lines of a command; they are written by another thread.
    for _ in 0..20 {
        let refused = crate::cli::run(&["demo", "--listen", "0.0.0.0:0"], &[]);
        assert_eq!(refused.code, Some(2));
        assert!(
            refused.stderr.starts_with("error: demo: --listen"),
            "{}",
            refused.stderr
        );
    }
}
