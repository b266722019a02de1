//! Numbers of legs: in total, by queue, by kind of channel and by agent. The busiest have a series of their
//! own, the rest is one.

use std::sync::Arc;

use super::family::Family;
use super::family::Labels;
use super::family::label;
use super::groups::Named;
use super::windows::in_base_unit;
use super::windows::window_label;
use crate::config::limits;
use crate::metric::DeskCount;
use crate::metric::DeskMetric;
use crate::snapshot::Desk;
use crate::snapshot::DeskDimension;
use crate::snapshot::DeskGroup;
use crate::snapshot::GroupKind;

/// The families; none while no source knows of legs.
pub(super) fn families(desk: &Desk) -> Vec<Family> {
    let Some(total) = &desk.total else {
        return Vec::new();
    };
    let mut all = of_groups(desk, "", &[(Labels::new(), Arc::clone(total))]);
    for dimension in DeskDimension::ALL {
        let series = bounded(desk.by(dimension), dimension.label());
        all.extend(of_groups(desk, &format!("{}_", dimension.label()), &series));
    }
    let count = |name, help, count| Family::gauge(name, help).count(Labels::new(), count);
    all.extend([
        count(
            "streamgauge_leg_conversations",
            "Conversations of which facts of legs are kept.",
            desk.size.conversations,
        ),
        count(
            "streamgauge_leg_bytes",
            "Memory of facts of legs and of what is booked of them.",
            desk.size.bytes,
        ),
        Family::counter(
            "streamgauge_leg_overflowed",
            "Conversations, facts and bookings of legs that were forgotten for want of room.",
        )
        .count(Labels::new(), desk.size.overflowed),
    ]);
    all
}

/// Every number of the table, of some groups. Those of a window are of the main one, and of all of them
/// in total.
fn of_groups(desk: &Desk, of: &str, series: &[(Labels, Arc<DeskGroup>)]) -> Vec<Family> {
    let windows = if of.is_empty() {
        desk.windows_ms.len()
    } else {
        1
    };
    let family_of = |metric: &DeskMetric| {
        let (row, from) = (metric.row(), metric.source());
        let suffix = row.family?.suffix;
        let (infix, windows) = match from.has_window() {
            true => ("window_", windows.min(desk.windows_ms.len())),
            false => ("", 1),
        };
        let mut family = Family::gauge(&format!("streamgauge_{of}{infix}{suffix}"), row.definition);
        for (labels, group) in series {
            for window in 0..windows {
                let Some(number) = group.number(from, window, desk.as_of) else {
                    continue;
                };
                let mut labels = labels.clone();
                if from.has_window() {
                    labels.extend(label("window", &window_label(desk.windows_ms[window])));
                }
                family = family.number(labels, in_base_unit(row, number));
            }
        }
        Some(family)
    };
    DeskMetric::ALL.iter().filter_map(family_of).collect()
}

