//! Variables of the environment that look like ours and are none, and which name was meant.

use std::collections::BTreeSet;

use super::setting::VARIABLE_PREFIX;
use super::table::SETTINGS;

/// What the service's own variables begin with; others have variables of that kind too.
const GENESYS_PREFIX: &str = "GENESYS_";
/// Slips of the pen that a name is still recognised by.
const SLIPS_MAX: usize = 2;

/// What is said of variables that are not read.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    /// Those that were meant for a setting.
    pub(super) warnings: Vec<String>,
    /// Others with the program's prefix. In a cluster a service of this name gives every process
    /// variables such as `STREAMGAUGE_PORT`.
    pub(super) notes: Vec<String>,
}

impl Unknown {
    /// Looks through the names of variables.
    pub(super) fn among(names: &[&str]) -> Self {
        let known: BTreeSet<String> = SETTINGS
            .iter()
            .flat_map(|setting| setting.variables())
            .collect();
        let ours =
            |name: &str| name.starts_with(VARIABLE_PREFIX) || name.starts_with(GENESYS_PREFIX);
        let mut unknown = Self::default();
        for name in names.iter().filter(|name| !known.contains(**name)) {
            let spelled = name.to_ascii_uppercase().replace('-', "_");
            let candidates = known.iter().map(String::as_str).filter(|name| ours(name));
            let shown = name.escape_debug();
            if let Some(meant) = nearest(&spelled, candidates) {
                let line =
                    format!("{shown}: names no setting and is not read; did you mean {meant}?");
                unknown.warnings.push(line);
            } else if name.starts_with(VARIABLE_PREFIX) {
                let line = format!("{shown}: names no setting and is not read");
                unknown.notes.push(line);
            }
        }
        unknown
    }
}

/// The name that was meant, if it is only a slip or two away, and of a short one no more than a third.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let slips_max = |known: &str| SLIPS_MAX.min(known.len() / 3);
    let near = known.filter_map(|known| {
        let slips = slips(name.as_bytes(), known.as_bytes(), slips_max(known))?;
        Some((slips, known))
    });
    near.min().map(|(_, known)| known)
}

/// Letters added, left out, replaced or swapped with the next to make one name of the other; `None`
/// for more than `most`.
/// Source: the optimal string alignment distance, by dynamic programming over three rows.
fn slips(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let mut before = vec![0; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = row[j] + usize::from(x != y);
            next[j + 1] = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                next[j + 1] = next[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|slips| *slips <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        let check = |a: &str, b: &str, expected| {
            assert_eq!(
                slips(a.as_bytes(), b.as_bytes(), 9),
                Some(expected),
                "{a} {b}"
            );
            assert_eq!(
                slips(b.as_bytes(), a.as_bytes(), 9),
                Some(expected),
                "{b} {a}"
            );
        };
        check("", "", 0);
        check("listen", "listen", 0);
        check("listne", "listen", 1);
        check("liste", "listen", 1);
        check("lixten", "listen", 1);
        check("secert", "secret", 1);
        check("sercet", "secret", 1);
        check("kitten", "sitting", 3);
        assert_eq!(slips(b"kitten", b"sitting", 2), None);
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_one_that_was_meant() {
        for (name, meant) in [
            ("STREAMGAUGE_LISTNE", "STREAMGAUGE_LISTEN"),
            ("STREAMGUAGE_LISTEN", "STREAMGAUGE_LISTEN"),
            ("STREAMGAUGE_TOKENFILE", "STREAMGAUGE_TOKEN_FILE"),
            ("STREAMGAUGE_TOKEN-FILE", "STREAMGAUGE_TOKEN_FILE"),
            ("streamgauge_window", "STREAMGAUGE_WINDOW"),
            ("GENESYS_CLIENT_SECERT", "GENESYS_CLIENT_SECRET"),
            ("GENESIS_ENV", "GENESYS_ENV"),
            ("GENESYS_CLIENTID", "GENESYS_CLIENT_ID"),
        ] {
            let unknown = Unknown::among(&[name]);
            let expected =
                format!("{name}: names no setting and is not read; did you mean {meant}?");
            assert_eq!(unknown.warnings, [expected]);
            assert!(unknown.notes.is_empty());
        }
    }

    #[test]
    fn what_others_set_is_no_warning() {
        let known: Vec<String> = SETTINGS
            .iter()
            .flat_map(|setting| setting.variables())
            .collect();
        let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
        names.extend([
            "PATH",
            "RUST_LOGS",
            "GENESYSCLOUD_REGION",
            "GENESYS_CLOUD_ORG",
            "STREAMGAUGE_PORT",
            "STREAMGAUGE_PORT_4000_TCP_ADDR",
            "STREAMGAUGE_SERVICE_HOST",
        ]);
        let unknown = Unknown::among(&names);
        assert!(unknown.warnings.is_empty(), "{:?}", unknown.warnings);
        assert_eq!(unknown.notes.len(), 3, "{:?}", unknown.notes);
    }
}
