//! A manifest as a folder: the files that are read and joined, and those that never are.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;
use trunkline::manifest::{Problems, load};
use trunkline::model::{Budget, Desired, Email};

use super::shown;

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

const HEAD: &str = "version: 1\norganization: acme\n";

/// The only account of a file.
fn account(name: &str) -> String {
    format!("version: 1\naccounts:\n  - {{ name: {name}, email: {name}@shop.example }}\n")
}

fn emails(desired: &Desired) -> Vec<&str> {
    desired.accounts.keys().map(Email::as_str).collect()
}

/// The problems of a folder, with paths relative to it.
fn relative(folder: &TempDir, problems: &Problems) -> String {
    shown(problems).replace(folder.path().to_str().unwrap(), "FOLDER")
}

#[test]
fn the_files_of_a_folder_are_one_manifest() {
    let folder = folder(&[
        (
            "a.yaml",
            &format!(
                "{HEAD}defaults: {{ account: {{ enabled: true }} }}\npolicy: {{ protected: [root@acme.example] }}\n"
            ),
        ),
        ("shops/east.yml", &account("east")),
        ("shops/far/west.yaml", &format!("{}organization: acme\n", account("west"))),
        (
            "users.yaml",
            "version: 1\nusers: [{ email: ops@acme.example }]\npolicy: { max_removals: 1, protected: [ops@acme.example] }\ndefaults: { account: { channel_limit: 3 } }\n",
        ),
        ("users2.yaml", "version: 1\nusers: [{ email: dev@acme.example }]\n"),
        ("README.md", "not: [a manifest"),
        (".hidden.yaml", "not: [a manifest"),
        (".git/config.yaml", "not: [a manifest"),
    ]);
    let desired = load(folder.path()).unwrap();
    assert_eq!(desired.organization, "acme");
    assert_eq!(emails(&desired), ["east@shop.example", "west@shop.example"]);
    for account in desired.accounts.values() {
        assert_eq!((account.enabled, account.channel_limit), (Some(true), Some(3)));
    }
    assert_eq!(desired.users.unwrap().len(), 2);
    assert_eq!(desired.policy.budgets.removals, Budget::Count(1));
    assert_eq!(desired.policy.protected.len(), 2);
}

#[test]
fn contradictions_across_files_name_both_places() {
    let folder = folder(&[
        (
            "a.yaml",
            &format!(
                "{HEAD}manager_account_id: 00000000-0000-4000-8000-000000000001\npolicy: {{ max_removals: 1 }}\ndefaults: {{ account: {{ enabled: true }} }}\naccounts:\n  - {{ name: Cat, email: cat@shop.example, id: 00000000-0000-4000-8000-000000000002 }}\nusers: [{{ email: ops@acme.example }}]\naccept: [{{ code: pool_exceeded, until: 2027-01-01 }}]\n"
            ),
        ),
        (
            "b.yaml",
            "version: 1\norganization: other\nmanager_account_id: 00000000-0000-4000-8000-000000000001\npolicy: { max_removals: 1 }\ndefaults: { account: { enabled: false } }\naccounts:\n  - { name: Dog, email: CAT@shop.example, id: 00000000-0000-4000-8000-000000000002 }\nusers: [{ email: ops@acme.example }]\naccept: [{ code: pool_exceeded, until: 2027-01-02 }]\n",
        ),
    ]);
    let problems = load(folder.path()).unwrap_err();
    assert_eq!(problems.0.len(), 8);
    for problem in &problems.0 {
        assert!(problem.file.ends_with("b.yaml"));
        assert!(problem.related.iter().all(|related| related.file.ends_with("a.yaml")));
        assert_eq!(problem.related.len(), 1, "{problem}");
    }
    insta::assert_snapshot!(relative(&folder, &problems));
}

#[test]
fn every_file_sets_its_version_and_one_the_organization() {
    let folder = folder(&[
        ("a.yaml", "accounts: []\n"),
        ("b.yaml", "version: 1\n"),
        ("c.yaml", "version: 3\nusers: []\n"),
        ("d.yaml", "version: [\n"),
    ]);
    let problems = load(folder.path()).unwrap_err();
    insta::assert_snapshot!("a_folder_of_broken_files", relative(&folder, &problems));
    fs::remove_file(folder.path().join("d.yaml")).unwrap();
    let problems = load(folder.path()).unwrap_err();
    insta::assert_snapshot!("a_folder_without_an_organization", relative(&folder, &problems));
}

