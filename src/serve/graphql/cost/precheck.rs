//! Decides whether a query document may be executed, in time linear in its text.
//!
//! The library's own limits do not stop fragments that spread each other: a kilobyte of them
//! expands to millions of fields while it is validated. Here every fragment is measured once and
//! counted as often as it is spread, without recursion, before validation begins. Nothing in this
//! file reads the schema or a snapshot.

use std::fmt;
use std::mem::size_of;

use async_graphql::Pos;
use async_graphql::Positioned;
use async_graphql::parser;
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::parser::types::OperationType;
use async_graphql::parser::types::Selection;

use super::lexer;
use super::lexer::Unfit;
use super::measure;
use super::measure::Cycle;
use crate::config::limits;

/// A document that may be executed.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Checked {
    /// The parsed text.
    pub(in crate::serve) document: ExecutableDocument,
    /// The kind of the operation that would run.
    pub(in crate::serve) operation: OperationType,
    /// Whether it is worth no thread of its own: executing it takes less time than handing it over.
    pub(in crate::serve) is_small: bool,
    /// About how much memory it takes.
    pub(in crate::serve) bytes: usize,
}

/// Tokens and selections up to which a document counts as small: a dozen times the tutorial's query.
const SMALL_MAX: usize = 128;

/// Parses and measures a document, and finds the operation to run.
///
/// # Errors
/// Why it is refused; nothing has been executed.
pub(in crate::serve) fn check(
    query: &str,
    operation_name: Option<&str>,
) -> Result<Checked, Refusal> {
    within("bytes", query.len(), limits::QUERY_BYTES_MAX)?;
    let tally = lexer::tally(query, limits::QUERY_TOKENS_MAX, limits::QUERY_BRACKETS_MAX)
        .map_err(|unfit| Refusal::unfit(unfit, query))?;
    let document = parser::parse_query(query).map_err(|error| Refusal::syntax(&error))?;

    limit_operations(&document, operation_name)?;

    let measured = measure::document(&document).map_err(Refusal::Cycle)?;
    within("aliases", measured.aliases, limits::QUERY_ALIASES_MAX)?;
    within(
        "directives",
        measured.directives,
        limits::QUERY_DIRECTIVES_MAX,
    )?;
    within(
        "selections with fragments expanded",
        measured.expanded,
        limits::QUERY_EXPANDED_MAX,
    )?;
    for operation in &measured.operations {
        within(
            "root fields",
            operation.roots,
            limits::QUERY_ROOT_FIELDS_MAX,
        )?;
        let depth_max = if operation.is_introspection {
            limits::INTROSPECTION_DEPTH_MAX
        } else {
            limits::QUERY_DEPTH_MAX
        };
        within("levels", operation.depth, depth_max)?;
    }

    let operation = pick(&document, operation_name)?;
    Ok(Checked {
        document,
        operation,
        is_small: tally.tokens <= SMALL_MAX
            && measured.expanded <= SMALL_MAX
            && measured.costly == 0,
        bytes: query.len() + tally.tokens * size_of::<Positioned<Selection>>(),
    })
}

/// The code under which a document would be refused; `None` when it may be executed. For who checks
/// the check: fuzzing.
pub fn refusal_of(query: &str, operation_name: Option<&str>) -> Option<&'static str> {
    check(query, operation_name)
        .err()
        .map(|refusal| refusal.code())
}

impl Checked {
    /// The same document for another operation of it: what [`check`] would say of its text.
    ///
    /// # Errors
    /// When no operation is meant by the name, or none is named and there are several.
    pub(in crate::serve) fn running(&self, operation_name: Option<&str>) -> Result<Self, Refusal> {
        limit_operations(&self.document, operation_name)?;
        let operation = pick(&self.document, operation_name)?;
        Ok(Self {
            operation,
            ..self.clone()
        })
    }
}

fn limit_operations(document: &ExecutableDocument, name: Option<&str>) -> Result<(), Refusal> {
    let operations_max = match name {
        Some(_) => limits::QUERY_OPERATIONS_MAX,
        None => 1,
    };
    let operations = document.operations.iter().len();
    within("operations", operations, operations_max)
}

fn within(what: &'static str, found: usize, limit: usize) -> Result<(), Refusal> {
    if found > limit {
        return Err(Refusal::TooComplex { what, found, limit });
    }
    Ok(())
}

