//! File descriptors: every connection takes one, and so does all that the process does beside them.

use std::fs;

use rustix::process::Resource;
use rustix::process::getrlimit;
use rustix::process::setrlimit;

use crate::config::limits;

/// What may be opened beside connections while the server runs, generously: the stream and its next
/// try, tokens, the webhook, name lookups, files that are read again.
const BESIDE: usize = 24;
/// What is open when it cannot be counted.
const OPEN: usize = 32;

/// Raises the process's own limit as far as the system lets it.
pub(super) fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Refused by a system with a lower limit of its own: what there is stays.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// How many connections a server takes so that everything else still finds a descriptor, those kept
/// for operators not counted; says so when they are few.
pub(super) fn connections_max() -> usize {
    // None is no limit.
    let granted = getrlimit(Resource::Nofile).current;
    let granted = granted.map_or(usize::MAX, |granted| {
        usize::try_from(granted).unwrap_or(usize::MAX)
    });
    let connections = beside(granted, open());
    if connections < limits::CONNECTIONS_MAX {
        tracing::warn!(
            granted,
            connections,
            "serve: few file descriptors, so fewer connections; raise the limit (ulimit -Hn)"
        );
    }
    connections
}

/// Descriptors that are open now.
fn open() -> usize {
    let entries = fs::read_dir("/proc/self/fd").or_else(|_| fs::read_dir("/dev/fd"));
    entries.map_or(OPEN, Iterator::count)
}

/// What is left for connections of a limit of which some are open.
fn beside(granted: usize, open: usize) -> usize {
    let free = granted.saturating_sub(open);
    // Where they are very few, everything else gets half.
    let reserved = BESIDE.min(free / 2) + limits::CONNECTIONS_KEPT;
    free.saturating_sub(reserved)
        .clamp(1, limits::CONNECTIONS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let before = getrlimit(Resource::Nofile);
        raise_limit();
        let after = getrlimit(Resource::Nofile);
        assert_eq!(after.maximum, before.maximum);
        assert_eq!(after.current, after.maximum);
    }

    #[test]
    fn everything_else_finds_a_descriptor() {
        for (granted, open, connections) in [
            (usize::MAX, 20, limits::CONNECTIONS_MAX),
            (20_000, 20, limits::CONNECTIONS_MAX),
            (1_024, 20, 1_024 - 20 - 32),
            (64, 16, 64 - 16 - 32),
            (40, 16, 40 - 16 - 12 - 8),
            (20, 18, 1),
            (8, 16, 1),
        ] {
            assert_eq!(beside(granted, open), connections, "{granted}");
        }
        assert!(open() >= 3, "the standard streams");
    }
}
