//! The public clients that the server is tested with, from npm and PyPI: pinned in `tests/npm` and
//! `tests/pypi`, installed below `target/`, never into the tree, and kept from run to run.
//!
//! `STREAMGAUGE_CLIENT_TESTS=off` leaves out the tests that need them, which then say so.

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::sync::LazyLock;

/// How to go on without a program.
const OR_OFF: &str = "or leave these tests out with STREAMGAUGE_CLIENT_TESTS=off";

/// Several tests need them, and one installs them.
static NPM: LazyLock<PathBuf> = LazyLock::new(install_npm);

/// Whether a test of public clients is to be left out; says so.
pub(crate) fn are_left_out(test: &str) -> bool {
    let is_off = env::var("STREAMGAUGE_CLIENT_TESTS").is_ok_and(|wish| wish == "off");
    if is_off {
        eprintln!("{test}: left out, because STREAMGAUGE_CLIENT_TESTS=off");
    }
    is_off
}

/// Runs a program to its end in a folder.
pub(crate) fn run(command: &mut Command, remedy: &str) -> Output {
    let output = command.output();
    output.unwrap_or_else(|error| {
        let program = command.get_program().to_string_lossy();
        panic!("{program}: {error}; install {remedy}, {OR_OFF}")
    })
}

pub(crate) fn assert_success(output: &Output, what: &str) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{what}:\n{stdout}\n{stderr}");
}

/// Runs a script of the packages from npm and gives what it says.
pub(crate) fn node(script: &str, arguments: &[&str]) -> String {
    let mut node = Command::new("node");
    node.arg(script).args(arguments).current_dir(&*NPM);
    let output = run(&mut node, NODE);
    assert_success(&output, script);
    String::from_utf8(output.stdout).unwrap()
}

const NODE: &str = "Node.js 20 or newer with npm (nodejs.org)";
const PYTHON: &str = "Python 3.10 or newer with pip (Debian: python3 python3-pip)";

/// Runs a script of the packages from PyPI and gives what it says.
pub(crate) fn python(script: &str, arguments: &[&str]) -> String {
    let folder = install_pypi();
    let mut python = Command::new("python3");
    // Nothing is written beside the script, which stands in the tree.
    python.env("PYTHONPATH", folder).arg("-B");
    python.arg(source("pypi").join(script)).args(arguments);
    let output = run(&mut python, PYTHON);
    assert_success(&output, script);
    String::from_utf8(output.stdout).unwrap()
}

fn source(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(kind)
}

/// The folder of what is installed, and whether it is what this text pins.
fn installed(kind: &str, pinned: &[u8]) -> (PathBuf, bool) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(kind);
    fs::create_dir_all(&folder).unwrap();
    let is_there = fs::read(folder.join("installed")).is_ok_and(|known| known == pinned);
    (folder, is_there)
}

fn install_npm() -> PathBuf {
    let version = run(Command::new("node").arg("--version"), NODE);
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let major = version.trim_start_matches('v').split('.').next();
    let major: u32 = major.and_then(|major| major.parse().ok()).unwrap_or(0);
    assert!(
        major >= 20,
        "node {version}: too old; install {NODE}, {OR_OFF}"
    );
    let source = source("npm");
    let lock = fs::read(source.join("package-lock.json")).unwrap();
    let (folder, is_there) = installed("npm", &lock);
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    if !is_there {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder);
        assert_success(&run(&mut npm, NODE), "npm ci in the copy of tests/npm");
        fs::write(folder.join("installed"), lock).unwrap();
    }
    folder
}

fn install_pypi() -> PathBuf {
    let requirements = source("pypi").join("requirements.txt");
    let pinned = fs::read(&requirements).unwrap();
    let (folder, is_there) = installed("pypi", &pinned);
    let packages = folder.join("packages");
    if !is_there {
        let _ = fs::remove_dir_all(&packages);
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-input"])
            .args(["--disable-pip-version-check", "--no-deps"])
            .args(["--require-hashes", "--only-binary", ":all:"])
            .arg("--target")
            .arg(&packages)
            .arg("--requirement")
            .arg(&requirements)
            // Settings of the user that do not go with a folder of our own.
            .env("PIP_USER", "0")
            .env("PIP_REQUIRE_VIRTUALENV", "0")
            .env("PIP_ROOT_USER_ACTION", "ignore");
        let what = format!("python3 -m pip install; it needs {PYTHON}, {OR_OFF}");
        assert_success(&run(&mut pip, PYTHON), &what);
        fs::write(folder.join("installed"), pinned).unwrap();
    }
    packages
}