fn pick(document: &ExecutableDocument, name: Option<&str>) -> Result<OperationType, Refusal> {
    let named = |wanted: &str| {
        let mut operations = document.operations.iter();
        operations.find(|(name, _)| name.is_some_and(|name| name.as_str() == wanted))
    };
    let picked = match name {
        Some(wanted) => named(wanted),
        None => document.operations.iter().next(),
    };
    let (_, operation) = picked.ok_or(Refusal::UnknownOperation)?;
    let (kind, roots) = (operation.node.ty, &operation.node.selection_set.node.items);
    let is_one_field = matches!(&roots[..], [root] if matches!(root.node, Selection::Field(_)));
    if kind == OperationType::Subscription && !is_one_field {
        return Err(Refusal::SubscriptionRoot);
    }
    Ok(kind)
}

/// Why a document is not executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Refusal {
    /// A limit is crossed. Ask for less, or in several requests.
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much there is; one more than the limit where counting stopped there.
        found: usize,
        /// How much is allowed.
        limit: usize,
    },
    /// A fragment spreads itself by way of others.
    Cycle(Cycle),
    /// The text is no document.
    Syntax {
        /// What is wrong, without the text itself.
        message: String,
        /// Where, if known.
        at: Option<Pos>,
    },
    /// `operationName` names no operation of the document.
    UnknownOperation,
    /// A subscription that is not one field: the specification allows no more, and the library would
    /// pass over a fragment there.
    SubscriptionRoot,
}

impl Refusal {
    /// The code of a document that the schema does not allow.
    pub(in crate::serve) const VALIDATION_CODE: &str = "GRAPHQL_VALIDATION_FAILED";

    /// The code by which a program can tell the refusal.
    pub(in crate::serve) const fn code(&self) -> &'static str {
        match self {
            Self::TooComplex { .. } | Self::Cycle(_) => "QUERY_TOO_COMPLEX",
            Self::Syntax { .. } => "GRAPHQL_PARSE_FAILED",
            Self::UnknownOperation | Self::SubscriptionRoot => Self::VALIDATION_CODE,
        }
    }

    /// Where in the text, if known.
    pub(in crate::serve) const fn position(&self) -> Option<Pos> {
        match self {
            Self::Syntax { at, .. } => *at,
            _ => None,
        }
    }

    fn unfit(unfit: Unfit, query: &str) -> Self {
        let (what, limit) = match unfit {
            Unfit::Tokens => ("tokens", limits::QUERY_TOKENS_MAX),
            Unfit::Brackets => ("open brackets", limits::QUERY_BRACKETS_MAX),
            Unfit::OpenString { at } => {
                return Self::Syntax {
                    message: String::from("syntax error: string without its end"),
                    at: Some(position_of(query, at)),
                };
            }
        };
        Self::TooComplex {
            what,
            found: limit + 1,
            limit,
        }
    }

    /// The parser's own message quotes the whole line: only what is wrong is kept of it.
    fn syntax(error: &parser::Error) -> Self {
        let message = match error {
            parser::Error::Syntax { message, .. } => expectation(message),
            parser::Error::OperationDuplicated { .. } => "an operation is defined twice",
            parser::Error::FragmentDuplicated { .. } => "a fragment is defined twice",
            parser::Error::MultipleOperations { .. } => "an anonymous operation is next to another",
            parser::Error::MissingOperation => "no operation",
            parser::Error::RecursionLimitExceeded => "nested too deep",
            _ => "not an executable document",
        };
        Self::Syntax {
            message: format!("syntax error: {message}"),
            at: error.positions().next(),
        }
    }
}

/// The last line of the parser's message, `= expected …`, when it is short and quotes nothing.
fn expectation(message: &str) -> &str {
    message
        .lines()
        .next_back()
        .and_then(|line| line.trim().strip_prefix("= "))
        .filter(|line| line.starts_with("expected ") && line.len() <= 200)
        .unwrap_or("unexpected text")
}

/// Line and column of a byte, both from 1.
fn position_of(text: &str, at: usize) -> Pos {
    let before = &text.as_bytes()[..at];
    let line_start = before
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |n| n + 1);
    Pos {
        line: 1 + before.iter().filter(|&&b| b == b'\n').count(),
        column: 1 + String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count(),
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooComplex { what, found, limit } => {
                write!(f, "query refused: too complex ({found} > {limit} {what})")
            }
            Self::Cycle(cycle) => write!(f, "query refused: {cycle}"),
            Self::Syntax { message, .. } => f.write_str(message),
            Self::UnknownOperation => {
                f.write_str("operationName names no operation of the document")
            }
            Self::SubscriptionRoot => {
                f.write_str("subscription: select one field at its root, outside of any fragment")
            }
        }
    }
}

#[cfg(test)]
mod tests;
