//! The desk as an image holds it, and back.
//!
//! Conversations and buckets are written in their order, each before its first change after the cut. Names
//! are few and copied at the cut. What is published says how things stood when it was made, so it is in an
//! image too. How legs are now follows from the conversations.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Conversation;
use super::Desk;
use super::Rules;
use super::roll::Roll;
use super::sums::Place;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::Piece;
use crate::aggregate::image::PlainKey;
use crate::aggregate::image::Side;
use crate::aggregate::image::ensure;
use crate::aggregate::legs::Entry;
use crate::aggregate::legs::Whose;
use crate::config::AggregateSettings;
use crate::event::IdKind;
use crate::event::Media;
use crate::event::SessionKey;
use crate::input::InputId;
use crate::snapshot::DeskDimension;
use crate::snapshot::DeskGroup;
use crate::snapshot::DeskSize;
use crate::snapshot::DeskSpread;
use crate::snapshot::DeskWindow;
use crate::snapshot::GroupId;
use crate::snapshot::LongestWaiting;
use crate::time::EpochMs;
use crate::window::BucketIndex;

/// Conversations or groups written for one piece of an image.
const PIECES_MAX: usize = 256;

/// The pieces of an image's desk.
#[derive(Debug, Default)]
pub(in crate::aggregate) struct DeskPieces {
    conversations: Vec<image::Conversation>,
    buckets: Vec<(i64, Vec<Entry>)>,
    groups: Vec<image::DeskGroup>,
}

/// How far an image is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The latest conversation that is written in its turn.
    latest: Option<SessionKey>,
    /// Groups to be written, as they were published.
    groups: Vec<(Place, Arc<DeskGroup>)>,
}

impl Desk {
    /// Cuts: the desk of an image is that of now.
    pub(in crate::aggregate) fn cut(&mut self) -> image::Desk {
        self.scribe.cut(Side::Live);
        self.book.cut(Side::Live);
        self.written = Progress {
            latest: None,
            groups: self.publication.made().collect(),
        };
        let names = self.rolls.each_ref().map(|roll| {
            let names = roll.names();
            names.map(|(id, text)| (id.0, Arc::clone(text))).collect()
        });
        let published = self.published();
        image::Desk {
            names,
            agents: self.agents.clone(),
            chosen: self.chosen,
            settled_before: self.terms.settled_before,
            changed: self.publication.changed().map(plain_place).collect(),
            published_as_of: published.as_of,
            conversations: published.size.conversations,
            bytes: published.size.bytes,
            overflowed_published: published.size.overflowed,
            overflowed: self.overflowed,
            full: self.book.full(),
        }
    }

    /// Writes some of what there was at the cut; whether there is more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        if !self.scribe.is_busy() {
            return false;
        }
        for (place, group) in pop_some(&mut self.written.groups) {
            let group = plain_group(place, &group);
            self.scribe.write(|_| Piece::DeskGroup(group));
        }
        let from = match self.written.latest {
            Some(latest) => std::ops::Bound::Excluded(latest),
            None => std::ops::Bound::Unbounded,
        };
        let rest = self.conversations.range((from, std::ops::Bound::Unbounded));
        let some: Vec<SessionKey> = rest.take(PIECES_MAX).map(|(key, _)| *key).collect();
        for of in &some {
            self.write_before(*of);
            self.written.latest = Some(*of);
        }
        self.scribe.hand_on(to);
        let is_more = !some.is_empty() || !self.written.groups.is_empty();
        if !is_more && !self.book.write_some(to) {
            self.scribe.finish(to);
            return false;
        }
        true
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        self.scribe.give_up();
        self.book.write_none();
        self.written = Progress::default();
    }

    /// Writes a conversation of the cut before it changes.
    pub(super) fn write_before(&mut self, of: SessionKey) {
        if let Some(conversation) = self.conversations.get_mut(&of)
            && self.scribe.is_due(&mut conversation.written)
        {
            let conversation = conversation.plain(of);
            self.scribe.write(|_| Piece::Conversation(conversation));
        }
    }

    /// The desk that an image holds. The clock is `now`, and `oldest` the oldest retained bucket.
    pub(in crate::aggregate) fn restore(
        settings: &AggregateSettings,
        plain: image::Desk,
        pieces: DeskPieces,
        rules: Rules,
        (now, oldest): (EpochMs, BucketIndex),
    ) -> Result<Self, ImageFault> {
        let mut desk = Self::new(settings, now, rules);
        for (roll, names) in desk.rolls.iter_mut().zip(&plain.names) {
            for (id, text) in names {
                ensure(roll.restore(GroupId(*id), text), "a name of a leg twice")?;
            }
        }
        let numbers = |(_, names): &(InputId, Vec<_>)| names.len() <= usize::from(u16::MAX) + 1;
        ensure(plain.agents.iter().all(numbers), "too many agents")?;
        (desk.agents, desk.chosen) = (plain.agents, plain.chosen);
        desk.terms.settled_before = plain.settled_before;
        desk.overflowed = plain.overflowed;
        desk.book.set_full(plain.full);
        for (bucket, entries) in pieces.buckets {
            let [queues, agents] = &desk.rolls;
            ensure(
                entries
                    .iter()
                    .all(|entry| is_there(entry.whose, queues, agents)),
                "something booked for nobody",
            )?;
            let is_new = desk
                .book
                .restore(BucketIndex(bucket), entries, &mut desk.rolls);
            ensure(is_new, "a bucket of legs twice")?;
        }
        for plain in pieces.conversations {
            desk.restore_conversation(plain)?;
        }
        ensure(
            desk.conversations.len() <= desk.conversations_max,
            "too many conversations",
        )?;
        desk.book
            .rewind(settings.width.bucket_of(now), oldest, &mut desk.rolls);
        let changed: Option<BTreeSet<Place>> = plain.changed.into_iter().map(place_of).collect();
        let changed = changed.ok_or(ImageFault::damaged("legs of no dimension"))?;
        let mut made = BTreeMap::new();
        for group in pieces.groups {
            let (place, group) = restored_group(group, settings.windows.len())?;
            let before = made.insert(place, Arc::new(group));
            ensure(before.is_none(), "a group of legs twice")?;
        }
        let size = DeskSize {
            conversations: plain.conversations,
            bytes: plain.bytes,
            overflowed: plain.overflowed_published,
        };
        desk.publication
            .restore(made, changed, (plain.published_as_of, size));
        Ok(desk)
    }

    fn restore_conversation(&mut self, plain: image::Conversation) -> Result<(), ImageFault> {
        let of = key_of(plain.key);
        let facts = plain.known.facts();
        let [queues, agents] = &self.rolls;
        let mut facts_named = facts.iter();
        let is_right = facts_named.all(|fact| queues.has(fact.queue) && agents.has(fact.agent));
        ensure(is_right, "facts of a conversation that cannot be")?;
        for fact in facts {
            self.rolls[0].hold(fact.queue);
            self.rolls[1].hold(fact.agent);
        }
        let conversation = Conversation::of_plain(plain);
        ensure(conversation.is_right(), "a conversation that cannot be")?;
        for standing in &conversation.reading().standing {
            self.publication.stand(standing, of, true);
        }
        self.due.insert((conversation.due(), of));
        let before = self.conversations.insert(of, conversation);
        ensure(before.is_none(), "a conversation twice")
    }
}

