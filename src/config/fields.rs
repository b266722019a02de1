//! The keys of one table of the TOML file, read one by one. Every fault is kept, with its place.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use super::error::quoted;
use super::value;

/// A fault and the place in the file it is at.
pub(super) type Fault = (usize, String);

/// One table while it is read.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    fields: BTreeMap<&'a str, &'a Spanned<DeValue<'a>>>,
    /// Where the table begins.
    start: usize,
    /// What faults begin with.
    called: String,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// The fields of a table that may have these keys; any other is a fault. `called` is what faults
    /// begin with.
    pub(super) fn new(
        table: &'a DeTable<'a>,
        start: usize,
        called: String,
        known: &[&str],
    ) -> Self {
        let mut fields = Self {
            fields: BTreeMap::new(),
            start,
            called,
            faults: Vec::new(),
        };
        for (key, value) in table {
            if known.contains(&&**key.get_ref()) {
                fields.fields.insert(key.get_ref(), value);
            } else {
                let known = known.join(", ");
                let why = format!("{}: unknown; there are {known}", quoted(key.get_ref()));
                fields.fault_at(key.span().start, &why);
            }
        }
        fields
    }

    /// Whether a key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// A fault of the whole table.
    pub(super) fn fault(&mut self, why: &str) {
        self.fault_at(self.start, why);
    }

    /// A fault of one key, at its place.
    pub(super) fn refuse(&mut self, key: &str, why: &str) {
        let at = self.fields.get(key).map(|value| value.span().start);
        self.fault_at(at.unwrap_or(self.start), &format!("{key}: {why}"));
    }

    fn fault_at(&mut self, at: usize, why: &str) {
        self.faults.push((at, format!("{}: {why}", self.called)));
    }

    /// The text of a key that has to be there.
    pub(super) fn required(&mut self, key: &str, hint: &str) -> Option<&'a str> {
        if !self.has(key) {
            self.refuse(key, &format!("missing; {hint}"));
        }
        self.text(key)
    }

    /// The text of a key, if it is there.
    pub(super) fn text(&mut self, key: &str) -> Option<&'a str> {
        let value = self.fields.get(key)?.get_ref();
        if let DeValue::String(text) = value {
            return Some(text);
        }
        self.wrong_type(key, value, "a string");
        None
    }

    /// The texts of a key, if it is there.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<&'a str>> {
        let value = self.fields.get(key)?.get_ref();
        let texts = match value {
            DeValue::Array(array) => array.iter().map(|text| text.get_ref().as_str()).collect(),
            _ => None,
        };
        if texts.is_none() {
            self.wrong_type(key, value, "an array of strings");
        }
        texts
    }

    /// The keys and texts of a table of any keys, if it is there.
    pub(super) fn pairs(&mut self, key: &str) -> Option<Vec<(&'a str, &'a str)>> {
        let value = self.fields.get(key)?.get_ref();
        let DeValue::Table(table) = value else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        let mut pairs = Vec::new();
        for (name, value) in table {
            match value.get_ref() {
                DeValue::String(text) => pairs.push((&**name.get_ref(), &**text)),
                other => {
                    let called = format!("{key}: {}", quoted(name.get_ref()));
                    self.wrong_type(&called, other, "a string");
                }
            }
        }
        Some(pairs)
    }

    /// The path of a file that a key names.
    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        let text = self.text(key)?;
        if text.is_empty() {
            self.refuse(key, "is empty; name a file");
            return None;
        }
        Some(PathBuf::from(text))
    }

    /// One of a few names.
    pub(super) fn choice<T: Clone>(&mut self, key: &str, names: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        match value::choice(text, names) {
            Ok(choice) => Some(choice),
            Err(why) => {
                self.refuse(key, &format!("{}: {why}", quoted(text)));
                None
            }
        }
    }

    /// The fields of a table below this one, which may have these keys. Give its faults back with
    /// [`Fields::finish`].
    pub(super) fn table(&mut self, key: &str, known: &[&str]) -> Option<Self> {
        let value = self.fields.get(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(key, value.get_ref(), "a table");
            return None;
        };
        let called = format!("{}: {key}", self.called);
        Some(Self::new(table, value.span().start, called, known))
    }

    /// Takes over what was wrong with a table below.
    pub(super) fn finish(&mut self, below: Self) {
        self.faults.extend(below.faults);
    }

    fn wrong_type(&mut self, key: &str, value: &DeValue<'_>, expected: &str) {
        let why = format!("of the wrong type, {}; write {expected}", value.type_str());
        self.refuse(key, &why);
    }
}
