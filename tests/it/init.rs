//! `init`: the first files of an organization.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;
use tempfile::TempDir;
use trunkline::manifest::{self, Layout};

use crate::support::site::Site;

const MODELINE: &str = "# yaml-language-server: $schema=./.trunkline.schema.json";

/// Runs `init` in a folder, without a key.
fn init(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.arg("init").args(arguments).current_dir(folder);
    command.env_remove("TELNYX_API_KEY").env_remove("TRUNKLINE_MANIFEST");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn without_a_key_an_example_is_written_that_is_valid_in_parts_and_as_a_whole() {
    let folder = TempDir::new().unwrap();
    let (status, out, err) = init(folder.path(), &["shop"]);
    assert_eq!(status, Some(0), "{err}");
    assert_eq!(
        err,
        "Wrote shop/trunkline.yaml\nWrote shop/.trunkline.schema.json\nWrote shop/.gitignore\n"
    );
    assert!(
        out.ends_with(
            ":\n  trunkline validate shop/trunkline.yaml\n  trunkline plan shop/trunkline.yaml\n"
        ),
        "{out}"
    );
    let shop = folder.path().join("shop");
    assert_eq!(fs::read_to_string(shop.join(".gitignore")).unwrap(), ".trunkline/\n");
    let schema = fs::read_to_string(shop.join(".trunkline.schema.json")).unwrap();
    assert_eq!(schema, manifest::schema());
    // The schema does not belong to a manifest that is the whole folder.
    let read = manifest::load_with_places(&shop).unwrap();
    assert_eq!((read.desired.organization.as_str(), read.skipped.len()), ("shop", 0));
    assert!(read.desired.accounts.is_empty() && read.desired.users.is_none());
    let text = fs::read_to_string(shop.join("trunkline.yaml")).unwrap();
    assert!(text.starts_with(MODELINE));
    assert_eq!(manifest::format(&shop).unwrap()[0].state, Layout::Canonical);
    // An entry that is commented out begins without a space, or is indented.
    let uncommented = |line: &str| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let entry = rest.strip_prefix('#');
        let entry = entry.filter(|entry| !entry.starts_with(' ') || entry.starts_with("  "));
        entry.map_or(line.to_owned(), |entry| format!("{indent}{entry}"))
    };
    let whole: Vec<String> = text.lines().map(uncommented).collect();
    let whole = whole.join("\n") + "\n";
    let path = Path::new("whole.yaml");
    let formatted = manifest::format_bytes(path, whole.clone().into_bytes()).unwrap();
    assert_eq!(formatted[0].state, Layout::Canonical);
    let desired = manifest::parse(path, &whole).unwrap();
    assert_eq!((desired.accounts.len(), desired.users.unwrap().len()), (2, 4));
    assert_eq!(desired.policy.protected.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_the_live_organization_is_written_and_plans_to_in_sync() {
    let site = Site::open().await;
    let out = site.ends(&["init", "--organization", "acme"], 0).await;
    assert!(out.ends_with(":\n  trunkline plan\n  trunkline apply\n"), "{out}");
    let folder = site.folder.path();
    assert_eq!(names(folder), [".gitignore", ".trunkline.schema.json", "trunkline.yaml"]);
    let text = fs::read_to_string(folder.join("trunkline.yaml")).unwrap();
    assert_eq!(text.matches(MODELINE).count(), 1);
    assert!(text.starts_with(MODELINE) && text.contains("larry@catfood.example"), "{text}");
    site.ends(&["plan", "--detailed-exitcode"], 0).await;
    site.ends(&["fmt", "--check"], 0).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let out = site.ends(&["init", "other", "--example", "--state", "s.json"], 0).await;
    let plan = "\n  trunkline plan other/trunkline.yaml --state s.json\n";
    assert!(out.contains("\n  trunkline validate other/trunkline.yaml\n") && out.ends_with(plan));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_leaves_no_file() {
    let site = Site::open().await;
    let mut command = site.command(&["init"]);
    command.env("TELNYX_API_KEY", "KEY_wrong");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(names(site.folder.path()), Vec::<String>::new());
}

#[test]
fn no_file_is_overwritten_and_gitignore_only_grows() {
    let folder = TempDir::new().unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("trunkline.yaml", "mine");
    let (status, out, err) = init(folder.path(), &[]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("error: trunkline.yaml already exists; nothing was written\nhint: "));
    assert_eq!((names(folder.path()).len(), read("trunkline.yaml").as_str()), (1, "mine"));

    fs::remove_file(folder.path().join("trunkline.yaml")).unwrap();
    write(".gitignore", "*.key");
    write(".trunkline.schema.json", "mine");
    let (status, _, err) = init(folder.path(), &["--organization", "acme"]);
    assert_eq!((status, err.as_str()), (Some(0), "Wrote trunkline.yaml\nWrote .gitignore\n"));
    assert_eq!(read(".gitignore"), "*.key\n.trunkline/\n");
    assert_eq!(read(".trunkline.schema.json"), "mine");

    for there in ["/.trunkline\n", ".trunkline/\n", "a\n.trunkline\n"] {
        fs::remove_file(folder.path().join("trunkline.yaml")).unwrap();
        write(".gitignore", there);
        assert_eq!(init(folder.path(), &["--organization", "acme"]).0, Some(0));
        assert_eq!(read(".gitignore"), there);
    }
}

#[test]
fn the_label_is_the_name_of_the_folder_if_it_can_be_one() {
    let folder = TempDir::new().unwrap();
    for (arguments, label) in [
        (vec!["my shop"], Some("my-organization")),
        (vec!["acme"], Some("acme")),
        (vec!["b", "--organization", "corner"], Some("corner")),
        (vec!["c", "--organization", "no label"], None),
    ] {
        let (status, _, err) = init(folder.path(), &arguments);
        let read = manifest::load(&folder.path().join(arguments[0]));
        assert_eq!(read.ok().map(|desired| desired.organization).as_deref(), label, "{err}");
        assert_eq!(status, Some(i32::from(label.is_none())));
    }
    assert!(!folder.path().join("c").exists());
}
