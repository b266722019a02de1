//! The page's words against the schema: what it says of a number is what the schema says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use streamgauge::serve::schema_sdl;

/// The descriptions of fields, by `Type.field`, in one line each. Where the library merges types,
/// `Metrics` holds the fields of both.
fn descriptions() -> BTreeMap<String, String> {
    let sdl = schema_sdl();
    let mut found = BTreeMap::new();
    let (mut holder, mut words, mut is_inside) = (String::new(), Vec::new(), false);
    for line in sdl.lines().map(str::trim) {
        if line == "\"\"\"" {
            is_inside = !is_inside;
            if is_inside {
                words.clear();
            }
        } else if is_inside {
            words.push(line);
        } else if let Some(rest) = line.strip_prefix("type ") {
            holder = rest.split(' ').next().unwrap().to_owned();
            words.clear();
        } else if let Some((name, _)) = line.split_once([':', '(']) {
            found.insert(format!("{holder}.{name}"), words.join(" "));
            words.clear();
        }
    }
    found
}

#[test]
fn what_the_page_says_of_a_number_is_what_the_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboard/src/definitions.json");
    let text = fs::read_to_string(path).unwrap();
    let definitions: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
    assert!(!definitions.is_empty());
    let descriptions = descriptions();
    for (name, definition) in definitions {
        let described = descriptions
            .get(&name)
            .unwrap_or_else(|| panic!("the schema has no {name}"));
        assert!(!definition.is_empty(), "{name} says nothing");
        assert_eq!(&definition, described, "{name}");
    }
}
