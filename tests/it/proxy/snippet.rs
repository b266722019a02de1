//! The examples in the docs, by their names.

use std::fs;
use std::path::Path;

/// A proxy that the docs have examples for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Nginx,
    Haproxy,
    Caddy,
}

impl Kind {
    /// The language of its examples, which is the name of its program too.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }
}

/// The example `name` for a proxy.
pub(super) fn named(kind: Kind, name: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let page = fs::read_to_string(page).unwrap();
    let fence = format!("```{} {name}\n", kind.name());
    let mut examples = page.split(&fence).skip(1);
    let (Some(rest), None) = (examples.next(), examples.next()) else {
        panic!("docs/operations.md: not one {fence:?}");
    };
    let (example, _) = rest.split_once("\n```").unwrap();
    format!("{example}\n")
}
