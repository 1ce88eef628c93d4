//! The import rule: who may know whom.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each module may import of the crate, beside itself.
const MAY_IMPORT: [(&str, &[&str]); 11] = [
    ("model", &[]),
    ("manifest", &["model"]),
    ("telnyx", &["model"]),
    ("plan", &["model"]),
    ("detect", &["model", "telnyx"]),
    ("state", &["model"]),
    ("execute", &["state", "model", "plan", "telnyx"]),
    // Outcomes are what execution returns, problems what reading a manifest does; a report only shows them.
    ("report", &["model", "manifest", "plan", "execute"]),
    ("sandbox", &[]),
    ("daemon", &["detect", "execute", "state", "manifest", "model", "plan", "report", "telnyx"]),
    (
        "cli",
        &[
            "daemon", "detect", "execute", "state", "manifest", "model", "plan", "report",
            "sandbox", "telnyx",
        ],
    ),
];

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

/// The modules that a text names with `crate::`.
fn imported(text: &str) -> Vec<&str> {
    text.split("crate::")
        .skip(1)
        .map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap_or_default())
        .collect()
}

#[test]
fn imports_go_one_way() {
    let rules: BTreeMap<_, _> = MAY_IMPORT.into();
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
fn every_module_has_a_rule() {
    let library =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let modules =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules {
        assert!(MAY_IMPORT.iter().any(|(known, _)| *known == module), "{module}");
    }
}

#[test]
fn the_planner_knows_no_format_no_task_and_no_clock() {
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
fn who_only_looks_holds_no_writer() {
    let lookers =
        sources("detect").into_iter().chain(sources("cli").into_iter().filter(|(path, _)| {
            ["plan.rs", "diff.rs", "get.rs", "import.rs", "validate.rs", "daemon.rs"]
                .iter()
                .any(|name| path.ends_with(name))
        }));
    // Healing is the one part of the daemon that can write, and nothing else of it knows how.
    let daemon =
        sources("daemon").into_iter().filter(|(path, _)| !path.ends_with("daemon/heal.rs"));
    let session = |text: &str| text.contains(".session()") || text.contains("execute");
    for (path, text) in daemon.clone() {
        assert!(!session(&text), "{} gets hold of a session", path.display());
    }
    let lookers = lookers.chain(daemon);
    for (path, text) in lookers {
        let writes = text.contains("Writer") || text.contains(".writer()");
        assert!(!writes, "{} can write", path.display());
    }
}
