//! The text of a scrape, read.

use std::collections::BTreeMap;

/// Values by name and labels as they are written, and the families.
pub(super) struct Scrape {
    pub(super) values: BTreeMap<String, f64>,
    families: Vec<String>,
}

impl Scrape {
    pub(super) fn parse(text: &str) -> Self {
        let mut scrape = Self {
            values: BTreeMap::new(),
            families: Vec::new(),
        };
        let mut help = "";
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                help = rest;
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                let meaning = help.strip_prefix(name).unwrap();
                scrape.families.push(format!("{name} ({kind}){meaning}"));
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                let value = value.parse().unwrap();
                let twice = scrape.values.insert(name.to_owned(), value);
                assert_eq!(twice, None, "{name} stands twice");
            }
        }
        scrape.families.sort();
        scrape
    }

    /// `name (type) help`, sorted by name.
    pub(super) fn families(&self) -> &[String] {
        &self.families
    }

    /// The names of all samples, without labels.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values
            .keys()
            .map(|name| name.split_once('{').map_or(name.as_str(), |(name, _)| name))
    }
}
