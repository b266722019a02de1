//! Sums over all elements of a file, and what an endpoint would answer to it.

use std::fmt;

use super::element::CameTo;
use super::element::Copied;
use super::element::Element;
use crate::config::duration;
use crate::config::limits::POST_BYTES_MAX;
use crate::event::EventKind;
use crate::time::EpochMs;

/// Sums over elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Elements.
    pub elements: u64,
    /// Their events, by kind.
    pub connected: u64,
    /// See [`Tally::connected`].
    pub disconnected: u64,
    /// See [`Tally::connected`].
    pub messages: u64,
    /// Of them: what happened to legs.
    pub legs: u64,
    /// Elements that hold nothing that is counted.
    pub empty: u64,
    /// Elements of a type that nobody counts.
    pub ignored: u64,
    /// Elements that are refused.
    pub refused: u64,
    /// Events that are copies of earlier ones.
    pub copies: u64,
    /// Requests of Firehose among the lines.
    pub firehose: u64,
    /// Bytes behind a fault that were not looked at.
    pub unread_bytes: usize,
    /// The earliest and the latest time of an event.
    pub times: Option<(EpochMs, EpochMs)>,
    /// Events whose time is not among those that would count now.
    pub late: u64,
    /// See [`Tally::late`].
    pub future: u64,
    /// Elements outside of requests of Firehose.
    plain: u64,
    first_bad: Option<(u64, String)>,
    first_stranger: Option<u64>,
    has_shown: bool,
}

/// Which times of events would count now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    /// The wall clock.
    pub now: EpochMs,
    /// How old an event may be, in milliseconds.
    pub retained_ms: u64,
    /// How far ahead of the clock, in milliseconds.
    pub skew_ms: u64,
}

/// What an endpoint would answer to the file as one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// In words.
    pub why: String,
}

impl Tally {
    pub(super) fn add(&mut self, element: &Element, ages: Option<Ages>) {
        self.elements += 1;
        self.plain += u64::from(element.place.record.is_none());
        let index = element.place.index;
        match &element.came_to {
            CameTo::Events(events) => {
                self.empty += u64::from(events.is_empty());
                for event in events {
                    *match event.kind {
                        EventKind::Connected => &mut self.connected,
                        EventKind::Disconnected => &mut self.disconnected,
                        EventKind::Message => &mut self.messages,
                        EventKind::Fact => &mut self.legs,
                    } += 1;
                    self.copies += u64::from(matches!(event.copied, Copied::Of(_)));
                    self.time(event.time, ages);
                }
            }
            CameTo::Ignored(_) => self.ignored += 1,
            CameTo::Refused(_, why) => {
                self.refused += 1;
                self.first_bad.get_or_insert_with(|| (index, why.clone()));
            }
        }
        match element.shows_secret {
            Some(true) => self.has_shown = true,
            Some(false) => _ = self.first_stranger.get_or_insert(index),
            None => {}
        }
    }

    fn time(&mut self, time: EpochMs, ages: Option<Ages>) {
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
        if let Some(ages) = ages {
            self.late += u64::from(ages.now.since(time) > ages.retained_ms);
            self.future += u64::from(time.since(ages.now) > ages.skew_ms);
        }
    }

    /// Events of all kinds.
    pub const fn events(&self) -> u64 {
        self.connected + self.disconnected + self.messages + self.legs
    }

    /// What the endpoint would answer to a body of so many bytes; `None` where the file is no one
    /// request. `secret_at` is where its elements have to show a secret.
    pub fn answer(&self, bytes: usize, secret_at: Option<&str>) -> Option<Answer> {
        let is_one = self.firehose == 0 || (self.firehose == 1 && self.plain == 0);
        if !is_one {
            return None;
        }
        let (status, why) = if bytes > POST_BYTES_MAX {
            let why = format!("{bytes} bytes unpacked are over {POST_BYTES_MAX}; post it in parts");
            (413, why)
        } else if let Some(pointer) = secret_at.filter(|_| self.is_of_stranger()) {
            let why = match self.first_stranger {
                Some(index) => {
                    format!("the secret at {pointer} is missing or wrong in element {index}")
                }
                None => format!("no element shows the secret at {pointer}"),
            };
            (401, why)
        } else if let Some((index, why)) = &self.first_bad {
            (400, format!("element {index}: {why}"))
        } else {
            (200, "all of it would be taken".to_owned())
        };
        Some(Answer { status, why })
    }

    /// Whether an endpoint that looks for a secret in every element does not know the sender. Behind
    /// a fault it does not look.
    fn is_of_stranger(&self) -> bool {
        match (self.first_stranger, &self.first_bad) {
            (Some(stranger), Some((bad, _))) => stranger <= *bad || !self.has_shown,
            (Some(_), None) => true,
            (None, _) => !self.has_shown,
        }
    }
}

impl Ages {
    /// What of the times would not count now, in words.
    pub fn lines(&self, tally: &Tally) -> Vec<String> {
        let length = |ms| duration::format(std::time::Duration::from_millis(ms));
        let mut lines = Vec::new();
        if tally.late > 0 {
            lines.push(format!(
                "{} events are older than the {} that are kept, so they would be late now",
                tally.late,
                length(self.retained_ms)
            ));
        }
        if tally.future > 0 {
            lines.push(format!(
                "{} events are more than {} ahead of the clock, so they would be refused now (future)",
                tally.future,
                length(self.skew_ms)
            ));
        }
        lines
    }
}

/// One line.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} elements: {} events ({} connected, {} disconnected, {} messages, {} of legs), {} ignored, {} refused",
            self.elements,
            self.events(),
            self.connected,
            self.disconnected,
            self.messages,
            self.legs,
            self.ignored,
            self.refused,
        )?;
        if self.empty > 0 {
            write!(f, ", {} with nothing that is counted", self.empty)?;
        }
        if self.copies > 0 {
            write!(f, "; {} of the events are copies", self.copies)?;
        }
        Ok(())
    }
}

/// `200: all of it would be taken`
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status, self.why)
    }
}
