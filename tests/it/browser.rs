//! The page in a real browser against the real program: types, unit tests and browser tests of
//! `dashboard/`, run by its own test runner.
//!
//! They need Node.js with npm, and Chromium; without, the test fails and says what to install.
//! `STREAMGAUGE_BROWSER_TESTS=off` leaves them out, and says so. The packages are installed below
//! `target/`, never into the tree, and stay from run to run.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// What of `dashboard/` the tests are made of.
const PARTS: [&str; 11] = [
    ".npmrc",
    "browser",
    "explorer.html",
    "index.html",
    "package-lock.json",
    "package.json",
    "src",
    "test",
    "tsconfig.json",
    "tsconfig.test.json",
    "vite.config.ts",
];

/// The first of some programs that the path holds.
fn found(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    names
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// A copy of the tests with their packages installed.
fn prepared() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboard");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
    fs::create_dir_all(&folder).unwrap();
    for part in PARTS.iter().chain(&["out"]) {
        // What was deleted in the tree is gone here too.
        let _ = fs::remove_dir_all(folder.join(part));
        if source.join(part).exists() && *part != "out" {
            copy(&source.join(part), &folder.join(part));
        }
    }
    let lock = fs::read(folder.join("package-lock.json")).unwrap();
    let installed = folder.join("installed-lock.json");
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        npm(
            &folder,
            &[
                "ci",
                "--ignore-scripts",
                "--prefer-offline",
                "--no-audit",
                "--no-fund",
            ],
        );
        fs::write(installed, lock).unwrap();
    }
    folder
}

fn npm(folder: &Path, args: &[&str]) {
    let output = Command::new("npm")
        .args(args)
        .current_dir(folder)
        .env("STREAMGAUGE_PROGRAM", env!("CARGO_BIN_EXE_streamgauge"))
        .env("STREAMGAUGE_PICTURES", folder.join("pictures"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "npm {}: {}\n{}\n{}",
        args.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_page_holds_in_a_browser() {
    if env::var("STREAMGAUGE_BROWSER_TESTS").is_ok_and(|wish| wish == "off") {
        eprintln!("browser tests: left out, because STREAMGAUGE_BROWSER_TESTS=off");
        return;
    }
    let or_off = "or leave the browser tests out with STREAMGAUGE_BROWSER_TESTS=off";
    for program in ["node", "npm"] {
        assert!(
            found(&[program]).is_some(),
            "{program}: not found; install Node.js 20.19 or newer with npm, {or_off}"
        );
    }
    if env::var_os("CHROMIUM").is_none() {
        assert!(
            found(&["chromium"]).is_some(),
            "chromium: not found; install it (Debian: chromium) or name one in CHROMIUM, {or_off}"
        );
    }
    let folder = prepared();
    for script in ["check", "test", "browser"] {
        npm(&folder, &["run", script]);
    }
}
