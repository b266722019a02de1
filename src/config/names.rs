//! Names for queues, deployments and directions, which the stream knows by id only.
//!
//! A name is for people: an id stays what clients ask by. Where a name could be taken for another
//! group, the id is shown with it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use super::alert::AlertBy;

/// Texts that are shown for events without a name, and for those that found no room.
pub(super) const OWN: [&str; 2] = ["(none)", "other"];

/// The names of all kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    by: [Kind; 3],
}

/// The names of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kind {
    names: HashMap<Arc<str>, Name>,
    /// Every name, folded, so that an id that reads like one can be told from it.
    folded: HashSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    text: Arc<str>,
    /// Whether no other id of the kind reads alike.
    is_alone: bool,
}

impl Names {
    /// Names from rows of kind, id and name; no id of a kind comes twice.
    pub fn new(rows: impl IntoIterator<Item = (AlertBy, Arc<str>, Arc<str>)>) -> Self {
        let mut names = Self::default();
        let mut uses: [HashMap<String, usize>; 3] = Default::default();
        for (by, id, text) in rows {
            *uses[by as usize].entry(folded(&text)).or_default() += 1;
            let name = Name {
                text,
                is_alone: false,
            };
            names.by[by as usize].names.insert(id, name);
        }
        for (kind, uses) in names.by.iter_mut().zip(uses) {
            let ids: HashSet<String> = kind.names.keys().map(|id| folded(id)).collect();
            for (id, name) in &mut kind.names {
                let text = folded(&name.text);
                let is_an_id = ids.contains(&text) && text != folded(id);
                let is_own = OWN.contains(&text.as_str());
                name.is_alone = uses.get(&text) == Some(&1) && !is_an_id && !is_own;
            }
            kind.folded = uses.into_keys().collect();
        }
        names
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are, of all kinds.
    pub fn len(&self) -> usize {
        self.by.iter().map(|kind| kind.names.len()).sum()
    }

    /// How many there are of one kind.
    pub fn count(&self, by: AlertBy) -> usize {
        self.by[by as usize].names.len()
    }

    /// The name of an id, as it was given.
    pub fn of(&self, by: AlertBy, id: &str) -> Option<&Arc<str>> {
        self.by[by as usize].names.get(id).map(|name| &name.text)
    }

    /// What people read for an id: its name, with the id behind it where others read alike; the id
    /// itself without a name.
    pub fn shown<'a>(&'a self, by: AlertBy, id: &'a str) -> Cow<'a, str> {
        let kind = &self.by[by as usize];
        let both = |text: &str| Cow::Owned(format!("{text} ({id})"));
        match kind.names.get(id) {
            Some(name) if name.is_alone => Cow::Borrowed(&name.text),
            Some(name) => both(&name.text),
            // Without names nothing has to be looked for.
            None if !kind.folded.is_empty() && kind.folded.contains(&folded(id)) => both(id),
            None => Cow::Borrowed(id),
        }
    }
}

/// A text as it is compared: what differs in case or in spaces alone reads alike, and so does what
/// differs in characters that cannot be seen.
fn folded(text: &str) -> String {
    let is_unseen = |character: char| matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let seen: String = text
        .chars()
        .filter(|character| !is_unseen(*character))
        .collect();
    let lower = seen.to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_read_alike_are_shown_with_their_ids() {
        let rows = [
            (AlertBy::Queue, "q1", "Sales"),
            (AlertBy::Queue, "q2", "Service"),
            (AlertBy::Queue, "q3", "sales "),
            (AlertBy::Queue, "q4", "q5"),
            (AlertBy::Queue, "q5", "Back office"),
            (AlertBy::Queue, "q6", "other"),
            (AlertBy::Queue, "q7", "Q7"),
            (AlertBy::Queue, "q8", "Sal\u{200b}es"),
            (AlertBy::Deployment, "d1", "Sales"),
        ];
        let rows = rows.map(|(by, id, name)| (by, Arc::from(id), Arc::from(name)));
        let names = Names::new(rows);
        assert_eq!(names.len(), 9);
        let check = |by, id: &str, expected: &str| assert_eq!(names.shown(by, id), expected);
        check(AlertBy::Queue, "q1", "Sales (q1)");
        check(AlertBy::Queue, "q2", "Service");
        check(AlertBy::Queue, "q3", "sales  (q3)");
        check(AlertBy::Queue, "q4", "q5 (q4)");
        check(AlertBy::Queue, "q5", "Back office");
        check(AlertBy::Queue, "q6", "other (q6)");
        check(AlertBy::Queue, "q7", "Q7");
        check(AlertBy::Queue, "q8", "Sal\u{200b}es (q8)");
        // An id of the stream that nobody named and that reads like a name.
        check(AlertBy::Queue, "SERVICE", "SERVICE (SERVICE)");
        check(AlertBy::Queue, "nobody", "nobody");
        // Each kind by itself.
        check(AlertBy::Deployment, "d1", "Sales");
        check(AlertBy::Direction, "inbound", "inbound");
        assert_eq!(Names::default().shown(AlertBy::Queue, "Sales"), "Sales");
    }
}
