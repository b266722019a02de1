//! The public clients of the protocols, from npm, against a running server.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::time::Duration;

use streamgauge::config::ServeSettings;
use tokio::time::sleep;

use crate::http::serve;
use crate::http::settings;
use crate::push::rig::snapshot;

const TOKEN: &str = "correct-horse";

/// Runs a program to its end.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output();
    output.unwrap_or_else(|error| {
        panic!(
            "{program}: {error}; install Node.js 20 or newer with npm (nodejs.org), then test again"
        )
    })
}

fn assert_success(output: &Output, what: &str) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{what}:\n{stdout}\n{stderr}");
}

/// The packages, as the lock file has them, in the build's own folder.
fn installed() -> PathBuf {
    let version = run("node", &["--version"], Path::new("."));
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let major = version.trim_start_matches('v').split('.').next();
    let major: u32 = major.and_then(|major| major.parse().ok()).unwrap_or(0);
    assert!(
        major >= 20,
        "node {version}: too old; install Node.js 20 or newer with npm (nodejs.org), then test again"
    );
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm");
    fs::create_dir_all(&folder).unwrap();
    let files = [".npmrc", "clients.mjs", "package.json", "package-lock.json"];
    let lock = fs::read(source.join("package-lock.json")).unwrap();
    let is_there = fs::read(folder.join("installed.json")).is_ok_and(|known| known == lock);
    for file in files {
        fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    if !is_there {
        let output = run("npm", &["ci", "--no-audit", "--no-fund"], &folder);
        assert_success(&output, "npm ci in the copy of tests/npm");
        fs::write(folder.join("installed.json"), lock).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_clients_get_what_they_expect() {
    let folder = tokio::task::spawn_blocking(installed).await.unwrap();
    let mut open = serve(settings(), snapshot(1)).await;
    let guarded = ServeSettings {
        token: Some(TOKEN.into()),
        ..settings()
    };
    let mut guarded = serve(guarded, snapshot(1)).await;
    let addresses = [open.addr, guarded.addr].map(|addr| addr.to_string());
    let clients = tokio::task::spawn_blocking(move || {
        let [open, guarded] = &addresses;
        run("node", &["clients.mjs", open, guarded, TOKEN], &folder)
    });
    // A newer snapshot each 20 ms, so that each tick shows another.
    let writer = async {
        for sequence in 2.. {
            open.publisher.publish(|next| *next = snapshot(sequence));
            guarded.publisher.publish(|next| *next = snapshot(sequence));
            sleep(Duration::from_millis(20)).await;
        }
    };
    let output = tokio::select! {
        output = clients => output.unwrap(),
        () = writer => unreachable!("the writer goes on for ever"),
    };
    assert_success(&output, "tests/npm/clients.mjs");
    let told = String::from_utf8(output.stdout).unwrap();
    let checks =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm/clients.mjs"));
    let checks = checks.unwrap().matches("\nawait check(").count();
    assert_eq!(told.matches("ok: ").count(), checks, "{told}");
}
