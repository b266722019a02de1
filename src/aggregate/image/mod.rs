//! The image: what of a state must survive, as plain values, and as bytes.
//!
//! An image is one cut. What is small is copied at the cut; rows, fingerprints, sums, cells and
//! histograms are written out piece by piece while events go on, each before its first change after the
//! cut. Every part of the state writes its own pieces; here is what they look like. Nothing in an image is
//! a pointer, a place in memory or a number that a process has drawn for itself. The keys under which
//! ids are hashed are part of it, credentials are not.
//!
//! The bytes are frames, each with its kind and length: the first holds the version and what is small, the
//! last says how many there were. Checksums, files and generations are for whoever keeps them. Bytes that
//! are damaged are refused with one line, whatever they hold; they never take more memory than they are
//! long, or than the settings allow.

mod assembly;
mod buckets;
mod dedup;
mod desk;
mod fault;
mod frame;
mod groups;
mod head;
mod histogram;
mod longest;
mod out;
mod piece;
mod published;
mod row;
mod scribe;
mod sessions;
mod settings;
mod sink;

pub use assembly::Image;
pub use fault::ImageFault;
pub use sink::FrameSink;

pub(in crate::aggregate) use assembly::alerts_frame;
pub(in crate::aggregate) use assembly::end_frame;
pub(in crate::aggregate) use assembly::head_frame;
pub(in crate::aggregate) use buckets::Buckets;
pub(in crate::aggregate) use buckets::Sums;
pub(in crate::aggregate) use dedup::{Dedup, Fingerprints, Tables};
pub(in crate::aggregate) use desk::{
    Conversation, Desk, DeskGroup, DeskPlace, DeskWindow, PlainKey,
};
pub(in crate::aggregate) use fault::ensure;
pub(in crate::aggregate) use groups::{
    Change, Cut, Group, Groups, Journal, Labels, Name, Recorded, Table, Total,
};
pub(in crate::aggregate) use head::{Head, Hold, Timeline};
pub(in crate::aggregate) use histogram::Histogram;
pub(in crate::aggregate) use longest::Longest;
pub(in crate::aggregate) use out::{Frames, Out};
pub(in crate::aggregate) use piece::{Piece, Side};
pub(in crate::aggregate) use published::{
    Chunk, Group as PublishedGroup, GroupsOf, OpenList, OpenSession, Second, TotalSecond,
};
pub(in crate::aggregate) use row::Row;
pub(in crate::aggregate) use scribe::{Scribe, Stamp};
pub(in crate::aggregate) use sessions::{Lists, Sessions};
pub(in crate::aggregate) use settings::Settings;
