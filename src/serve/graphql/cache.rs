//! What each worker thread keeps: documents it has checked, and answers of one snapshot.
//!
//! Both belong to the thread that asks for them, so readers take no lock and share nothing; at worst
//! a worker does what another has done before. A snapshot never changes, so an answer made of nothing
//! else holds as long as the snapshot is the newest: with the next one all answers go. Keys are
//! compared whole, never by hash alone. What is refused, failed or depends on the moment of asking
//! must not be kept.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::query::Wire;
use crate::config::limits;
use crate::serve::graphql::cost::precheck;
use crate::serve::graphql::cost::precheck::Checked;
use crate::serve::graphql::cost::precheck::Refusal;
use crate::snapshot::Snapshot;

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::default();
}

/// Tells the answers of this process's servers apart, which may differ in their settings.
static SERVERS: AtomicU64 = AtomicU64::new(0);

#[derive(Debug, Default)]
struct Worker {
    /// By their text.
    documents: Bounded<Checked>,
    moment: Moment,
    /// By the bytes of a request, which say what its document, operation and variables are. The media
    /// type is no part of the key: it changes a header, not the body of an answer without errors.
    by_body: Bounded<Bytes>,
    by_parameters: Bounded<Bytes>,
}

/// All that a kept answer depends on beside the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::serve) struct Moment {
    server: u64,
    engine_id: u64,
    sequence: u64,
}

/// The answers of one server.
#[derive(Debug)]
pub(in crate::serve) struct Cache {
    server: u64,
}

impl Cache {
    /// A cache that shares answers with no other.
    pub(in crate::serve) fn new() -> Self {
        // Relaxed: only that no number is given twice matters. From 1: workers begin with 0.
        let server = 1 + SERVERS.fetch_add(1, Ordering::Relaxed);
        Self { server }
    }

    /// The moment of a snapshot.
    pub(in crate::serve) const fn moment(&self, snapshot: &Snapshot) -> Moment {
        Moment {
            server: self.server,
            engine_id: snapshot.engine_id,
            sequence: snapshot.sequence,
        }
    }
}

/// The answer this thread has for a request, if any.
pub(in crate::serve) fn answer(moment: Moment, wire: Wire<'_>) -> Option<Bytes> {
    WORKER.with_borrow_mut(|worker| {
        worker.turn_to(moment);
        let (answers, key) = worker.answers(wire);
        answers.find(key).cloned()
    })
}

/// Keeps an answer, unless this thread has gone on to another snapshot meanwhile.
pub(in crate::serve) fn keep(moment: Moment, wire: Wire<'_>, answer: &Bytes) {
    WORKER.with_borrow_mut(|worker| {
        if worker.moment == moment {
            let (answers, key) = worker.answers(wire);
            answers.keep(key, answer.clone(), answer.len());
        }
    });
}

/// What [`precheck::check`] says of a document, looked up if this thread has checked its text before.
///
/// # Errors
/// Why it is refused.
pub(super) fn checked(query: &str, operation_name: Option<&str>) -> Result<Checked, Refusal> {
    WORKER.with_borrow_mut(|worker| {
        if let Some(kept) = worker.documents.find(query.as_bytes()) {
            return kept.running(operation_name);
        }
        let checked = precheck::check(query, operation_name)?;
        let bytes = checked.bytes;
        worker
            .documents
            .keep(query.as_bytes(), checked.clone(), bytes);
        Ok(checked)
    })
}

impl Worker {
    fn turn_to(&mut self, moment: Moment) {
        if self.moment != moment {
            self.moment = moment;
            self.by_body.clear();
            self.by_parameters.clear();
        }
    }

    const fn answers<'a>(&mut self, wire: Wire<'a>) -> (&mut Bounded<Bytes>, &'a [u8]) {
        match wire {
            Wire::Body(body) => (&mut self.by_body, body),
            Wire::Parameters(parameters) => (&mut self.by_parameters, parameters.as_bytes()),
        }
    }
}

