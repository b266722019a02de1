//! The check of a query document before it is executed, against a count that writes every fragment out.
//!
//! Both have to come to the same: what is executed crosses no limit, and what is refused as too complex
//! crosses one. The count gives up at the first limit, so it needs no cleverness to end.

use async_graphql::parser;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::Selection;
use async_graphql::parser::types::SelectionSet;
use streamgauge::config::limits;
use streamgauge::serve::refusal_of;

/// Checks a document that names no operation.
///
/// # Panics
/// When the check and the count disagree.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let code = refusal_of(text, None);
    if is_long(text) {
        // Too long for the recursive parser, perhaps: what is refused unread is not read here either.
        assert!(
            code.is_some() || parser::parse_query(text).is_ok(),
            "{text:?}"
        );
        return;
    }
    let document = parser::parse_query(text);
    match code {
        None => assert!(
            document.is_ok_and(|document| !is_complex(&document)),
            "{text:?}"
        ),
        Some("QUERY_TOO_COMPLEX") => {
            assert!(
                document.is_ok_and(|document| is_complex(&document)),
                "{text:?}"
            );
        }
        // A quote may hide from the parser what the check would count: then it is refused.
        Some("GRAPHQL_PARSE_FAILED") => {
            assert!(document.is_err() || text.contains('"'), "{text:?}")
        }
        Some(other) => panic!("{other} of {text:?}"),
    }
}

/// Whether the text alone may cross a limit; counts at least what the check counts.
fn is_long(text: &str) -> bool {
    let tokens = text.chars().filter(|sign| !sign.is_whitespace()).count();
    let brackets = text.chars().filter(|sign| "{[(".contains(*sign)).count();
    text.len() > limits::QUERY_BYTES_MAX
        || tokens > limits::QUERY_TOKENS_MAX
        || brackets > limits::QUERY_BRACKETS_MAX
}

fn is_complex(document: &ExecutableDocument) -> bool {
    let mut count = Count {
        document,
        path: Vec::new(),
        expanded: 0,
        is_cyclic: false,
    };
    let mut worst = 0;
    for fragment in document.fragments.keys() {
        count.expanded = 0;
        count.spread(fragment, &mut Extent::default(), 0);
        worst = worst.max(count.expanded);
    }
    count.expanded = 0;
    let mut is_wide = document.operations.iter().len() > 1;
    for (_, operation) in document.operations.iter() {
        let mut extent = Extent::default();
        count.set(&operation.node.selection_set.node, &mut extent, 0);
        let depth_max = match extent.fields > extent.meta {
            true => limits::QUERY_DEPTH_MAX,
            false => limits::INTROSPECTION_DEPTH_MAX,
        };
        is_wide |= extent.depth > depth_max || extent.fields > limits::QUERY_ROOT_FIELDS_MAX;
    }
    let text = Text::of(document);
    is_wide
        || count.is_cyclic
        || count.expanded.max(worst) > limits::QUERY_EXPANDED_MAX
        || text.aliases > limits::QUERY_ALIASES_MAX
        || text.directives > limits::QUERY_DIRECTIVES_MAX
}

/// An operation with its fragments written out.
#[derive(Default)]
struct Extent {
    /// Fields at the root, and those of them that ask for the schema.
    fields: usize,
    meta: usize,
    /// Levels of fields.
    depth: usize,
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    /// The fragments being written out.
    path: Vec<&'a str>,
    /// Selections so far; counting ends a step after the limit.
    expanded: usize,
    is_cyclic: bool,
}

impl<'a> Count<'a> {
    fn set(&mut self, set: &'a SelectionSet, extent: &mut Extent, level: usize) {
        for selection in &set.items {
            self.expanded += 1;
            if self.is_cyclic || self.expanded > limits::QUERY_EXPANDED_MAX {
                return;
            }
            match &selection.node {
                Selection::Field(field) => {
                    if level == 0 {
                        extent.fields += 1;
                        extent.meta += usize::from(field.node.name.node.starts_with("__"));
                    }
                    extent.depth = extent.depth.max(level + 1);
                    self.set(&field.node.selection_set.node, extent, level + 1);
                }
                Selection::InlineFragment(inline) => {
                    self.set(&inline.node.selection_set.node, extent, level);
                }
                Selection::FragmentSpread(spread) => {
                    self.spread(&spread.node.fragment_name.node, extent, level);
                }
            }
        }
    }

    /// A fragment that is not there is for validation to report.
    fn spread(&mut self, name: &str, extent: &mut Extent, level: usize) {
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else {
            return;
        };
        if self.path.contains(&name.as_str()) {
            self.is_cyclic = true;
            return;
        }
        self.path.push(name);
        self.set(&fragment.node.selection_set.node, extent, level);
        self.path.pop();
    }
}

/// What is counted as it stands, however often it is spread.
#[derive(Default)]
struct Text {
    aliases: usize,
    directives: usize,
}

impl Text {
    fn of(document: &ExecutableDocument) -> Self {
        let mut text = Self::default();
        for (_, operation) in document.operations.iter() {
            let variables = operation.node.variable_definitions.iter();
            text.directives += operation.node.directives.len();
            text.directives += variables
                .map(|each| each.node.directives.len())
                .sum::<usize>();
            text.set(&operation.node.selection_set.node);
        }
        for fragment in document.fragments.values() {
            text.directives += fragment.node.directives.len();
            text.set(&fragment.node.selection_set.node);
        }
        text
    }

    fn set(&mut self, set: &SelectionSet) {
        for selection in &set.items {
            self.directives += selection.node.directives().len();
            match &selection.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.set(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}
