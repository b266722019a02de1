//! What the inputs report of themselves, and how much of a window they cover together.
//!
//! A shard is covered while any of its inputs is live, and a time is covered where every shard is.

mod input;
mod shard;
mod spans;
mod status;

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::config::limits;
use crate::input::InputId;
use crate::input::Position;
use crate::ring::Batch;
use crate::snapshot::StreamStatus;
use crate::stream::Gap;
use crate::stream::LossCause;
use crate::stream::StreamNote;
use crate::stream::StreamState;
use crate::stream::covered_ms;
use crate::stream::union;
use crate::time::EpochMs;

use input::Input;
use shard::Shard;
use shard::rebased;
use status::Sums;

/// What is known of all inputs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Coverage {
    shards: Vec<Shard>,
    /// The gaps of shards that are not needed any more.
    past: Vec<Gap>,
    /// The counts of shards and inputs that are gone.
    ended: Sums,
    /// Since when anything can be covered at all; `None` before every shard was first live.
    since: Option<EpochMs>,
    /// The same without what a wrong clock has cost; later where a shard came later.
    first_live: Option<EpochMs>,
    /// What [`Coverage::since`] is at least: a shard that is gone was needed before.
    since_min: Option<EpochMs>,
    /// When the last input of all ended in good order.
    over_at: Option<EpochMs>,
    /// Where the engine clock went on when it was last set back.
    rebased_to: EpochMs,
    /// The instance after those of all inputs so far: ids are never given again.
    next_instance: u64,
    /// The spans in which some shard was not covered: in order, without overlaps; the last may be open.
    #[serde(skip)]
    uncovered: Vec<Gap>,
    /// What readers see of the gaps; made when one begins or ends.
    #[serde(skip)]
    shown: Arc<[Gap]>,
}

impl Coverage {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Covers from `since` on without a report: a replay's input has no connection.
    pub(super) fn begin(&mut self, since: EpochMs) {
        self.since.get_or_insert(since);
        self.first_live.get_or_insert(since);
    }

    /// Since when everything that is needed has been live for the first time, or a file began: what
    /// began earlier is unknown.
    pub(super) const fn first_live(&self) -> Option<EpochMs> {
        self.first_live
    }

    /// An input is there from `at` on. Where others were live before, what it would bring is missing
    /// until its shard is live.
    pub(super) fn open(&mut self, id: InputId, at: EpochMs) {
        self.next_instance = self.next_instance.max(id.instance.saturating_add(1));
        let over_at = self.over_at.take();
        let known = self.shards.iter().position(|shard| shard.id == id.shard);
        if over_at.is_some() && known.is_none() {
            for shard in std::mem::take(&mut self.shards) {
                self.retire(&shard, at);
            }
        }
        let place = known.unwrap_or_else(|| {
            self.shards.push(Shard::new(id.shard));
            self.shards.len() - 1
        });
        let shard = &mut self.shards[place];
        let is_further = known.is_none() && place > 0;
        let missing = over_at.or_else(|| is_further.then_some(at));
        if let Some((from, since)) = missing.zip(self.since) {
            shard.begin_missing(from, since);
        } else if place == 0 && known.is_none() {
            // A replay's clock covers without a report.
            shard.since = self.since;
        }
        let mut next = Input::new(id, self.rebased_to);
        for gone in shard.inputs.extract_if(.., |input| input.is_over) {
            // Until its own comes, the source goes on from where the one before it was.
            next.reached(gone.status.position);
            self.ended.add_input(&gone.status);
        }
        shard.inputs.push(next);
        self.gaps_changed();
    }

