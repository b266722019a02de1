//! The whole pipeline over real sockets: the engine against the stand-in, both in this process.
//! What the stand-in's record says was sent is what the engine's snapshots must show.

mod access;
mod image;
mod inputs;
mod ledger;
mod loss;
mod noise;
mod normal;
pub(crate) mod rig;
