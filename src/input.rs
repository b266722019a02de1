//! Where batches come from: the inputs of a source, the shards they serve, and how far each was read.
//!
//! An *input* is one connection, file, push endpoint or stream partition. Inputs of one *shard* are
//! redundant: each brings all of its events, so the shard is covered while any of them is live. All
//! shards together make up the sources: a number is complete only where every shard was covered.

mod names;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error;

/// A part of a source that is covered by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Shard {
    /// The source's name, as in the setting `source`.
    pub source: &'static str,
    /// Which of its shards.
    pub number: u16,
}

impl Shard {
    /// The shard of a source that has only one.
    pub const fn only(source: &'static str) -> Self {
        Self { source, number: 0 }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.number)
    }
}

/// The name of a source that is read lives as long as the process, like one that is written in it.
impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (source, number) = <(String, u16)>::deserialize(from)?;
        let source = names::of(&source).ok_or_else(|| D::Error::custom("no name of a source"))?;
        Ok(Self { source, number })
    }
}

/// One input. No two inputs of an engine have the same id, also when one has ended.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct InputId {
    /// The shard that it serves.
    pub shard: Shard,
    /// Its number among all inputs of the engine.
    pub instance: u64,
}

impl fmt::Display for InputId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.shard, self.instance)
    }
}

/// Gives ids to inputs. Cheap to clone; clones never give the same id.
#[derive(Clone, Debug, Default)]
pub struct InputIds(Arc<AtomicU64>);

impl InputIds {
    /// Gives ids from a number on: those before were given by an engine that this one goes on from.
    pub fn from_instance(instance: u64) -> Self {
        Self(Arc::new(AtomicU64::new(instance)))
    }

    /// The id of one more input.
    pub fn next(&self, shard: Shard) -> InputId {
        // Relaxed: only that no two are the same matters.
        let instance = self.0.fetch_add(1, Ordering::Relaxed);
        InputId { shard, instance }
    }
}

/// What a source needs to go on after everything that was applied. Checkpoints will keep it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Position {
    /// The source cannot go on from anywhere: what was missed is a gap.
    #[default]
    None,
    /// The number of the latest message of a numbered stream.
    Sequence(u64),
    /// The byte after the latest line of a file.
    Offset(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_give_different_ids() {
        let ids = InputIds::default();
        let other = ids.clone();
        let shard = Shard::only("events-stream");
        let given = [ids.next(shard), other.next(shard), ids.next(shard)];
        assert_eq!(given.map(|id| id.instance), [0, 1, 2]);
        assert_eq!(given[2].to_string(), "events-stream/0#2");
    }
}
