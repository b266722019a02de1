//! The terminal: keys as they are pressed, a screen of its own, and everything as it was at the end,
//! also after a panic.

use std::io;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Write;
use std::panic;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::termios;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::QueueSelector;
use rustix::termios::SpecialCodeIndex;
use rustix::termios::Termios;
use tokio::sync::mpsc as channel;
use tokio::task::spawn_blocking;

/// Another screen, without the cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// How long the terminal may take to be ours, and to be given back.
const WRITE_MAX: Duration = Duration::from_millis(500);

/// What size is taken where the system does not tell.
const SIZE: (usize, usize) = (80, 24);

/// The terminal while it is ours.
#[derive(Debug)]
pub(super) struct Terminal {
    /// Its modes before; `None` when keys do not come from a terminal.
    before: Option<Termios>,
}

impl Terminal {
    /// Takes the terminal over. Ctrl-C goes on to be a signal.
    pub(super) fn enter() -> Self {
        let before = termios::tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut ours = before.clone();
            ours.local_modes
                .remove(LocalModes::ICANON | LocalModes::ECHO);
            ours.special_codes[SpecialCodeIndex::VMIN] = 1;
            ours.special_codes[SpecialCodeIndex::VTIME] = 0;
            // Without it keys need an enter, which is no reason not to go on.
            let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &ours);
        }
        let restored = before.clone();
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Else the message would go with the screen it is written on.
            restore(restored.as_ref());
            print(info);
        }));
        write(ENTER);
        Self { before }
    }

    /// Draws the lines of a screen in one go. Can be dropped while the terminal is held.
    pub(super) async fn draw(&self, lines: &[String]) -> io::Result<()> {
        let mut out = "\x1b[H".to_owned();
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                out.push_str("\r\n");
            }
            out.push_str(line);
            out.push_str("\x1b[K");
        }
        out.push_str("\x1b[J");
        let drawn = spawn_blocking(move || put(&out)).await;
        // It fails when the runtime ends first, and then nobody looks.
        drawn.unwrap_or(Ok(()))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore(self.before.as_ref());
    }
}

fn restore(before: Option<&Termios>) {
    write(LEAVE);
    if let Some(before) = before {
        // A terminal that is gone needs nothing. Keys that nobody took are not the shell's; what is
        // written is not waited for, since the terminal may be held.
        let _ = termios::tcflush(io::stdin(), QueueSelector::IFlush);
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
}

/// Writes what a terminal that is held will never take: it has a moment for it.
fn write(text: &'static str) {
    let (written, is_written) = mpsc::sync_channel(1);
    let writing = thread::Builder::new().spawn(move || {
        // A terminal that is gone needs nothing.
        let _ = put(text);
        let _ = written.send(());
    });
    if writing.is_ok() {
        let _ = is_written.recv_timeout(WRITE_MAX);
    }
}

fn put(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Columns and lines.
pub(super) fn size() -> (usize, usize) {
    match termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        _ => SIZE,
    }
}

/// What each read of the keyboard gives, from a thread of its own that ends with the process: a read
/// cannot be cancelled. Never anything where no terminal is.
pub(super) fn keys() -> channel::Receiver<String> {
    let (sender, keys) = channel::channel(16);
    if !io::stdin().is_terminal() {
        return keys;
    }
    let read = move || {
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = io::stdin().lock().read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            if sender.blocking_send(text).is_err() {
                return;
            }
        }
    };
    // Without the thread there are no keys; signals end the program all the same.
    let _ = thread::Builder::new()
        .name("top-keys".to_owned())
        .spawn(read);
    keys
}
