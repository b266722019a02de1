//! The settings of the stand-in.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::arrivals::Curve;
use super::fault::Fault;

/// How many events there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// This many a second on average.
    PerSecond(f64),
    /// As many as the reader takes. The model's own time then runs as fast as events are taken.
    Max,
}

impl Rate {
    /// The default, in events a second: lively to look at, nothing for a machine.
    pub const DEFAULT_PER_S: f64 = 500.0;
    /// The least rate that can be asked for, in events a second.
    const PER_S_MIN: f64 = 0.001;
    /// The greatest rate that can be asked for, in events a second.
    const PER_S_MAX: f64 = 1_000_000.0;
    /// What the model takes for [`Rate::Max`]: enough sessions to be believable, few enough to stay
    /// in a cache.
    const MODEL_PER_S: f64 = 5_000.0;

    /// The rate that the traffic model runs at, in events a second.
    pub(super) const fn model_per_s(self) -> f64 {
        match self {
            Self::PerSecond(per_s) => per_s,
            Self::Max => Self::MODEL_PER_S,
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse() {
            Ok(per_s) if (Self::PER_S_MIN..=Self::PER_S_MAX).contains(&per_s) => {
                Ok(Self::PerSecond(per_s))
            }
            _ => Err("not a rate; use events per second (0.001 to 1000000) or max".to_owned()),
        }
    }
}

/// The stand-in: where it listens, what it sends, whom it lets in, what it does wrong.
#[derive(Clone, Debug)]
pub struct SimulatorSettings {
    /// Where it listens; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// What repeats the traffic and the random part of faults.
    pub seed: u64,
    /// How many events there are.
    pub rate: Rate,
    /// Whether the rate follows the daily curve, whose mean it then is. The model's day starts at
    /// noon UTC whatever the wall clock says, so that a seed means one sequence.
    pub curve: bool,
    /// How long the model has been running when the first client subscribes: so much of the past is
    /// sent at once, with the times it happened at. Less of it where that would be over
    /// [`SimulatorSettings::HISTORY_EVENTS_MAX`] events; none at [`Rate::Max`], and in files.
    pub history: Duration,
    /// The one OAuth client's id.
    pub client_id: String,
    /// The one OAuth client's secret.
    pub client_secret: SecretString,
    /// How long a token is valid: `expires_in`, in whole seconds.
    pub token_lifetime: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Serves `https` and `wss` with this configuration instead of `http` and `ws`.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Keeps a record of every event for [`Observer::record`](super::Observer::record). It grows
    /// without limit: for tests only.
    pub record: bool,
}

impl SimulatorSettings {
    /// The default address.
    pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4100);
    /// The default client id and secret: nothing to protect on a stand-in.
    pub const CLIENT: &str = "demo";
    /// The default token lifetime: a day, as Genesys Cloud has it.
    pub const TOKEN_LIFETIME: Duration = Duration::from_secs(86_400);

    /// The longest history: it fits the longest window of an engine's defaults, an hour.
    pub const HISTORY_MAX: Duration = Duration::from_secs(55 * 60);
    /// About how many events of the past are sent at most: what takes a second or two. A debug build is
    /// that much slower.
    pub const HISTORY_EVENTS_MAX: f64 = if cfg!(debug_assertions) {
        30_000.0
    } else {
        600_000.0
    };

    /// The curve that the rate follows, the waves of a shift aside.
    pub(super) const fn day_curve(&self) -> Curve {
        match self.curve {
            true => Curve::Day,
            false => Curve::Flat,
        }
    }

    /// The defaults for a listening address.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            seed: 1,
            rate: Rate::PerSecond(Rate::DEFAULT_PER_S),
            curve: false,
            history: Duration::ZERO,
            client_id: Self::CLIENT.to_owned(),
            client_secret: SecretString::from(Self::CLIENT),
            token_lifetime: Self::TOKEN_LIFETIME,
            faults: Vec::new(),
            tls: None,
            record: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!("500".parse(), Ok(Rate::PerSecond(500.0)));
        assert_eq!("0.5".parse(), Ok(Rate::PerSecond(0.5)));
        assert_eq!("max".parse(), Ok(Rate::Max));
        for text in ["", "0", "-1", "nan", "inf", "1e9", "fast"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }
}
