//! The import rules: the table in `src/lib.rs` holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LIBRARY: &str = include_str!("../../src/lib.rs");

/// Reads the table of imports: each module, and the modules that it may import.
fn rules() -> BTreeMap<&'static str, Vec<&'static str>> {
    let rows = LIBRARY.lines().filter_map(|line| line.strip_prefix("//! | `")?.strip_suffix(" |"));
    let rules: BTreeMap<_, _> = rows
        .map(|row| {
            let (module, allowed) = row.split_once("` | ").unwrap();
            (module, allowed.split(", ").collect())
        })
        .collect();
    assert!(rules.len() > 10, "{rules:?}");
    rules
}

/// The source files of a module, with their text.
fn sources(module: &str) -> Vec<(PathBuf, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut open = vec![source.join(module), source.join(format!("{module}.rs"))];
    while let Some(path) = open.pop() {
        if let Ok(entries) = fs::read_dir(&path) {
            open.extend(entries.map(|entry| entry.unwrap().path()));
        } else if let Ok(text) = fs::read_to_string(&path) {
            files.push((path, text));
        }
    }
    assert!(!files.is_empty(), "{module} has no files");
    files
}

/// The names after `crate::` in a text.
fn imported(text: &str) -> Vec<&str> {
    text.split("crate::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default())
        .collect()
}

#[test]
fn imports_go_one_way() {
    let rules = rules();
    for (module, allowed) in &rules {
        for (path, text) in sources(module) {
            for name in imported(&text).into_iter().filter(|name| rules.contains_key(name)) {
                let fine = name == *module || allowed.contains(&name);
                assert!(fine, "{} imports {name}", path.display());
            }
        }
    }
}

#[test]
fn every_module_has_a_row_and_no_two_modules_import_each_other() {
    let rules = rules();
    let modules =
        LIBRARY.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules {
        assert!(rules.contains_key(module), "{module}");
    }
    for (module, allowed) in &rules {
        let back =
            allowed.iter().find(|other| rules.get(*other).is_some_and(|of| of.contains(module)));
        assert_eq!(back, None, "{module}");
    }
}

#[test]
fn the_planner_uses_no_serialization_no_async_and_no_clock() {
    let foreign =
        ["serde", "async ", "tokio", "jiff", "std::time", "std::env", "tracing", "std::fs"];
    for module in ["model", "plan"] {
        for (path, text) in sources(module) {
            for word in foreign {
                assert!(!text.contains(word), "{} mentions {word}", path.display());
            }
        }
    }
}

#[test]
fn code_that_only_reads_holds_no_writer() {
    let readers =
        sources("detect").into_iter().chain(sources("cli").into_iter().filter(|(path, _)| {
            ["plan.rs", "diff.rs", "get.rs", "import.rs", "review.rs", "validate.rs", "daemon.rs"]
                .iter()
                .any(|name| path.ends_with(name))
        }));
    // Healing is the only part of the daemon that writes.
    let daemon =
        sources("daemon").into_iter().filter(|(path, _)| !path.ends_with("daemon/run/heal.rs"));
    let session = |text: &str| text.contains(".session()") || text.contains("execute");
    for (path, text) in daemon.clone() {
        assert!(!session(&text), "{} uses a session", path.display());
    }
    let readers = readers.chain(daemon);
    for (path, text) in readers {
        let writes = text.contains("Writer") || text.contains(".writer()");
        assert!(!writes, "{} can write", path.display());
    }
}
