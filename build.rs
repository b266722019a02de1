//! Builds the page under `dashboard/` with npm and writes it down as a table of assets for
//! `src/serve/page/assets.rs` to include. All of it happens in `OUT_DIR`: the source tree is never written
//! to, and two builds cannot clash.
//!
//! A release build also gets its commit, for the reports of `streamgauge load`; the variable
//! `STREAMGAUGE_COMMIT` names one where there is no repository. Other builds are not measured, and need
//! not be rebuilt for each commit.
//!
//! `STREAMGAUGE_UI` chooses: `auto` (default) builds the page where Node.js is at hand and otherwise
//! warns once and goes on without it, `build` fails instead, `off` never looks.

#[path = "build/commit.rs"]
mod commit;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::Digest;
use sha2::Sha256;

/// What the page is built from, files and folders, below `dashboard/`. Tests are not part of it.
const SOURCES: [&str; 7] = [
    ".npmrc",
    "explorer.html",
    "index.html",
    "package-lock.json",
    "package.json",
    "src",
    "vite.config.ts",
];

/// The oldest Node.js that Vite runs on.
const NODE_MIN: (u32, u32) = (20, 19);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build/commit.rs");
    println!("cargo:rerun-if-env-changed=STREAMGAUGE_UI");
    tell_commit();
    for source in SOURCES {
        println!("cargo:rerun-if-changed=dashboard/{source}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let wish = env::var("STREAMGAUGE_UI").unwrap_or_else(|_| "auto".to_owned());
    let built = match wish.as_str() {
        _ if env::var_os("DOCS_RS").is_some() => Err("documentation only".to_owned()),
        "off" => Err("STREAMGAUGE_UI=off".to_owned()),
        "auto" => build(&out).inspect_err(|why| {
            println!(
                "cargo:warning=dashboard: {why}: built without it; see \"The dashboard\" in docs/operations.md"
            );
        }),
        "build" => Ok(build(&out).unwrap_or_else(|why| fail(&why))),
        other => fail(&format!(
            "STREAMGAUGE_UI: {other:?}: not one of auto, build, off"
        )),
    };
    let table = match built {
        Ok(dist) => table(&dist, &out),
        Err(why) => Ok(text_of(Some(&why), "")),
    };
    let written = table.and_then(|text| {
        fs::write(out.join("assets.rs"), text).map_err(|error| format!("assets.rs: {error}"))
    });
    if let Err(why) = written {
        fail(&why);
    }
}

/// Tells the compiler which commit this is, where that is known.
fn tell_commit() {
    println!("cargo:rerun-if-env-changed=STREAMGAUGE_COMMIT");
    if env::var_os("STREAMGAUGE_COMMIT").is_some() {
        // The compiler sees it as it is.
        return;
    }
    if env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    let commit = commit::of(Path::new("."));
    for file in &commit.files {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    if let Some(hash) = commit.hash {
        println!("cargo:rustc-env=STREAMGAUGE_COMMIT={hash}");
    }
}

/// Ends the build with one line.
fn fail(why: &str) -> ! {
    println!("cargo::error=dashboard: {why}");
    std::process::exit(1);
}

/// Builds the page and returns the folder that holds it, or says in a few words what is missing.
fn build(out: &Path) -> Result<PathBuf, String> {
    let node = said(Command::new("node").arg("--version"))
        .map_err(|_| "node: not found; install Node.js 20.19 or newer, and npm".to_owned())?;
    if version(&node).is_none_or(|version| version < NODE_MIN) {
        return Err(format!("node: {}: older than 20.19", node.trim()));
    }
    said(Command::new(NPM).arg("--version"))
        .map_err(|_| "npm: not found; install it beside Node.js".to_owned())?;

    let folder = out.join("dashboard");
    copy_sources(&folder).map_err(|error| format!("copying the sources: {error}"))?;
    // Packages stay from build to build as long as the lock file is the same.
    let lock = fs::read(folder.join("package-lock.json")).unwrap_or_default();
    let installed = folder.join("installed-lock.json");
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        let mut install = Command::new(NPM);
        install.args(["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline"]);
        install.args(["--no-audit", "--no-fund", "--fetch-retries=1"]);
        run(install.current_dir(&folder), "npm ci")?;
        fs::write(&installed, lock).map_err(|error| format!("installed-lock.json: {error}"))?;
    }
    run(
        Command::new(NPM)
            .args(["run", "build"])
            .current_dir(&folder),
        "npm run build",
    )?;
    Ok(folder.join("dist"))
}

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Copies the sources afresh, so that what was deleted there is gone here too.
fn copy_sources(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let sources = Path::new("dashboard");
    for source in SOURCES {
        let (from, to) = (sources.join(source), folder.join(source));
        if from.is_dir() {
            let _ = fs::remove_dir_all(&to);
            for file in files(&from)? {
                let below = file.strip_prefix(sources).unwrap_or(&file);
                let to = folder.join(below);
                fs::create_dir_all(to.parent().unwrap_or(folder))?;
                fs::copy(&file, to)?;
            }
        } else {
            fs::copy(from, to)?;
        }
    }
    Ok(())
}

/// Every file below a folder, in order.
fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// What a command prints.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Runs a command to its end; when it fails, the first line in which it says why.
fn run(command: &mut Command, what: &str) -> Result<(), String> {
    said(command).map(drop).map_err(|stderr| {
        let why = stderr.lines().find(|line| !line.trim().is_empty());
        format!("{what}: {}", why.unwrap_or("failed without a word").trim())
    })
}

/// `v20.19.1` as (20, 19).
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The table of what Vite wrote: each file as it is and, where that is shorter, compressed.
fn table(dist: &Path, out: &Path) -> Result<String, String> {
    let packed = out.join("packed");
    let _ = fs::remove_dir_all(&packed);
    fs::create_dir_all(&packed).map_err(|error| format!("packed: {error}"))?;
    let mut rows = String::new();
    let found = files(dist).map_err(|error| format!("dist: {error}"))?;
    for (number, file) in found.iter().enumerate() {
        let name = file.strip_prefix(dist).unwrap_or(file);
        let path = format!("/{}", name.to_string_lossy().replace('\\', "/"));
        let failed = |error: std::io::Error| format!("{path}: {error}");
        let bytes = fs::read(file).map_err(failed)?;
        let mime = mime(&path).ok_or_else(|| format!("{path}: of no known media type"))?;
        let etag = etag(&bytes);
        let gzip = gzip(&bytes).map_err(failed)?;
        let gzip = match gzip.len() < bytes.len() {
            false => "None".to_owned(),
            true => {
                let file = packed.join(format!("{number}.gz"));
                fs::write(&file, gzip).map_err(failed)?;
                format!("Some(include_bytes!({file:?}))")
            }
        };
        let _ = writeln!(
            rows,
            "    Asset {{ path: {path:?}, mime: {mime:?}, etag: \"\\\"{etag}\\\"\", gzip_etag: \
             \"\\\"{etag}-gz\\\"\", identity: include_bytes!({file:?}), gzip: {gzip} }},"
        );
    }
    Ok(text_of(None, &rows))
}

/// The text of `assets.rs`.
fn text_of(absent: Option<&str>, rows: &str) -> String {
    format!(
        "/// Why there is no page; `None` when there is one.\n\
         pub(in crate::serve) const ABSENT: Option<&str> = {absent:?};\n\n\
         /// Every file of the page.\n\
         pub(in crate::serve) static ASSETS: &[Asset] = &[\n{rows}];\n"
    )
}

fn mime(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json; charset=utf-8",
        _ => return None,
    })
}

/// Half of the file's SHA-256 in hexadecimal.
fn etag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
