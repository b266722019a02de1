//! Documents that take the library's own validation seconds, and a generator of others.

use std::collections::BTreeMap;
use std::fmt::Write;

use async_graphql::Value;
use async_graphql::parser::types::Selection;
use proptest::prelude::*;

use super::*;
use crate::serve::graphql::cost::measure::Extent;

fn refusal(query: &str) -> Refusal {
    check(query, None).unwrap_err()
}

#[track_caller]
fn check_too_complex(query: &str, what: &str) {
    match refusal(query) {
        Refusal::TooComplex { what: found, .. } => assert_eq!(found, what),
        other => panic!("{other}"),
    }
}

#[test]
fn fragments_that_spread_the_next_twice_are_refused() {
    let mut query = String::from("{...F0}");
    for n in 0..25 {
        write!(query, "fragment F{n} on Query{{...F{0} ...F{0}}}", n + 1).unwrap();
    }
    query.push_str("fragment F25 on Query{__typename}");
    check_too_complex(&query, "selections with fragments expanded");
}

#[test]
fn wide_fragments_are_refused_at_any_depth() {
    let mut query = String::from("{...F0}");
    for n in 0..6 {
        let spreads = format!("...F{}", n + 1).repeat(30);
        write!(query, "fragment F{n} on Query{{{spreads}}}").unwrap();
    }
    query.push_str("fragment F6 on Query{__typename}");
    check_too_complex(&query, "selections with fragments expanded");
}

#[test]
fn a_count_that_no_integer_holds_saturates() {
    let mut query = String::from("{...F0}");
    for n in 0..90 {
        write!(query, "fragment F{n} on Q{{...F{0} ...F{0}}}", n + 1).unwrap();
    }
    query.push_str("fragment F90 on Q{a}");
    let document = parser::parse_query(&query).unwrap();
    assert_eq!(measure::document(&document).unwrap().expanded, usize::MAX);
}

#[test]
fn a_long_chain_of_fragments_neither_overflows_nor_passes() {
    let mut chain = String::from("{...F0}");
    for n in 0..20_000 {
        write!(chain, "fragment F{n} on Q{{...F{}}}", n + 1).unwrap();
    }
    chain.push_str("fragment F20000 on Q{a}");
    check_too_complex(&chain, "bytes");
    // The measure by itself, without the limits on the text before it.
    let document = parser::parse_query(&chain).unwrap();
    let measure = measure::document(&document).unwrap();
    assert_eq!(measure.expanded, 20_002);
}

#[test]
fn floods_of_brackets_and_directives_are_refused() {
    check_too_complex(&"{".repeat(100_000), "bytes");
    check_too_complex(&"{".repeat(16_000), "open brackets");
    check_too_complex(&format!("{{a{}}}", "@a".repeat(8_000)), "tokens");
    check_too_complex(&format!("{{a(x:{})}}", "[".repeat(8_000)), "open brackets");
    check_too_complex(&format!("{{a{}}}", "@a".repeat(100)), "directives");
}