/// A map that never outgrows its limits: what would is not kept, and a full one starts again. Entries
/// that are in use come back at once, so no order of use has to be kept.
#[derive(Debug)]
struct Bounded<V> {
    entries: HashMap<Box<[u8]>, V>,
    /// Keys and values together.
    bytes: usize,
}

impl<V> Default for Bounded<V> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
        }
    }
}

impl<V> Bounded<V> {
    fn find(&self, key: &[u8]) -> Option<&V> {
        self.entries.get(key)
    }

    /// Keeps a value of `value_bytes`.
    fn keep(&mut self, key: &[u8], value: V, value_bytes: usize) {
        let bytes = key.len() + value_bytes;
        if bytes > limits::CACHE_ENTRY_BYTES_MAX || self.entries.contains_key(key) {
            return;
        }
        let is_full = self.entries.len() >= limits::CACHE_ENTRIES_MAX
            || self.bytes + bytes > limits::CACHE_BYTES_MAX;
        if is_full {
            self.clear();
        }
        self.bytes += bytes;
        self.entries.insert(key.into(), value);
    }

    fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Wire<'_> {
        Wire::Body(text.as_bytes())
    }

    #[test]
    fn an_answer_belongs_to_its_request_its_snapshot_and_its_server() {
        let (cache, other) = (Cache::new(), Cache::new());
        let of = |engine_id, sequence| Snapshot {
            engine_id,
            sequence,
            ..Snapshot::default()
        };
        let moment = cache.moment(&of(1, 1));
        let strangers = [
            cache.moment(&of(1, 2)),
            cache.moment(&of(2, 1)),
            other.moment(&of(1, 1)),
        ];
        for stranger in strangers {
            assert_eq!(answer(moment, body("a")), None);
            keep(moment, body("a"), &Bytes::from("1"));
            assert_eq!(answer(moment, body("a")), Some(Bytes::from("1")));
            assert_eq!(answer(moment, body("b")), None);
            assert_eq!(answer(moment, Wire::Parameters("a")), None);

            assert_eq!(answer(stranger, body("a")), None, "{stranger:?}");
            keep(moment, body("a"), &Bytes::from("too late"));
            assert_eq!(answer(stranger, body("a")), None, "{stranger:?}");
        }
    }

    #[test]
    fn a_kept_document_is_judged_like_a_new_one() {
        let texts = ["{a}", "query A{a} query B{b}", "mutation M{a}", "{a", ""];
        let names = [None, Some("A"), Some("B"), Some("M"), Some("C")];
        for text in texts {
            for (first, then) in names.iter().flat_map(|&a| names.map(|b| (a, b))) {
                WORKER.with_borrow_mut(|worker| worker.documents.clear());
                for name in [first, then] {
                    let seen = checked(text, name).map(|checked| checked.operation);
                    let fresh = precheck::check(text, name).map(|checked| checked.operation);
                    assert_eq!(seen, fresh, "{text} {first:?} {then:?}");
                }
            }
        }
    }

    #[test]
    fn nothing_grows_past_its_limits() {
        let mut map = Bounded::default();
        let name = |n: usize| n.to_string().into_bytes();
        for n in 0..limits::CACHE_ENTRIES_MAX {
            map.keep(&name(n), n, 1);
        }
        assert_eq!(map.entries.len(), limits::CACHE_ENTRIES_MAX);
        map.keep(&name(7), 7, 1);
        assert_eq!(map.entries.len(), limits::CACHE_ENTRIES_MAX);
        map.keep(b"one more", 0, 1);
        assert_eq!((map.entries.len(), map.bytes), (1, 9));

        map.keep(b"", 0, limits::CACHE_ENTRY_BYTES_MAX + 1);
        assert_eq!(map.find(b""), None);
        map.clear();
        let fitting = limits::CACHE_BYTES_MAX / limits::CACHE_ENTRY_BYTES_MAX;
        for n in 0..10 * fitting {
            map.keep(&name(n), n, limits::CACHE_ENTRY_BYTES_MAX - name(n).len());
            assert_eq!(map.find(&name(n)), Some(&n));
            assert!(map.bytes <= limits::CACHE_BYTES_MAX, "{}", map.bytes);
        }
        assert_eq!(map.entries.len(), fitting);
    }
}
