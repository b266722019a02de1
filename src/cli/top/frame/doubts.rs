//! What to know of the open sessions before they are believed.

use crate::cli::top::answer::Metrics;
use crate::cli::top::human;

/// What to know of the open sessions: how many may have ended in a gap, and since when they are known
/// while that is not long ago.
pub(super) fn doubts(metrics: &Metrics) -> Option<String> {
    let uncertain = (metrics.open_uncertain > 0.0)
        .then(|| format!("uncertain {}", human::count(metrics.open_uncertain)));
    let since = metrics
        .open_since
        .as_ref()
        .filter(|_| !metrics.open_complete);
    let since = since.map(|since| {
        // The day is known if it is today.
        let is_today = since.get(..10) == metrics.as_of.get(..10);
        let time = since.get(if is_today { 11 } else { 0 }..16);
        format!("since {}", time.unwrap_or(since).replace('T', " "))
    });
    match (uncertain, since) {
        (Some(uncertain), Some(since)) => Some(format!("{uncertain}, {since}")),
        (uncertain, since) => uncertain.or(since),
    }
}
