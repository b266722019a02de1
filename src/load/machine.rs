//! The machine a load ran on, as far as it tells.

use std::fs;
use std::thread;

use serde::Deserialize;
use serde::Serialize;

/// What figures depend on and reports name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model; `None` where the system does not tell.
    pub cpu: Option<String>,
    /// Cores this process may use.
    pub cores: usize,
    /// Operating system and architecture.
    pub system: String,
}

impl Machine {
    /// This one.
    pub(super) fn this() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            cpu: model(&cpuinfo),
            cores: thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }
}

fn model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_the_first_ones() {
        let text = "processor\t: 0\nmodel name\t: Fast CPU @ 3GHz\n\nprocessor\t: 1\n";
        assert_eq!(model(text).as_deref(), Some("Fast CPU @ 3GHz"));
        assert_eq!(model("Features : fp"), None);
    }
}
