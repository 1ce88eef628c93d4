//! The release: its workflow, the archives, and what downloads them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::machine::said;
use super::rules::step;
use super::{ACTION, file, yaml};

fn workflows() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn our_own_workflows_keep_our_rules() {
    for (name, text) in workflows() {
        let workflow = yaml(&text);
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{name}");
        for (job, content) in workflow["jobs"].as_object().unwrap() {
            let mut found = Vec::new();
            content["steps"].as_array().unwrap().iter().for_each(|one| step(one, &mut found));
            assert!(found.is_empty(), "{name}, {job}: {found:?}");
            let granted = &content["permissions"];
            // One job writes to the repository: the one that publishes, and a person approves it.
            let writes = granted["contents"] == "write";
            assert_eq!(writes, job == "publish", "{name}, {job}");
            assert!(!writes || content["environment"] == "release");
        }
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            assert!(line.contains(" # v"), "{name}: no version after the commit: {line}");
        }
    }
}

#[test]
fn nothing_is_published_before_the_gate_and_the_proof_have_passed() {
    let workflow = yaml(&file(".github/workflows/release.yml"));
    let jobs = &workflow["jobs"];
    assert_eq!(jobs["publish"]["needs"], serde_json::json!(["gate", "proof", "build"]));
    assert_eq!(jobs["image"]["needs"], "publish");
    assert!(jobs["gate"].to_string().contains(".ci/run"));
    assert!(jobs["proof"].to_string().contains(".ci/static"));
    assert_eq!(workflow["concurrency"]["cancel-in-progress"], false);
}

/// The targets in a text, sorted.
fn targets(text: &str) -> Vec<String> {
    let ends = ["-unknown-linux-musl", "-apple-darwin"];
    let words = text.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c)));
    let mut found: Vec<String> = words
        .filter(|word| ends.iter().any(|end| word.ends_with(end)))
        .map(str::to_owned)
        .collect();
    found.retain(|word| word.starts_with("x86_64") || word.starts_with("aarch64"));
    found.sort();
    found.dedup();
    found
}

#[test]
fn what_is_released_is_what_the_action_downloads() {
    let workflow = yaml(&file(".github/workflows/release.yml"));
    let built = targets(&workflow["jobs"]["build"]["strategy"].to_string());
    assert_eq!(built.len(), 4, "{built:?}");
    assert_eq!(targets(&file(ACTION)), built);
}

/// A copy of what an archive is made from.
fn sources() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = ["Cargo.toml", "README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in names {
        fs::copy(root.join(name), folder.path().join(name)).unwrap();
    }
    // Links, because a file that was just written cannot always be executed.
    fs::create_dir(folder.path().join(".ci")).unwrap();
    for name in [".ci/package", ".ci/notes"] {
        symlink(root.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn bash(folder: &Path, script: &str) -> (bool, String) {
    let output = Command::new("bash").args(["-euc", script]).current_dir(folder).output().unwrap();
    (output.status.success(), said(&output))
}

#[test]
fn an_archive_has_the_name_that_binstall_and_the_action_expect_and_is_reproducible() {
    let target = "x86_64-unknown-linux-musl";
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("trunkline-v{version}-{target}");
    let mut archives = Vec::new();
    for _ in 0..2 {
        let folder = sources();
        let script = format!("echo binary > built && .ci/package {target} built");
        let (fine, text) = bash(folder.path(), &script);
        assert!(fine && text == format!("dist/{name}.tar.gz\n"), "{text}");
        let (_, list) = bash(folder.path(), &format!("tar -tzf dist/{name}.tar.gz"));
        assert!(list.contains(&format!("{name}/trunkline\n")), "{list}");
        assert!(list.contains(&format!("{name}/LICENSE-MIT\n")), "{list}");
        // Neither the time nor the user of the build.
        let (_, list) = bash(folder.path(), &format!("TZ=UTC tar -tvzf dist/{name}.tar.gz"));
        assert!(
            list.lines().all(|line| line.contains("2000-01-01") && line.contains(" 0/0 ")),
            "{list}"
        );
        archives.push(fs::read(folder.path().join(format!("dist/{name}.tar.gz"))).unwrap());
    }
    assert!(archives[0] == archives[1]);
    let cargo = file("Cargo.toml");
    let filled = |line: &str| {
        let value = cargo.lines().find_map(|one| one.strip_prefix(line)).unwrap();
        value.replace("{ version }", version).replace("{ target }", target)
    };
    assert!(filled("pkg-url = ").ends_with(&format!("/v{version}/{name}.tar.gz\"")));
    assert!(filled("bin-dir = ").starts_with(&format!("\"{name}/")));
    assert!(file(ACTION).contains("name=trunkline-$VERSION-$target\n"));
}

#[test]
fn the_notes_of_a_release_are_its_section_of_the_changelog() {
    let folder = sources();
    let changelog = "# Changelog\n\n## Unreleased\n\n- c\n\n## 0.2.0 - 2027-01-01\n\n### Added\n\n- b\n\n## 0.1.0\n\n- a\n";
    fs::write(folder.path().join("CHANGELOG.md"), changelog).unwrap();
    for (version, notes) in [("0.2.0", "\n### Added\n\n- b\n"), ("0.1.0", "\n- a\n")] {
        assert_eq!(bash(folder.path(), &format!(".ci/notes {version}")), (true, notes.to_owned()));
    }
    let (fine, text) = bash(folder.path(), ".ci/notes 0.3.0");
    assert!(!fine && text.contains("no section on 0.3.0"), "{text}");
}
