//! The hand-written mutants: each promise has tests of its name and a patch that breaks it, and all patches
//! apply to the code together. `tests/mutants/run` checks that the tests notice.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The patches, each with the prefix of the tests that have to fail with it.
fn patches() -> Vec<(PathBuf, String)> {
    let files =
        fs::read_dir(root().join("tests/mutants")).unwrap().map(|file| file.unwrap().path());
    let patches = files.filter(|path| path.extension().is_some_and(|end| end == "patch"));
    let kills = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let kills = text.lines().next().and_then(|line| line.strip_prefix("Kills: "));
        let kills =
            kills.unwrap_or_else(|| panic!("{}: the first line is not Kills: …", path.display()));
        (path.clone(), kills.to_owned())
    };
    patches.map(kills).collect()
}

/// The names of all tests of promises.
fn tests() -> Vec<String> {
    let mut names = Vec::new();
    let mut open = vec![root().join("tests/it")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let declared = text.lines().filter_map(|line| line.trim().split_once("fn promise_"));
            let name = |(_, rest): (&str, &str)| {
                format!("promise_{}", rest.split('(').next().unwrap_or_default())
            };
            names.extend(declared.map(name));
        }
    }
    names
}

#[test]
fn every_promise_has_a_test_and_a_mutant() {
    let (tests, patches) = (tests(), patches());
    for promise in 1..=16 {
        let name = format!("promise_{promise}_");
        assert!(tests.iter().any(|test| test.starts_with(&name)), "no test of {name}");
        assert!(patches.iter().any(|(_, kills)| kills.starts_with(&name)), "no mutant for {name}");
    }
    for (path, kills) in &patches {
        let file = path.file_stem().unwrap().to_str().unwrap();
        // The others break a rule that is not a promise.
        if !file.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let promise = kills.split('_').nth(1).unwrap_or_default();
        assert_eq!(file.split('_').next(), Some(promise), "{file} names {kills}");
        assert!(
            tests.iter().any(|test| test.starts_with(kills)),
            "{file}: no test starts with {kills}"
        );
    }
}

#[test]
fn all_mutants_apply_to_the_code_together() {
    if Command::new("patch").arg("--version").output().is_err() {
        let _ = std::io::stderr().write_all(b"SKIPPED: patch is not installed\n");
        return;
    }
    let tree = tempfile::TempDir::new().unwrap();
    let copy = Command::new("cp").arg("-r").args([&root().join("src"), tree.path()]).status();
    assert!(copy.unwrap().success());
    for (path, _) in patches() {
        let patch = Command::new("patch")
            .args(["--force", "--fuzz=0", "-p1"])
            .current_dir(tree.path())
            .stdin(Stdio::from(File::open(&path).unwrap()))
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&patch.stdout);
        assert!(patch.status.success(), "{}: {output}", path.display());
    }
}
