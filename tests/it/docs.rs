//! The documentation against the program: every command is run, every answer has the shape that is
//! shown, every link leads somewhere, and what can be generated is.

pub(crate) mod answers;
mod commands;
mod generated;
mod numbers;
mod page;
mod script;
mod unrun;

use std::collections::BTreeSet;
use std::fs;

use page::Page;
use page::pages;
use page::root;

#[test]
fn the_readme_is_short_and_has_both_commands() {
    let readme = Page::read("README.md").text;
    let lines = readme.lines().count();
    assert!(
        lines <= 120,
        "README.md: {lines} lines; the rest belongs into docs/"
    );
    for command in ["cargo run --release --locked -- demo", "tests/run"] {
        assert!(
            readme.contains(&format!("```sh\n{command}\n```")),
            "{command}"
        );
    }
    let gate = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(
        gate.contains("\ntests/run\n"),
        "the gate runs the README's test command"
    );
    for page in pages().iter().filter(|page| page.path.starts_with("docs/")) {
        assert!(
            readme.contains(&format!("]({})", page.path)),
            "README.md does not link to {}",
            page.path
        );
    }
}

/// The id that a heading gets: lower case, spaces as dashes, other characters left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let prose = page.prose();
        for link in prose.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            let (path, part) = target.split_once('#').unwrap_or((target, ""));
            let file = match path {
                "" => root().join(&page.path),
                path => root().join(&page.path).parent().unwrap().join(path),
            };
            if !file.exists() {
                wrong.push(format!("{}: {target}: no such file", page.path));
            } else if !part.is_empty() {
                let text = fs::read_to_string(&file).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let anchors: BTreeSet<String> = headings
                    .map(|line| anchor(line.trim_start_matches('#')))
                    .collect();
                if !anchors.contains(part) {
                    wrong.push(format!("{}: {target}: no such heading", page.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What a page offers as proof, `tests/FILE.rs::name`.
#[test]
fn every_test_that_a_page_names_exists() {
    let mut seen = 0;
    for page in pages() {
        for code in page.inline() {
            let Some((file, name)) = code.split_once(".rs::") else {
                continue;
            };
            let text = fs::read_to_string(root().join(format!("{file}.rs")));
            let text = text.unwrap_or_else(|error| panic!("{}: {code}: {error}", page.path));
            assert!(
                text.contains(&format!("fn {name}(")),
                "{}: {code}: no such test",
                page.path
            );
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}
