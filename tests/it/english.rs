//! Plain English: words that only we use are not in what users read, nor in comments.
//!
//! The field's words instead: reported, logged, rebuilt, again, baseline, state, shown.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use streamgauge::config::SETTINGS;
use streamgauge::serve::schema_sdl;

use crate::cli::run;
use crate::docs::answers::COMMANDS;

/// Nowhere, with what to write.
const NOWHERE: [(&str, &str); 9] = [
    ("anew", "again, rebuilt, reassigned"),
    ("reckoned", "calculated, counted"),
    ("reckon", "calculate, count"),
    ("stands beside", "is next to; a baseline"),
    ("stand beside", "be next to; baselines"),
    ("is told", "is reported, logged, shown, notified"),
    ("are told", "are reported, logged, shown, notified"),
    ("told as", "reported as"),
    ("told apart", "distinguished"),
];

/// Not in what users read.
const NOT_FOR_USERS: [(&str, &str); 9] = [
    ("told", "reported, logged, shown"),
    ("tells of", "reports"),
    ("is said", "is reported, is a line in the log"),
    ("is let go", "is evicted, is dropped"),
    ("where it stands", "its state"),
    ("as it stands", "as it is"),
    ("as they stand", "as they are"),
    ("stands behind", "means"),
    ("is no news", "is not sent"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with one of these endings.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![root().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !["node_modules", "target", "results"].contains(&name.as_str()) {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A text as words in small letters with single spaces, so that a phrase is found across lines.
fn words(text: &str) -> String {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '_');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// Adds a line for each phrase that a text has.
fn look(place: &str, text: &str, banned: &[(&str, &str)], found: &mut Vec<String>) {
    let text = words(text);
    for (phrase, better) in banned {
        if let Some(at) = text.find(&format!(" {phrase} ")) {
            let around: String = text[at..].chars().take(60).collect();
            found.push(format!(
                "{place}: \"{phrase}\" in \"…{around}…\"; write: {better}"
            ));
        }
    }
}

/// The comments of a file, in Rust and TypeScript.
fn comments(text: &str) -> String {
    let comments = text.lines().filter_map(|line| {
        let at = line.find("//").filter(|at| !line[..*at].ends_with(':'))?;
        Some(line[at..].trim_start_matches(['/', '!']))
    });
    let block = text
        .lines()
        .filter(|line| line.trim_start().starts_with(['*', '"']));
    comments.chain(block).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_users_read_is_plain() {
    let mut found = Vec::new();
    let mut check = |place: &str, text: &str| {
        look(place, text, &NOWHERE, &mut found);
        look(place, text, &NOT_FOR_USERS, &mut found);
    };
    check("the schema", &schema_sdl());
    for setting in SETTINGS {
        check(setting.name, setting.help);
    }
    for command in COMMANDS {
        check(command, &run(&[command, "--help"], &[]).stdout);
    }
    let mut pages = files("docs", &[".md"]);
    pages.extend(files("monitoring", &[".yml", ".json"]));
    pages.extend(files("perf", &[".md"]));
    pages.extend(files("fuzz", &[".md"]));
    pages.extend(files("deploy", &[".service"]));
    pages.extend(["README.md", "CHANGELOG.md"].map(|name| root().join(name)));
    for page in pages {
        check(
            &page.display().to_string(),
            &fs::read_to_string(&page).unwrap(),
        );
    }
    // Of the page what is text, not names of the program.
    for file in files("dashboard/src", &[".ts", ".tsx", ".json", ".html"]) {
        let text = fs::read_to_string(&file).unwrap();
        let quoted: Vec<&str> = text.split(['"', '`']).skip(1).step_by(2).collect();
        check(&file.display().to_string(), &quoted.join("\n"));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn comments_are_plain() {
    let mut found = Vec::new();
    let folders = [
        "src",
        "dashboard/src",
        "benches",
        "examples",
        "fuzz",
        "build",
    ];
    for file in folders
        .iter()
        .flat_map(|folder| files(folder, &[".rs", ".ts", ".tsx"]))
    {
        let text = comments(&fs::read_to_string(&file).unwrap());
        look(&file.display().to_string(), &text, &NOWHERE, &mut found);
    }
    for file in files("perf", &[".py", ".sh", ".cpp"]).into_iter().chain([
        root().join("ARCHITECTURE.md"),
        root().join("perf/run"),
        root().join("build.rs"),
    ]) {
        let text = fs::read_to_string(&file).unwrap();
        look(&file.display().to_string(), &text, &NOWHERE, &mut found);
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_phrase_is_found_across_lines_and_only_whole() {
    let mut found = Vec::new();
    look("here", "It is\n/// told at once.", &NOWHERE, &mut found);
    assert_eq!(found.len(), 1, "{found:?}");
    let mut found = Vec::new();
    look(
        "here",
        "`is_told`, undefined, a canewood",
        &NOWHERE,
        &mut found,
    );
    assert!(found.is_empty(), "{found:?}");
}
