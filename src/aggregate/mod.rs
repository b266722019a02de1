//! Stage 4 of 6: the single writer, which owns all aggregate state.
//!
//! It knows neither JSON nor HTTP nor tokio. [`State`] says what an event does; [`Writer`] is the
//! thread that drains the rings into it and publishes.

mod ages;
mod awaiting;
mod buckets;
mod coverage;
mod dedup;
mod desk;
mod durations;
mod groups;
mod image;
mod imaging;
mod legs;
mod longest;
mod measures;
mod sessions;
mod state;
mod timeline;
mod wall;
mod writer;

pub use image::FrameSink;
pub use image::Image;
pub use image::ImageFault;
pub use state::State;
pub use writer::Writer;
