//! What became of one element, as a person reads it.

use std::fmt;

use crate::event::Actor;
use crate::event::Direction;
use crate::event::EventKind;
use crate::event::FactKind;
use crate::event::Reject;
use crate::time::EpochMs;

/// One element of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Where it is.
    pub place: Place,
    /// What became of it.
    pub came_to: CameTo,
    /// Whether it shows the endpoint's secret, where that has to be in every element.
    pub shows_secret: Option<bool>,
    /// Names of queues and deployments that were not taken, and why.
    pub names_refused: Vec<&'static str>,
}

/// Where an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// The record of Firehose that holds it, from 0.
    pub record: Option<u64>,
    /// Which one of its request, from 0: what an endpoint's answer says.
    pub index: u64,
}

/// What became of an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameTo {
    /// These events; none where it holds nothing that is counted.
    Events(Vec<Seen>),
    /// Nothing: what it says of its type, in words.
    Ignored(String),
    /// It is refused, and its request with it.
    Refused(Reject, String),
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub time: EpochMs,
    /// The session's id.
    pub session: String,
    /// Its queue.
    pub queue: Option<String>,
    /// Its deployment.
    pub deployment: Option<String>,
    /// Of a message: who wrote it.
    pub actor: Actor,
    /// Of a leg: what happened to it, and whose it is.
    pub leg: Option<(FactKind, Option<String>)>,
    /// What of it would be recognised when it comes again.
    pub copied: Copied,
}

/// How copies of an event are recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// A copy of it counts once.
    Known,
    /// It is a copy of an event of this line.
    Of(u64),
    /// It has no id, so a copy of it counts again.
    Unknown,
}

impl Seen {
    /// What happened, in a word.
    pub const fn kind(&self) -> &'static str {
        match (self.kind, &self.leg) {
            (EventKind::Connected, _) => "connected",
            (EventKind::Disconnected, _) => "disconnected",
            (EventKind::Message, _) => "message",
            (EventKind::Fact, Some((kind, _))) => kind.label(),
            (EventKind::Fact, None) => "leg",
        }
    }

    /// Which way it went, in a word; `None` where nobody knows, and of what is no message.
    pub fn direction(&self) -> Option<&'static str> {
        self.actor.direction().map(Direction::label)
    }

    /// Who wrote it, in a word; `None` where nobody knows.
    pub const fn author(&self) -> Option<&'static str> {
        match self.actor {
            Actor::Unknown => None,
            Actor::Guest => Some("guest"),
            Actor::Agent => Some("agent"),
            Actor::Bot => Some("bot"),
            Actor::Business => Some("agent or bot"),
        }
    }
}

/// `line 3, element 2`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(record) = self.record {
            write!(f, ", record {record}")?;
        }
        write!(f, ", element {}", self.index)
    }
}

/// One phrase.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at {}, session {}",
            self.kind(),
            self.time,
            self.session
        )?;
        if let Some(queue) = &self.queue {
            write!(f, ", queue {queue}")?;
        }
        if let Some(deployment) = &self.deployment {
            write!(f, ", deployment {deployment}")?;
        }
        if self.kind == EventKind::Message {
            match self.direction() {
                Some(direction) => write!(f, ", {direction}")?,
                None => f.write_str(", direction unknown")?,
            }
            if let Some(author) = self.author() {
                write!(f, " by {author}")?;
            }
        }
        if let Some((_, Some(agent))) = &self.leg {
            write!(f, ", agent {agent}")?;
        }
        match self.copied {
            Copied::Known => Ok(()),
            Copied::Of(line) => write!(f, ", a copy of line {line}: counts once"),
            Copied::Unknown => f.write_str(", without an id: each copy counts again"),
        }
    }
}

/// One line for each event, or one.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place;
        match &self.came_to {
            CameTo::Events(events) if events.is_empty() => {
                write!(f, "{place}: nothing in it is counted")?;
            }
            CameTo::Events(events) => {
                for (number, event) in events.iter().enumerate() {
                    let line_end = if number > 0 { "\n" } else { "" };
                    write!(f, "{line_end}{place}: {event}")?;
                }
            }
            CameTo::Ignored(why) => write!(f, "{place}: ignored: {why}")?,
            CameTo::Refused(reason, why) => {
                write!(f, "{place}: refused ({}): {why}", reason.label())?;
            }
        }
        for why in &self.names_refused {
            write!(f, "; a name was not taken ({why})")?;
        }
        if self.shows_secret == Some(false) {
            f.write_str("; the secret of the endpoint is missing or wrong in it")?;
        }
        Ok(())
    }
}
