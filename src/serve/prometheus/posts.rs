//! What was posted to the endpoints for events.

use super::family::Family;
use crate::post::Outcome;
use crate::serve::post_counters::PostCounts;

/// The families of all endpoints.
pub(super) fn families(endpoints: &[PostCounts]) -> [Family; 4] {
    let mut requests = Family::counter(
        "streamgauge_posts",
        "Requests to an endpoint for events, by what became of them: taken, greeted, gone (the sender left before its answer), or the reason why they were refused.",
    );
    let mut bytes = Family::counter(
        "streamgauge_posts_bytes",
        "Bytes of bodies posted to an endpoint for events, as they were sent.",
    );
    let mut elements = Family::counter(
        "streamgauge_posts_elements",
        "Elements of the bodies that an endpoint for events has taken.",
    );
    let mut ignored = Family::counter(
        "streamgauge_posts_ignored",
        "Elements that an endpoint for events has taken and ignored, because they are of a type that nobody counts.",
    );
    for counts in endpoints {
        let endpoint = || ("endpoint", counts.name.as_ref().to_owned());
        for (outcome, count) in Outcome::ALL.into_iter().zip(counts.requests) {
            let labels = vec![endpoint(), ("outcome", outcome.label().to_owned())];
            requests = requests.count(labels, count);
        }
        bytes = bytes.count(vec![endpoint()], counts.bytes);
        elements = elements.count(vec![endpoint()], counts.elements);
        ignored = ignored.count(vec![endpoint()], counts.ignored);
    }
    [requests, bytes, elements, ignored]
}
