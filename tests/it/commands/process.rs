//! A running command: its lines as they come, signals to it, and its end.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

/// Longer than anything here takes; only a hang meets it.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// A process under way. Killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

/// How a process ended, and all it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The lines of a stream, read by a thread of its own so that no pipe fills up.
struct Lines {
    lines: Receiver<String>,
    read: Vec<String>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                if sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self {
            lines,
            read: Vec::new(),
        }
    }

    fn until(&mut self, part: &str) -> String {
        loop {
            match self.lines.recv_timeout(HANG) {
                Ok(line) => self.read.push(line),
                Err(error) => panic!("never said {part:?} ({error}): {:#?}", self.read),
            }
            let line = &self.read[self.read.len() - 1];
            if line.contains(part) {
                return line.clone();
            }
        }
    }

    fn rest(&mut self) -> String {
        while let Ok(line) = self.lines.recv_timeout(HANG) {
            self.read.push(line);
        }
        self.read.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Sends signals to a process, in one go.
pub(crate) fn signal(pid: u32, names: &[&str]) {
    let kills = names.iter().map(|name| format!("kill -{name} {pid}"));
    let script = kills.collect::<Vec<_>>().join(" && ");
    let status = Command::new("/bin/sh").args(["-c", &script]).status();
    assert!(status.unwrap().success(), "{script}");
}

/// The exit code of a process whose streams nobody reads, once it has ended. Killed when it hangs.
pub(crate) async fn ended(child: &mut Child) -> Option<i32> {
    let ending = async {
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let code = tokio::time::timeout(HANG, ending).await;
    if code.is_err() {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    code.unwrap()
}

impl Process {
    /// Starts the command with nothing in its environment but `variables`.
    pub(crate) fn start(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_streamgauge"));
        Self::spawn(command, args, variables)
    }

    /// The same with so many file descriptors at the most.
    pub(super) fn start_with_descriptors(
        descriptors: u32,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let binary = env!("CARGO_BIN_EXE_streamgauge");
        let script = format!("ulimit -n {descriptors} && exec {binary} \"$@\"");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &script, "sh"]);
        Self::spawn(shell, args, variables)
    }

    fn spawn(mut command: Command, args: &[&str], variables: &[(&str, &str)]) -> Self {
        command
            .env_clear()
            .envs(variables.iter().copied())
            .args(args);
        Self::of(&mut command)
    }

    /// Starts a command that is already put together.
    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Waits for a line of standard output with this in it.
    pub(crate) fn until_stdout(&mut self, part: &str) -> String {
        self.stdout.until(part)
    }

    /// Waits for a line of standard error with this in it.
    pub(crate) fn until_stderr(&mut self, part: &str) -> String {
        self.stderr.until(part)
    }

    /// The address that the command says it serves GraphQL at.
    pub(crate) fn address(&mut self) -> String {
        let said = "serving GraphQL at ";
        let seen = self.stderr.read.iter().find(|line| line.contains(said));
        let line = seen.cloned().unwrap_or_else(|| self.stderr.until(said));
        let (_, url) = line.split_once("http://").unwrap();
        url.strip_suffix("/graphql").unwrap().to_owned()
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends signals, in one go.
    pub(crate) fn signal(&self, names: &[&str]) {
        signal(self.id(), names);
    }

    /// Waits for the end of both streams, then of the process.
    pub(crate) fn wait(mut self) -> Ended {
        let (stdout, stderr) = (self.stdout.rest(), self.stderr.rest());
        let code = self.child.wait().unwrap().code();
        assert!(!stderr.contains("panicked"), "{stderr}");
        Ended {
            code,
            stdout,
            stderr,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails when it has ended already, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
