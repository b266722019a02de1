//! Views: a conversation with all its participants, as somebody sees it now.
//!
//! What is in it is put in the order of time, because who waits for a reply follows from the order of
//! arrival. A time that a participant does not have says nothing; one that is none is refused.

use super::Side;
use super::ended_by;
use crate::event::Actor;
use crate::event::EventKind;
use crate::event::FactKind;
use crate::event::Field;
use crate::event::Media;
use crate::event::OwnMs;
use crate::event::Reject;
use crate::parse::draft::Draft;
use crate::parse::draft::Leg;
use crate::parse::draft::MessageName;
use crate::parse::draft::Sink;
use crate::parse::draft::find;
use crate::parse::draft::text;
use crate::parse::draft::time;
use crate::parse::tape::Refusal;
use crate::parse::value::Value;
use crate::time::EpochMs;

/// Where a participant's sessions lie, by the kind of channel. Those of messages may be messages instead.
const SESSIONS: [(&str, Media); 6] = [
    ("messages", Media::Message),
    ("chats", Media::Chat),
    ("calls", Media::Voice),
    ("emails", Media::Email),
    ("callbacks", Media::Callback),
    ("videos", Media::Video),
];

pub(super) fn read<'input>(
    body: Value<'_, 'input>,
    drafts: &mut Vec<Draft<'input>>,
    sink: &mut Sink<'_, '_>,
) -> Result<(), Refusal> {
    let session = text(body, &["id"], Field::SessionId)?;
    if session.is_empty() {
        return Err(Refusal::of(Reject::Field, Field::SessionId));
    }
    let Some(participants) = find(body, &["participants"], Field::Data)? else {
        return Ok(());
    };
    for participant in participants.items() {
        Participant::of(participant, session)?.read(drafts)?;
    }
    drafts.sort_by_key(|draft| (draft.time, rank(draft)));
    drafts.iter().try_for_each(|draft| sink.put(draft))
}

/// What comes first at one moment.
const fn rank(draft: &Draft<'_>) -> (u8, FactKind) {
    let kind = match draft.kind {
        EventKind::Connected => 0,
        EventKind::Fact => 1,
        EventKind::Message => 2,
        EventKind::Disconnected => 3,
    };
    (kind, draft.leg.kind)
}

/// One participant of a view.
#[derive(Clone, Copy)]
struct Participant<'tape, 'input> {
    value: Value<'tape, 'input>,
    session: &'input str,
    purpose: &'input str,
    queue: &'input str,
    agent: &'input str,
}

