//! What becomes of a file that somebody would post to an endpoint, element by element: for whoever sets
//! an endpoint up, before the first post.
//!
//! ```text
//!  body      a file, unpacked, as one text
//!  look      walks over its elements as the endpoint would, with the endpoint's decoder
//!   ├ element   what became of one, in words and names
//!   ├ names     the texts behind what a decoder has made numbers of
//!   └ tally     sums, and the answer that the endpoint would give
//! ```
//!
//! Where the endpoint refuses a request at its first bad element, this goes on: all that is wrong is
//! worth knowing at once. Applies nothing, posts nothing, and shows no secret.

mod body;
mod element;
mod look;
mod names;
mod tally;

pub use body::Body;
pub use body::BodyError;
pub use element::CameTo;
pub use element::Copied;
pub use element::Element;
pub use element::Place;
pub use element::Seen;
pub use look::Look;
pub use tally::Ages;
pub use tally::Answer;
pub use tally::Tally;
