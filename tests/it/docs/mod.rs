//! The documents match the program.
//!
//! `TRUNKLINE_WRITE_DOCS=1 cargo test --test it docs::` writes the generated parts and the outputs anew.

mod commands;
mod generated;
mod links;
mod outputs;
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file at this path of the repository.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Held from reading a page to writing it.
fn exclusive() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A page of Markdown.
struct Page {
    /// The path in the repository.
    path: String,
    text: String,
}

impl Page {
    fn read(path: &str) -> Self {
        let text = fs::read_to_string(file(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.to_owned(), text }
    }

    /// Compares the page with what it should be, or writes it where the environment asks for that.
    fn expect(&self, text: &str) {
        if std::env::var_os("TRUNKLINE_WRITE_DOCS").is_some_and(|value| value == "1") {
            fs::write(file(&self.path), text).unwrap();
            return;
        }
        let current = self.text == text;
        assert!(
            current,
            "{} is not current: run {WRITE}\n{}",
            self.path,
            changes(&self.text, text)
        );
    }

    /// The code blocks: what follows the opening fence, the line of the first line of code, and the code.
    fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for (at, line) in self.text.lines().enumerate() {
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(info)) => {
                    let info = info.trim().to_owned();
                    open = Some(Block { info, start: at + 1, code: String::new() });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => {
                    block.code.push_str(line);
                    block.code.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a code block is not closed", self.path);
        blocks
    }
}

/// A code block.
struct Block {
    info: String,
    /// The number of lines before the code.
    start: usize,
    code: String,
}

const WRITE: &str = "`TRUNKLINE_WRITE_DOCS=1 cargo test --test it docs::`, and review the changes";

fn changes(old: &str, new: &str) -> String {
    similar::TextDiff::from_lines(old, new).unified_diff().context_radius(1).to_string()
}

/// The pages that people read.
fn pages() -> Vec<Page> {
    let mut paths: Vec<String> =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"]
            .map(str::to_owned)
            .to_vec();
    let mut docs: Vec<String> = fs::read_dir(file("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|path| Path::new(path).extension().is_some_and(|end| end == "md"))
        .collect();
    docs.sort();
    assert!(docs.len() > 10, "{docs:?}");
    paths.append(&mut docs);
    paths.iter().map(|path| Page::read(path)).collect()
}

#[test]
fn the_readme_has_at_most_150_lines() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= 150, "{lines}");
}

#[test]
fn the_index_links_to_every_page() {
    let index = Page::read("docs/README.md").text;
    for page in pages() {
        let Some(name) = page.path.strip_prefix("docs/").filter(|name| *name != "README.md") else {
            continue;
        };
        assert!(index.contains(&format!("]({name})")), "{name}");
    }
}
