//! The reference model of legs, from the table of the definitions: every fact that was ever said lies in
//! one list, and whatever is asked is read from all of it again.

use std::collections::BTreeMap;

use streamgauge::config::AggregateSettings;
use streamgauge::event::Actor;
use streamgauge::event::FactKind;
use streamgauge::event::Media;
use streamgauge::event::Outcome;
use streamgauge::event::SessionKey;
use streamgauge::metric::DeskCount;
use streamgauge::metric::DeskTime;

/// Two things within this are of one moment, in milliseconds.
const NEAR_MS: i64 = 5_000;

/// What is said of a leg. Names are empty, a leg is 0 and a length is `None` where it is not said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Said {
    pub(crate) conversation: SessionKey,
    /// When, as the source says.
    pub(crate) said_ms: i64,
    pub(crate) what: SaidWhat,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SaidWhat {
    Started,
    Ended(Actor),
    Leg(SaidLeg),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SaidLeg {
    pub(crate) kind: FactKind,
    pub(crate) leg: u64,
    pub(crate) queue: &'static str,
    pub(crate) agent: &'static str,
    pub(crate) media: Media,
    pub(crate) outcome: Outcome,
    pub(crate) by: Actor,
    /// Of *left queue* the wait, of *left* the talk, of *wrapped up* the work after the contact.
    pub(crate) own_ms: Option<u32>,
    pub(crate) held_ms: Option<u32>,
}

/// What is counted, for whom, and the time that goes with it.
#[derive(Clone, Debug, PartialEq)]
struct Booked {
    time_ms: i64,
    count: Option<DeskCount>,
    time: Option<(DeskTime, i64)>,
    whose: Whose,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Whose {
    queue: &'static str,
    media: Media,
    /// `None` of a queue's leg.
    agent: Option<&'static str>,
}

/// The numbers of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) waiting: u64,
    pub(crate) longest: Option<(i64, u64)>,
    pub(crate) alerting: u64,
    pub(crate) interacting: u64,
    /// By window: counts by their order, and every time of each kind, ascending.
    pub(crate) windows: Vec<(Vec<u64>, Vec<Vec<i64>>)>,
}

/// By dimension and name, both empty for all together.
pub(crate) type Groups = BTreeMap<(&'static str, String), Numbers>;

/// One leg.
#[derive(Clone, Debug, Default)]
struct Leg {
    key: u64,
    queue: &'static str,
    agent: &'static str,
    media: Option<Media>,
    started: Option<i64>,
    joined: Option<i64>,
    left: Option<(i64, SaidLeg)>,
    wrapped: Option<(i64, SaidLeg)>,
}

/// Everything that was said.
#[derive(Clone, Debug)]
pub(crate) struct Legs {
    settings: AggregateSettings,
    /// With when it is booked: never ahead of the clock at which it came.
    said: Vec<(i64, Said)>,
}

impl Legs {
    pub(crate) fn new(settings: &AggregateSettings) -> Self {
        Self {
            settings: settings.clone(),
            said: Vec::new(),
        }
    }

    /// Takes what is said at a clock; whether its natural key was not known.
    pub(crate) fn say(&mut self, said: Said, now_ms: i64) -> bool {
        let is_new = !self.said.iter().any(|(_, known)| *known == said);
        if is_new {
            self.said.push((said.said_ms.min(now_ms), said));
        }
        is_new
    }

    /// Whether what happens at a time is retained.
    pub(crate) fn is_retained(&self, time_ms: i64, now_ms: i64) -> bool {
        let retained = i64::try_from(self.settings.retained_buckets()).unwrap();
        self.bucket(time_ms) > self.bucket(now_ms) - retained
    }

    fn bucket(&self, time_ms: i64) -> i64 {
        time_ms.div_euclid(i64::from(self.settings.width.ms()))
    }

    /// No more than `time` is to be expected at `now`: a lateness of whole buckets has passed since.
    fn is_settled(&self, time_ms: i64, now_ms: i64) -> bool {
        let width_ms = u64::from(self.settings.width.ms());
        let lateness = i64::try_from(self.settings.lateness_ms.div_ceil(width_ms)).unwrap();
        self.bucket(now_ms) - self.bucket(time_ms) > lateness
    }

    /// All numbers at a clock.
    pub(crate) fn groups(&self, now_ms: i64) -> Groups {
        let mut conversations: BTreeMap<SessionKey, Vec<(i64, Said)>> = BTreeMap::new();
        for (time_ms, said) in &self.said {
            let of = conversations.entry(said.conversation).or_default();
            of.push((*time_ms, *said));
        }
        let mut groups = Groups::new();
        for (key, said) in conversations {
            let mut story = Story::of(said);
            story.read(self, now_ms);
            for booked in &story.booked {
                for name in booked.whose.groups() {
                    self.book(groups.entry(name).or_default(), booked, now_ms);
                }
            }
            for (is, since, whose) in &story.now {
                for name in whose.groups() {
                    let group = groups.entry(name).or_default();
                    match is {
                        Now::Waiting => {
                            group.waiting += 1;
                            let own = (*since, key.lo);
                            group.longest = Some(group.longest.map_or(own, |all| all.min(own)));
                        }
                        Now::Alerting => group.alerting += 1,
                        Now::Interacting => group.interacting += 1,
                    }
                }
            }
        }
        for group in groups.values_mut() {
            self.make_windows(group);
            for times in group.windows.iter_mut().flat_map(|window| &mut window.1) {
                times.sort_unstable();
            }
        }
        let nothing = self.nothing();
        groups.retain(|_, group| *group != nothing);
        groups
    }

    pub(crate) fn nothing(&self) -> Numbers {
        let mut nothing = Numbers::default();
        self.make_windows(&mut nothing);
        nothing
    }

    fn make_windows(&self, group: &mut Numbers) {
        let empty = (
            vec![0; DeskCount::ALL.len()],
            vec![Vec::new(); DeskTime::ALL.len()],
        );
        group.windows.resize(self.settings.windows.len(), empty);
    }

    fn book(&self, group: &mut Numbers, booked: &Booked, now_ms: i64) {
        self.make_windows(group);
        let bucket = self.bucket(booked.time_ms);
        let now = self.bucket(now_ms);
        for (window, numbers) in self.settings.windows.iter().zip(&mut group.windows) {
            let buckets = i64::from(window.ms() / self.settings.width.ms());
            if bucket <= now - buckets || bucket > now {
                continue;
            }
            if let Some(count) = booked.count {
                numbers.0[count as usize] += 1;
            }
            if let Some((time, ms)) = booked.time {
                numbers.1[time as usize].push(ms);
                let over_ms = i64::try_from(self.settings.service_level_ms).unwrap();
                if time == DeskTime::Answer && ms > over_ms {
                    numbers.0[DeskCount::OverServiceLevel as usize] += 1;
                }
            }
        }
    }
}

impl Whose {
    fn groups(&self) -> Vec<(&'static str, String)> {
        let named = |name: &str| match name {
            "" => "(none)".to_owned(),
            name => name.to_owned(),
        };
        let mut groups = vec![
            ("", String::new()),
            ("queue", named(self.queue)),
            ("media", self.media.label().to_owned()),
        ];
        groups.extend(self.agent.map(|agent| ("agent", named(agent))));
        groups
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Now {
    Waiting,
    Alerting,
    Interacting,
}

/// One conversation, as it is read.
struct Story {
    queues: Vec<Leg>,
    agents: Vec<Leg>,
    ends: Vec<(i64, Actor)>,
    booked: Vec<Booked>,
    now: Vec<(Now, i64, Whose)>,
}

/// A leg of a queue that has begun.
#[derive(Clone, Debug)]
struct Wait {
    leg: Leg,
    began: i64,
    first: i64,
    join: Option<i64>,
    continues: bool,
    is_continued: bool,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Waits,
    AwaitsItsLeft,
    Undecided(i64),
    Ended(DeskCount, i64, i64),
}

impl Story {
    fn of(mut said: Vec<(i64, Said)>) -> Self {
        said.sort_by_key(|(time_ms, _)| *time_ms);
        let mut story = Self {
            queues: Vec::new(),
            agents: Vec::new(),
            ends: Vec::new(),
            booked: Vec::new(),
            now: Vec::new(),
        };
        for (time_ms, said) in said {
            let fact = match said.what {
                SaidWhat::Started => continue,
                SaidWhat::Ended(by) => {
                    story.ends.push((time_ms, by));
                    continue;
                }
                SaidWhat::Leg(fact) => fact,
            };
            let legs = match fact.kind {
                FactKind::Queued | FactKind::LeftQueue => &mut story.queues,
                _ => &mut story.agents,
            };
            let is_same = |leg: &Leg| match fact.leg {
                0 => leg.key == 0 && (leg.queue, leg.agent) == (fact.queue, fact.agent),
                key => leg.key == key,
            };
            let place = legs.iter().rposition(is_same).filter(|place| {
                // Whatever has no name comes into the newest stint, until that is left.
                fact.leg != 0 || fact.kind == FactKind::WrappedUp || legs[*place].left.is_none()
            });
            let place = place.unwrap_or_else(|| {
                legs.push(Leg {
                    key: fact.leg,
                    ..Leg::default()
                });
                legs.len() - 1
            });
            legs[place].take(time_ms, &fact);
        }
        story
    }

    fn read(&mut self, of: &Legs, now_ms: i64) {
        let mut waits = Vec::new();
        for leg in self.queues.clone() {
            let began = leg.started.or_else(|| {
                // queue, none | left at e
                let (left, fact) = leg.left?;
                let wait_ms = fact.own_ms.filter(|_| of.is_settled(left, now_ms))?;
                Some(left - i64::from(wait_ms))
            });
            waits.extend(began.map(|began| Wait {
                leg,
                began,
                first: began,
                join: None,
                continues: false,
                is_continued: false,
            }));
        }
        waits.sort_by_key(|wait| wait.began);
        for place in 0..waits.len() {
            let until = waits[place + 1..]
                .iter()
                .find(|next| may_be_same(next.leg.queue, waits[place].leg.queue))
                .map_or(i64::MAX, |next| next.began);
            let own = &waits[place];
            let joins = self.agents.iter().filter_map(|agent| {
                let is_own = may_be_same(agent.queue, own.leg.queue);
                agent
                    .taken()
                    .filter(|join| is_own && (own.began..until).contains(join))
            });
            waits[place].join = joins.min();
        }
        for place in 0..waits.len() {
            for before in (0..place).rev() {
                if waits[before].leg.queue != waits[place].leg.queue {
                    continue;
                }
                let fate = self.fate(&waits[before], &waits, of, now_ms);
                let is_answered = matches!(fate, Fate::Ended(DeskCount::Answered, ..));
                if let Some((left, _)) = waits[before].leg.left
                    && is_near(left, waits[place].began)
                    && !is_answered
                {
                    waits[place].continues = true;
                    waits[place].first = waits[before].first;
                    waits[before].is_continued = true;
                }
                break;
            }
        }
        for wait in &waits {
            self.wait(wait, &waits, of, now_ms);
        }
        for place in 0..self.agents.len() {
            self.agent(place, of, now_ms);
        }
        self.transfers(&waits);
    }

    fn fate(&self, wait: &Wait, waits: &[Wait], of: &Legs, now_ms: i64) -> Fate {
        let Some((left, fact)) = wait.leg.left else {
            return match wait.join {
                None => Fate::Waits,
                Some(join) if of.is_settled(join, now_ms) => {
                    Fate::Ended(DeskCount::Answered, join, join - wait.first)
                }
                Some(_) => Fate::AwaitsItsLeft,
            };
        };
        let own_ms = fact
            .own_ms
            .map_or_else(|| (left - wait.began).max(0), i64::from);
        let wait_ms = own_ms + wait.began - wait.first;
        let abandoned = match wait_ms <= i64::try_from(of.settings.short_abandon_ms).unwrap() {
            true => DeskCount::ShortAbandoned,
            false => DeskCount::Abandoned,
        };
        let is_elsewhere = |other: &Wait| {
            !may_be_same(other.leg.queue, wait.leg.queue) && is_near(other.began, left)
        };
        let count = match (fact.outcome, fact.by) {
            (Outcome::Answered, _) => DeskCount::Answered,
            (Outcome::FlowedOut, _) => DeskCount::FlowedOut,
            (Outcome::Abandoned, Actor::Guest | Actor::Unknown) => abandoned,
            (Outcome::Abandoned, _) => DeskCount::Lapsed,
            (Outcome::Unsaid, _) => match wait.join {
                Some(join) if is_near(join, left) => DeskCount::Answered,
                Some(join) if of.is_settled(join, left) => {
                    return Fate::Ended(DeskCount::Answered, join, join - wait.first);
                }
                _ if waits.iter().any(is_elsewhere) => DeskCount::FlowedOut,
                _ => return Fate::Undecided(wait_ms),
            },
        };
        Fate::Ended(count, left, wait_ms)
    }

    fn wait(&mut self, wait: &Wait, waits: &[Wait], of: &Legs, now_ms: i64) {
        let whose = Whose {
            queue: wait.leg.queue,
            media: wait.leg.media.unwrap_or(Media::Unknown),
            agent: None,
        };
        if !wait.continues {
            self.count(wait.began, DeskCount::Offered, None, whose);
        }
        if wait.is_continued {
            return;
        }
        let (count, time_ms, wait_ms) = match (
            self.fate(wait, waits, of, now_ms),
            self.end_after(wait.began),
        ) {
            (Fate::Ended(count, time_ms, wait_ms), _) => (count, time_ms, wait_ms),
            (Fate::AwaitsItsLeft, _) | (Fate::Undecided(_), None) => return,
            (Fate::Waits, None) => {
                self.now.push((Now::Waiting, wait.first, whose));
                return;
            }
            (fate, Some((end, by))) => {
                let wait_ms = match fate {
                    Fate::Undecided(wait_ms) => wait_ms,
                    _ => end - wait.first,
                };
                let short_ms = i64::try_from(of.settings.short_abandon_ms).unwrap();
                let count = match by {
                    Actor::Guest if wait_ms <= short_ms => DeskCount::ShortAbandoned,
                    Actor::Guest => DeskCount::Abandoned,
                    _ => DeskCount::Lapsed,
                };
                (count, end, wait_ms)
            }
        };
        let time = match count {
            DeskCount::Answered => Some((DeskTime::Answer, wait_ms)),
            DeskCount::Abandoned => Some((DeskTime::Abandon, wait_ms)),
            _ => None,
        };
        self.count(time_ms, count, time, whose);
    }

    fn agent(&mut self, place: usize, of: &Legs, now_ms: i64) {
        let leg = self.agents[place].clone();
        let whose = leg.whose();
        if let Some((time_ms, fact)) = leg.wrapped
            && let Some(ms) = fact.own_ms
        {
            self.book(time_ms, None, Some((DeskTime::AfterWork, ms.into())), whose);
        }
        if let Some((left, fact)) = leg.left {
            if let Some(joined) = leg.taken() {
                let held_ms = i64::from(fact.held_ms.unwrap_or(0));
                let talk_ms = match fact.own_ms {
                    Some(ms) => ms.into(),
                    None => ((left - joined).max(0) - held_ms).max(0),
                };
                let talk = Some((DeskTime::Talk, talk_ms));
                self.count(left, DeskCount::Handled, talk, whose);
                if held_ms > 0 {
                    self.book(left, None, Some((DeskTime::Held, held_ms)), whose);
                }
            } else if of.is_settled(left, now_ms) {
                let is_abandon = |booked: &Booked| {
                    let count = booked.count;
                    matches!(
                        count,
                        Some(DeskCount::Abandoned | DeskCount::ShortAbandoned)
                    ) && is_near(booked.time_ms, left)
                };
                let has_ended = self.ends.iter().any(|(end, _)| is_near(*end, left));
                if !has_ended && !self.booked.iter().any(is_abandon) {
                    self.count(left, DeskCount::NotResponding, None, whose);
                }
            }
            return;
        }
        let Some(began) = leg.started.or(leg.joined) else {
            return;
        };
        match (self.end_after(began), leg.joined) {
            (Some((end, _)), Some(joined)) => {
                let talk = Some((DeskTime::Talk, (end - joined).max(0)));
                self.count(end.max(joined), DeskCount::Handled, talk, whose);
            }
            (Some(_), None) => {}
            (None, Some(joined)) => self.now.push((Now::Interacting, joined, whose)),
            (None, None) => self.now.push((Now::Alerting, began, whose)),
        }
    }

    fn transfers(&mut self, waits: &[Wait]) {
        for wait in waits.iter().filter(|wait| !wait.continues) {
            self.transfer(wait.began, None, waits);
        }
        for place in 0..self.agents.len() {
            let leg = &self.agents[place];
            if let Some(began) = leg.started.or(leg.joined) {
                self.transfer(began, Some(place), waits);
            }
        }
    }

    /// What begins at a time follows the agent's leg that was joined last before it.
    fn transfer(&mut self, began: i64, agent: Option<usize>, waits: &[Wait]) {
        let mut from: Option<(i64, Whose)> = None;
        for (place, leg) in self.agents.iter().enumerate() {
            if let Some(joined) = leg.taken()
                && Some(place) != agent
                && joined < began
                && from.is_none_or(|(before, _)| before <= joined)
            {
                from = Some((joined, leg.whose()));
            }
        }
        let Some((joined, whose)) = from else {
            return;
        };
        let has_ended = self
            .ends
            .iter()
            .any(|(end, _)| (joined..=began).contains(end));
        let comes_by_queue = agent.is_some()
            && waits
                .iter()
                .any(|wait| wait.began > joined && wait.began <= began + NEAR_MS);
        if !has_ended && !comes_by_queue {
            self.count(began, DeskCount::Transferred, None, whose);
        }
    }

    /// The first end after something began; clocks of two stamps may differ.
    fn end_after(&self, began: i64) -> Option<(i64, Actor)> {
        let (end, _) = *self.ends.iter().find(|(end, _)| *end >= began - NEAR_MS)?;
        let mut same = self
            .ends
            .iter()
            .filter(|(other, _)| (end..=end + NEAR_MS).contains(other));
        let by = same.find(|(_, by)| *by != Actor::Unknown);
        Some((end.max(began), by.map_or(Actor::Unknown, |(_, by)| *by)))
    }

    fn count(
        &mut self,
        time_ms: i64,
        count: DeskCount,
        time: Option<(DeskTime, i64)>,
        whose: Whose,
    ) {
        self.book(time_ms, Some(count), time, whose);
    }

    fn book(
        &mut self,
        time_ms: i64,
        count: Option<DeskCount>,
        time: Option<(DeskTime, i64)>,
        whose: Whose,
    ) {
        self.booked.push(Booked {
            time_ms,
            count,
            time,
            whose,
        });
    }
}

impl Leg {
    fn take(&mut self, time_ms: i64, fact: &SaidLeg) {
        if self.queue.is_empty() {
            self.queue = fact.queue;
        }
        if self.agent.is_empty() {
            self.agent = fact.agent;
        }
        if fact.media != Media::Unknown {
            self.media.get_or_insert(fact.media);
        }
        match fact.kind {
            FactKind::Queued | FactKind::Alerting => {
                self.started.get_or_insert(time_ms);
            }
            FactKind::Joined => {
                self.joined.get_or_insert(time_ms);
            }
            FactKind::LeftQueue | FactKind::Left => {
                self.left.get_or_insert((time_ms, *fact));
            }
            FactKind::WrappedUp => {
                self.wrapped.get_or_insert((time_ms, *fact));
            }
        }
    }

    /// When the agent took it.
    fn taken(&self) -> Option<i64> {
        self.joined.or_else(|| {
            let (left, fact) = self.left?;
            let talk_ms = fact.own_ms.filter(|ms| *ms > 0)?;
            Some(left - i64::from(talk_ms) - i64::from(fact.held_ms.unwrap_or(0)))
        })
    }

    fn whose(&self) -> Whose {
        Whose {
            queue: self.queue,
            media: self.media.unwrap_or(Media::Unknown),
            agent: Some(self.agent),
        }
    }
}

fn is_near(one: i64, other: i64) -> bool {
    (one - other).abs() <= NEAR_MS
}

fn may_be_same(one: &str, other: &str) -> bool {
    one.is_empty() || other.is_empty() || one == other
}
