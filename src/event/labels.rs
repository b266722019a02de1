//! What an event carries beside itself, reduced to numbers, and the texts behind those numbers.
//!
//! Names of queues and deployments are interned by the writer alone. An ingest thread numbers the
//! pairs it meets for itself and sends what a number stands for ahead of its first use.

/// A number for a queue and a deployment, either of which may be absent. It means something only
/// together with the definitions of the same ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(u16);

impl Labels {
    /// Neither queue nor deployment. Never defined.
    pub const NONE: Self = Self(0);
    /// How many pairs can have a number at a time.
    pub const MAX: usize = u16::MAX as usize;

    /// The pair with a number; 0 is [`Labels::NONE`].
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// The pair's number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// From the guest.
    Inbound,
    /// To the guest.
    Outbound,
}

impl Direction {
    /// Both, in the order in which they are kept.
    pub const ALL: [Self; 2] = [Self::Inbound, Self::Outbound];

    /// The direction's name, on the wire and in the API.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }

    /// The direction that a text names to the letter.
    pub fn of(text: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.label().as_bytes() == text)
    }
}

/// The texts that a batch of events needs: what its labels stand for, and the ids of sessions that
/// connect and whose keys cannot be printed back. Filled again and again, it allocates nothing.
#[derive(Debug, Default)]
pub struct Texts {
    text: String,
    definitions: Vec<DefinitionAt>,
    ids: Vec<IdAt>,
}

/// What a number stands for from an event of the batch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'texts> {
    /// The place of the first event that may use it. Definitions stand in the order of their places.
    pub from: usize,
    /// The number, which may have stood for another pair before.
    pub labels: Labels,
    /// The queue's name, if there is one.
    pub queue: Option<&'texts str>,
    /// The deployment's name, if there is one.
    pub deployment: Option<&'texts str>,
}

#[derive(Clone, Copy, Debug)]
struct DefinitionAt {
    from: usize,
    labels: Labels,
    start: usize,
    queue_bytes: usize,
    deployment_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct IdAt {
    event: usize,
    start: usize,
    bytes: usize,
}

impl Texts {
    /// Memory kept after a batch, in bytes: what a flood of names took is given back.
    const BYTES_KEPT_MAX: usize = 16 << 10;

    /// Says what a number stands for from an event on; an empty name is none.
    pub fn define(&mut self, from: usize, labels: Labels, queue: &str, deployment: &str) {
        let start = self.text.len();
        self.text.push_str(queue);
        self.text.push_str(deployment);
        self.definitions.push(DefinitionAt {
            from,
            labels,
            start,
            queue_bytes: queue.len(),
            deployment_bytes: deployment.len(),
        });
    }

    /// Keeps the session id of the event at a place.
    pub fn keep_id(&mut self, event: usize, id: &str) {
        let start = self.text.len();
        self.text.push_str(id);
        let bytes = id.len();
        self.ids.push(IdAt {
            event,
            start,
            bytes,
        });
    }

    /// The definitions, in order.
    pub fn definitions(&self) -> impl Iterator<Item = Definition<'_>> {
        self.definitions.iter().map(|at| {
            let queue_end = at.start + at.queue_bytes;
            Definition {
                from: at.from,
                labels: at.labels,
                queue: self.name(at.start..queue_end),
                deployment: self.name(queue_end..queue_end + at.deployment_bytes),
            }
        })
    }

    /// The places of events, and the session ids they carry.
    pub fn ids(&self) -> impl Iterator<Item = (usize, &str)> {
        self.ids.iter().filter_map(|at| {
            let id = self.text.get(at.start..at.start + at.bytes)?;
            Some((at.event, id))
        })
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty() && self.ids.is_empty()
    }

    /// Forgets the events: their ids go, the definitions hold from the first event on.
    pub fn forget_events(&mut self) {
        self.ids.clear();
        for definition in &mut self.definitions {
            definition.from = 0;
        }
    }

    /// Drops what was kept for the events from a place on, which are in the batch no more. What labels
    /// stand for is sent once, so definitions stay.
    pub fn truncate(&mut self, events: usize) {
        self.ids.retain(|id| id.event < events);
        for definition in &mut self.definitions {
            definition.from = definition.from.min(events);
        }
    }

    /// Empties it and keeps its memory, unless that is much.
    pub fn clear(&mut self) {
        self.definitions.clear();
        self.ids.clear();
        self.text.clear();
        self.text.shrink_to(Self::BYTES_KEPT_MAX);
    }

    fn name(&self, range: std::ops::Range<usize>) -> Option<&str> {
        self.text.get(range).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_went_in() {
        let mut texts = Texts::default();
        assert!(texts.is_empty());
        texts.define(3, Labels::from_number(7), "sales", "");
        texts.keep_id(4, "guest é");
        texts.define(5, Labels::from_number(8), "", "page");
        let told: Vec<Definition<'_>> = texts.definitions().collect();
        let definition = |from, number, queue, deployment| Definition {
            from,
            labels: Labels::from_number(number),
            queue,
            deployment,
        };
        assert_eq!(
            told,
            [
                definition(3, 7, Some("sales"), None),
                definition(5, 8, None, Some("page"))
            ]
        );
        assert_eq!(texts.ids().collect::<Vec<_>>(), [(4, "guest é")]);

        texts.forget_events();
        assert!(texts.definitions().all(|definition| definition.from == 0));
        assert_eq!(texts.definitions().count(), 2);
        assert_eq!(texts.ids().count(), 0);
        texts.clear();
        assert!(texts.is_empty());
    }

    #[test]
    fn directions_are_named_to_the_letter() {
        for direction in Direction::ALL {
            assert_eq!(Direction::of(direction.label().as_bytes()), Some(direction));
        }
        for text in ["", "Inbound", "in", "outbound "] {
            assert_eq!(Direction::of(text.as_bytes()), None);
        }
    }
}
