//! What a service manager is notified of: that the server is ready, reads its settings again, stops, and is
//! alive. A datagram of `NAME=value` lines to the socket that `NOTIFY_SOCKET` names; without it nothing
//! is sent.
//!
//! Alive means that the pipeline moves: the writer publishes, in silence too, and this thread sees it.
//! Source: `sd_notify(3)` and `sd_watchdog_enabled(3)` of systemd.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::config::Environment;
use crate::snapshot::Snapshot;
use crate::time::monotonic_us;

/// How long the manager may take over a datagram while its queue is full.
const SEND_MAX: Duration = Duration::from_millis(500);
/// How often the line of status is brought up to date where there is no watchdog.
const STATUS_PERIOD: Duration = Duration::from_secs(5);
/// How long after its time a snapshot may come before the pipeline counts as stopped.
const SLACK: Duration = Duration::from_secs(1);

/// The service manager, if there is one.
#[derive(Debug)]
pub(super) struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// Whether the last message did not arrive: said once.
    is_failing: bool,
    /// Without a word for that long the manager takes us for dead.
    watchdog: Option<Duration>,
    pulse: Pulse,
    status: String,
}

impl Systemd {
    /// What the environment says. A socket that cannot be used is warned of, and nothing is sent.
    /// Snapshots come at least once in `publish_max`.
    pub(super) fn new(environment: &Environment, publish_max: Duration) -> Self {
        let name = environment.get("NOTIFY_SOCKET");
        let socket = name.and_then(|name| {
            // Addressed again with each message: the socket may be made again while we run.
            let opened = address(name).and_then(|address| {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(SEND_MAX))?;
                Ok((socket, address))
            });
            let refused =
                |error: &io::Error| warn!(%error, "systemd: NOTIFY_SOCKET cannot be used");
            opened.inspect_err(refused).ok()
        });
        Self {
            watchdog: watchdog(environment, process::id()).filter(|_| socket.is_some()),
            socket,
            is_failing: false,
            pulse: Pulse::new(publish_max + SLACK),
            status: String::new(),
        }
    }

    /// How often [`Self::look`] wants to be called; `None` where nobody listens.
    pub(super) fn period(&self) -> Option<Duration> {
        self.socket.as_ref()?;
        let half = self.watchdog.map_or(STATUS_PERIOD, |watchdog| watchdog / 2);
        Some(half.clamp(Duration::from_millis(1), STATUS_PERIOD))
    }

    /// The server listens and the engine runs; the stream may be live or not.
    pub(super) fn ready(&mut self, snapshot: &Snapshot) {
        self.status = status(snapshot);
        self.send(&format!("READY=1\nSTATUS={}\n", self.status));
    }

    /// Settings are read again; [`Self::ready`] follows.
    pub(super) fn reloading(&mut self) {
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}\n", monotonic_us()));
    }

    /// The end has begun.
    pub(super) fn stopping(&mut self) {
        self.send("STOPPING=1\nSTATUS=stopping\n");
    }

    /// Tells what has changed, and that the pipeline moves if it does: snapshots follow each other, and
    /// no part of it is late.
    pub(super) fn look(&mut self, snapshot: &Snapshot, is_late: bool) {
        let mut message = String::new();
        let status = status(snapshot);
        if status != self.status {
            message.push_str(&format!("STATUS={status}\n"));
            self.status = status;
        }
        let is_moving = self.pulse.beats(snapshot.sequence, Instant::now()) && !is_late;
        if is_moving && self.watchdog.is_some() {
            message.push_str("WATCHDOG=1\n");
        }
        if !message.is_empty() {
            self.send(&message);
        }
    }

    fn send(&mut self, message: &str) {
        let Some((socket, address)) = &self.socket else {
            return;
        };
        let sent = socket.send_to_addr(message.as_bytes(), address);
        if let Err(error) = &sent
            && !self.is_failing
        {
            warn!(%error, "systemd: the service manager does not take a message");
        }
        self.is_failing = sent.is_err();
    }
}

/// The line of status: what `systemctl status` shows.
fn status(snapshot: &Snapshot) -> String {
    let mut status = format!("stream {}", snapshot.stream.state.label());
    if snapshot.stream.connected_since.is_none()
        && let Some(error) = &snapshot.stream.last_error
    {
        status.push_str(&format!(": {}", error.replace(['\n', '\r'], " ")));
    }
    status
}

/// A path, or a name that no file has, written with `@`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt;
            SocketAddr::from_abstract_name(name)
        }
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::other(
            "neither a path nor a name that begins with @",
        )),
    }
}

