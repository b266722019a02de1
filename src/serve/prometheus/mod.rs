//! `/metrics`: one snapshot in the text formats of Prometheus.
//!
//! ```text
//!  mod         one scrape: snapshot and process → text
//!   ├ families    what is shown: names, types, help, values
//!   │  ├ events      by fate
//!   │  ├ windows     over the last seconds and minutes
//!   │  ├ groups      by queue, deployment and direction, bounded
//!   │  ├ desk        of legs: by queue, kind of channel and agent, bounded
//!   │  ├ inputs      by input of the sources
//!   │  └ process     what every process tells
//!   ├ family      one metric and its encoding with `prometheus_client`
//!   └ format      OpenMetrics or the classic text, by `Accept`
//! ```
//!
//! Nothing is registered and counted here: at a scrape the families are made of one loaded snapshot,
//! so all values belong to one cut, and no lock is taken. This folder is the one place that names
//! `prometheus_client`.

mod desk;
mod events;
mod families;
mod family;
mod format;
mod groups;
mod inputs;
mod posts;
mod process;
mod windows;

use hyper::HeaderMap;
use hyper::StatusCode;

use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::graphql::schema::View;

use format::Format;

/// Answers a scrape from the view's snapshot.
pub(super) fn answer(view: &View, headers: &HeaderMap) -> Answer {
    let mut all = families::of_snapshot(view);
    all.extend(process::families());
    let open = family::encode(all);
    let format = Format::accepted(headers);
    let text = match format {
        Format::OpenMetrics => open,
        Format::Classic => format::classic(&open),
    };
    answer::new(StatusCode::OK, format.content_type(), text)
}
