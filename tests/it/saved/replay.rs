//! Saved plans that are applied late, twice, in part, or in an inventory that may lack something.

use std::time::Duration;

use serde_json::Value;

use super::{apply, json, save, status, stderr};
use crate::support::proxy::Fault;
use crate::support::site::{Site, text};

fn count<'a>(applied: &'a Value, outcome: &'a str) -> &'a Value {
    &applied["summary"][outcome]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_applied_without_its_manifest_and_ends_in_sync() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new(), "a plan only reads");
    let applied = site.json(&apply(&plan, &["--format", "json"]), 0).await;
    assert_eq!(count(&applied, "done"), 17);
    assert_eq!(applied["digest"], json(&plan)["digest"]);
    assert_eq!(site.proxy.changes().len(), 17);
    let shown = site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
    assert!(shown.ends_with("In sync: 14 entries are as they should be.\n"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_uses_the_state_it_was_made_with() {
    let site = Site::open().await;
    let folder = site.folder.path().join("organizations");
    std::fs::create_dir(&folder).unwrap();
    let manifest = folder.join("acme.yaml");
    std::fs::copy(site.manifest(&[]), &manifest).unwrap();
    let plan = save(&site, &manifest).await;
    let applied = site.json(&apply(&plan, &["--format", "json"]), 0).await;
    assert_eq!(count(&applied, "done"), 17);
    assert!(folder.join(".trunkline/acme.json").exists());
    assert!(!site.folder.path().join(".trunkline").exists(), "the default of no manifest");
    let again = site.run(&apply(&plan, &[text(&manifest)])).await;
    assert_eq!(status(&again), Some(4));
    assert!(stderr(&again).contains("already been applied"), "{}", stderr(&again));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_finds_its_state_from_any_working_directory() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = site.folder.path().join("plan.json");
    // Relative to the working directory of the plan.
    let name = manifest.file_name().unwrap().to_str().unwrap();
    site.ends(&["plan", name, "--out", "plan.json"], 0).await;
    let elsewhere = site.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let mut command = site.command(&apply(&plan, &["--format", "json"]));
    command.current_dir(&elsewhere);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), Some(0), "{}", stderr(&output));
    assert!(site.folder.path().join(".trunkline/acme.json").exists());
    assert!(!elsewhere.join(".trunkline").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_that_were_applied_already_are_satisfied_and_the_plan_is_used() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
    site.proxy.passed();
    let applied = site.json(&apply(&plan, &["--format", "json"]), 0).await;
    assert_eq!(count(&applied, "satisfied"), 17);
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let again = site.run(&apply(&plan, &[])).await;
    assert_eq!(status(&again), Some(4));
    assert!(stderr(&again).contains("already been applied"), "{}", stderr(&again));
    let shown = site.ends(&["state", "show"], 0).await;
    assert!(shown.ends_with("applied and cannot be applied again: 1\n"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partly_applied_plan_can_be_applied_again() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let broken = Arc::new(AtomicBool::new(true));
    let breaks = Arc::clone(&broken);
    let faults = move |method: &str, path: &str, _: &str| {
        let fails = method == "POST" && path.ends_with("/actions/remove");
        if fails && breaks.load(Ordering::SeqCst) { Fault::Refused(422) } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, faults).await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    let applied = site.json(&apply(&plan, &["--format", "json"]), 5).await;
    assert_eq!((count(&applied, "done"), count(&applied, "failed")), (&16.into(), &1.into()));
    broken.store(false, Ordering::SeqCst);
    site.proxy.passed();
    let applied = site.json(&apply(&plan, &["--format", "json"]), 0).await;
    assert_eq!((count(&applied, "done"), count(&applied, "satisfied")), (&1.into(), &16.into()));
    assert_eq!(site.proxy.changes().len(), 1);
    assert_eq!(status(&site.run(&apply(&plan, &[])).await), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_selected_actions_of_a_saved_plan_are_applied() {
    let site = Site::open().await;
    let manifest = site.manifest(&[("max_removals: 25%", "max_removals: 0")]);
    let path = site.folder.path().join("plan.json");
    let target = ["--target", "larry@catfood.example"];
    let arguments = [&["plan", text(&manifest), "--out", text(&path)], &target[..]].concat();
    site.ends(&arguments, 0).await;
    // The guards are those of the whole.
    site.ends(&apply(&path, &[]), 3).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let applied =
        site.json(&apply(&path, &["--approve-destructive", "0", "--format", "json"]), 0).await;
    let outcomes = applied["outcomes"].as_array().unwrap();
    assert!(!outcomes.is_empty());
    assert!(outcomes.iter().all(|one| one["email"] == "larry@catfood.example"), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_incomplete_inventory_no_destructive_action_and_no_create_is_sent() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let lacking = Arc::new(AtomicBool::new(false));
    let lacks = Arc::clone(&lacking);
    // There is one account more than any list shows.
    let faults = move |method: &str, path: &str, _: &str| {
        let list = method == "GET" && path == "/v2/managed_accounts";
        if list && lacks.load(Ordering::SeqCst) { Fault::Miscounted } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, faults).await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    site.proxy.passed();
    lacking.store(true, Ordering::SeqCst);
    let applied = site.json(&apply(&plan, &["--format", "json"]), 7).await;
    for one in applied["outcomes"].as_array().unwrap() {
        let sent = one["outcome"] == "done";
        let may = one["destructive"] == false && one["action"] != "create_account";
        // The list of users is whole, and neither half needs the other.
        let of_user = one["kind"] == "organization_user";
        assert!(!sent || may || of_user, "{one}");
        if one["outcome"] == "skipped" {
            assert!(one["error"]["message"].as_str().unwrap().starts_with("withheld: "), "{one}");
        }
    }
    assert_ne!(count(&applied, "skipped"), 0);
    let changes = site.proxy.changes();
    assert!(
        changes
            .iter()
            .all(|line| !line.ends_with("/disable") && line != "POST /v2/managed_accounts"),
        "{changes:?}"
    );
    // It was not used up.
    lacking.store(false, Ordering::SeqCst);
    site.ends(&apply(&plan, &[]), 0).await;
}
