//! What of one schema is missing or different in another, so that a client of the first would break.
//! Descriptions do not matter.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::FieldDefinition;
use async_graphql::parser::types::InputValueDefinition;
use async_graphql::parser::types::TypeDefinition;
use async_graphql::parser::types::TypeKind;
use async_graphql::parser::types::TypeSystemDefinition;

/// The types of a schema by their names.
fn types(sdl: &str) -> BTreeMap<String, TypeDefinition> {
    let document = parse_schema(sdl).unwrap_or_else(|error| panic!("{error}"));
    let definitions = document.definitions.into_iter();
    definitions
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(of_type) => {
                Some((of_type.node.name.node.to_string(), of_type.node))
            }
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        })
        .collect()
}

/// One line for each break, in the order of the old schema's names.
pub(super) fn breaks(old: &str, new: &str) -> Vec<String> {
    let (old, new) = (types(old), types(new));
    let mut breaks = Vec::new();
    for (name, was) in &old {
        match new.get(name) {
            None => breaks.push(format!("{name}: the type is gone")),
            Some(is) => of_type(name, was, is, &mut breaks),
        }
    }
    breaks
}

fn of_type(name: &str, was: &TypeDefinition, is: &TypeDefinition, breaks: &mut Vec<String>) {
    match (&was.kind, &is.kind) {
        (TypeKind::Object(was), TypeKind::Object(is)) => {
            let names = |all: &[Positioned<async_graphql::Name>]| -> BTreeSet<String> {
                all.iter().map(|name| name.node.to_string()).collect()
            };
            for gone in names(&was.implements).difference(&names(&is.implements)) {
                breaks.push(format!("{name}: does not implement {gone} any more"));
            }
            of_fields(name, &was.fields, &is.fields, breaks);
        }
        (TypeKind::Interface(was), TypeKind::Interface(is)) => {
            of_fields(name, &was.fields, &is.fields, breaks);
        }
        (TypeKind::Enum(was), TypeKind::Enum(is)) => {
            let is: BTreeSet<&str> = is
                .values
                .iter()
                .map(|value| value.node.value.node.as_str())
                .collect();
            for value in &was.values {
                let value = value.node.value.node.as_str();
                if !is.contains(value) {
                    breaks.push(format!("{name}.{value}: the value is gone"));
                }
            }
        }
        (TypeKind::InputObject(was), TypeKind::InputObject(is)) => {
            of_inputs(name, &was.fields, &is.fields, breaks);
        }
        (TypeKind::Union(was), TypeKind::Union(is)) => {
            for member in &was.members {
                if !is.members.iter().any(|other| other.node == member.node) {
                    breaks.push(format!("{name}: {} is no member any more", member.node));
                }
            }
        }
        (TypeKind::Scalar, TypeKind::Scalar) => {}
        _ => breaks.push(format!("{name}: the type is of another kind")),
    }
}

type Fields = [Positioned<FieldDefinition>];
type Inputs = [Positioned<InputValueDefinition>];

fn of_fields(holder: &str, was: &Fields, is: &Fields, breaks: &mut Vec<String>) {
    for field in was {
        let name = format!("{holder}.{}", field.node.name.node);
        let Some(now) = is
            .iter()
            .find(|other| other.node.name.node == field.node.name.node)
        else {
            breaks.push(format!("{name}: the field is gone"));
            continue;
        };
        let (old, new) = (field.node.ty.node.to_string(), now.node.ty.node.to_string());
        // A client that takes null takes a value that never is.
        if !is_narrower(&new, &old) {
            breaks.push(format!("{name}: was {old}, is {new}"));
        }
        of_inputs(&name, &field.node.arguments, &now.node.arguments, breaks);
    }
}