    /// An input's ring is gone. One that had said that it is closed is missed no more: its shard is
    /// needed only while it has other inputs. Any other is lost. Whether a gap began.
    pub(super) fn end(&mut self, id: InputId, at: EpochMs) -> bool {
        let Some((of, place)) = self.place(id) else {
            return false;
        };
        let shard = &mut self.shards[of];
        let input = &mut shard.inputs[place];
        input.is_over = true;
        if input.status.state != StreamState::Closed {
            let since = input.status.last_arrival.or(input.live_since);
            let detail = "its source ended without closing it";
            input.enter(StreamState::Closed);
            let began = shard.lost(
                place,
                since.unwrap_or(at).min(at),
                LossCause::Dropped,
                detail,
            );
            self.gaps_changed();
            return began;
        }
        // It covered its shard until now, whatever comes after it.
        let (cause, detail) = (LossCause::Closed, "closed");
        let has_others = shard.inputs.iter().any(|input| !input.is_over);
        if has_others {
            let began = shard.lost(place, at, cause, detail);
            let over = shard.inputs.remove(place);
            self.ended.add_input(&over.status);
            self.gaps_changed();
            return began;
        }
        if self.shards.len() > 1 {
            let shard = self.shards.remove(of);
            self.retire(&shard, at);
            self.gaps_changed();
        } else {
            // Readers go on seeing how the last one stood.
            self.over_at = Some(at);
        }
        false
    }

    /// Takes a report of an input; says whether a gap began.
    pub(super) fn note(&mut self, id: InputId, note: &StreamNote, now: EpochMs) -> bool {
        let (of, place) = self.place_of(id, now);
        let shard = &mut self.shards[of];
        let input = &mut shard.inputs[place];
        let began = match note {
            StreamNote::State(state) => {
                input.enter(*state);
                return false;
            }
            StreamNote::Live { at } => {
                if shard.live(place, *at) {
                    self.first_live = self.first_live.max(Some(*at));
                }
                false
            }
            StreamNote::Lost {
                since,
                cause,
                detail,
            } => shard.lost(place, *since, *cause, detail),
            StreamNote::Failed { detail, .. } => {
                input.status.failed_attempts += 1;
                input.failed(detail);
                return false;
            }
            StreamNote::ProtocolError => {
                input.status.protocol_errors += 1;
                return false;
            }
            StreamNote::ServerClock { offset_ms, is_off } => {
                input.status.server_clock_offset_ms = Some(*offset_ms);
                input.status.is_clock_off = *is_off;
                return false;
            }
        };
        self.gaps_changed();
        began
    }

    /// The engine clock, which could not be trusted from `since` on, goes on at `to`: that is a gap, and
    /// what was reported of later times is void. What lies before `held_from` is not counted any more.
    pub(super) fn rebase(&mut self, since: EpochMs, to: EpochMs, held_from: Option<EpochMs>) {
        for shard in &mut self.shards {
            shard.rebase(since, to, held_from);
        }
        let start = since.min(to);
        self.past.retain(|gap| gap.start < start);
        for gap in &mut self.past {
            gap.end = gap.end.map(|end| end.min(start));
        }
        if self.shards.is_empty() {
            self.since = rebased(self.since, to, held_from);
            self.past.push(Gap {
                start,
                end: Some(to),
                cause: LossCause::Clock,
            });
            self.ended.gaps += 1;
        }
        self.since_min = self.since_min.map(|since| since.min(to));
        self.first_live = self.first_live.map(|first| first.min(to));
        self.rebased_to = to;
        self.gaps_changed();
    }

    /// An input was read up to a position; nothing of it is left to be applied.
    pub(super) fn reached(&mut self, id: InputId, position: Position, now: EpochMs) {
        if position != Position::None {
            let (of, place) = self.place_of(id, now);
            self.shards[of].inputs[place].reached(position);
        }
    }

    /// Takes note of a batch that payloads were read into: its latest event, and whether any of them came
    /// to something.
    pub(super) fn arrived(
        &mut self,
        batch: &Batch,
        is_usable: bool,
        is_future: bool,
        now: EpochMs,
    ) {
        let (of, place) = self.place_of(batch.input, now);
        let input = &mut self.shards[of].inputs[place];
        let latest = batch.events.last().map(|event| event.time);
        input.arrived(batch.arrival, latest);
        input.judge(batch, is_usable, is_future);
    }

