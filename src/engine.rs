//! Placeholder while the wiring is written: the shape of it, which never starts.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;

use crate::config::EngineSettings;
use crate::snapshot::Reader;
use crate::time::Clock;

/// A running engine.
#[derive(Debug)]
pub struct Engine(Infallible);

/// Why the engine does not run.
#[derive(Debug)]
pub struct EngineError;

impl std::error::Error for EngineError {}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("engine: not built yet")
    }
}

impl Engine {
    /// Starts the engine.
    ///
    /// # Errors
    /// Always: there is none yet.
    pub fn start(_settings: EngineSettings, _clock: Clock) -> Result<Self, EngineError> {
        Err(EngineError)
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        match self.0 {}
    }

    /// What it publishes.
    pub fn reader(&self) -> Reader {
        match self.0 {}
    }

    /// Ends it.
    ///
    /// # Errors
    /// Never.
    pub async fn shutdown(self) -> Result<(), EngineError> {
        match self.0 {}
    }

    /// Waits until a part of it fails.
    pub async fn failed(&mut self) -> EngineError {
        match self.0 {}
    }
}
