//! The order of lists that clients ask for.

use std::cmp::Ordering;

/// Greatest numbers first, equal ones by name, and `reverse` turns all of that round; what has no number
/// comes last, whichever way round the order is.
pub(super) fn greatest_first(
    reverse: bool,
    (a, b): (Option<f64>, Option<f64>),
    by_name: impl FnOnce() -> Ordering,
) -> Ordering {
    let by_number = match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (None, None) => Ordering::Equal,
        // Nothing is known of one of them: no order is turned round.
        (a, b) => return b.is_some().cmp(&a.is_some()),
    };
    let order = by_number.then_with(by_name);
    if reverse { order.reverse() } else { order }
}
