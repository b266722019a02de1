//! Every setting and limit with its unit, default and reason.

pub mod duration;
mod engine;
pub mod limits;
mod serve;
mod stream;

pub use engine::{AggregateSettings, ClockRule};
pub use serve::{ServeSettings, ServeTimeouts};
pub use stream::{AuthSettings, Overload, StreamSettings};
