//! Why the engine does not run.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::aggregate::ImageFault;
use crate::net::NetError;
use crate::serve::ServeError;

/// Why the engine does not run.
#[derive(Debug)]
pub enum EngineError {
    /// The stream or token URL, or the file of certificates, cannot be used.
    Net(NetError),
    /// The server cannot listen.
    Serve(ServeError),
    /// The system refuses another thread.
    Thread {
        /// Which one.
        part: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// The image that the engine was to go on from cannot be used.
    Image(ImageFault),
    /// The system has no random numbers.
    Random,
    /// An alert is on a window that the running engine does not have.
    Window {
        /// Its name.
        alert: String,
    },
    /// A part ended by itself.
    Ended {
        /// Which one.
        part: &'static str,
    },
    /// A part did not end when asked.
    Stuck {
        /// How long it was waited for.
        after: Duration,
    },
}

impl std::error::Error for EngineError {}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(error) => error.fmt(f),
            Self::Serve(error) => error.fmt(f),
            Self::Thread { part, error } => {
                write!(
                    f,
                    "engine: {part}: the system refuses a thread ({error}); raise the limit on processes"
                )
            }
            Self::Image(fault) => fault.fmt(f),
            Self::Random => f.write_str("engine: the system gives no random numbers"),
            Self::Window { alert } => {
                write!(
                    f,
                    "alert \"{}\": window: none of those that the engine was started with; restart it",
                    alert.escape_debug()
                )
            }
            Self::Ended { part } => {
                write!(
                    f,
                    "engine: {part}: ended by itself; see the log before this line"
                )
            }
            Self::Stuck { after } => {
                write!(
                    f,
                    "engine: not all parts ended within {} s; ending anyway",
                    after.as_secs()
                )
            }
        }
    }
}

impl From<NetError> for EngineError {
    fn from(error: NetError) -> Self {
        Self::Net(error)
    }
}

impl From<ImageFault> for EngineError {
    fn from(fault: ImageFault) -> Self {
        Self::Image(fault)
    }
}

impl From<ServeError> for EngineError {
    fn from(error: ServeError) -> Self {
        Self::Serve(error)
    }
}
