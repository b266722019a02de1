//! Holds the tree to what `ARCHITECTURE.md` says of it: who may import whom, which module is the
//! door of a dependency, which test guards an invariant; and to the house rules a text scan can see.

mod circles;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

/// Every Rust file below a folder, with its path from the root.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                files.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "{folder} holds no Rust file");
    files
}

/// The rows of the table under a heading, cells trimmed, without the two lines of its head.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let section = text.split(&format!("## {heading}\n")).nth(1);
    let section = section.unwrap_or_else(|| panic!("no heading {heading:?}"));
    let rows: Vec<Vec<String>> = section
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            line.trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table under {heading:?}");
    rows
}

/// The words in backticks of a cell.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// The top module of a file below `src`.
fn module(file: &str) -> &str {
    file.trim_start_matches("src/")
        .split(['/', '.'])
        .next()
        .unwrap()
}

/// Code without its comments and without what only tests see.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_test(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

#[test]
fn imports_follow_the_table() {
    let allowed: BTreeMap<String, BTreeSet<String>> = table(&architecture(), "Who may import whom")
        .into_iter()
        .flat_map(|row| {
            names(&row[0])
                .into_iter()
                .map(move |module| (module, names(&row[1])))
        })
        .collect();
    let mut wrong = Vec::new();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for (file, text) in rust_files("src") {
        let from = module(&file);
        if ["main", "lib"].contains(&from) || is_test(&file) {
            continue;
        }
        let Some(may) = allowed.get(from) else {
            wrong.push(format!("{file}: module {from} is not in the table"));
            continue;
        };
        for import in code(&text).split("crate::").skip(1) {
            let to = import
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap();
            if to == from {
                continue;
            }
            used.insert((from.to_owned(), to.to_owned()));
            if !may.contains(to) {
                wrong.push(format!("{file}: {from} may not import {to}"));
            }
        }
    }
    for (from, may) in &allowed {
        for to in may {
            if !used.contains(&(from.clone(), to.clone())) {
                wrong.push(format!(
                    "ARCHITECTURE.md: {from} does not import {to}; take it out"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn imports_never_go_in_a_circle() {
    let edges: Vec<(String, BTreeSet<String>)> = table(&architecture(), "Who may import whom")
        .into_iter()
        .flat_map(|row| {
            names(&row[0])
                .into_iter()
                .map(move |module| (module, names(&row[1])))
        })
        .collect();
    // Rows stand in flow order, so every import goes to a row above.
    let mut seen = BTreeSet::new();
    for (module, may) in edges {
        let ahead: Vec<_> = may.difference(&seen).collect();
        assert!(
            ahead.is_empty(),
            "{module} imports {ahead:?}, which stand below it"
        );
        seen.insert(module);
    }
}

/// The three lists of modules are one.
#[test]
fn modules_stand_in_the_order_of_their_imports() {
    let text = architecture();
    let first = |row: Vec<String>| names(&row[0]).into_iter().next().unwrap();
    let imports: Vec<String> = table(&text, "Who may import whom")
        .into_iter()
        .map(first)
        .collect();
    let mut map: Vec<String> = table(&text, "Code map").into_iter().map(first).collect();
    map.retain(|module| !["main", "lib"].contains(&module.as_str()));
    assert_eq!(map, imports, "ARCHITECTURE.md: the code map");
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(declared, imports, "src/lib.rs");
}

/// A header that says that its file alone names a dependency.
#[test]
fn headers_that_speak_of_the_one_door_are_true() {
    let doors: BTreeMap<String, BTreeSet<String>> =
        table(&architecture(), "One door per dependency")
            .into_iter()
            .flat_map(|row| {
                let doors = names(&row[1]);
                names(&row[0])
                    .into_iter()
                    .map(move |name| (name, doors.clone()))
            })
            .collect();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (file, text) in rust_files("src") {
        let header = text.lines().take_while(|line| line.starts_with("//!"));
        let header: Vec<&str> = header.map(|line| line[3..].trim()).collect();
        let header = header.join(" ");
        for (at, words) in header.match_indices(" that names `") {
            let name = header[at + words.len()..].split('`').next().unwrap();
            let Some(doors) = doors.get(name) else {
                continue;
            };
            count += 1;
            let is_only = doors.len() == 1
                && doors
                    .iter()
                    .all(|door| file.starts_with(&format!("src/{door}")));
            if !is_only {
                wrong.push(format!("{file}: is not the one place of {name}: {doors:?}"));
            }
        }
    }
    assert!(count > 3, "headers are found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_dependency_has_one_door() {
    let mut wrong = Vec::new();
    let files = rust_files("src");
    for row in table(&architecture(), "One door per dependency") {
        let doors = names(&row[1]);
        for dependency in names(&row[0]) {
            let mut is_used = false;
            for (file, text) in &files {
                let names_it = code(text)
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == dependency);
                if !names_it || is_test(file) {
                    continue;
                }
                is_used = true;
                if !doors
                    .iter()
                    .any(|door| file.starts_with(&format!("src/{door}")))
                {
                    wrong.push(format!(
                        "{file}: names {dependency}, whose door is {doors:?}"
                    ));
                }
            }
            if !is_used {
                wrong.push(format!("ARCHITECTURE.md: nothing names {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let mut tests = BTreeSet::new();
    for (file, text) in rust_files("src").into_iter().chain(rust_files("tests")) {
        for name in text.split("fn ").skip(1) {
            let name = name.split('(').next().unwrap_or_default();
            tests.insert(format!("{file}::{name}"));
        }
    }
    let mut wrong = Vec::new();
    let mut ids = BTreeSet::new();
    for row in table(&architecture(), "Invariants") {
        if !ids.insert(row[0].clone()) {
            wrong.push(format!("{}: two rows have this id", row[0]));
        }
        let guards = names(&row[2]);
        if guards.is_empty() {
            wrong.push(format!("{}: no test", row[0]));
        }
        for guard in guards {
            // `clippy` and `rustc` hold an invariant in the build.
            if !tests.contains(&guard) && !["clippy", "rustc"].contains(&guard.as_str()) {
                wrong.push(format!("{}: {guard} does not exist", row[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn things_happen_where_the_page_says() {
    let missing: Vec<String> = table(&architecture(), "Where it happens")
        .iter()
        .flat_map(|row| names(&row[1]))
        .filter(|place| !root().join("src").join(place).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_module_stands_in_the_code_map() {
    let map: BTreeSet<String> = table(&architecture(), "Code map")
        .iter()
        .flat_map(|row| names(&row[0]))
        .collect();
    let modules: BTreeSet<String> = rust_files("src")
        .iter()
        .map(|(file, _)| module(file).to_owned())
        .collect();
    assert_eq!(modules, map);
}

#[test]
fn files_are_headed_and_short() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for (file, text) in rust_files(folder) {
            // A file of tests speaks for the file it tests.
            if !text.starts_with("//!") && !is_test(&file) {
                wrong.push(format!("{file}: begins without //!"));
            }
            let lines = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap()
                .lines()
                .count();
            if folder == "src" && !is_test(&file) && lines > 400 {
                wrong.push(format!(
                    "{file}: {lines} lines; look for the second noun in it"
                ));
            }
            for word in ["util", "utils", "helper", "helpers", "manager"] {
                let stem = Path::new(&file).file_stem().unwrap();
                if stem == word {
                    wrong.push(format!("{file}: is named {word}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Archives, packages and compiled things belong to registries, not to a tree of sources.
#[test]
fn the_tree_holds_sources_only() {
    const BUILT: [&str; 12] = [
        "whl", "egg", "zip", "tar", "tgz", "jar", "so", "a", "o", "wasm", "pyc", "exe",
    ];
    // What builds and developers leave here, none of it committed.
    const OURS: [&str; 6] = ["target", ".git", "node_modules", "dist", "out", "artifacts"];
    let mut folders = vec![root().to_owned()];
    let mut wrong = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if !OURS.contains(&name) {
                    folders.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|extension| BUILT.iter().any(|built| extension == *built))
                || name.ends_with(".min.js")
            {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
