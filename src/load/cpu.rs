//! Processor time of this process's threads, by the parts of a load they belong to.

use std::fs;

/// What the kernel counts processor time in, a second; the same on every Linux.
const TICKS_PER_S: f64 = 100.0;
/// Where the kernel lists the threads of this process.
const TASKS: &str = "/proc/self/task";

/// Processor time in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CpuTime {
    /// The sender's threads.
    pub(super) generator_s: f64,
    /// The engine's threads: ingest, writer and the server's.
    pub(super) engine_s: f64,
    /// The threads that watch and those that ask queries.
    pub(super) readers_s: f64,
}

impl CpuTime {
    /// Until now; `None` where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        let mut sum = Self::default();
        for task in fs::read_dir(TASKS).ok()? {
            // A thread that has ended meanwhile has nothing to add.
            let Ok(stat) = fs::read_to_string(task.ok()?.path().join("stat")) else {
                continue;
            };
            sum.add(&stat);
        }
        Some(sum)
    }

    /// The time between `earlier` and this.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            generator_s: (self.generator_s - earlier.generator_s).max(0.0),
            engine_s: (self.engine_s - earlier.engine_s).max(0.0),
            readers_s: (self.readers_s - earlier.readers_s).max(0.0),
        }
    }

    fn add(&mut self, stat: &str) {
        let Some((name, seconds)) = parse(stat) else {
            return;
        };
        match name {
            "load-sender" => self.generator_s += seconds,
            "load-watch" | "load-readers" => self.readers_s += seconds,
            "ingest" | "writer" | "streamgauge-io" => self.engine_s += seconds,
            // The main thread and the one for signals wait.
            _ => {}
        }
    }
}

/// Name and processor time of a line of `stat`. The name stands in brackets and may hold some.
fn parse(stat: &str) -> Option<(&str, f64)> {
    let (_, rest) = stat.split_once('(')?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some((name, (f64::from(user) + f64::from(system)) / TICKS_PER_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_name_and_two_times() {
        let stat = "42 (load-sender) S 1 42 42 0 -1 4194304 9 0 0 0 150 50 7 7 20 0 3 0 100";
        assert_eq!(parse(stat), Some(("load-sender", 2.0)));
        assert_eq!(
            parse("1 (a) b) S 1 1 1 0 -1 0 0 0 0 0 3 4 0"),
            Some(("a) b", 0.07))
        );
        assert_eq!(parse("1 (a) S 1"), None);
        let mut sum = CpuTime::default();
        sum.add(stat);
        sum.add(&stat.replace("load-sender", "writer"));
        sum.add(&stat.replace("load-sender", "bash"));
        assert_eq!(
            (sum.generator_s, sum.engine_s, sum.readers_s),
            (2.0, 2.0, 0.0)
        );
    }
}