#[test]
fn each_limit_lets_its_value_pass_and_no_more() {
    let nested = |levels: usize| "{a".repeat(levels) + &"}".repeat(levels);
    let schema =
        |levels: usize| "{__schema".to_owned() + &"{a".repeat(levels - 1) + &"}".repeat(levels);
    let times = |n: usize, text: &str| format!("{{{}}}", text.repeat(n));
    let operations = |n: usize| {
        (0..n)
            .map(|n| format!("query Q{n}{{a}}"))
            .collect::<String>()
    };
    let named = |query: &str| check(query, Some("Q0")).map(|_| ());
    let plain = |query: &str| check(query, None).map(|_| ());
    let too_complex = |what, limit: usize| {
        let found = limit + 1;
        Err(Refusal::TooComplex { what, found, limit })
    };

    assert_eq!(plain(&nested(8)), Ok(()));
    assert_eq!(plain(&nested(9)), too_complex("levels", 8));
    assert_eq!(plain(&schema(16)), Ok(()));
    assert_eq!(plain(&schema(17)), too_complex("levels", 16));
    assert_eq!(plain(&times(20, "a ")), Ok(()));
    assert_eq!(plain(&times(21, "a ")), too_complex("root fields", 20));
    assert_eq!(plain(&format!("{{a{}}}", times(30, "x:b "))), Ok(()));
    let aliases = format!("{{a{}}}", times(31, "x:b "));
    assert_eq!(plain(&aliases), too_complex("aliases", 30));
    assert_eq!(plain(&format!("{{a {}}}", "@d".repeat(10))), Ok(()));
    let directives = format!("{{a {}}}", "@d".repeat(11));
    assert_eq!(plain(&directives), too_complex("directives", 10));
    assert_eq!(named(&operations(10)), Ok(()));
    assert_eq!(named(&operations(11)), too_complex("operations", 10));
    assert_eq!(plain(&operations(2)), too_complex("operations", 1));
    assert_eq!(named("{a}"), Err(Refusal::UnknownOperation));
    let padded = |bytes: usize| format!("{{a}}{}", " ".repeat(bytes - 3));
    assert_eq!(plain(&padded(16_384)), Ok(()));
    assert_eq!(plain(&padded(16_385)), too_complex("bytes", 16_384));
}

#[test]
fn root_fields_and_depth_reach_through_fragments() {
    let roots = "{...F ...F ...F} fragment F on Query { a b c d e f g }";
    check_too_complex(roots, "root fields");
    let depth = "{a{b{c{d{...F}}}}} fragment F on Q {e{f{g{h{i}}}}}";
    check_too_complex(depth, "levels");
    // Introspection beside anything else has the depth of anything else.
    let mixed = "{...F a} fragment F on Query{__schema{a{a{a{a{a{a{a{a{a}}}}}}}}}}";
    check_too_complex(mixed, "levels");
}

#[test]
fn cycles_are_refused_even_unused() {
    let check_cycle = |query: &str| match refusal(query) {
        Refusal::Cycle(_) => {}
        other => panic!("{other}"),
    };
    check_cycle("{...A} fragment A on Q{...A}");
    check_cycle(
        "{...A} fragment A on Q{b{...B}} fragment B on Q{...on Q{...C}} fragment C on Q{...A}",
    );
    check_cycle("{a} fragment A on Q{...B} fragment B on Q{...A}");
    assert!(check("{...A ...A} fragment A on Q{...B} fragment B on Q{a}", None).is_ok());
}

#[test]
fn syntax_errors_say_where_and_quote_nothing() {
    let check_at = |query: &str, line: usize, column: usize| {
        let refusal = refusal(query);
        assert_eq!(refusal.position(), Some(Pos { line, column }), "{query}");
        let text = refusal.to_string();
        assert!(
            text.starts_with("syntax error: ") && text.len() < 200,
            "{text}"
        );
        assert!(!text.contains('\n') && !text.contains("secret"), "{text}");
    };
    check_at("", 1, 1);
    check_at("{ secret", 1, 9);
    check_at("{\n secret(a: ) }", 2, 12);
    check_at("{ é(a: \"secret\n\") }", 1, 8);
    check_at("fragment secret on Q{a} fragment secret on Q{a} {a}", 1, 25);
}

#[test]
fn only_what_is_surely_cheap_counts_as_small() {
    let small = "{ realTimeMetrics { activeSessions totalConnections avgSessionDurationMs messagesPerMinute } }";
    assert!(check(small, None).unwrap().is_small);
    let wide =
        "{...F ...F ...F ...F} fragment F on Query {a {".to_owned() + &"b ".repeat(35) + "}}";
    assert!(!check(&wide, None).unwrap().is_small);
    let long = format!("{{a{{{}}}}}", "b ".repeat(SMALL_MAX));
    assert!(!check(&long, None).unwrap().is_small);
    let costly = "{ ...F } fragment F on Query { x: groups(by: QUEUE) { count } }";
    assert!(!check(costly, None).unwrap().is_small);
}

