//! The one table of numbers: name, unit, definition, where each comes from, where it is shown.
//!
//! It is words and data and imports nothing, so that the settings, which name numbers, the snapshots,
//! which hold what they are made of, and everything that shows them can follow it. What a row says
//! becomes: a field of GraphQL and an order of groups, a family of `/metrics`, the metric of an alert,
//! a column and a figure of the page, a column of `top`, a line of the documentation. The recipe *add a
//! metric* in `ARCHITECTURE.md` goes through it.

use crate::histogram::Quantile;

mod desk;
mod label;
mod leg;
mod row;
mod rows;
mod source;

pub use desk::DeskMetric;
pub(crate) use desk::desk_metrics;
pub use leg::DeskCount;
pub use leg::DeskGauge;
pub use leg::DeskSource;
pub use leg::DeskTime;
pub use row::Card;
pub use row::Column;
pub use row::Family;
pub use row::Row;
pub(crate) use rows::metrics;
pub use source::Gauge;
pub use source::Source;
pub use source::Tally;
pub use source::Unit;

/// Makes an enum of the rows, and their data.
macro_rules! define {
    (measures {
        $($measure:ident {
            what: $measure_what:literal,
            field: $measure_field:ident: $measure_kind:ty, $measure_note:literal,
        })*
    }
    $($section:ident {
        $($metric:ident {
            name: $name:literal,
            what: $what:literal,
            row: ($unit:expr, $from:expr),
            $(field: $field:ident: $kind:ty, $note:literal,)?
            $(order: $order:ident $order_name:literal,)?
            shown: { $($place:ident($($detail:expr),*))* },
        })*
    })*) => {
        /// A value of which every window keeps a histogram.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Measure {
            $(#[doc = $measure_what] $measure,)*
        }

        impl Measure {
            /// Every one.
            pub const ALL: [Self; [$(stringify!($measure)),*].len()] = [$(Self::$measure),*];

            /// Its place in [`Measure::ALL`].
            pub const fn index(self) -> usize {
                self as usize
            }
        }

        /// A number of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Metric {
            $($(#[doc = $what] $metric,)*)*
            /// One of the table of legs.
            Desk(DeskMetric),
        }

        impl Metric {
            /// Every number, in the order of the table, but for those of legs.
            pub const ALL: &[Self] = &[$($(Self::$metric,)*)*];

            /// What the table says of it.
            pub const fn row(self) -> &'static Row {
                match self {
                    $($(Self::$metric => const {
                        &Row::new($name, $unit, $from, $what)
                            $(.field($note, stringify!($kind)))?
                            $(.ordered($order_name))?
                            $(.$place($($detail),*))*
                    },)*)*
                    Self::Desk(metric) => metric.row(),
                }
            }
        }
    };
}
metrics!(define);

impl Metric {
    /// Its name in GraphQL and in the settings.
    pub const fn label(self) -> &'static str {
        self.row().name
    }

    /// The number with a name.
    pub fn of_label(label: &str) -> Option<Self> {
        let desk = DeskMetric::ALL.iter().map(|metric| Self::Desk(*metric));
        let mut all = Self::ALL.iter().copied().chain(desk);
        all.find(|metric| metric.label() == label)
    }

    /// What it is made of.
    pub const fn source(self) -> Source {
        self.row().from
    }

    /// Those that an alert can watch.
    pub fn of_alerts() -> impl Iterator<Item = Self> {
        let desk = DeskMetric::ALL.iter().map(|metric| Self::Desk(*metric));
        let all = Self::ALL.iter().copied().chain(desk);
        all.filter(|metric| metric.row().alert.is_some())
    }

    /// Those that are columns of tables of groups, in their order.
    pub fn of_columns() -> Vec<(Self, Column)> {
        let all = Self::ALL.iter();
        let mut columns: Vec<(Self, Column)> = all
            .filter_map(|metric| Some((*metric, metric.row().column?)))
            .collect();
        columns.sort_by_key(|(_, column)| column.rank);
        columns
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// No two rows have the same of anything that tells them apart, and each is shown somewhere.
    #[test]
    fn rows_are_distinct_and_shown() {
        let rows: Vec<&Row> = Metric::ALL.iter().map(|metric| metric.row()).collect();
        let distinct = |of: fn(&Row) -> Option<String>| {
            let all: Vec<String> = rows.iter().filter_map(|row| of(row)).collect();
            let set: BTreeSet<&String> = all.iter().collect();
            assert_eq!(set.len(), all.len(), "{all:?}");
        };
        distinct(|row| Some(row.name.to_owned()));
        distinct(|row| Some(row.definition.to_owned()));
        distinct(|row| Some(row.path.to_owned()).filter(|path| !path.is_empty()));
        distinct(|row| row.family.map(|family| family.suffix.to_owned()));
        distinct(|row| row.order.map(str::to_owned));
        distinct(|row| row.column.map(|column| column.rank.to_string()));
        distinct(|row| row.column.map(|column| column.key.to_owned()));
        distinct(|row| row.column.map(|column| column.top.to_owned()));
        distinct(|row| row.column.map(|column| column.top_key.to_owned()));
        distinct(|row| row.card.map(|card| card.rank.to_string()));
        distinct(|row| row.card.map(|card| card.key.to_owned()));
        for row in rows {
            let name = row.name;
            assert!(row.definition.ends_with('.'), "{name}: a whole sentence");
            assert!(!row.definition.contains(". "), "{name}: one sentence");
            let is_shown = !row.path.is_empty() || row.family.is_some() || row.alert.is_some();
            assert!(is_shown, "{name} is shown nowhere");
            assert!(row.alert.is_none_or(|words| words.contains('#')), "{name}");
            let fits = |column: Column| column.top.len() <= 9;
            assert!(row.column.is_none_or(fits), "{name}: too wide for top");
            // A table and a figure ask the API for it, and can be ordered by it or say why not.
            let needs_path = row.column.is_some() || row.card.is_some();
            assert!(!needs_path || !row.path.is_empty(), "{name} has no path");
            let on_page = row.column.is_some_and(|column| column.page.is_some());
            assert!(!on_page || row.order.is_some(), "{name} has no order");
            let in_seconds = row.family.is_none_or(|family| {
                family.suffix.ends_with("_seconds") == (row.unit == Unit::Milliseconds)
            });
            assert!(in_seconds, "{name}: families have seconds");
        }
    }
}
