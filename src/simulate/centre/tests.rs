use std::collections::BTreeMap;
use std::collections::HashMap;
use std::time::Duration;

use super::*;
use crate::time::EpochMs;

const START: EpochMs = EpochMs::from_ms(1_768_435_200_000);
const DAY_MS: i64 = 86_400_000;

fn day(plan: CentrePlan) -> Vec<Fact> {
    let end = plan.start + DAY_MS;
    Centre::new(plan).take_while(|fact| fact.at < end).collect()
}

fn open_day(seed: u64) -> CentrePlan {
    CentrePlan {
        opens_at_hour: Some(0.0),
        ..CentrePlan::new(seed, START)
    }
}

/// Counts what facts there are, by a name for each kind.
fn kinds(facts: &[Fact]) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    for fact in facts {
        let kind = match fact.what {
            What::Started => "started",
            What::Message { author, .. } => match author {
                Author::Guest => "guest",
                Author::Bot => "bot",
                Author::Agent(_) => "agent",
            },
            What::Queued { from: None, .. } => "queued",
            What::Queued { from: Some(_), .. } => "transferred",
            What::LeftQueue { how, .. } => match how {
                LeftQueue::Answered(_) => "answered",
                LeftQueue::Abandoned => "abandoned",
                LeftQueue::Lapsed => "lapsed",
                LeftQueue::Requeued => "requeued",
            },
            What::Alerting { .. } => "alerting",
            What::Joined { .. } => "joined",
            What::LeftAgent { talk_ms: None, .. } => "not answered",
            What::LeftAgent { .. } => "left",
            What::WrappedUp { .. } => "wrapped up",
            What::Ended { by } => match by {
                EndedBy::Guest => "ended by guest",
                EndedBy::Agent => "ended by agent",
                EndedBy::Inactivity => "ended by inactivity",
            },
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

#[test]
fn a_day_has_everything_in_order_and_a_seed_repeats_it() {
    let facts = day(open_day(1));
    assert_eq!(facts, day(open_day(1)));
    assert_ne!(facts, day(open_day(2)));
    assert!(facts.is_sorted_by_key(|fact| fact.at));
    let kinds = kinds(&facts);
    for kind in [
        "started",
        "guest",
        "bot",
        "agent",
        "queued",
        "transferred",
        "answered",
        "abandoned",
        "lapsed",
        "requeued",
        "alerting",
        "joined",
        "not answered",
        "left",
        "wrapped up",
        "ended by guest",
        "ended by agent",
        "ended by inactivity",
    ] {
        assert!(
            kinds.get(kind).is_some_and(|count| *count > 5),
            "{kind}: {kinds:?}"
        );
    }
    // Most are answered, some leave, few alerts are missed.
    assert!(
        kinds["answered"] > 5 * (kinds["abandoned"] + kinds["lapsed"]),
        "{kinds:?}"
    );
    assert!(kinds["not answered"] * 5 < kinds["alerting"], "{kinds:?}");
    // Nobody comes at night.
    let night = facts.iter().filter(|fact| fact.at < START + 6 * 3_600_000);
    assert_eq!(night.count(), 0);
}

#[test]
fn a_conversation_makes_sense() {
    #[derive(Debug, Default)]
    struct Seen {
        at: Option<EpochMs>,
        waits: Option<u128>,
        agent: Option<u128>,
        is_over: bool,
    }
    let mut seen: HashMap<u128, Seen> = HashMap::new();
    for fact in day(open_day(3)) {
        let known = seen.entry(fact.conversation).or_default();
        let is_first = known.at.is_none();
        match fact.what {
            What::Started => assert!(is_first),
            What::Message { .. } => {
                assert!(
                    !known.is_over && known.at < Some(fact.at),
                    "{fact:?} {known:?}"
                );
            }
            What::Queued { leg, .. } => {
                assert!(
                    known.agent.is_none() && known.waits.replace(leg).is_none(),
                    "{fact:?}"
                );
            }
            What::LeftQueue { leg, .. } => assert_eq!(known.waits.take(), Some(leg)),
            What::Alerting { leg, .. } => {
                assert!(
                    known.waits.is_some() && known.agent.replace(leg).is_none(),
                    "{fact:?}"
                );
            }
            What::Joined { leg, .. } => assert_eq!(known.agent, Some(leg)),
            What::LeftAgent { leg, .. } => assert_eq!(known.agent.take(), Some(leg)),
            What::WrappedUp { .. } => continue,
            What::Ended { .. } => {
                assert!(!known.is_over && known.at < Some(fact.at), "{fact:?}");
                known.is_over = true;
            }
        }
        known.at = Some(fact.at);
    }
    assert!(seen.len() > 3_000, "{}", seen.len());
}

#[test]
fn a_conversation_has_as_many_events_as_stated() {
    let facts = day(CentrePlan::new(4, START));
    let kinds = kinds(&facts);
    let events = [
        "started",
        "guest",
        "bot",
        "agent",
        "ended by guest",
        "ended by agent",
        "ended by inactivity",
    ];
    let events: usize = events.iter().map(|kind| kinds[kind]).sum();
    let mean = events as f64 / kinds["started"] as f64;
    assert!(
        (mean / EVENTS_PER_CONVERSATION - 1.0).abs() < 0.03,
        "{mean}"
    );
}

#[test]
fn a_warm_centre_begins_with_conversations_under_way() {
    let plan = CentrePlan {
        warm_up: Duration::from_secs(3_600),
        ..CentrePlan::new(5, START)
    };
    let mut started = BTreeMap::new();
    let mut unknown = 0;
    for fact in day(plan).iter().filter(|fact| fact.at < START + 600_000) {
        assert!(fact.at >= START);
        match fact.what {
            What::Started => drop(started.insert(fact.conversation, ())),
            What::Ended { .. } => unknown += usize::from(!started.contains_key(&fact.conversation)),
            _ => {}
        }
    }
    assert!(unknown > 3, "{unknown}");
}

#[test]
fn agents_and_queues_are_as_many_as_asked_for() {
    let plan = CentrePlan {
        queues: 14,
        agents: Some(40),
        ..CentrePlan::new(6, START)
    };
    let agents = Centre::new(plan.clone()).agents();
    assert!((36..=50).contains(&agents), "{agents}");
    let mut queues: Vec<u16> = day(plan).iter().map(|fact| fact.home).collect();
    queues.sort_unstable();
    queues.dedup();
    assert_eq!(queues, (0..14).collect::<Vec<u16>>());
    assert_eq!(CentrePlan::queue_name(13), "queue-14");
}