fn of_inputs(holder: &str, was: &Inputs, is: &Inputs, breaks: &mut Vec<String>) {
    for input in was {
        let name = format!("{holder}.{}", input.node.name.node);
        let Some(now) = is
            .iter()
            .find(|other| other.node.name.node == input.node.name.node)
        else {
            breaks.push(format!("{name}: the argument is gone"));
            continue;
        };
        let (old, new) = (input.node.ty.node.to_string(), now.node.ty.node.to_string());
        // What clients send must still be taken.
        if !is_narrower(&old, &new) {
            breaks.push(format!("{name}: took {old}, takes {new}"));
        }
        let default = |input: &InputValueDefinition| {
            input
                .default_value
                .as_ref()
                .map(|value| value.node.to_string())
        };
        let (old, new) = (default(&input.node), default(&now.node));
        if old != new && old.is_some() {
            let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
            breaks.push(format!(
                "{name}: the default was {}, is {}",
                shown(old),
                shown(new)
            ));
        }
    }
    for input in is {
        let is_new = was
            .iter()
            .all(|other| other.node.name.node != input.node.name.node);
        let is_required =
            input.node.ty.node.to_string().ends_with('!') && input.node.default_value.is_none();
        if is_new && is_required {
            breaks.push(format!(
                "{holder}.{}: a new argument that is required",
                input.node.name.node
            ));
        }
    }
}

/// Whether every value of the type `narrow` is one of `wide`: the same but for `!`, which only
/// `narrow` may have more of.
fn is_narrower(narrow: &str, wide: &str) -> bool {
    let (inner, outer) = (
        narrow.strip_suffix('!').unwrap_or(narrow),
        wide.strip_suffix('!').unwrap_or(wide),
    );
    if wide.ends_with('!') && !narrow.ends_with('!') {
        return false;
    }
    match (item(inner), item(outer)) {
        (Some(inner), Some(outer)) => is_narrower(inner, outer),
        (None, None) => inner == outer,
        _ => false,
    }
}

/// What a list is of.
fn item(list: &str) -> Option<&str> {
    list.strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "type Query { a: Int! b(x: Int, y: Int! = 2): [E!] c: T }
        type T { d: String } enum E { F G } input I { x: Int y: [Int!]! } scalar S
        union U = Query | T";

    #[test]
    fn growth_is_no_break() {
        let check = |new: &str| assert_eq!(breaks(OLD, new), Vec::<String>::new(), "{new}");
        check(OLD);
        check(&OLD.replace("a: Int!", "\"\"\"\nNew words.\n\"\"\"\na: Int! z: Int"));
        check(&OLD.replace("c: T", "c: T!").replace("[E!]", "[E!]!"));
        check(&OLD.replace("x: Int,", "x: Int, w: Int, v: Int! = 1,"));
        check(
            &OLD.replace("F G", "F G H")
                .replace("U = ", "U = V | ")
                .replace("scalar S", "scalar S type V { e: Int }"),
        );
        check(&OLD.replace("input I { x: Int", "input I { w: Int = 3 x: Int"));
        check(&OLD.replace("y: [Int!]!", "y: [Int]"));
    }

    #[test]
    fn each_break_is_one_line() {
        let check = |from: &str, to: &str, expected: &str| {
            assert!(OLD.contains(from), "{from}");
            assert_eq!(
                breaks(OLD, &OLD.replace(from, to)),
                [expected],
                "{from} to {to}"
            );
        };
        check("a: Int!", "", "Query.a: the field is gone");
        check("a: Int!", "a: Int", "Query.a: was Int!, is Int");
        check("a: Int!", "a: Float!", "Query.a: was Int!, is Float!");
        check("[E!]", "[E]", "Query.b: was [E!], is [E]");
        check("c: T", "c: [T]", "Query.c: was T, is [T]");
        check("x: Int,", "", "Query.b.x: the argument is gone");
        check("x: Int,", "x: Int!,", "Query.b.x: took Int, takes Int!");
        check(
            "x: Int,",
            "x: Int, z: Int!,",
            "Query.b.z: a new argument that is required",
        );
        check(
            "y: Int! = 2",
            "y: Int! = 3",
            "Query.b.y: the default was 2, is 3",
        );
        check(
            "y: Int! = 2",
            "y: Int!",
            "Query.b.y: the default was 2, is none",
        );
        check("F G", "F", "E.G: the value is gone");
        check(
            "input I { x: Int",
            "input I { x: Int w: Int!",
            "I.w: a new argument that is required",
        );
        check("y: [Int!]!", "", "I.y: the argument is gone");
        check("scalar S", "", "S: the type is gone");
        check("scalar S", "enum S { A }", "S: the type is of another kind");
        check("U = Query | T", "U = T", "U: Query is no member any more");
    }
}
