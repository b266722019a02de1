//! File descriptors: every connection takes one, and the usual limit is far below what we serve.

use rustix::process::Resource;
use rustix::process::getrlimit;
use rustix::process::setrlimit;

use crate::config::limits;

/// What the process opens beside connections, generously: the stream, logs, the runtime.
const BESIDE: u64 = 256;

/// Raises the process's own limit as far as the system lets it, and says when that is not enough.
pub(super) fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Refused by a system with a lower limit of its own: what there is stays.
        if setrlimit(Resource::Nofile, limit).is_err() {
            limit = getrlimit(Resource::Nofile);
        }
    }
    let wanted = limits::CONNECTIONS_MAX as u64 + BESIDE;
    // None is no limit.
    if let Some(granted) = limit.current.filter(|&granted| granted < wanted) {
        tracing::warn!(
            granted,
            wanted,
            "serve: few file descriptors, so fewer connections; raise the limit (ulimit -Hn)"
        );
    }
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
}
