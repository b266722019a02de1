//! A terminal for a command, made by `script`.

use std::io::Read;
use std::io::Write;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::thread;

use super::process::HANG;

/// A command in a terminal that `script` makes for it.
pub(super) struct Pty {
    child: std::process::Child,
    keys: ChildStdin,
    pieces: Receiver<Vec<u8>>,
    seen: String,
}

impl Pty {
    pub(super) fn start(command: &str) -> Self {
        let mut child = Command::new("script")
            .args([
                "--quiet",
                "--return",
                "--echo",
                "never",
                "--command",
                command,
                "/dev/null",
            ])
            .env("TERM", "xterm")
            // Else the user's, and shells differ in what they do on Ctrl-C.
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut stdout, keys) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let (sender, pieces) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            pieces,
            seen: String::new(),
        }
    }

    /// Waits until the terminal has got this after what was waited for before.
    pub(super) fn until(&mut self, part: &str) {
        while !self.seen.contains(part) {
            match self.pieces.recv_timeout(HANG) {
                Ok(piece) => self.seen.push_str(&String::from_utf8_lossy(&piece)),
                Err(error) => panic!("never {part:?} ({error}): {:?}", self.seen),
            }
        }
        let (_, rest) = self.seen.split_once(part).unwrap();
        self.seen = rest.to_owned();
    }

    pub(super) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// The rest of the line that was waited for.
    pub(super) fn line(&mut self) -> String {
        while !self.seen.contains('\n') {
            let piece = self.pieces.recv_timeout(HANG).unwrap();
            self.seen.push_str(&String::from_utf8_lossy(&piece));
        }
        let (line, rest) = self.seen.split_once('\n').unwrap();
        let (line, rest) = (line.to_owned(), rest.to_owned());
        self.seen = rest;
        line
    }

    /// Waits for the end of what ran in it.
    pub(super) fn ended_well(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Closes the terminal, as a window is closed.
    pub(super) fn close(&mut self) {
        // It may have ended with what ran in it.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}
