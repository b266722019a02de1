//! A stand-in in this process and `streamgauge serve` as another one that is connected to it.

use std::process::Command;

use streamgauge::simulate::Observer;
use streamgauge::simulate::Simulator;
use streamgauge::simulate::SimulatorSettings;
use streamgauge::time::Clock;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::process::Process;

/// A stand-in at work; it ends when this is dropped.
pub(super) struct StandIn {
    pub(super) observer: Observer,
    token_url: String,
    stream_url: String,
    _stop: DropGuard,
}

impl StandIn {
    /// Must be called inside a multi-thread runtime: the caller then waits for a process.
    pub(super) async fn start(faults: &[&str]) -> Self {
        let mut settings = SimulatorSettings::new("127.0.0.1:0".parse().unwrap());
        settings.faults = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let simulator = Simulator::bind(settings, Clock::system()).await.unwrap();
        let stop = CancellationToken::new();
        let stand_in = Self {
            observer: simulator.observer(),
            token_url: simulator.token_url(),
            stream_url: simulator.stream_url(),
            _stop: stop.clone().drop_guard(),
        };
        tokio::spawn(simulator.run(stop));
        stand_in
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

    /// `streamgauge serve`, to be added to.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_streamgauge"));
        command
            .env_clear()
            .env("GENESYS_CLIENT_ID", SimulatorSettings::CLIENT)
            .env("GENESYS_CLIENT_SECRET", SimulatorSettings::CLIENT)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--token-url", &self.token_url])
            .args(["--stream-url", &self.stream_url]);
        command
    }
}
