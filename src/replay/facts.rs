//! Facts of the events that are held or about to be applied, by the places that the events name.

use crate::event::Detail;
use crate::event::Event;
use crate::event::Fact;

/// Facts of several stretches together; a place that is free is used again.
#[derive(Debug, Default)]
pub(super) struct Facts {
    all: Vec<Fact>,
    free: Vec<u32>,
}

impl Facts {
    /// Takes over the facts of events, which name their places here from now on.
    pub(super) fn adopt(&mut self, events: &mut [Event], facts: &[Fact]) {
        if facts.is_empty() {
            return;
        }
        for event in events {
            let fact = event.fact().and_then(|place| facts.get(place as usize));
            if let Some(fact) = fact {
                event.detail = Detail::of_fact(self.put(*fact));
            }
        }
    }

    fn put(&mut self, fact: Fact) -> u32 {
        if let Some(place) = self.free.pop() {
            self.all[place as usize] = fact;
            return place;
        }
        self.all.push(fact);
        u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
    }

    /// All of them, by place.
    pub(super) fn all(&self) -> &[Fact] {
        &self.all
    }

    /// Events are applied: nobody asks for their facts any more.
    pub(super) fn release(&mut self, events: &[Event]) {
        if self.all.len() > self.free.len() {
            self.free.extend(events.iter().filter_map(Event::fact));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Actor;
    use crate::event::EventKind;
    use crate::event::FactKind;
    use crate::event::IdKind;
    use crate::event::Identity;
    use crate::event::LabelsId;
    use crate::event::SessionKey;
    use crate::time::EpochMs;

    fn event(kind: EventKind, place: u32) -> Event {
        Event {
            time: EpochMs::from_ms(0),
            session: SessionKey {
                hi: 1,
                lo: 2,
                kind: IdKind::Uuid,
            },
            identity: Identity::NONE,
            detail: match kind {
                EventKind::Fact => Detail::of_fact(place),
                _ => Event::NO_DETAIL,
            },
            labels: LabelsId::NONE,
            kind,
            actor: Actor::Unknown,
        }
    }

    #[test]
    fn each_event_finds_its_own_fact_until_it_is_applied() {
        let mut facts = Facts::default();
        let stretch = [FactKind::Queued, FactKind::Joined].map(Fact::new);
        let mut first = [
            event(EventKind::Fact, 0),
            event(EventKind::Message, 0),
            event(EventKind::Fact, 1),
        ];
        facts.adopt(&mut first, &stretch);
        let mut second = [event(EventKind::Fact, 1)];
        facts.adopt(&mut second, &stretch);
        let kind = |facts: &Facts, event: &Event| facts.all()[event.fact().unwrap() as usize].kind;
        assert_eq!(kind(&facts, &first[0]), FactKind::Queued);
        assert_eq!(kind(&facts, &second[0]), FactKind::Joined);
        facts.release(&first);
        let mut third = [event(EventKind::Fact, 0), event(EventKind::Fact, 0)];
        facts.adopt(&mut third, &stretch);
        assert_eq!(facts.all().len(), 3, "places are used again");
        assert_eq!(kind(&facts, &second[0]), FactKind::Joined);
        assert_eq!(kind(&facts, &third[1]), FactKind::Queued);
    }
}
