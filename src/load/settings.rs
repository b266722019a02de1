//! What a load is to be.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Uri;

use super::Profile;
use crate::simulate::Fault;
use crate::simulate::Rate;
use crate::simulate::TICK_NS;

/// A load and what it drives.
#[derive(Clone, Debug)]
pub struct LoadSettings {
    /// Events a second; its mean or its peak, as the profile says.
    pub rate: Rate,
    /// How long it is measured. Whole milliseconds.
    pub duration: Duration,
    /// How long it runs before that. Whole milliseconds.
    pub warmup: Duration,
    /// How the rate changes.
    pub profile: Profile,
    /// Repeats the events exactly.
    pub seed: u64,
    /// Readers that ask GraphQL one query after another.
    pub queries: usize,
    /// Where the stand-in listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The base URL of an engine elsewhere; `None` runs one in this process.
    pub target: Option<Uri>,
    /// How long that engine may take to be live on the stand-in's stream.
    pub target_wait: Duration,
    /// What goes wrong beside the faults of the profile.
    pub faults: Vec<Fault>,
}

impl LoadSettings {
    /// The default rate, in events a second.
    pub const RATE: Rate = Rate::PerSecond(10_000.0);
    /// The default duration.
    pub const DURATION: Duration = Duration::from_secs(10);
    /// The default warm-up.
    pub const WARMUP: Duration = Duration::from_secs(2);
    /// The default wait for an engine elsewhere: enough to start one by hand.
    pub const TARGET_WAIT: Duration = Duration::from_secs(60);
    /// Readers at the most: each has a connection of its own.
    pub const QUERIES_MAX: usize = 1_000;

    /// The defaults, with an engine in this process.
    pub fn new() -> Self {
        Self {
            rate: Self::RATE,
            duration: Self::DURATION,
            warmup: Self::WARMUP,
            profile: Profile::Constant,
            seed: 1,
            queries: 0,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            target: None,
            target_wait: Self::TARGET_WAIT,
            faults: Vec::new(),
        }
    }

    /// Checks what one setting cannot tell alone.
    ///
    /// # Errors
    /// One line that names the setting and says what to write instead.
    pub fn check(&self) -> Result<(), String> {
        let is_whole = |length: Duration| length.as_nanos().is_multiple_of(u128::from(TICK_NS));
        if self.duration < Duration::from_secs(1) || !is_whole(self.duration) {
            return Err("--duration: use 1s or more, in whole milliseconds".to_owned());
        }
        if !is_whole(self.warmup) {
            return Err("--warmup: use whole milliseconds".to_owned());
        }
        if self.rate == Rate::Max && self.profile != Profile::Constant {
            return Err(format!(
                "--rate: max has no plan that a {} profile could follow; give a number",
                self.profile
            ));
        }
        if self.queries > Self::QUERIES_MAX {
            let max = Self::QUERIES_MAX;
            return Err(format!("--queries: {} over {max}; use fewer", self.queries));
        }
        if !self.listen.ip().to_canonical().is_loopback() {
            return Err(format!(
                "--listen: {}: the stand-in's credentials are no secret; choose a loopback address",
                self.listen
            ));
        }
        Ok(())
    }
}

impl Default for LoadSettings {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradictions_are_refused_by_name() {
        assert_eq!(LoadSettings::new().check(), Ok(()));
        let check = |change: fn(&mut LoadSettings), part: &str| {
            let mut settings = LoadSettings::new();
            change(&mut settings);
            let error = settings.check().unwrap_err();
            assert!(error.contains(part), "{error}");
        };
        check(
            |settings| settings.duration = Duration::from_millis(999),
            "--duration",
        );
        check(
            |settings| settings.warmup = Duration::from_nanos(1),
            "--warmup",
        );
        check(|settings| settings.queries = 1_001, "--queries");
        check(
            |settings| settings.listen = ([0, 0, 0, 0], 0).into(),
            "--listen",
        );
        check(
            |settings| {
                settings.rate = Rate::Max;
                settings.profile = Profile::Ramp;
            },
            "--rate",
        );
    }
}
