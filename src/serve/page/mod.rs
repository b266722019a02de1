//! The page at `/` and the explorer: their files, and what is there without them.

pub(in crate::serve) mod assets;
pub(in crate::serve) mod unbuilt;