impl DeskPieces {
    /// Takes a piece; `None` if it is of something else.
    pub(in crate::aggregate) fn take(&mut self, piece: Piece) -> Option<()> {
        match piece {
            Piece::Conversation(conversation) => self.conversations.push(conversation),
            Piece::Booked { bucket, entries } => self.buckets.push((bucket, entries)),
            Piece::DeskGroup(group) => self.groups.push(group),
            _ => return None,
        }
        Some(())
    }
}

fn plain_group(place: Place, group: &DeskGroup) -> image::DeskGroup {
    let window = |window: &DeskWindow| image::DeskWindow {
        counts: window.counts.to_vec(),
        times: window
            .times
            .iter()
            .map(|time| (time.sum_ms, image::Histogram::of(&time.values)))
            .collect(),
    };
    image::DeskGroup {
        place: plain_place(place),
        name: Arc::clone(&group.name),
        kind: group.kind,
        waiting: group.waiting,
        longest: group
            .longest_waiting
            .map(|longest| (longest.since, plain_key(longest.conversation))),
        alerting: group.alerting,
        interacting: group.interacting,
        windows: group.windows.iter().map(window).collect(),
    }
}

fn restored_group(
    plain: image::DeskGroup,
    windows: usize,
) -> Result<(Place, DeskGroup), ImageFault> {
    let place = place_of(plain.place).ok_or(ImageFault::damaged("legs of no dimension"))?;
    ensure(plain.windows.len() == windows, "legs of other windows")?;
    let window = |plain: image::DeskWindow| -> Result<DeskWindow, ImageFault> {
        let mut window = DeskWindow::default();
        ensure(
            plain.counts.len() == window.counts.len() && plain.times.len() == window.times.len(),
            "other numbers of legs",
        )?;
        window.counts.copy_from_slice(&plain.counts);
        for (time, (sum_ms, values)) in window.times.iter_mut().zip(plain.times) {
            let values = values.restore(Default::default())?;
            *time = DeskSpread { sum_ms, values };
        }
        Ok(window)
    };
    let all: Result<Vec<DeskWindow>, ImageFault> = plain.windows.into_iter().map(window).collect();
    let group = DeskGroup {
        name: plain.name,
        kind: plain.kind,
        waiting: plain.waiting,
        longest_waiting: plain.longest.map(|(since, key)| LongestWaiting {
            since,
            conversation: key_of(key),
        }),
        alerting: plain.alerting,
        interacting: plain.interacting,
        windows: all?,
    };
    Ok((place, group))
}

/// Takes some out of a list.
fn pop_some<T>(of: &mut Vec<T>) -> Vec<T> {
    of.split_off(of.len().saturating_sub(PIECES_MAX))
}

const fn plain_key(key: SessionKey) -> PlainKey {
    ([key.hi, key.lo], matches!(key.kind, IdKind::Hashed))
}

const fn key_of(([hi, lo], is_hashed): PlainKey) -> SessionKey {
    let kind = match is_hashed {
        true => IdKind::Hashed,
        false => IdKind::Uuid,
    };
    SessionKey { hi, lo, kind }
}

const fn plain_place(place: Place) -> image::DeskPlace {
    match place {
        Place::Total => None,
        Place::Of(dimension, id) => Some((dimension as u8, id.0)),
    }
}

fn place_of(plain: image::DeskPlace) -> Option<Place> {
    let Some((dimension, number)) = plain else {
        return Some(Place::Total);
    };
    let dimension = *DeskDimension::ALL.get(usize::from(dimension))?;
    let is_media = usize::from(number) < Media::ALL.len();
    let place = Place::Of(dimension, GroupId(number));
    (dimension != DeskDimension::Media || is_media).then_some(place)
}

/// Whether groups are there.
fn is_there(whose: Whose, queues: &Roll, agents: &Roll) -> bool {
    queues.has(whose.queue) && agents.has(whose.agent) && whose.is_right()
}
