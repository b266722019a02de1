//! Circles of imports between files, found in the files themselves.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::code;
use super::is_test;
use super::root;
use super::rust_files;

/// Reads the `use` lines of the files, not the document. In every folder the children are looked at, each
/// with all that is below it: a file that names what another one defines, whatever way it is passed on,
/// imports that file. A child may use what its own folder's `mod.rs` defines: it is a part of it.
#[test]
fn files_never_import_in_a_circle() {
    let circles = Tree::of("src").circles();
    assert!(circles.is_empty(), "\n{}", circles.join("\n"));
}

/// What `serve/mod.rs` says of its parts: each may import only those that it declares before.
#[test]
fn the_parts_of_serve_stand_in_the_order_of_their_imports() {
    let tree = Tree::of("src");
    let parts: Vec<String> = std::fs::read_to_string(root().join("src/serve/mod.rs"))
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    assert!(parts.len() > 5, "{parts:?}");
    for (from, imported) in edges(&["serve".to_owned()], &tree.all_imports()) {
        let place = parts.iter().position(|part| *part == from);
        for to in imported {
            let below = parts.iter().position(|part| *part == to);
            assert!(
                below < place,
                "serve/{from} imports serve/{to}, which stands after it"
            );
        }
    }
}

#[test]
fn a_circle_of_files_is_found() {
    let check = |files: &[(&str, &str)], expected: &[&str]| {
        let files = files
            .iter()
            .map(|(name, text)| (format!("src/{name}"), (*text).to_owned()));
        assert_eq!(Tree::new(files.collect()).circles(), expected);
    };
    let lib = ("lib.rs", "pub mod a; pub mod b; pub mod c;");
    check(&[lib, ("a.rs", "use crate::b::B;"), ("b.rs", "")], &[]);
    let two = ["a -> b -> a"];
    check(
        &[
            lib,
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use super::a::A;"),
        ],
        &two,
    );
    // A path in the code, a list, another name, and an item that is passed on.
    check(
        &[
            lib,
            ("a.rs", "fn f() { crate::b::g(); }"),
            ("b.rs", "use crate::{c::C, a::A as Other};"),
        ],
        &two,
    );
    check(
        &[
            lib,
            ("a/mod.rs", "mod x; mod y; pub use x::X; pub use y::Y;"),
            ("a/x.rs", "use crate::b::B;"),
            ("a/y.rs", "use super::X;"),
            ("b.rs", "use crate::a::Y;"),
        ],
        &two,
    );
    check(
        &[
            lib,
            ("a/mod.rs", "mod x; mod y; pub use x::X;"),
            ("a/x.rs", "use crate::a::y::Y;"),
            ("a/y.rs", "use super::X;"),
        ],
        &["a: x -> y -> x"],
    );
    // Tests may look anywhere, and a folder's own file belongs to all of them.
    check(
        &[
            lib,
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "#[cfg(test)]\nmod tests {\nuse crate::a::A;\n}"),
            ("c/mod.rs", "mod x; use x::X; struct C;"),
            ("c/x.rs", "use super::C; // use crate::a::A;"),
        ],
        &[],
    );
}

/// Where a file stands below `src`: `["serve", "push"]` for `serve/push/mod.rs`.
type Place = Vec<String>;

/// The files of a tree, and what each of them names.
struct Tree {
    files: BTreeMap<Place, String>,
    /// Items that a file passes on, by file and name.
    passed_on: BTreeMap<(Place, String), Place>,
}

impl Tree {
    fn of(folder: &str) -> Self {
        Self::new(rust_files(folder))
    }

    fn new(files: Vec<(String, String)>) -> Self {
        let files: BTreeMap<Place, String> = files
            .into_iter()
            .filter(|(file, _)| !is_test(file) && file != "src/main.rs")
            .map(|(file, text)| (place(&file), code(&text)))
            .collect();
        let mut tree = Self {
            files,
            passed_on: BTreeMap::new(),
        };
        let mut passed_on = BTreeMap::new();
        for (file, text) in &tree.files {
            for used in uses(text).into_iter().filter(|used| used.is_public) {
                if let Some(target) = tree.absolute(file, &used.path) {
                    passed_on.insert((file.clone(), used.name), target);
                }
            }
        }
        tree.passed_on = passed_on;
        tree
    }

