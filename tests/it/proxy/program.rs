//! A proxy at work on a port of its own, in a folder of its own. It ends when it is dropped.

use std::env;
use std::fs;
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use rcgen::CertifiedKey;
use rcgen::generate_simple_self_signed;
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::http::HANG;
use crate::proxy::snippet::Kind;

/// A running proxy.
pub(super) struct Proxy {
    child: Child,
    /// Where it listens.
    pub(super) addr: SocketAddr,
    /// What it shows, made for this test.
    pub(super) certificate: CertificateDer<'static>,
    _folder: TempDir,
}

impl Proxy {
    /// Starts a proxy before `server` by an example whose ports and certificates are replaced.
    pub(super) async fn start(kind: Kind, example: &str, server: SocketAddr) -> Self {
        let program = found(kind.name());
        // Nothing keeps a free port free until the proxy takes it, so a taken one is a new try.
        for _ in 0..5 {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let addr = listener.local_addr().unwrap();
            drop(listener);
            match Self::try_start(kind, &program, example, server, addr).await {
                Ok(proxy) => return proxy,
                Err(said) if said.contains("in use") => {}
                Err(said) => panic!("{}: ended at once: {said}\n{example}", kind.name()),
            }
        }
        panic!("{}: no free port", kind.name());
    }

    async fn try_start(
        kind: Kind,
        program: &Path,
        example: &str,
        server: SocketAddr,
        addr: SocketAddr,
    ) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let names = ["gauge.example", "apps.example"].map(str::to_owned);
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let (pem, key) = (
            folder.path().join("gauge.pem"),
            folder.path().join("gauge.key"),
        );
        let chain = match kind {
            // Wants both in one file.
            Kind::Haproxy => format!("{}{}", cert.pem(), signing_key.serialize_pem()),
            _ => cert.pem(),
        };
        fs::write(&pem, chain).unwrap();
        fs::write(&key, signing_key.serialize_pem()).unwrap();
        let (pem, key) = (pem.to_str().unwrap(), key.to_str().unwrap());

        let own = example.replace("127.0.0.1:4000", &server.to_string());
        assert_ne!(own, example, "the example names the server");
        let path = folder.path().to_str().unwrap();
        let whole = match kind {
            Kind::Nginx => nginx(&own, addr, path, pem, key),
            Kind::Haproxy => haproxy(&own, addr, pem),
            Kind::Caddy => caddy(&own, addr, path, pem, key),
        };
        let config = folder.path().join("config");
        fs::write(&config, whole).unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new(program);
        match kind {
            Kind::Nginx => command
                .args(["-e", "stderr", "-p", path, "-c"])
                .arg(&config),
            Kind::Haproxy => command.args(["-db", "-f"]).arg(&config),
            Kind::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&config),
        };
        let output = File::create(&log).unwrap();
        let child = command
            .env("HOME", path)
            .env("XDG_CONFIG_HOME", path)
            .env("XDG_DATA_HOME", path)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut proxy = Self {
            child,
            addr,
            certificate: cert.der().clone(),
            _folder: folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(addr).await.is_err() {
            let said = || fs::read_to_string(&log).unwrap_or_default();
            if proxy.child.try_wait().unwrap().is_some() {
                return Err(said());
            }
            assert!(begun.elapsed() < HANG, "never listened: {}", said());
            sleep(Duration::from_millis(10)).await;
        }
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program on the path, or where servers are.
fn found(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/local/sbin".into(), "/usr/sbin".into()]);
    let mut files = folders.map(|folder: PathBuf| folder.join(name));
    files.find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "{name}: not found; install it (Debian: {name}), or leave the proxy tests out with \
             STREAMGAUGE_PROXY_TESTS=off"
        )
    })
}

/// Replaces what an example must have.
fn replaced(example: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(example.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in {text}");
        text.replace(from, to)
    })
}

fn nginx(example: &str, addr: SocketAddr, folder: &str, pem: &str, key: &str) -> String {
    let servers = replaced(
        example,
        &[
            ("listen 443 ssl;", &format!("listen {addr} ssl;")),
            ("/etc/ssl/gauge.pem", pem),
            ("/etc/ssl/gauge.key", key),
        ],
    );
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{servers}}}\n"
    )
}

fn haproxy(example: &str, addr: SocketAddr, pem: &str) -> String {
    let bind = format!("bind {addr} ");
    let sections = replaced(
        example,
        &[("bind :443 ", &bind), ("/etc/haproxy/gauge.pem", pem)],
    );
    format!("global\n    maxconn 100\n\n{sections}")
}

fn caddy(example: &str, addr: SocketAddr, folder: &str, pem: &str, key: &str) -> String {
    let (host, rest) = example.split_once(" {\n").unwrap();
    format!(
        "{{\n    admin off\n    auto_https off\n    storage file_system {folder}/caddy\n}}\n\
         https://{host}:{} {{\n    bind {}\n    tls {pem} {key}\n{rest}",
        addr.port(),
        addr.ip(),
    )
}
