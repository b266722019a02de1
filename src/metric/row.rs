//! What the table says of one number.

use super::source::Source;
use super::source::Unit;

/// One number: what it is, where it comes from, where it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in GraphQL, in the settings of alerts and in CSV files.
    pub name: &'static str,
    /// What it is, in one sentence, without its unit: it is shown in milliseconds here, in seconds there.
    pub definition: &'static str,
    /// What GraphQL says beyond that: unit, and what is shown while there is nothing.
    pub note: &'static str,
    /// Whether GraphQL shows 0 while there is no number, because its type has no null.
    pub is_zero_of_nothing: bool,
    /// The unit of the values.
    pub unit: Unit,
    /// What it is made of.
    pub from: Source,
    /// Its place in GraphQL below a window, or below the whole and a group for a number of no window;
    /// empty where it has none in common.
    pub path: &'static str,
    /// The value of `GroupOrder` that orders groups by it.
    pub order: Option<&'static str>,
    /// Its family in `/metrics`, without what comes before: `streamgauge_window_` for the whole,
    /// `streamgauge_queue_window_` for queues; without `window_` for a number of no window.
    pub family: Option<Family>,
    /// What an alert on it says, with `#` for the value; `None` where there can be no alert.
    pub alert: Option<&'static str>,
    /// Its column in tables of groups.
    pub column: Option<Column>,
    /// Whether the dashboard for Grafana has a panel of it.
    pub is_on_grafana: bool,
    /// Its large figure on the page.
    pub card: Option<Card>,
}

/// A family in `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// What comes after the prefix.
    pub suffix: &'static str,
    /// Whether the whole has it.
    pub is_of_whole: bool,
    /// Whether groups have it.
    pub is_of_groups: bool,
}

/// A column in tables of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Columns stand in ascending order; the last go first where there is no room.
    pub rank: u8,
    /// Its head on the page; `None` where the page has no such column.
    pub page: Option<&'static str>,
    /// What the page's URL calls it: `sort=KEY`.
    pub key: &'static str,
    /// Its head in `top`, at most nine characters.
    pub top: &'static str,
    /// What `top` calls it: `--sort KEY`.
    pub top_key: &'static str,
    /// Whether the list of a wallboard has it.
    pub is_on_wall: bool,
}

/// A large figure of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Figures stand in ascending order.
    pub rank: u8,
    /// What is written above it, with `#` for the window's length.
    pub label: &'static str,
    /// What the page calls it.
    pub key: &'static str,
    /// Whether it stands below the others, and small.
    pub is_lesser: bool,
}

impl Row {
    /// A number that is shown nowhere yet.
    pub const fn new(
        name: &'static str,
        unit: Unit,
        from: Source,
        definition: &'static str,
    ) -> Self {
        Self {
            name,
            definition,
            note: "",
            is_zero_of_nothing: false,
            unit,
            from,
            path: "",
            order: None,
            family: None,
            alert: None,
            column: None,
            is_on_grafana: false,
            card: None,
        }
    }

    /// Its own field of GraphQL, of a type: `Option` where there may be no number.
    pub(super) const fn field(mut self, note: &'static str, kind: &'static str) -> Self {
        self.path = self.name;
        self.note = note;
        self.is_zero_of_nothing = kind.as_bytes()[0] != b'O';
        self
    }

    pub(super) const fn ordered(mut self, order: &'static str) -> Self {
        self.order = Some(order);
        self
    }

    /// Its place in GraphQL is within an object of the window, such as `durations.p50Ms`.
    pub(super) const fn at(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// A family of the whole and of each group.
    pub(super) const fn family(self, suffix: &'static str) -> Self {
        self.family_of(suffix, true, true)
    }

    pub(super) const fn family_of_whole(self, suffix: &'static str) -> Self {
        self.family_of(suffix, true, false)
    }

    pub(super) const fn family_of_groups(self, suffix: &'static str) -> Self {
        self.family_of(suffix, false, true)
    }

    const fn family_of(
        mut self,
        suffix: &'static str,
        is_of_whole: bool,
        is_of_groups: bool,
    ) -> Self {
        self.family = Some(Family {
            suffix,
            is_of_whole,
            is_of_groups,
        });
        self
    }

    /// The dashboard for Grafana has a panel of it.
    pub(super) const fn panel(mut self) -> Self {
        self.is_on_grafana = true;
        self
    }

    /// What an alert on it says, with `#` for the value.
    pub(super) const fn alert(mut self, words: &'static str) -> Self {
        self.alert = Some(words);
        self
    }

    /// A column of the page's table of groups, its CSV file and `top`.
    pub(super) const fn column(
        mut self,
        rank: u8,
        page: &'static str,
        key: &'static str,
        top: &'static str,
    ) -> Self {
        self.column = Some(Column {
            rank,
            page: Some(page),
            key,
            top,
            top_key: key,
            is_on_wall: false,
        });
        self
    }

    /// A column of `top` alone.
    pub(super) const fn column_of_top(
        mut self,
        rank: u8,
        top: &'static str,
        top_key: &'static str,
    ) -> Self {
        self.column = Some(Column {
            rank,
            page: None,
            key: self.name,
            top,
            top_key,
            is_on_wall: false,
        });
        self
    }

    /// `top` calls its column otherwise than the page's URL.
    pub(super) const fn in_top(mut self, key: &'static str) -> Self {
        if let Some(column) = &mut self.column {
            column.top_key = key;
        }
        self
    }

    /// Its column is on the wallboard too.
    pub(super) const fn on_wall(mut self) -> Self {
        if let Some(column) = &mut self.column {
            column.is_on_wall = true;
        }
        self
    }

    /// A large figure of the page.
    pub(super) const fn card(mut self, rank: u8, key: &'static str, label: &'static str) -> Self {
        self.card = Some(Card {
            rank,
            label,
            key,
            is_lesser: false,
        });
        self
    }

    /// Its figure stands below the others, and small.
    pub(super) const fn lesser(mut self) -> Self {
        if let Some(card) = &mut self.card {
            card.is_lesser = true;
        }
        self
    }
}