    /// A path from the crate's root; `None` for one into another crate.
    fn absolute(&self, file: &Place, path: &[String]) -> Option<Place> {
        let (first, rest) = path.split_first()?;
        let base = match first.as_str() {
            "crate" => return Some(rest.to_vec()),
            "self" => file.clone(),
            "super" => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                let base = file[..file.len().checked_sub(ups)?].to_vec();
                return Some([base, path[ups..].to_vec()].concat());
            }
            child => {
                let child = [file.clone(), vec![child.to_owned()]].concat();
                self.files.get(&child)?;
                return Some([file.clone(), path.to_vec()].concat());
            }
        };
        Some([base, rest.to_vec()].concat())
    }

    /// The file that defines what an absolute path names.
    fn home(&self, path: &[String]) -> Place {
        let longest = (0..=path.len())
            .rev()
            .find(|&length| self.files.contains_key(&path[..length]))
            .unwrap_or(0);
        let (file, rest) = path.split_at(longest);
        let passed_on = rest
            .first()
            .and_then(|name| self.passed_on.get(&(file.to_vec(), name.clone())));
        match passed_on {
            Some(target) => self.home(&[target.clone(), rest[1..].to_vec()].concat()),
            None => file.to_vec(),
        }
    }

    /// The files whose items a file names.
    fn imports(&self, file: &Place) -> BTreeSet<Place> {
        let text = &self.files[file];
        let mut paths: Vec<Place> = inline_paths(text);
        for used in uses(text) {
            let Some(target) = self.absolute(file, &used.path) else {
                continue;
            };
            let is_module = self.files.contains_key(&target);
            if is_module && used.name != "self" {
                // What is named by way of the module.
                let by_name = format!("{}::", used.name);
                for (at, _) in text.match_indices(&by_name) {
                    let item = word(&text[at + by_name.len()..]);
                    let is_whole = !text[..at]
                        .ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
                    if is_whole && !item.is_empty() {
                        paths.push([vec!["crate".to_owned()], target.clone(), vec![item]].concat());
                    }
                }
            } else if !used.is_public {
                paths.push([vec!["crate".to_owned()], target].concat());
            }
        }
        paths
            .iter()
            .filter_map(|path| Some(self.home(&self.absolute(file, path)?)))
            .filter(|home| home != file)
            .collect()
    }

    /// Who imports whom.
    fn all_imports(&self) -> Vec<(&Place, Place)> {
        let of = |file| self.imports(file).into_iter().map(move |to| (file, to));
        self.files.keys().flat_map(of).collect()
    }

    /// One line for each circle: its folder, and the way round.
    fn circles(&self) -> Vec<String> {
        let imports = self.all_imports();
        let folders: BTreeSet<&[String]> = self
            .files
            .keys()
            .flat_map(|file| (0..file.len()).map(|length| &file[..length]))
            .collect();
        let mut found = Vec::new();
        for folder in folders {
            let edges = edges(folder, &imports);
            if let Some(way) = way_round(&edges) {
                let folder = folder.join("/");
                let before = if folder.is_empty() { "" } else { ": " };
                found.push(format!("{folder}{before}{}", way.join(" -> ")));
            }
        }
        found
    }
}

/// Which child of a folder imports which, each with all that is below it.
fn edges(folder: &[String], imports: &[(&Place, Place)]) -> BTreeMap<String, BTreeSet<String>> {
    let child = |file: &Place| match file.strip_prefix(folder)? {
        [child, ..] => Some(child.clone()),
        [] => None,
    };
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in imports {
        if let (Some(from), Some(to)) = (child(from), child(to))
            && from != to
        {
            edges.entry(from).or_default().insert(to);
        }
    }
    edges
}

/// A way along the edges that ends where it began.
fn way_round(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn go(
        at: &str,
        edges: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> bool {
        if let Some(begin) = way.iter().position(|before| before == at) {
            way.drain(..begin);
            way.push(at.to_owned());
            return true;
        }
        if done.contains(at) {
            return false;
        }
        way.push(at.to_owned());
        for next in edges.get(at).into_iter().flatten() {
            if go(next, edges, way, done) {
                return true;
            }
        }
        way.pop();
        done.insert(at.to_owned());
        false
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|start| {
        let mut way = Vec::new();
        go(start, edges, &mut way, &mut done).then_some(way)
    })
}

fn place(file: &str) -> Place {
    let file = file.trim_start_matches("src/").trim_end_matches(".rs");
    let file = file.trim_end_matches("/mod");
    let words = file.split('/').filter(|word| *word != "lib");
    words.map(str::to_owned).collect()
}

/// One name that a `use` line brings in.
struct Used {
    is_public: bool,
    path: Place,
    /// As what.
    name: String,
}

/// Every name that the `use` lines of a file bring in.
fn uses(text: &str) -> Vec<Used> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use ") {
        let before = text[..at].trim_end_matches([' ', '\t']);
        let visibility = before.rsplit(['\n', ';', '{', '}']).next().unwrap().trim();
        let is_public = visibility.starts_with("pub");
        if !is_public && !visibility.is_empty() {
            continue;
        }
        let tree = text[at + 4..].split(';').next().unwrap();
        let is_of_path = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_:{},*".contains(c);
        if !tree.chars().all(is_of_path) {
            // Words of a text.
            continue;
        }
        for path in branches(tree) {
            let (path, name) = path.split_once(" as ").unwrap_or((&path, ""));
            let path: Place = path
                .split("::")
                .map(|word| word.trim().to_owned())
                .collect();
            let last = path.last().unwrap();
            let name = if name.is_empty() { last } else { name.trim() }.to_owned();
            found.push(Used {
                is_public,
                path,
                name,
            });
        }
    }
    found
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`.
fn branches(tree: &str) -> Vec<String> {
    let Some((trunk, rest)) = tree.split_once('{') else {
        return vec![tree.trim().to_owned()];
    };
    let inside = rest.rsplit_once('}').unwrap().0;
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for sign in inside.chars() {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(sign);
    }
    parts
        .iter()
        .filter(|part| !part.trim().is_empty())
        .flat_map(|part| branches(&format!("{}{}", trunk.trim(), part.trim())))
        .collect()
}

/// Paths from the root in the code itself.
fn inline_paths(text: &str) -> Vec<Place> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in text.match_indices(root) {
            if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let path: String = text[at..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
                .collect();
            let words = path.split("::").filter(|word| !word.is_empty());
            found.push(words.map(str::to_owned).collect());
        }
    }
    found
}

/// The word that a text begins with.
fn word(text: &str) -> String {
    let is_of_word = |c: &char| c.is_alphanumeric() || *c == '_';
    text.chars().take_while(is_of_word).collect()
}
