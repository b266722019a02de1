//! What a service manager sees of a server, the unit file that it is given, and process 1 of a
//! container.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use streamgauge::config::SETTINGS;
use tokio::time::sleep;
use tokio::time::timeout;

use super::process::HANG;
use super::process::Process;
use super::process::ended;
use super::process::signal;
use super::serve::StandIn;

/// The service manager's end of the socket.
struct Manager(UnixDatagram);

impl Manager {
    /// Reads messages until one holds all of these lines.
    fn until(&self, lines: &[&str]) -> String {
        let mut bytes = [0; 1_024];
        loop {
            let count = self.0.recv(&mut bytes).unwrap();
            let message = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if lines
                .iter()
                .all(|line| message.lines().any(|known| known.starts_with(line)))
            {
                return message;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_is_told_of_start_life_reload_and_end() {
    let stand_in = StandIn::start(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = Manager(UnixDatagram::bind(&path).unwrap());
    manager.0.set_read_timeout(Some(HANG)).unwrap();
    let mut command = stand_in.command();
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000");
    let mut serve = Process::of(&mut command);
    manager.until(&["READY=1", "STATUS=stream "]);
    serve.address();
    manager.until(&["STATUS=stream live"]);
    for _ in 0..3 {
        manager.until(&["WATCHDOG=1"]);
    }
    serve.signal(&["HUP"]);
    manager.until(&["RELOADING=1", "MONOTONIC_USEC="]);
    manager.until(&["READY=1"]);
    manager.until(&["WATCHDOG=1"]);
    serve.signal(&["TERM"]);
    manager.until(&["STOPPING=1"]);
    assert_eq!(serve.wait().code, Some(0));
}

fn unit() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/streamgauge.service");
    fs::read_to_string(path).unwrap()
}

/// `systemd-analyze`, where the machine has it.
fn analyze(args: &[&str], unit: &Path) -> Option<String> {
    let output = Command::new("systemd-analyze")
        .args(args)
        .arg(unit)
        .output()
        .ok()?;
    let text = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn the_unit_file_is_right_and_closed_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("streamgauge.service");
    // The program it names is not installed here.
    let text = unit().replace(
        "/usr/local/bin/streamgauge",
        env!("CARGO_BIN_EXE_streamgauge"),
    );
    fs::write(&path, &text).unwrap();
    if let Some(said) = analyze(&["verify", "--man=no"], &path) {
        let ours: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("streamgauge"))
            .collect();
        assert!(ours.is_empty(), "{said}");
    }
    // 0 is closed in altogether, 10 not at all.
    if let Some(said) = analyze(&["security", "--offline=true", "--threshold=20"], &path) {
        assert!(said.contains("OK"), "{said}");
    }
    let value = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("no {name}"))
    };
    for (name, expected) in [
        ("Type", "notify"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("DynamicUser", "yes"),
        ("ProtectSystem", "strict"),
        ("RestartPreventExitStatus", "2"),
    ] {
        assert_eq!(value(name), expected);
    }
    assert!(value("WatchdogSec").ends_with('s') && value("LimitNOFILE").parse::<u32>().is_ok());
    // Its flags and variables are settings.
    let words = value("ExecStart")
        .split(' ')
        .filter_map(|word| word.strip_prefix("--"));
    for flag in words {
        assert!(
            SETTINGS.iter().any(|setting| setting.name == flag),
            "{flag}"
        );
    }
    let variables = text
        .lines()
        .filter_map(|line| line.strip_prefix("Environment="));
    let variables: Vec<&str> = variables
        .filter_map(|line| line.split('=').next())
        .collect();
    assert_eq!(variables.len(), 3);
    for variable in variables {
        let mut known = SETTINGS.iter().flat_map(|setting| setting.variables());
        assert!(known.any(|known| known == variable), "{variable}");
    }
}

/// The one child of a process.
async fn child_of(id: u32) -> u32 {
    let path = format!("/proc/{id}/task/{id}/children");
    let looking = async {
        loop {
            let children = fs::read_to_string(&path).unwrap_or_default();
            if let Some(child) = children.split_whitespace().next() {
                return child.parse().unwrap();
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(HANG, looking).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn process_1_of_a_container_ends_by_a_signal() {
    let unshare = [
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let may = Command::new("unshare").args(unshare).arg("true").output();
    if !may.is_ok_and(|output| output.status.success()) {
        // A machine without user namespaces has no way to make a process 1.
        return;
    }
    let binary = env!("CARGO_BIN_EXE_streamgauge");
    for (args, code) in [
        (&["demo", "--listen", "127.0.0.1:0"][..], 0),
        // Nothing comes on its input, so it would wait for ever.
        (&["replay", "-"], 143),
    ] {
        let mut child = Command::new("unshare")
            .args(unshare)
            .arg(binary)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let inner = child_of(child.id()).await;
        let catches = async {
            // SIGTERM is bit 14; until it is caught, process 1 does not see it.
            let caught = || {
                let status = fs::read_to_string(format!("/proc/{inner}/status")).ok()?;
                let set = status
                    .lines()
                    .find_map(|line| line.strip_prefix("SigCgt:"))?;
                u64::from_str_radix(set.trim(), 16).ok()
            };
            while caught().is_none_or(|set| set & (1 << 14) == 0) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(HANG, catches).await.unwrap();
        signal(inner, &["TERM"]);
        assert_eq!(ended(&mut child).await, Some(code), "{args:?}");
    }
}