#[test]
fn a_subscription_is_one_field() {
    let check = |text: &str, expected: Result<OperationType, Refusal>| {
        let found = check(text, None).map(|checked| checked.operation);
        assert_eq!(found, expected, "{text}");
    };
    check(
        "subscription { live { __typename } }",
        Ok(OperationType::Subscription),
    );
    let refused = || Err(Refusal::SubscriptionRoot);
    check("subscription { a: live { x } b: live { x } }", refused());
    check(
        "subscription { ...F } fragment F on Subscription { live { x } }",
        refused(),
    );
    check("subscription { ... { live { x } } }", refused());
}

/// A selection of a generated document.
#[derive(Clone, Debug)]
enum Node {
    Field {
        alias: bool,
        directive: bool,
        meta: bool,
        inner: Vec<Self>,
    },
    Inline(Vec<Self>),
    Spread(usize),
}

const FRAGMENTS: usize = 5;

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    let field = |inner| (any::<bool>(), any::<bool>(), any::<bool>(), inner);
    let leaf = prop_oneof![
        field(Just(Vec::new()).boxed()).prop_map(to_field),
        (0..FRAGMENTS + 1).prop_map(Node::Spread),
    ];
    let node = leaf.prop_recursive(4, 24, 4, move |inner| {
        let set = prop::collection::vec(inner, 1..4);
        prop_oneof![
            (any::<bool>(), any::<bool>(), any::<bool>(), set.clone()).prop_map(to_field),
            set.prop_map(Node::Inline),
        ]
    });
    prop::collection::vec(node, 1..5)
}

fn to_field((alias, directive, meta, inner): (bool, bool, bool, Vec<Node>)) -> Node {
    Node::Field {
        alias,
        directive,
        meta,
        inner,
    }
}

fn print(nodes: &[Node], text: &mut String) {
    text.push('{');
    for node in nodes {
        match node {
            Node::Field {
                alias,
                directive,
                meta,
                inner,
            } => {
                text.push_str(if *alias { " x:" } else { " " });
                text.push_str(if *meta { "__a" } else { "a" });
                text.push_str(if *directive { "@d" } else { "" });
                if !inner.is_empty() {
                    print(inner, text);
                }
            }
            Node::Inline(inner) => {
                text.push_str("...on Q");
                print(inner, text);
            }
            Node::Spread(fragment) => write!(text, " ...F{fragment}").unwrap(),
        }
    }
    text.push('}');
}

/// Measures by writing every fragment out: `None` when that never ends.
fn naive(nodes: &[Node], fragments: &BTreeMap<usize, Vec<Node>>, path: &[usize]) -> Option<Extent> {
    let mut sum = Extent {
        size: nodes.len(),
        depth: 0,
        roots: 0,
        is_introspection: true,
    };
    for node in nodes {
        let (inner, own_level) = match node {
            Node::Field { meta, inner, .. } => {
                sum.roots += 1;
                sum.is_introspection &= *meta;
                (naive(inner, fragments, path)?, 1)
            }
            Node::Inline(inner) => (naive(inner, fragments, path)?, 0),
            Node::Spread(fragment) => {
                if path.contains(fragment) {
                    return None;
                }
                let Some(inner) = fragments.get(fragment) else {
                    continue;
                };
                let path = [path, &[*fragment]].concat();
                (naive(inner, fragments, &path)?, 0)
            }
        };
        sum.size += inner.size;
        sum.depth = sum.depth.max(own_level + inner.depth);
        if own_level == 0 {
            sum.roots += inner.roots;
            sum.is_introspection &= inner.is_introspection;
        }
    }
    Some(sum)
}

fn count(nodes: &[Node], wanted: fn(&Node) -> bool) -> usize {
    let inside = |node: &Node| match node {
        Node::Field { inner, .. } | Node::Inline(inner) => count(inner, wanted),
        Node::Spread(_) => 0,
    };
    nodes
        .iter()
        .map(|node| usize::from(wanted(node)) + inside(node))
        .sum()
}

