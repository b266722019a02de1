//! A stand-in in this process and `streamgauge serve` as another one that is connected to it.

use std::net::SocketAddr;
use std::process::Command;

use streamgauge::simulate::Observer;
use streamgauge::simulate::Simulator;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::time::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::process::Process;

/// A stand-in at work; it ends when this is dropped.
pub(super) struct StandIn {
    pub(super) observer: Observer,
    addr: SocketAddr,
    token_url: String,
    stream_url: String,
    running: JoinHandle<()>,
    stop: DropGuard,
}

impl StandIn {
    /// Must be called inside a multi-thread runtime: the caller then waits for a process.
    pub(super) async fn start(faults: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), faults).await
    }

    /// The same at a given address.
    pub(super) async fn start_at(addr: SocketAddr, faults: &[&str]) -> Self {
        let mut settings = SimulatorSettings::new(addr);
        settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let simulator = Simulator::bind(settings, Clock::system()).await.unwrap();
        let stop = CancellationToken::new();
        Self {
            observer: simulator.observer(),
            addr: simulator.addr(),
            token_url: simulator.token_url(),
            stream_url: simulator.stream_url(),
            running: tokio::spawn(simulator.run(stop.clone())),
            stop: stop.drop_guard(),
        }
    }

    /// Ends it, and another begins at the same address.
    pub(super) async fn restart(self) -> Self {
        drop(self.stop);
        self.running.await.unwrap();
        Self::start_at(self.addr, &[]).await
    }

    /// `streamgauge serve` with this secret.
    pub(super) fn serve(&self, secret: &str) -> Process {
        self.serve_with(secret, &[])
    }

    /// The same with these further arguments.
    pub(super) fn serve_with(&self, secret: &str, more: &[&str]) -> Process {
        let mut command = self.command();
        Process::of(command.env("GENESYS_CLIENT_SECRET", secret).args(more))
    }

    /// The same with so many file descriptors at the most.
    pub(super) fn serve_with_descriptors(&self, descriptors: u32) -> Process {
        let variables = variables(SimulatorSettings::CLIENT);
        Process::start_with_descriptors(descriptors, &self.args(), &variables)
    }

    /// `streamgauge serve`, to be added to.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_streamgauge"));
        command
            .env_clear()
            .envs(variables(SimulatorSettings::CLIENT))
            .args(self.args());
        command
    }

    fn args(&self) -> [&str; 7] {
        [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--token-url",
            &self.token_url,
            "--stream-url",
            &self.stream_url,
        ]
    }
}

fn variables(secret: &str) -> [(&'static str, &str); 2] {
    [
        ("GENESYS_CLIENT_ID", SimulatorSettings::CLIENT),
        ("GENESYS_CLIENT_SECRET", secret),
    ]
}
