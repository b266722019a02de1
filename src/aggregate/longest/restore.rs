//! The sessions that have been open for longest as an image holds them, and back.
//!
//! Their order follows from the rows, so it is rebuilt. Lists that are published, or already made of the
//! round that is under way, are kept: they say how things stood when they were made. Ids are written in
//! the order of their rows, each before its first change.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::LongestOpen;
use super::NO_KEY;
use super::Queue;
use super::Reach;
use crate::aggregate::image;
use crate::aggregate::image::Frames;
use crate::aggregate::image::ImageFault;
use crate::aggregate::image::OpenList;
use crate::aggregate::image::Out;
use crate::aggregate::image::Piece;
use crate::aggregate::image::ensure;
use crate::aggregate::sessions::Sessions;
use crate::config::limits;
use crate::snapshot::Longest;
use crate::snapshot::OpenSession;

/// Ids or listed sessions written for one piece of an image.
const PIECES_MAX: usize = 512;

/// An image that is being made.
#[derive(Debug)]
pub(super) struct Writing {
    /// The next row whose id is written, and those beyond it that are done already.
    next_id: u32,
    written: BTreeSet<u32>,
    published: Arc<Longest>,
    making: Vec<Arc<Vec<OpenSession>>>,
    making_awaiting: Vec<Arc<Vec<OpenSession>>>,
    /// Lists that are written.
    lists: usize,
    out: Out,
}

impl LongestOpen {
    /// Cuts: ids and lists of an image are those of now.
    pub(in crate::aggregate) fn cut(&mut self) -> image::Longest {
        let made = self.next.unwrap_or(0).min(self.making.by_queue.len());
        self.writing = Some(Box::new(Writing {
            next_id: 0,
            written: BTreeSet::new(),
            published: Arc::clone(&self.published),
            making: self.making.by_queue[..made].to_vec(),
            making_awaiting: self.making.awaiting_by_queue[..made].to_vec(),
            lists: 0,
            out: Out::default(),
        }));
        let number = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        image::Longest {
            base_ms: self.reach.base_ms,
            next: self.next.map(number),
            as_of: self.as_of,
            loss_epoch: self.loss_epoch,
            queues: count(self.queues.len()),
            published_as_of: self.published.as_of,
            published_queues: count(self.published.by_queue.len()),
        }
    }

    /// Writes some of the ids and lists at the cut; whether there are more.
    pub(in crate::aggregate) fn write_some(&mut self, to: &mut Frames) -> bool {
        let Some(writing) = &mut self.writing else {
            return false;
        };
        let mut ids = self
            .ids
            .range(writing.next_id..)
            .take(PIECES_MAX)
            .peekable();
        if ids.peek().is_some() {
            for (slot, id) in ids {
                writing.write_id(*slot, Some(id));
                writing.next_id = slot + 1;
            }
            writing.out.hand_on(to);
            return true;
        }
        writing.next_id = u32::MAX;
        let is_more = writing.write_lists();
        writing.out.hand_on(to);
        if is_more {
            return true;
        }
        if let Some(writing) = self.writing.take() {
            writing.out.finish(to);
        }
        false
    }

    /// Writes no more of an image that nobody wants.
    pub(in crate::aggregate) fn write_none(&mut self) {
        self.writing = None;
    }

    /// Writes the id of a row of the cut before it changes.
    pub(super) fn write_before(&mut self, slot: u32) {
        if let Some(writing) = &mut self.writing
            && slot >= writing.next_id
        {
            writing.write_id(slot, self.ids.get(&slot));
        }
    }

