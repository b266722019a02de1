//! The commit that a build is of, read from `.git` without git.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Digits of a commit's hash that are shown.
const DIGITS: usize = 12;

/// A commit and the files that say which it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Commit {
    /// The first digits of its hash; `None` outside a repository.
    pub(crate) hash: Option<String>,
    /// What to look at again when it changes; only files that exist, since one that does not counts as
    /// changed at every build.
    pub(crate) files: Vec<PathBuf>,
}

/// The commit that is checked out in `folder`, the root of a repository or of a work tree of one.
pub(crate) fn of(folder: &Path) -> Commit {
    let mut commit = Commit::default();
    let Some(own) = git_folder(&folder.join(".git")) else {
        return commit;
    };
    // A work tree has a HEAD of its own and shares the branches.
    let shared = match fs::read_to_string(own.join("commondir")) {
        Ok(path) => own.join(path.trim()),
        Err(_) => own.clone(),
    };
    let mut read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        commit.files.push(path);
        Some(text)
    };
    let head = read(own.join("HEAD")).unwrap_or_default();
    let hash = match head.trim().strip_prefix("ref: ") {
        None => Some(head),
        Some(branch) => {
            let loose = read(own.join(branch)).or_else(|| read(shared.join(branch)));
            loose.or_else(|| {
                // The branch moves by a file of its own, and the log of HEAD says when.
                let _ = read(own.join("logs/HEAD"));
                packed(&read(shared.join("packed-refs"))?, branch)
            })
        }
    };
    commit.hash = hash.and_then(|hash| digits(hash.trim()));
    commit
}

/// The folder of a repository: `.git` itself, or what the file of that name says.
fn git_folder(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let text = fs::read_to_string(git).ok()?;
    let path = text.trim().strip_prefix("gitdir: ")?;
    Some(git.parent()?.join(path))
}

/// The hash of a branch in the file of all.
fn packed(text: &str, branch: &str) -> Option<String> {
    let of_branch = |line: &str| {
        let (hash, name) = line.split_once(' ')?;
        (name == branch).then(|| hash.to_owned())
    };
    text.lines().find_map(of_branch)
}

fn digits(hash: &str) -> Option<String> {
    let is_hash = hash.len() >= 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| hash[..DIGITS].to_owned())
}