/// How long the manager waits for a word from this process.
fn watchdog(environment: &Environment, id: u32) -> Option<Duration> {
    let number = |name| environment.get(name)?.to_str()?.trim().parse::<u64>().ok();
    let is_ours = match environment.get("WATCHDOG_PID") {
        Some(_) => number("WATCHDOG_PID") == Some(u64::from(id)),
        None => true,
    };
    let us = number("WATCHDOG_USEC").filter(|us| *us > 0)?;
    is_ours.then_some(Duration::from_micros(us))
}

/// Whether snapshots follow each other.
#[derive(Debug)]
struct Pulse {
    still_max: Duration,
    last: Option<(u64, Instant)>,
}

impl Pulse {
    const fn new(still_max: Duration) -> Self {
        Self {
            still_max,
            last: None,
        }
    }

    /// Whether the sequence has moved within the time it may stand still.
    fn beats(&mut self, sequence: u64, now: Instant) -> bool {
        match self.last {
            Some((last, moved)) if last == sequence => {
                now.saturating_duration_since(moved) <= self.still_max
            }
            _ => {
                self.last = Some((sequence, now));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::StreamState;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().copied().collect()
    }

    #[test]
    fn a_pipeline_that_stands_still_has_no_pulse() {
        let mut pulse = Pulse::new(Duration::from_secs(2));
        let start = Instant::now();
        let mut beats =
            |sequence, after_s| pulse.beats(sequence, start + Duration::from_secs(after_s));
        assert!(beats(1, 0));
        assert!(beats(2, 10));
        // Buckets may be long: for that long it may stand.
        assert!(beats(2, 12));
        assert!(!beats(2, 13) && !beats(2, 20));
        assert!(beats(3, 21));
    }

    #[test]
    fn a_watchdog_of_another_process_is_none_of_ours() {
        let check = |variables: &[(&str, &str)], expected: Option<u64>| {
            let expected = expected.map(Duration::from_micros);
            assert_eq!(
                watchdog(&environment(variables), 42),
                expected,
                "{variables:?}"
            );
        };
        check(&[], None);
        check(&[("WATCHDOG_USEC", "3000000")], Some(3_000_000));
        check(
            &[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "42")],
            Some(3_000_000),
        );
        check(
            &[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "43")],
            None,
        );
        check(
            &[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "me")],
            None,
        );
        check(&[("WATCHDOG_USEC", "0")], None);
        check(&[("WATCHDOG_USEC", "soon")], None);
        check(&[("WATCHDOG_USEC", "")], None);
    }

    #[test]
    fn the_words_of_the_protocol_reach_either_kind_of_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify").to_str().unwrap().to_owned();
        let hidden = format!("@streamgauge-{}", process::id());
        for name in [&path, &hidden] {
            let manager = UnixDatagram::bind_addr(&address(OsStr::new(name)).unwrap()).unwrap();
            let variables = [
                ("NOTIFY_SOCKET", name.as_str()),
                ("WATCHDOG_USEC", "4000000"),
            ];
            let mut systemd = Systemd::new(&environment(&variables), Duration::from_millis(100));
            assert_eq!(systemd.period(), Some(Duration::from_secs(2)));
            let received = || {
                let mut bytes = [0; 1_024];
                let count = manager.recv(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes[..count]).into_owned()
            };
            let mut snapshot = Snapshot::default();
            systemd.ready(&snapshot);
            assert_eq!(received(), "READY=1\nSTATUS=stream idle\n");
            snapshot.sequence = 7;
            systemd.look(&snapshot, false);
            assert_eq!(received(), "WATCHDOG=1\n");
            snapshot.stream.state = StreamState::Refused;
            snapshot.stream.last_error = Some("token: 401\nREADY=0".into());
            systemd.look(&snapshot, false);
            let expected = "STATUS=stream refused: token: 401 READY=0\nWATCHDOG=1\n";
            assert_eq!(received(), expected);
            // Snapshots follow each other, and ingest has stopped: nothing is sent.
            snapshot.sequence = 8;
            systemd.look(&snapshot, true);
            systemd.reloading();
            let reloading = received();
            let (_, us) = reloading
                .split_once("RELOADING=1\nMONOTONIC_USEC=")
                .unwrap();
            assert!(us.trim().parse::<u64>().unwrap() > 0);
            systemd.stopping();
            assert_eq!(received(), "STOPPING=1\nSTATUS=stopping\n");
        }
    }

    #[test]
    fn without_a_manager_nothing_is_sent() {
        for variables in [
            &[][..],
            &[("NOTIFY_SOCKET", "")],
            &[("NOTIFY_SOCKET", "notify")],
            &[("NOTIFY_SOCKET", "vsock:2:1"), ("WATCHDOG_USEC", "1")],
        ] {
            let mut systemd = Systemd::new(&environment(variables), Duration::ZERO);
            assert_eq!(systemd.period(), None, "{variables:?}");
            systemd.ready(&Snapshot::default());
            systemd.look(&Snapshot::default(), false);
            systemd.stopping();
        }
    }
}
