//! How large a query document is once every fragment stands where it is spread.
//!
//! Each selection is looked at once: fragments are measured in an order in which those they spread
//! come first, and their measures added with multiplicity. Nothing here recurses, so neither a deep
//! document nor a long chain of fragments can overflow the stack.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::Selection;
use async_graphql::parser::types::SelectionSet;

/// Fields that walk a whole table of groups or seconds, wherever they stand.
pub(in crate::serve) const COSTLY: [&str; 3] = ["groups", "timeSeries", "sessions"];

/// What a document asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::serve) struct Measure {
    /// Selections of all operations, fragments counted as often as they are spread; at least those
    /// of the largest fragment. Saturates.
    pub(super) expanded: usize,
    /// Aliases in the text.
    pub(super) aliases: usize,
    /// Directives in the text.
    pub(super) directives: usize,
    /// Fields in the text that walk a whole table.
    pub(in crate::serve) costly: usize,
    /// Each operation, in no order.
    pub(super) operations: Vec<Extent>,
}

/// What a selection set comes to with its fragments expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Fields, inline fragments and spreads. Saturates.
    pub(in crate::serve) size: usize,
    /// Levels of fields.
    pub(in crate::serve) depth: usize,
    /// Fields at the top level. Saturates.
    pub(in crate::serve) roots: usize,
    /// Whether every field at the top level is one of introspection (`__schema`, `__type`, …).
    pub(super) is_introspection: bool,
}

/// A fragment that spreads itself, directly or by way of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Cycle {
    /// Its name, as the text has it.
    pub(super) fragment: String,
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name is ASCII, so every byte is a place to cut.
        let shown = self.fragment.get(..64).unwrap_or(&self.fragment);
        write!(f, "fragment {shown} spreads itself")
    }
}

/// Measures a document.
///
/// # Errors
/// When a fragment spreads itself, whether an operation uses it or not.
pub(in crate::serve) fn document(document: &ExecutableDocument) -> Result<Measure, Cycle> {
    let mut measure = Measure::default();
    let mut parts = HashMap::new();
    for (name, fragment) in &document.fragments {
        measure.directives += fragment.node.directives.len();
        parts.insert(
            name.as_str(),
            part(&fragment.node.selection_set.node, &mut measure),
        );
    }
    let fragments = expand_all(&parts)?;

    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let variables = operation.variable_definitions.iter();
        measure.directives += operation.directives.len();
        measure.directives += variables.map(|v| v.node.directives.len()).sum::<usize>();
        let extent = part(&operation.selection_set.node, &mut measure).expand(&fragments);
        measure.expanded = measure.expanded.saturating_add(extent.size);
        measure.operations.push(extent);
    }
    // A fragment that no operation spreads is still walked by validation.
    let largest = fragments.values().map(|extent| extent.size).max();
    measure.expanded = measure.expanded.max(largest.unwrap_or_default());
    Ok(measure)
}

/// A selection set by itself, and the fragments it spreads.
struct Part<'a> {
    own: Extent,
    spreads: Vec<Spread<'a>>,
}

struct Spread<'a> {
    fragment: &'a str,
    /// Levels of fields above it.
    level: usize,
}

/// Walks one selection set, nested ones included, and adds what is counted by text to `measure`.
fn part<'a>(root: &'a SelectionSet, measure: &mut Measure) -> Part<'a> {
    let mut own = Extent {
        size: 0,
        depth: 0,
        roots: 0,
        is_introspection: true,
    };
    let mut spreads = Vec::new();
    let mut waiting = vec![(root, 0)];
    while let Some((set, level)) = waiting.pop() {
        own.size += set.items.len();
        for selection in &set.items {
            measure.directives += selection.node.directives().len();
            match &selection.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    measure.aliases += usize::from(field.node.alias.is_some());
                    measure.costly += usize::from(COSTLY.contains(&name));
                    own.depth = own.depth.max(level + 1);
                    if level == 0 {
                        own.roots += 1;
                        own.is_introspection &= name.starts_with("__");
                    }
                    waiting.push((&field.node.selection_set.node, level + 1));
                }
                Selection::InlineFragment(inline) => {
                    waiting.push((&inline.node.selection_set.node, level));
                }
                Selection::FragmentSpread(spread) => spreads.push(Spread {
                    fragment: spread.node.fragment_name.node.as_str(),
                    level,
                }),
            }
        }
    }
    Part { own, spreads }
}

impl Part<'_> {
    /// The part with its fragments in place. Fragments that are not in `known` do not exist, which
    /// validation reports.
    fn expand(&self, known: &HashMap<&str, Extent>) -> Extent {
        let mut extent = self.own;
        for spread in &self.spreads {
            let Some(fragment) = known.get(spread.fragment) else {
                continue;
            };
            extent.size = extent.size.saturating_add(fragment.size);
            extent.depth = extent.depth.max(spread.level + fragment.depth);
            if spread.level == 0 {
                extent.roots = extent.roots.saturating_add(fragment.roots);
                extent.is_introspection &= fragment.is_introspection;
            }
        }
        extent
    }
}

/// Expands every fragment: depth first, with the path from the first one on a stack of our own.
fn expand_all<'a>(parts: &HashMap<&'a str, Part<'a>>) -> Result<HashMap<&'a str, Extent>, Cycle> {
    let mut done = HashMap::with_capacity(parts.len());
    // A fragment on the path, by the number of its spreads that are already expanded.
    let mut path: Vec<(&str, usize)> = Vec::new();
    let mut on_path = HashSet::new();
    for &first in parts.keys() {
        path.push((first, 0));
        while let Some((name, next)) = path.last_mut() {
            let name = *name;
            let Some(part) = parts.get(name).filter(|_| !done.contains_key(name)) else {
                path.pop();
                continue;
            };
            on_path.insert(name);
            let Some(spread) = part.spreads.get(*next) else {
                done.insert(name, part.expand(&done));
                on_path.remove(name);
                path.pop();
                continue;
            };
            *next += 1;
            if on_path.contains(spread.fragment) {
                return Err(Cycle {
                    fragment: spread.fragment.to_owned(),
                });
            }
            path.push((spread.fragment, 0));
        }
    }
    Ok(done)
}