impl<'tape, 'input> Participant<'tape, 'input> {
    fn of(value: Value<'tape, 'input>, session: &'input str) -> Result<Self, Refusal> {
        let either = |ways: [&[&str]; 2], field| -> Result<&'input str, Refusal> {
            match text(value, ways[0], field)? {
                "" => text(value, ways[1], field),
                found => Ok(found),
            }
        };
        Ok(Self {
            value,
            session,
            purpose: text(value, &["purpose"], Field::Direction)?,
            queue: either([&["queue", "id"], &["queueId"]], Field::QueueId)?,
            agent: either([&["user", "id"], &["userId"]], Field::Data)?,
        })
    }

    fn author(&self) -> Actor {
        match self.purpose {
            "customer" | "external" => Actor::Guest,
            "agent" | "user" => Actor::Agent,
            "acd" | "bot" | "botflow" | "workflow" | "ivr" => Actor::Bot,
            _ => Actor::Unknown,
        }
    }

    fn read(&self, drafts: &mut Vec<Draft<'input>>) -> Result<(), Refusal> {
        if !text(self.value, &["monitoredParticipantId"], Field::Data)?.is_empty() {
            // Somebody who listens has no leg.
            return Ok(());
        }
        let before = drafts.len();
        let mut media = Media::Unknown;
        for (key, of_channel) in SESSIONS {
            let Some(items) = find(self.value, &[key], Field::Data)? else {
                continue;
            };
            for item in items.items() {
                media = of_channel;
                let inner = find(item, &["messages"], Field::Data)?;
                let is_session = inner.is_some() || find(item, &["state"], Field::Data)?.is_some();
                if !is_session {
                    self.message(item, drafts)?;
                    continue;
                }
                let id = text(item, &["id"], Field::Data)?;
                self.legs(item, id, media, drafts)?;
                for message in inner.into_iter().flat_map(Value::items) {
                    self.message(message, drafts)?;
                }
            }
        }
        let has_legs = drafts[before..]
            .iter()
            .any(|draft| draft.kind == EventKind::Fact);
        if text(self.value, &["type"], Field::Data)?.ends_with("messaging") {
            media = Media::Message;
        }
        match self.purpose {
            "customer" => self.customer(drafts),
            // Its sessions say it more precisely.
            _ if has_legs => Ok(()),
            _ => self.legs(self.value, "", media, drafts),
        }
    }

    /// When the customer came, and left.
    fn customer(&self, drafts: &mut Vec<Draft<'input>>) -> Result<(), Refusal> {
        if let Some(time) = self.time(self.value, &["startTime"])? {
            drafts.push(Draft {
                session: self.session,
                by: Actor::Guest,
                ..Draft::new(EventKind::Connected, time)
            });
        }
        if let Some(time) = self.time(self.value, &["endTime"])? {
            let disconnect_type = text(self.value, &["disconnectType"], Field::Data)?;
            drafts.push(Draft {
                session: self.session,
                by: ended_by(Side::Customer, disconnect_type),
                ..Draft::new(EventKind::Disconnected, time)
            });
        }
        Ok(())
    }

    /// What a queue's or an agent's participant says of its leg, or one of its sessions of its own.
    fn legs(
        &self,
        of: Value<'tape, 'input>,
        id: &'input str,
        media: Media,
        drafts: &mut Vec<Draft<'input>>,
    ) -> Result<(), Refusal> {
        let (side, kinds) = match self.purpose {
            "acd" => (Side::Queue, [FactKind::Queued, FactKind::LeftQueue]),
            "agent" | "user" => (Side::Agent, [FactKind::Alerting, FactKind::Left]),
            _ => return Ok(()),
        };
        let mut put = |kind, time, change: &dyn Fn(&mut Leg<'input>)| {
            let mut leg = Leg::new(kind, media);
            leg.id = id;
            change(&mut leg);
            drafts.push(Draft {
                session: self.session,
                queue: self.queue,
                agent: if side == Side::Agent { self.agent } else { "" },
                ..Draft::of_leg(leg, time)
            });
        };
        let joined = self.time(of, &["connectedTime"])?;
        // A queue's leg has no other beginning than its connection.
        let own = match side {
            Side::Queue => joined,
            Side::Customer | Side::Agent => None,
        };
        let started = self.time(of, &["startAlertingTime", "startTime"])?;
        if let Some(time) = started.or(own) {
            put(kinds[0], time, &|_| {});
        }
        if let Some(time) = joined.filter(|_| side == Side::Agent) {
            put(FactKind::Joined, time, &|_| {});
        }
        if let Some(time) = self.time(of, &["endTime", "disconnectedTime"])? {
            let by = ended_by(side, text(of, &["disconnectType"], Field::Data)?);
            put(kinds[1], time, &|leg| leg.by = by);
        }
        let [begun, done] = [
            [&["startAcwTime"][..], &["afterCallWork", "startTime"]],
            [&["endAcwTime"][..], &["afterCallWork", "endTime"]],
        ];
        let done = self.time_of(of, done)?;
        if let Some(time) = done.filter(|_| side == Side::Agent) {
            let begun = self.time_of(of, begun)?;
            let after_work = begun.map_or(OwnMs::UNSAID, |begun| {
                OwnMs::new(u32::try_from(time.since(begun)).unwrap_or(u32::MAX))
            });
            put(FactKind::WrappedUp, time, &|leg| {
                leg.after_work = after_work
            });
        }
        Ok(())
    }

    /// The first of several times that is there.
    fn time(&self, of: Value<'_, '_>, keys: &[&str]) -> Result<Option<EpochMs>, Refusal> {
        for key in keys {
            if let Some(time) = self.time_of(of, [&[*key][..], &[]])? {
                return Ok(Some(time));
            }
        }
        Ok(None)
    }

    /// The time that the first of two ways leads to.
    fn time_of(&self, of: Value<'_, '_>, ways: [&[&str]; 2]) -> Result<Option<EpochMs>, Refusal> {
        for way in ways.iter().filter(|way| !way.is_empty()) {
            let found = find(of, way, Field::Timestamp)?.filter(|found| !found.is_null());
            if found.is_some() {
                return time(found).map(Some);
            }
        }
        Ok(None)
    }

    /// One message of the participant; what is none of a person's or a bot's is skipped.
    fn message(
        &self,
        message: Value<'_, 'input>,
        drafts: &mut Vec<Draft<'input>>,
    ) -> Result<(), Refusal> {
        // Presence and typing are written like messages, and are none.
        if text(message, &["messageMetadata", "type"], Field::Data)? == "Event" {
            return Ok(());
        }
        let mut name = text(message, &["message", "id"], Field::MessageId)?;
        if name.is_empty() {
            name = text(message, &["messageId"], Field::MessageId)?;
        }
        if name.is_empty() {
            // What has no id could not be counted once.
            return Ok(());
        }
        // Without its time it is in no window; the next view may have it.
        let Some(time) = self.time(message, &["messageTime"])? else {
            return Ok(());
        };
        let author = self.author();
        drafts.push(Draft {
            session: self.session,
            message: MessageName::Id(name),
            actor: author,
            queue: self.queue,
            agent: if author == Actor::Agent {
                self.agent
            } else {
                ""
            },
            ..Draft::new(EventKind::Message, time)
        });
        Ok(())
    }
}
