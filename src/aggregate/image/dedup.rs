//! Fingerprints of messages as an image holds them.

use serde::Deserialize;
use serde::Serialize;

/// The tables without their fingerprints.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Dedup {
    pub(in crate::aggregate) tables: Tables,
    /// While the clock may yet be set back: the tables of the buckets before those.
    pub(in crate::aggregate) held: Option<Tables>,
    /// Lengths of emptied tables: the memory that they take counts towards the limit.
    pub(in crate::aggregate) spare: Vec<u32>,
    pub(in crate::aggregate) forgotten_before: Option<i64>,
}

/// Tables of buckets without holes.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::aggregate) struct Tables {
    /// The first bucket.
    pub(in crate::aggregate) first: i64,
    /// How many buckets.
    pub(in crate::aggregate) count: u32,
    /// The bucket's place and the length of its table, of those that have one.
    pub(in crate::aggregate) lengths: Vec<(u32, u32)>,
}

/// Some fingerprints of a bucket.
#[derive(Debug)]
pub(in crate::aggregate) struct Fingerprints {
    pub(in crate::aggregate) bucket: i64,
    pub(in crate::aggregate) fingerprints: Vec<u64>,
}
