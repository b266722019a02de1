//! A page of the documentation: its fenced blocks in order, its prose, its inline code.

use std::fs;
use std::path::Path;

/// A Markdown file of the tree.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// From the root, such as `docs/api.md`.
    pub(super) path: String,
    pub(super) text: String,
}

/// A fenced block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// What is behind the fence: `sh`, `json webhook`.
    pub(super) info: String,
    pub(super) body: String,
    /// The line of its fence, from 1.
    pub(super) line: usize,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page that users read, in the order of its path.
pub(super) fn pages() -> Vec<Page> {
    // What builds leave here, and what is written by a program.
    const LEFT_OUT: [&str; 7] = [
        "target",
        ".git",
        "node_modules",
        "dist",
        "out",
        "results",
        "corpus",
    ];
    let (mut folders, mut paths) = (vec![root().to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !LEFT_OUT.contains(&name) {
                folders.push(path);
            } else if name.ends_with(".md") && !name.starts_with("NOTES-") {
                paths.push(
                    path.strip_prefix(root())
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    paths.sort();
    assert!(paths.len() >= 8, "{paths:?}");
    paths.iter().map(|path| Page::read(path)).collect()
}

impl Page {
    pub(super) fn read(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: fs::read_to_string(root().join(path)).unwrap(),
        }
    }

    /// Its fenced blocks.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (line, text) in (1..).zip(self.text.lines()) {
            match (text.strip_prefix("```"), &mut open) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(info), None) => {
                    open = Some(Block {
                        info: info.to_owned(),
                        body: String::new(),
                        line,
                    });
                }
                (None, Some(block)) => {
                    block.body.push_str(text);
                    block.body.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block without its end", self.path);
        blocks
    }

    /// Everything outside of fenced blocks.
    pub(super) fn prose(&self) -> String {
        let parts = self.text.split("\n```").step_by(2);
        parts.collect::<Vec<_>>().join("\n")
    }

    /// Code in its prose.
    pub(super) fn inline(&self) -> Vec<String> {
        let prose = self.prose();
        prose
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }
}