    /// The lists of an image, over rows that are restored.
    pub(in crate::aggregate) fn restore(
        plain: &image::Longest,
        ids: BTreeMap<u32, Arc<str>>,
        mut listed: BTreeMap<(OpenList, u32), OpenSession>,
        sessions: &Sessions,
    ) -> Result<Self, ImageFault> {
        let most = usize::from(u16::MAX) + 1;
        let (queues, published) = (plain.queues as usize, plain.published_queues as usize);
        ensure(
            queues <= most && published <= queues && plain.base_ms.unsigned_abs() < 1 << 60,
            "open sessions of too many queues",
        )?;
        ensure(
            ids.len() <= limits::SESSION_IDS_MAX,
            "too many ids of sessions",
        )?;
        let mut longest = Self {
            reach: Reach {
                base_ms: plain.base_ms,
            },
            ids,
            next: plain.next.map(usize::from),
            as_of: plain.as_of,
            loss_epoch: plain.loss_epoch,
            ..Self::new()
        };
        longest.queues.resize_with(queues, Queue::default);
        longest.oldest.resize(queues, NO_KEY);
        for (slot, row) in sessions.open_rows() {
            longest.insert(row.membership, row.connected, slot);
        }
        ensure(
            longest.queues.len() == queues && longest.next.is_none_or(|next| next <= queues),
            "an open session of a queue that is not there",
        )?;
        longest.touch_all();
        let mut take = |list: OpenList| -> Arc<Vec<OpenSession>> {
            let places = (0..).map(|place| (list, place));
            Arc::new(places.map_while(|place| listed.remove(&place)).collect())
        };
        let number = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
        let overall = take(OpenList::Overall);
        let awaiting = take(OpenList::Awaiting);
        longest.published = Arc::new(Longest {
            as_of: plain.published_as_of,
            overall: Arc::unwrap_or_clone(overall),
            by_queue: (0..published)
                .map(|place| take(OpenList::Queue(number(place))))
                .collect(),
            awaiting: Arc::unwrap_or_clone(awaiting),
            awaiting_by_queue: (0..published)
                .map(|place| take(OpenList::AwaitingOfQueue(number(place))))
                .collect(),
        });
        let made = longest.next.unwrap_or(0);
        longest.making.by_queue = (0..made)
            .map(|place| take(OpenList::Making(number(place))))
            .collect();
        longest.making.awaiting_by_queue = (0..made)
            .map(|place| take(OpenList::MakingAwaiting(number(place))))
            .collect();
        ensure(listed.is_empty(), "an open session on no list")?;
        Ok(longest)
    }
}

impl Writing {
    /// Writes an id, unless it is written.
    fn write_id(&mut self, slot: u32, id: Option<&Arc<str>>) {
        if self.written.insert(slot)
            && let Some(id) = id
        {
            let id = Arc::clone(id);
            self.out.piece(&Piece::SessionId { slot, id });
        }
    }

    /// Writes some lists; whether there are more.
    fn write_lists(&mut self) -> bool {
        let mut written = 0;
        while written < PIECES_MAX {
            let making = [&self.making[..], &self.making_awaiting];
            let Some((list, sessions)) = list_at(self.lists, &self.published, making) else {
                return false;
            };
            for (place, session) in (0..).zip(sessions) {
                self.out.piece(&Piece::OpenSession(image::OpenSession {
                    list,
                    place,
                    session: session.clone(),
                }));
            }
            written += 1 + sessions.len();
            self.lists += 1;
        }
        true
    }
}

/// The list that is written as the one of a number, and who is on it: the published ones, then those of
/// the round that is under way.
fn list_at<'lists>(
    number: usize,
    published: &'lists Longest,
    making: [&'lists [Arc<Vec<OpenSession>>]; 2],
) -> Option<(OpenList, &'lists [OpenSession])> {
    let of_queue = |list: fn(u16) -> OpenList, queue: usize, lists: &'lists [Arc<Vec<_>>]| {
        let sessions: &[OpenSession] = lists.get(queue)?;
        Some((list(u16::try_from(queue).unwrap_or(u16::MAX)), sessions))
    };
    match number {
        0 => return Some((OpenList::Overall, &published.overall)),
        1 => return Some((OpenList::Awaiting, &published.awaiting)),
        _ => {}
    }
    let mut place = number - 2;
    for (list, lists) in [
        (
            OpenList::Queue as fn(u16) -> OpenList,
            &published.by_queue[..],
        ),
        (OpenList::AwaitingOfQueue, &published.awaiting_by_queue),
        (OpenList::Making, making[0]),
        (OpenList::MakingAwaiting, making[1]),
    ] {
        match place.checked_sub(lists.len()) {
            None => return of_queue(list, place, lists),
            Some(rest) => place = rest,
        }
    }
    None
}