/// Series by label: the named groups with the most to do, and the rest together.
fn bounded(groups: &[Arc<DeskGroup>], dimension: &'static str) -> Vec<(Labels, Arc<DeskGroup>)> {
    let labels = |group: &DeskGroup| Named::new(&group.name, group.kind).labels(dimension);
    let work = |group: &DeskGroup| {
        let counts = [DeskCount::Offered, DeskCount::Handled];
        let window = group.windows.first();
        let counted = window.map_or(0, |window| {
            counts.iter().map(|count| window.count(*count)).sum()
        });
        counted + group.waiting + group.interacting + group.alerting
    };
    let mut all: Vec<&Arc<DeskGroup>> = groups.iter().collect();
    all.sort_by_key(|group| {
        (
            group.kind != GroupKind::Named,
            std::cmp::Reverse(work(group)),
        )
    });
    let named = all.partition_point(|group| group.kind == GroupKind::Named);
    let rest = all.split_off(named.min(limits::METRIC_GROUPS_MAX));
    let mut series: Vec<(Labels, Arc<DeskGroup>)> = all
        .into_iter()
        .map(|group| (labels(group), Arc::clone(group)))
        .collect();
    let mut other = DeskGroup::default();
    let mut has_other = false;
    for group in rest {
        if group.kind == GroupKind::Unnamed {
            series.push((labels(group), Arc::clone(group)));
        } else {
            other.add(group);
            has_other = true;
        }
    }
    if has_other {
        let other_labels = Named::ours(GroupKind::Other).labels(dimension);
        series.push((other_labels, Arc::new(other)));
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::IdKind;
    use crate::event::SessionKey;
    use crate::metric::DeskTime;
    use crate::serve::prometheus::family;
    use crate::snapshot::DeskWindow;
    use crate::snapshot::LongestWaiting;
    use crate::time::EpochMs;

    fn group(name: &str, kind: GroupKind, offered: u64) -> Arc<DeskGroup> {
        let mut window = DeskWindow::default();
        window.counts[DeskCount::Offered as usize] = offered;
        window.counts[DeskCount::Answered as usize] = offered;
        window.counts[DeskCount::OverServiceLevel as usize] = offered / 4;
        let answers = &mut window.times[DeskTime::Answer as usize];
        answers.sum_ms = offered * 2_000;
        answers.values.record_n(2_000, offered);
        Arc::new(DeskGroup {
            name: name.into(),
            kind,
            waiting: 1,
            longest_waiting: Some(LongestWaiting {
                since: EpochMs::from_ms(4_000),
                conversation: SessionKey {
                    hi: 1,
                    lo: 2,
                    kind: IdKind::Uuid,
                },
            }),
            windows: vec![window.clone(), window],
            ..DeskGroup::default()
        })
    }

    #[test]
    fn every_number_of_the_table_is_there_and_the_rest_is_one_series() {
        let mut desk = Desk {
            as_of: EpochMs::from_ms(10_000),
            windows_ms: vec![60_000, 10_000],
            ..Desk::default()
        };
        assert!(families(&desk).is_empty());
        let mut queues: Vec<_> = (0..150)
            .map(|number| group(&format!("q{number}"), GroupKind::Named, 4 * number))
            .collect();
        queues.push(group("(none)", GroupKind::Unnamed, 4));
        queues.push(group("other", GroupKind::Named, 4_000));
        let mut total = DeskGroup::default();
        queues.iter().for_each(|queue| total.add(queue));
        desk.total = Some(Arc::new(total));
        desk.groups[DeskDimension::Queue.index()] = Arc::new(queues);
        let text = family::encode(families(&desk));
        for line in [
            "streamgauge_waiting 152",
            "streamgauge_longest_waiting_seconds 6",
            "streamgauge_window_offered{window=\"1m\"} 48704",
            "streamgauge_window_offered{window=\"10s\"} 48704",
            "streamgauge_window_service_level_ratio{window=\"1m\"} 0.75",
            "streamgauge_queue_window_answer_mean_seconds{queue=\"q149\",window=\"1m\"} 2.0",
            "streamgauge_queue_window_offered{queue=\"q149\",window=\"1m\"} 596",
            "streamgauge_queue_window_offered{queue=\"(none)\",window=\"1m\"} 4",
            "streamgauge_queue_window_offered{queue=\"other\",kind=\"named\",window=\"1m\"} 4000",
        ] {
            let found = text.lines().any(|found| found.starts_with(line));
            assert!(found, "no {line} in {text}");
        }
        let of = |name: &str| {
            let series = text.lines().filter(|line| line.starts_with(name));
            series
                .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
                .collect::<Vec<_>>()
        };
        let offered = of("streamgauge_queue_window_offered{");
        assert_eq!(offered.len(), limits::METRIC_GROUPS_MAX + 2);
        let sum: f64 = offered.iter().sum();
        assert!((sum - 48_704.0).abs() < 1e-9, "{sum}");
        // Each number that there is has its family, and no other.
        let total = desk.total.as_ref().unwrap();
        for metric in DeskMetric::ALL {
            let infix = if metric.source().has_window() {
                "window_"
            } else {
                ""
            };
            let suffix = metric.row().family.unwrap().suffix;
            let name = format!("streamgauge_{infix}{suffix}");
            let is_shown = text.lines().any(|line| {
                line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}{{"))
            });
            let is_there = total.number(metric.source(), 0, desk.as_of).is_some();
            assert_eq!(is_shown, is_there, "{name} in {text}");
        }
    }
}
