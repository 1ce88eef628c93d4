//! The default location of the state, for manifest files and folders, and locations that cannot be written.

use std::fs;
use std::path::PathBuf;

use crate::support::site::{Site, text};

/// A manifest with one account to create, as a file or as a folder, outside of the working directory.
fn manifest(site: &Site, is_folder: bool) -> (PathBuf, PathBuf) {
    let folder = site.folder.path().join("organizations/acme");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("acme.yaml");
    fs::rename(site.manifest(&[]), &file).unwrap();
    (if is_folder { folder.clone() } else { file }, folder.join(".trunkline"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_state_is_beside_the_manifest_whatever_the_working_directory() {
    for is_folder in [false, true] {
        let site = Site::open().await;
        let (path, states) = manifest(&site, is_folder);
        site.ends(&["plan", text(&path)], 0).await;
        assert!(!states.exists(), "plan creates nothing");
        site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
        let state = states.join("acme.json");
        assert!(state.is_file());
        assert!(!site.folder.path().join(".trunkline").exists());
        // Every command reads it: a state that is damaged stops each of them.
        let whole = fs::read(&state).unwrap();
        fs::write(&state, "{ torn").unwrap();
        let out = state.with_file_name("import.yaml");
        let beside = states.parent().unwrap().join("import.yaml");
        for arguments in [
            &["plan", text(&path)][..],
            &["apply", text(&path), "--auto-approve"],
            &["import", "--organization", "acme", "--out", text(&beside)],
            &["daemon", text(&path), "--once"],
        ] {
            let output = site.run(arguments).await;
            let log = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{log}");
            assert!(log.contains("acme.json is damaged"), "{arguments:?}\n{log}");
        }
        fs::write(&state, whole).unwrap();
        let mut show = site.command(&["state", "show"]);
        show.env("TRUNKLINE_MANIFEST", &path);
        let shown = tokio::task::spawn_blocking(move || show.output().unwrap()).await.unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains(text(&state)), "{shown}");
        assert!(!out.exists() && !beside.exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unwritable_default_location_stops_apply_before_any_request_but_not_plan() {
    let site = Site::open().await;
    let (path, states) = manifest(&site, false);
    // A file in place of the folder: not even root can write there.
    fs::write(&states, "").unwrap();
    let plan = site.run(&["plan", text(&path)]).await;
    let log = String::from_utf8(plan.stderr).unwrap();
    assert_eq!(plan.status.code(), Some(0), "{log}");
    assert!(
        log.contains("so nothing is remembered; name a writable location with --state"),
        "{log}"
    );
    site.proxy.passed();
    for arguments in
        [&["apply", text(&path), "--auto-approve"][..], &["daemon", text(&path), "--once"]]
    {
        let output = site.run(arguments).await;
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{log}");
        assert!(log.to_lowercase().contains("name a writable location with --state"), "{log}");
        assert_eq!(site.proxy.passed().len(), 0, "{arguments:?}");
    }
    let elsewhere = site.folder.path().join("acme.json");
    site.ends(&["apply", text(&path), "--auto-approve", "--state", text(&elsewhere)], 0).await;
    assert!(elsewhere.is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_not_a_regular_file_is_refused_with_a_command_that_works() {
    let site = Site::open().await;
    let path = site.manifest(&[]);
    for state in ["/dev/full", "."] {
        for command in ["plan", "apply"] {
            let output = site.run(&[command, text(&path), "--state", state]).await;
            let log = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{command} {state}\n{log}");
            assert!(log.contains("not a regular file\nhint: A state is a regular file"), "{log}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_in_memory_promises_nothing_to_the_next_run() {
    let site = Site::open().await;
    let path = site.manifest(&[]);
    for state in ["none", "memory:"] {
        let plan = site.ends(&["plan", text(&path), "--state", state], 0).await;
        assert!(plan.contains("untracked_creates") && plan.contains("State: none"), "{plan}");
    }
}
