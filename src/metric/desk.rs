//! The numbers of legs: what a supervisor asks for by queue, by kind of channel, by agent and in total.
//!
//! They are taken from facts of conversations' legs, which not every source knows. Their table is one of its
//! own, because they have groups of their own, and it is shown by the same rules as the other.

use super::leg::DeskCount;
use super::leg::DeskGauge;
use super::leg::DeskSource;
use super::leg::DeskTime;
use super::row::Row;
use super::source::Source;
use super::source::Unit;
use crate::histogram::Quantile;

/// Hands every row to the macro `$take`. A row is: its field in GraphQL with its type, its name there and
/// in the settings, what it is, its unit, what it is made of, its family of `/metrics`, what an alert says.
macro_rules! desk_metrics {
    ($take:ident) => {
        $take! {
            now {
                Waiting(waiting: Count, "waiting", "Conversations that wait in a queue now.", Unit::Sessions, DeskSource::Now(DeskGauge::Waiting), "waiting", "# conversations wait in the queue"),
                LongestWaitingMs(longest_waiting_ms: f64, "longestWaitingMs", "How long the conversation has waited in a queue that has waited for longest, by the engine clock; 0 while none does.", Unit::Milliseconds, DeskSource::Now(DeskGauge::LongestWaitingMs), "longest_waiting_seconds", "a conversation has waited in the queue for #"),
                Alerting(alerting: Count, "alerting", "Conversations that agents are offered now and have not taken.", Unit::Sessions, DeskSource::Now(DeskGauge::Alerting), "alerting", "# conversations are offered to agents"),
                Interacting(interacting: Count, "interacting", "Conversations that agents are in now, each agent's counted.", Unit::Sessions, DeskSource::Now(DeskGauge::Interacting), "interacting", "agents are in # conversations"),
            }
            windows {
                Offered(offered: Count, "offered", "Conversations that began to wait in a queue; one that comes back within 5 s of being left unanswered goes on and is not counted again.", Unit::Sessions, DeskSource::Count(DeskCount::Offered), "offered", "# conversations were offered"),
                Answered(answered: Count, "answered", "Waits that ended with an agent.", Unit::Sessions, DeskSource::Count(DeskCount::Answered), "answered", "# conversations were answered"),
                Abandoned(abandoned: Count, "abandoned", "Waits during which the guest left, after the setting `short-abandon`; vendors define no abandonment for messaging, so this definition is ours.", Unit::Sessions, DeskSource::Count(DeskCount::Abandoned), "abandoned", "# guests left while they waited"),
                ShortAbandoned(short_abandoned: Count, "shortAbandoned", "Waits during which the guest left within the setting `short-abandon`.", Unit::Sessions, DeskSource::Count(DeskCount::ShortAbandoned), "short_abandoned", "# guests left soon after they came"),
                Lapsed(lapsed: Count, "lapsed", "Waits during which the conversation ended, but not by the guest.", Unit::Sessions, DeskSource::Count(DeskCount::Lapsed), "lapsed", "# waits lapsed"),
                FlowedOut(flowed_out: Count, "flowedOut", "Waits that ended elsewhere, such as in another queue.", Unit::Sessions, DeskSource::Count(DeskCount::FlowedOut), "flowed_out", "# conversations flowed out of the queue"),
                Transferred(transferred: Count, "transferred", "Legs of agents who had joined and were followed by another queue or agent, counted where they left.", Unit::Sessions, DeskSource::Count(DeskCount::Transferred), "transferred", "# conversations were transferred"),
                NotResponding(not_responding: Count, "notResponding", "Alerts that no agent took, and that ended neither with the conversation nor with its wait.", Unit::Sessions, DeskSource::Count(DeskCount::NotResponding), "not_responding", "# alerts were not taken"),
                OverServiceLevel(over_service_level: Count, "overServiceLevel", "Waits that were answered later than the setting `service-level-threshold`.", Unit::Sessions, DeskSource::Count(DeskCount::OverServiceLevel), "over_service_level", "# answers came too late"),
                Handled(handled: Count, "handled", "Legs of agents who had joined, that ended.", Unit::Sessions, DeskSource::Count(DeskCount::Handled), "handled", "agents ended # legs"),
                ServiceLevel(service_level: Option<f64>, "serviceLevel", "Answered within the setting `service-level-threshold`, as a share of answered and abandoned, from 0 to 1; short abandoned and lapsed are in neither.", Unit::Share, DeskSource::ServiceLevel, "service_level_ratio", "the service level is #"),
                AnswerMeanMs(answer_mean_ms: Option<f64>, "answerMeanMs", "How long those waited who were answered, on average (ASA).", Unit::Milliseconds, DeskSource::Mean(DeskTime::Answer), "answer_mean_seconds", "answers took # on average"),
                AnswerP90Ms(answer_p90_ms: Option<f64>, "answerP90Ms", "90 % of those who were answered waited no longer; at or above the exact value, by at most 1 %.", Unit::Milliseconds, DeskSource::Quantile(DeskTime::Answer, Quantile::P90), "answer_p90_seconds", "one answer in ten took longer than #"),
                AbandonMeanMs(abandon_mean_ms: Option<f64>, "abandonMeanMs", "How long those waited who left, on average.", Unit::Milliseconds, DeskSource::Mean(DeskTime::Abandon), "abandon_mean_seconds", "guests who left had waited # on average"),
                TalkMeanMs(talk_mean_ms: Option<f64>, "talkMeanMs", "How long agent and guest interacted in a leg, on average.", Unit::Milliseconds, DeskSource::Mean(DeskTime::Talk), "talk_mean_seconds", "legs took # on average"),
                HeldMeanMs(held_mean_ms: Option<f64>, "heldMeanMs", "How long the guest was on hold in a leg with any hold, on average.", Unit::Milliseconds, DeskSource::Mean(DeskTime::Held), "held_mean_seconds", "guests were on hold for # on average"),
                AfterWorkMeanMs(after_work_mean_ms: Option<f64>, "afterWorkMeanMs", "How long the work after a contact took, on average.", Unit::Milliseconds, DeskSource::Mean(DeskTime::AfterWork), "after_work_mean_seconds", "work after a contact took # on average"),
                HandleMeanMs(handle_mean_ms: Option<f64>, "handleMeanMs", "Talk, hold and work after the contact together by leg that ended (AHT): a ratio of sums.", Unit::Milliseconds, DeskSource::Handle, "handle_mean_seconds", "a leg cost # on average"),
            }
        }
    };
}

