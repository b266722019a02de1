//! The table `mapping` of an endpoint: JSON pointers, and what the values there mean.

use std::collections::BTreeMap;

use super::error::quoted;
use super::fields::Fields;
use super::mapping::MappedAuthor;
use super::mapping::MappedKind;
use super::mapping::Mapping;
use super::mapping::OtherKinds;
use super::mapping::TimeUnit;
use super::pointer::Pointer;
use super::value;

const KEYS: [&str; 13] = [
    "kind",
    "kinds",
    "other-kinds",
    "time",
    "time-unit",
    "session",
    "id",
    "queue",
    "deployment",
    "agent",
    "direction",
    "author",
    "authors",
];

/// The mapping of an endpoint; `None`, and faults, when something is wrong with it.
pub(super) fn read(endpoint: &mut Fields<'_>) -> Option<Mapping> {
    let mut fields = endpoint.table("mapping", &KEYS)?;
    let mapping = mapping(&mut fields);
    let is_good = fields.faults.is_empty();
    endpoint.finish(fields);
    mapping.filter(|_| is_good)
}

fn mapping(fields: &mut Fields<'_>) -> Option<Mapping> {
    let kind = required(fields, "kind", "say where the kind stands, such as /type");
    let kinds = kinds(fields);
    let other_kinds = fields.choice("other-kinds", &OtherKinds::NAMES);
    let time = required(
        fields,
        "time",
        "say where the event's time stands, such as /timestamp",
    );
    let time_unit = fields.choice("time-unit", &TimeUnit::NAMES);
    let session = required(
        fields,
        "session",
        "say where the session's id stands, such as /session/id",
    );
    let [id, queue, deployment, agent, direction, author] =
        ["id", "queue", "deployment", "agent", "direction", "author"]
            .map(|key| pointer(fields, key));
    let authors = meanings(fields, "authors", &MappedAuthor::NAMES).unwrap_or_default();
    if !authors.is_empty() && !fields.has("author") {
        fields.refuse("authors", "without author; say where the author stands");
    }
    Some(Mapping {
        kind: kind?,
        kinds: kinds?,
        other_kinds: other_kinds.unwrap_or_default(),
        time: time?,
        time_unit: time_unit.unwrap_or_default(),
        session: session?,
        id,
        queue,
        deployment,
        agent,
        direction,
        author,
        authors,
    })
}

fn kinds(fields: &mut Fields<'_>) -> Option<BTreeMap<String, MappedKind>> {
    const HINT: &str = "write what the values of kind mean, such as { opened = \"connected\" }";
    if !fields.has("kinds") {
        fields.refuse("kinds", &format!("missing; {HINT}"));
        return None;
    }
    let kinds = meanings(fields, "kinds", &MappedKind::NAMES)?;
    if kinds.values().all(|kind| *kind == MappedKind::Ignored) {
        fields.refuse("kinds", &format!("nothing is counted; {HINT}"));
    }
    Some(kinds)
}

fn required(fields: &mut Fields<'_>, key: &str, hint: &str) -> Option<Pointer> {
    if !fields.has(key) {
        fields.refuse(key, &format!("missing; {hint}"));
    }
    pointer(fields, key)
}

fn pointer(fields: &mut Fields<'_>, key: &str) -> Option<Pointer> {
    let text = fields.text(key)?;
    match text.parse() {
        Ok(pointer) => Some(pointer),
        Err(why) => {
            fields.refuse(key, &format!("{}: {why}", quoted(text)));
            None
        }
    }
}

/// A table of what values mean.
fn meanings<T: Copy>(
    fields: &mut Fields<'_>,
    key: &str,
    names: &[(&str, T)],
) -> Option<BTreeMap<String, T>> {
    let mut meanings = BTreeMap::new();
    for (value, text) in fields.pairs(key)? {
        match value::choice(text, names) {
            Ok(meaning) => {
                meanings.insert(value.to_owned(), meaning);
            }
            Err(why) => fields.refuse(key, &format!("{}: {}: {why}", quoted(value), quoted(text))),
        }
    }
    Some(meanings)
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn check(mapping: &str) -> Result<Mapping, Vec<String>> {
        let table = DeTable::parse(mapping).unwrap();
        let mut fields = Fields::new(table.get_ref(), 0, "push \"x\"".into(), &["mapping"]);
        let mapping = read(&mut fields);
        let faults: Vec<String> = fields.faults.into_iter().map(|(_, why)| why).collect();
        assert_eq!(mapping.is_none(), !faults.is_empty(), "{faults:?}");
        mapping.ok_or(faults)
    }

    const GOOD: &str =
        "[mapping]\nkind = '/k'\nkinds = { a = 'connected' }\ntime = '/t'\nsession = '/s'\n";

    #[test]
    fn a_mapping_is_read() {
        let mapping = check(GOOD).unwrap();
        assert_eq!(mapping.kinds["a"], MappedKind::Connected);
        assert_eq!(mapping.time_unit, TimeUnit::Milliseconds);
        assert_eq!((mapping.id, mapping.author), (None, None));
        let more = "author = '/by'\nauthors = { visitor = 'guest' }\ntime-unit = 's'\n";
        let mapping = check(&format!("{GOOD}{more}")).unwrap();
        assert_eq!(mapping.authors["visitor"], MappedAuthor::Guest);
        assert_eq!(mapping.time_unit, TimeUnit::Seconds);
    }

    #[test]
    fn each_fault_says_where_and_what_to_write() {
        let fault = |text: String, what: &str| {
            let faults = check(&text).unwrap_err();
            assert!(
                faults.iter().any(|fault| fault.contains(what)),
                "{what}: {faults:?}"
            );
        };
        for key in ["kind", "kinds", "time", "session"] {
            let line = GOOD
                .lines()
                .find(|line| line.starts_with(&format!("{key} ")))
                .unwrap();
            let without = GOOD.replace(&format!("{line}\n"), "");
            fault(without, &format!("mapping: {key}: missing"));
        }
        fault(
            GOOD.replace("'/t'", "'t'"),
            "time: \"t\": not a JSON pointer",
        );
        fault(
            GOOD.replace("'/s'", "'/s~'"),
            "session: \"/s~\": not a JSON pointer",
        );
        fault(
            GOOD.replace("'connected'", "'conected'"),
            "kinds: \"a\": \"conected\": unknown; choose connected or",
        );
        fault(
            GOOD.replace("'connected'", "1"),
            "kinds: \"a\": of the wrong type",
        );
        fault(
            GOOD.replace("'connected'", "'ignored'"),
            "kinds: nothing is counted",
        );
        fault(format!("{GOOD}typo = '/x'\n"), "\"typo\": unknown");
        fault(
            format!("{GOOD}authors = {{ a = 'guest' }}\n"),
            "authors: without author",
        );
        fault(
            format!("{GOOD}time-unit = 'h'\n"),
            "time-unit: \"h\": unknown",
        );
    }
}
