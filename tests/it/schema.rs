//! The GraphQL schema only grows: what a client of the baseline may rely on is still there.
//!
//! `schema/baseline.graphql` is the schema of the latest release (before the first one, of the last
//! review). Growth needs nothing. After a release: `STREAMGAUGE_UPDATE_SCHEMA=1 cargo test --test it
//! schema::` copies the present schema over it.
//!
//! A deliberate break: put the line that this test prints into [`BREAKS`], and name the type, field or
//! value under *Changed* or *Removed* in `CHANGELOG.md`; the test looks for it there. The line goes
//! when the baseline is next updated.

mod growth;

use std::env;
use std::fs;
use std::path::Path;

use streamgauge::serve::schema_sdl;

use growth::breaks;

/// Breaks that are meant, as this test prints them.
const BREAKS: [&str; 0] = [];

#[test]
fn the_schema_only_grows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("tests/it/schema/baseline.graphql");
    if env::var_os("STREAMGAUGE_UPDATE_SCHEMA").is_some() {
        fs::write(&path, schema_sdl()).unwrap();
    }
    let baseline = fs::read_to_string(&path).unwrap();
    let changelog = fs::read_to_string(root.join("CHANGELOG.md")).unwrap();
    let found = breaks(&baseline, &schema_sdl());
    let unmeant: Vec<&String> = found
        .iter()
        .filter(|line| !BREAKS.contains(&line.as_str()))
        .collect();
    assert!(
        unmeant.is_empty(),
        "clients of the baseline break; see tests/it/schema.rs:\n{unmeant:#?}"
    );
    for meant in BREAKS {
        assert!(
            found.iter().any(|line| line == meant),
            "{meant}: is no break any more; remove it"
        );
        let name = meant.split(':').next().unwrap();
        assert!(
            changelog.contains(name),
            "CHANGELOG.md does not name {name}"
        );
    }
}