pub(crate) use desk_metrics;

/// Makes an enum of the rows, and their data.
macro_rules! define {
    ($($section:ident {
        $($metric:ident($field:ident: $kind:ty, $name:literal, $what:literal, $unit:expr, $from:expr, $family:literal, $alert:literal),)*
    })*) => {
        /// A number of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DeskMetric {
            $($(#[doc = $what] $metric,)*)*
        }

        impl DeskMetric {
            /// Every number, in the order of the table.
            pub const ALL: &[Self] = &[$($(Self::$metric,)*)*];

            /// What it is made of.
            pub const fn source(self) -> DeskSource {
                match self {
                    $($(Self::$metric => $from,)*)*
                }
            }

            /// What the table says of it.
            pub const fn row(self) -> &'static Row {
                match self {
                    $($(Self::$metric => const {
                        &Row::new($name, $unit, Source::Desk($from), $what)
                            .at($name)
                            .family($family)
                            .alert($alert)
                    },)*)*
                }
            }
        }
    };
}
desk_metrics!(define);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metric::Metric;

    #[test]
    fn every_count_is_in_the_table() {
        for count in DeskCount::ALL {
            let mut all = DeskMetric::ALL.iter();
            let is_shown = all.any(|metric| metric.source() == DeskSource::Count(count));
            assert!(is_shown, "{count:?}");
        }
    }

    #[test]
    fn names_and_families_are_distinct_from_all_others() {
        let others = Metric::ALL.iter().map(|metric| metric.row());
        let own = DeskMetric::ALL.iter().map(|metric| metric.row());
        let rows: Vec<&Row> = others.chain(own).collect();
        let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), rows.len());
        let families: Vec<&str> = rows
            .iter()
            .filter_map(|row| Some(row.family?.suffix))
            .collect();
        let distinct: BTreeSet<&&str> = families.iter().collect();
        assert_eq!(distinct.len(), families.len());
        for metric in DeskMetric::ALL {
            let row = metric.row();
            assert!(row.definition.ends_with('.'), "{}", row.name);
            assert!(
                row.alert.is_some_and(|words| words.contains('#')),
                "{}",
                row.name
            );
            let is_time = row
                .family
                .is_some_and(|family| family.suffix.ends_with("_seconds"));
            assert_eq!(is_time, row.unit == Unit::Milliseconds, "{}", row.name);
        }
    }
}