proptest! {
    #[test]
    fn the_measure_is_that_of_the_document_written_out(
        root in nodes(),
        sets in prop::collection::vec(nodes(), FRAGMENTS),
        acyclic in any::<bool>(),
    ) {
        let fragments: BTreeMap<usize, Vec<Node>> = sets
            .into_iter()
            .enumerate()
            .map(|(n, set)| (n, if acyclic { forward(set, n) } else { set }))
            .collect();
        let mut text = String::new();
        print(&root, &mut text);
        for (n, set) in &fragments {
            write!(text, " fragment F{n} on Q").unwrap();
            print(set, &mut text);
        }
        let document = parser::parse_query(&text).unwrap();

        let each = fragments.iter().map(|(n, set)| naive(set, &fragments, &[*n]));
        let largest = each.collect::<Option<Vec<_>>>();
        let expected = naive(&root, &fragments, &[]).zip(largest);
        let measured = measure::document(&document);
        match (expected, measured) {
            (None, Err(_)) => {}
            (Some((root_extent, largest)), Ok(measured)) => {
                let largest = largest.iter().map(|extent| extent.size).max().unwrap();
                prop_assert_eq!(measured.expanded, root_extent.size.max(largest));
                prop_assert_eq!(measured.operations, vec![root_extent]);
                let all = || fragments.values().chain([&root]);
                let aliases = |node: &Node| matches!(node, Node::Field { alias: true, .. });
                let directives = |node: &Node| matches!(node, Node::Field { directive: true, .. });
                let counted: usize = all().map(|set| count(set, aliases)).sum();
                prop_assert_eq!(measured.aliases, counted);
                let counted: usize = all().map(|set| count(set, directives)).sum();
                prop_assert_eq!(measured.directives, counted);
            }
            (expected, measured) => prop_assert!(false, "{expected:?} against {measured:?}: {text}"),
        }
    }

    #[test]
    fn any_text_gets_a_verdict(text in "[{}()\\[\\]\"\\\\a.@$:#\n !é]{0,200}") {
        // With no operation name there is one operation or a refusal, and never a panic.
        if let Ok(checked) = check(&text, None) {
            prop_assert_eq!(checked.document.operations.iter().len(), 1);
        }
    }

    #[test]
    fn no_token_hides_from_the_count(
        quote in prop::sample::select(vec!["", "\"", "\"\"\""]),
        quoted in pieces(),
        open in pieces(),
    ) {
        // Quotes, escapes and comments in every order: what the parser takes for items of the list,
        // the lexer must have counted, or have refused the text.
        let text = format!("{{a(x:[{quote}{quoted}{quote} {open}\n])}}");
        let tally = lexer::tally(&text, usize::MAX, usize::MAX);
        if let (Ok(document), Ok(tally)) = (parser::parse_query(&text), tally) {
            let (_, operation) = document.operations.iter().next().unwrap();
            let Selection::Field(field) = &operation.node.selection_set.node.items[0].node else {
                unreachable!("the document is one field")
            };
            let argument = field.node.arguments[0].1.node.clone().into_const();
            let Some(Value::List(items)) = argument else {
                unreachable!("its argument is a list")
            };
            prop_assert_eq!(tally.tokens, items.len() + 9, "{}", text);
        }
    }
}

/// What could make two readers of a text disagree about where a string ends.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"", "\"\"\"", "\\\"\"\"", "\\\"", "\\\\", "\\n", "b ", " ", "\n", "#", "1 ", ",", "é",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// Moves every spread to a later fragment, so that there is no cycle.
fn forward(nodes: Vec<Node>, from: usize) -> Vec<Node> {
    let node = |node| match node {
        Node::Field {
            alias,
            directive,
            meta,
            inner,
        } => to_field((alias, directive, meta, forward(inner, from))),
        Node::Inline(inner) => Node::Inline(forward(inner, from)),
        Node::Spread(to) => Node::Spread(from + 1 + to % FRAGMENTS),
    };
    nodes.into_iter().map(node).collect()
}