#[test]
fn an_unreadable_file_causes_no_problems_about_missing_parts() {
    let folder = folder(&[
        ("a.yaml", "version: 1\npolicy: { unlisted_accounts: disable }\n"),
        ("b.yaml", "accounts: [\n"),
    ]);
    let problems = load(folder.path()).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    assert!(problems.0[0].file.ends_with("b.yaml"));
}

#[test]
fn a_policy_that_disables_everything_needs_accounts_in_some_file() {
    let policy = format!("{HEAD}policy: {{ unlisted_accounts: disable }}\n");
    let folder = folder(&[("a.yaml", &policy), ("b.yaml", "version: 1\naccounts: []\n")]);
    let problems = load(folder.path()).unwrap_err();
    assert_eq!(problems.0.len(), 1, "{problems}");
    write(folder.path(), "b.yaml", &account("cat"));
    assert_eq!(emails(&load(folder.path()).unwrap()), ["cat@shop.example"]);
}

#[test]
fn links_out_of_the_folder_are_refused() {
    let outside = folder(&[("secret.yaml", "hunter2\n"), ("more/x.yaml", "hunter2\n")]);
    let folder = folder(&[("a.yaml", HEAD), ("sub/b.yaml", &account("cat"))]);
    symlink(outside.path().join("secret.yaml"), folder.path().join("c.yaml")).unwrap();
    symlink(outside.path().join("more"), folder.path().join("more")).unwrap();
    symlink("/nowhere/at/all", folder.path().join("gone.yaml")).unwrap();
    let problems = load(folder.path()).unwrap_err();
    insta::assert_snapshot!(relative(&folder, &problems));
}

#[test]
fn links_within_the_folder_are_followed_once() {
    let folder = folder(&[
        ("..data/a.yaml", HEAD),
        ("..data/b.yaml", &account("cat")),
        ("sub/c.yaml", &account("dog")),
    ]);
    // As Kubernetes mounts a ConfigMap: the files are links into a hidden folder.
    symlink("..data/a.yaml", folder.path().join("a.yaml")).unwrap();
    symlink("..data/b.yaml", folder.path().join("b.yaml")).unwrap();
    symlink("../sub/c.yaml", folder.path().join("sub/again.yaml")).unwrap();
    symlink("..", folder.path().join("sub/up")).unwrap();
    symlink("sub", folder.path().join("same")).unwrap();
    let desired = load(folder.path()).unwrap();
    assert_eq!(emails(&desired), ["cat@shop.example", "dog@shop.example"]);
    // The path itself may be a link.
    let elsewhere = TempDir::new().unwrap();
    let link = elsewhere.path().join("link");
    symlink(folder.path(), &link).unwrap();
    assert_eq!(load(&link).unwrap(), desired);
}

#[test]
fn paths_that_are_not_manifests_are_refused() {
    let folder = folder(&[
        ("empty/note.txt", "x"),
        ("latin.yaml", ""),
        ("utf16.yaml", ""),
        ("device.yaml", ""),
    ]);
    let at = |name: &str| folder.path().join(name);
    fs::write(at("latin.yaml"), b"version: 1\norganization: caf\xe9\n").unwrap();
    fs::write(at("utf16.yaml"), b"\xff\xfev\0e\0r\0").unwrap();
    let large = fs::File::create(at("large.yaml")).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    let mut all = String::new();
    for name in ["nothing.yaml", "empty", "latin.yaml", "utf16.yaml", "large.yaml"] {
        let problems = load(&at(name)).unwrap_err();
        all += &relative(&folder, &problems);
        all += "\n\n";
    }
    let problems = load(Path::new("/dev/null")).unwrap_err();
    all += &relative(&folder, &problems);
    insta::assert_snapshot!(all);
}

#[test]
fn an_unreadable_file_is_a_problem_and_the_others_are_checked() {
    let folder = folder(&[("a.yaml", HEAD), ("b.yaml", "version: 2\n")]);
    let closed = folder.path().join("a.yaml");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        // Root may read every file.
        return;
    }
    let problems = load(folder.path()).unwrap_err();
    assert_eq!(problems.0.len(), 2, "{problems}");
    assert!(problems.0[0].message.contains("permission denied"));
}