    /// How many milliseconds of `[start, start + length_ms)` every shard was covered. While a gap is
    /// open it lasts to the end of the span. Cost: a step for each remembered gap inside the span.
    pub(super) fn covered_ms(&self, start: EpochMs, length_ms: u32) -> u64 {
        covered_ms(&self.uncovered, self.since, start, length_ms)
    }

    /// Writes the status down, with the greatest event time applied so far.
    pub(super) fn fill(&self, status: &mut StreamStatus, last_event: Option<EpochMs>) {
        status::fill(status, &self.shards, &self.ended, &self.shown);
        status.last_event = last_event;
        status.covered_since = self.since;
    }

    /// Where an input is; it is opened where it was not announced.
    fn place_of(&mut self, id: InputId, now: EpochMs) -> (usize, usize) {
        if self.place(id).is_none() {
            self.open(id, now);
        }
        self.place(id).unwrap_or_default()
    }

    fn place(&self, id: InputId) -> Option<(usize, usize)> {
        let of = self.shards.iter().position(|shard| shard.id == id.shard)?;
        let mut inputs = self.shards[of].inputs.iter();
        Some((of, inputs.position(|input| input.is(id))?))
    }

    /// A shard is not needed any more from `at` on; what it missed before then stays missed.
    fn retire(&mut self, shard: &Shard, at: EpochMs) {
        self.since_min = self.since_min.max(Some(shard.since.unwrap_or(at)));
        let gaps = shard.gaps().map(|gap| Gap {
            end: Some(gap.end.unwrap_or(at).max(gap.start)),
            ..*gap
        });
        self.past.extend(gaps);
        self.ended.add_shard(shard);
    }

    /// Brings up to date what follows from the gaps; only when something began or ended.
    fn gaps_changed(&mut self) {
        if !self.shards.is_empty() {
            let all = self.shards.iter().map(|shard| shard.since);
            let every = all.reduce(|a, b| Some(a?.max(b?))).flatten();
            self.since = every.map(|since| since.max(self.since_min.unwrap_or(since)));
            self.first_live = self.first_live.or(self.since);
        }
        if self.past.len() > limits::GAPS_MAX {
            self.past.sort_by_key(|gap| gap.start);
            let more = self.past.len() - limits::GAPS_MAX;
            self.past.drain(..more);
        }
        self.list_gaps();
    }

    /// Lists the gaps of all shards.
    fn list_gaps(&mut self) {
        let of_shards = self.shards.iter().flat_map(Shard::gaps);
        let mut gaps: Vec<Gap> = self.past.iter().chain(of_shards).copied().collect();
        gaps.sort_by_key(|gap| gap.start);
        self.uncovered = union(&gaps);
        let first = gaps.len().saturating_sub(limits::GAPS_MAX);
        self.shown = gaps[first..].into();
    }

    // An image holds it as it is.

    /// Makes what an image does not hold, of one that was read; `None` where it holds more gaps than are
    /// kept.
    pub(super) fn restored(mut self) -> Option<Self> {
        let gaps = self.shards.iter().map(|shard| shard.gaps().count());
        let mut gaps = gaps.chain([self.past.len()]);
        gaps.all(|gaps| gaps <= limits::GAPS_MAX).then(|| {
            self.list_gaps();
            self
        })
    }

    /// The inputs whose rings there are.
    pub(super) fn running(&self) -> Vec<InputId> {
        let inputs = self.shards.iter().flat_map(|shard| &shard.inputs);
        let running = inputs.filter(|input| !input.is_over);
        running.map(|input| input.status.id).collect()
    }

    /// The instance after those of all inputs so far.
    pub(super) const fn next_instance(&self) -> u64 {
        self.next_instance
    }
}

#[cfg(test)]
mod tests;
