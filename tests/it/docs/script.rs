//! Commands as somebody pastes them into a terminal: one shell a page, so that variables, files and
//! the folder last from block to block; and the lines of a block put together to commands.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

/// Longer than anything here takes; only a hang meets it.
pub(super) const HANG: Duration = Duration::from_secs(120);
/// Between two looks at what a command has written.
const LOOK: Duration = Duration::from_millis(20);

/// The commands of a block: lines that end with a backslash, in an open quote or before the end of a
/// here-document go on in the next one. Comments and blank lines are left out.
pub(super) fn commands(block: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let mut command = line.to_owned();
        while command.ends_with('\\') || has_open_quote(&command) {
            let next = lines.next().unwrap_or_else(|| panic!("no end: {command}"));
            command = format!("{command}\n{next}");
        }
        if let Some((_, end)) = line.split_once("<<'") {
            let end = end.split('\'').next().unwrap();
            loop {
                let next = lines
                    .next()
                    .unwrap_or_else(|| panic!("no {end}: {command}"));
                command = format!("{command}\n{next}");
                if next == end {
                    break;
                }
            }
        }
        commands.push(command);
    }
    commands
}

fn has_open_quote(text: &str) -> bool {
    let mut open = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, open) {
            ('\\', None | Some('"')) => _ = characters.next(),
            ('\'' | '"', None) => open = Some(character),
            (quote, Some(one)) if quote == one => open = None,
            _ => {}
        }
    }
    open.is_some()
}

/// A shell that reads commands as they come.
pub(super) struct Shell {
    child: Child,
    stdin: ChildStdin,
    /// What it says of its commands: nothing else goes to its own output.
    said: Receiver<String>,
    folder: tempfile::TempDir,
    count: usize,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A command in the background.
#[derive(Debug)]
pub(super) struct Job {
    pid: u32,
    number: usize,
}

impl Shell {
    /// A shell in an empty folder, with the program on its path and nothing of this process's settings.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_streamgauge"));
        let path = format!(
            "{}:{}",
            program.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        fs::create_dir(folder.path().join(".said")).unwrap();
        let mut child = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", folder.path())
            // Nothing here may ask the outside for anything.
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, said) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            stdin: child.stdin.take().unwrap(),
            child,
            said,
            folder,
            count: 0,
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command to its end.
    pub(super) fn run(&mut self, command: &str) -> Done {
        let number = self.next();
        writeln!(
            self.stdin,
            "{{ {command}\n}} >.said/{number}.out 2>.said/{number}.err </dev/null; echo \"$?\""
        )
        .unwrap();
        let code = self.answer(command).parse().unwrap();
        Done {
            code,
            stdout: self.written(number, "out"),
            stderr: self.written(number, "err"),
        }
    }

    /// Starts a command and waits until it has written something.
    pub(super) fn start(&mut self, command: &str, until: &str) -> Job {
        let number = self.next();
        writeln!(
            self.stdin,
            "{command} >.said/{number}.out 2>.said/{number}.err </dev/null & echo \"$!\""
        )
        .unwrap();
        let job = Job {
            pid: self.answer(command).parse().unwrap(),
            number,
        };
        for _ in 0..HANG.as_millis() / LOOK.as_millis() {
            if self.said_by(&job).contains(until) {
                return job;
            }
            thread::sleep(LOOK);
        }
        panic!("{command}: never said {until:?}: {}", self.said_by(&job));
    }

    /// What a command in the background has written so far.
    pub(super) fn said_by(&self, job: &Job) -> String {
        self.written(job.number, "err") + &self.written(job.number, "out")
    }

    /// Ends a command in the background; its exit code.
    pub(super) fn stop(&mut self, job: &Job) -> i32 {
        let pid = job.pid;
        writeln!(
            self.stdin,
            "kill -TERM {pid} 2>.said/kill; wait {pid} 2>.said/kill; echo \"$?\""
        )
        .unwrap();
        self.answer("kill").parse().unwrap()
    }

    /// Waits for the end of a command in the background; its exit code.
    pub(super) fn wait(&mut self, job: &Job) -> i32 {
        writeln!(self.stdin, "wait {} 2>.said/kill; echo \"$?\"", job.pid).unwrap();
        self.answer("wait").parse().unwrap()
    }

    fn next(&mut self) -> usize {
        self.count += 1;
        self.count
    }

    fn answer(&self, command: &str) -> String {
        let line = self.said.recv_timeout(HANG);
        line.unwrap_or_else(|error| panic!("{command}: no end ({error})"))
    }

    fn written(&self, number: usize, stream: &str) -> String {
        let path = self.folder.path().join(format!(".said/{number}.{stream}"));
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // Its jobs first, by their numbers; when all went well there is none.
        let _ = writeln!(self.stdin, "kill -KILL $(jobs -p) 2>.said/kill; exit");
        let _ = self.child.wait();
    }
}

#[test]
fn lines_are_put_together_to_commands() {
    let block =
        "# first\na --b \\\n  c\n\nd 'e\nf' # why\ncat > x <<'EOF'\n# kept\nEOF\ng \"h'i\"\n";
    let expected = [
        "a --b \\\n  c",
        "d 'e\nf' # why",
        "cat > x <<'EOF'\n# kept\nEOF",
        "g \"h'i\"",
    ];
    assert_eq!(commands(block), expected);
}

#[test]
fn a_shell_keeps_what_commands_leave() {
    let mut shell = Shell::new();
    assert_eq!(shell.run("export A=1; echo a >&2").stderr, "a\n");
    let done = shell.run("printf '%s' \"$A\" # why");
    assert_eq!((done.code, done.stdout.as_str()), (0, "1"));
    assert_eq!(shell.run("false").code, 1);
    let job = shell.start("sleep 600", "");
    assert_eq!(shell.stop(&job), 143);
}
