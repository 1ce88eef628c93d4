//! `--base`: the effects of a change of the manifest, separate from earlier drift.

use serde_json::Value;

use crate::support::site::{Site, text};

/// Writes the example with some text replaced, as the base manifest.
fn base(site: &Site, changes: &[(&str, &str)]) -> String {
    let path = site.manifest(changes);
    let base = site.folder.path().join("base.yaml");
    std::fs::rename(path, &base).unwrap();
    text(&base).to_owned()
}

/// The actions of a plan, as `origin action email`.
fn origins(plan: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let actions = plan["actions"].as_array().unwrap().iter();
    actions
        .map(|one| {
            format!("{} {} {}", word(&one["origin"]), word(&one["action"]), word(&one["email"]))
        })
        .collect()
}

const CHANGE: (&str, &str) =
    ("name: Larry's Cat Food\n", "name: Larry's Cat Food\n    enabled: false\n");

#[tokio::test(flavor = "multi_thread")]
async fn an_action_shows_whether_it_comes_from_the_change() {
    let site = Site::open().await;
    let base = base(&site, &[]);
    let manifest = site.manifest(&[CHANGE]);
    let line = ["plan", text(&manifest), "--base", &base, "--format", "json"];
    let plan = site.json(&line, 0).await;
    let this: Vec<String> =
        origins(&plan).into_iter().filter(|one| one.starts_with("this_change")).collect();
    assert_eq!(this, ["this_change disable_account larry@catfood.example"]);
    assert!(origins(&plan).iter().all(|one| !one.starts_with("conflict")), "{plan}");
    let shown = site.ends(&line[..4], 0).await;
    assert!(shown.contains("This change: 1, already drifted: "), "{shown}");
    assert!(shown.contains("[this change]") && shown.contains("[already drifted]"), "{shown}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_deletes_a_whole_section_is_reported() {
    let site = Site::open().await;
    let base = base(&site, &[]);
    let manifest = site.manifest(&[]);
    let whole = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, &whole[..=whole.find("\nusers:\n").unwrap()]).unwrap();
    let output = site.run(&["plan", text(&manifest), "--base", &base]).await;
    let shown = String::from_utf8(output.stdout).unwrap();
    let finding =
        "! policy_loosened  users are no longer managed: this plan does not read or change any\n";
    assert!(shown.contains(finding), "{shown}");
    let warning = format!(
        "warning: `unlisted_users: remove` has no effect: {} has no `users`, so users are neither read nor removed; list the users that stay below `users`, or delete that line\n",
        text(&manifest)
    );
    assert!(String::from_utf8(output.stderr).unwrap().contains(&warning));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_change_sends_only_the_actions_of_the_change() {
    let site = Site::open().await;
    let base = base(&site, &[]);
    let manifest = site.manifest(&[CHANGE, ("max_disables: 1", "max_disables: 2")]);
    let without_base = ["apply", text(&manifest), "--only", "this-change"];
    assert_eq!(site.run(&without_base).await.status.code(), Some(1), "--only needs --base");
    let all =
        ["apply", text(&manifest), "--auto-approve", "--base", &base, "--only", "this-change"];
    // The stricter safety limit allows one disable, and the whole plan has two.
    let shown = site.ends(&all, 3).await;
    assert!(shown.contains("max_disables changes from 1 to 2"), "{shown}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let approved = [&all[..], &["--approve-destructive", "1"]].concat();
    let shown = site.ends(&approved, 0).await;
    assert!(shown.contains("Not selected: 17 actions"), "{shown}");
    assert!(shown.contains("Applied: 1 done"), "{shown}");
    let larry = site.sandbox.account("larry@catfood.example").unwrap();
    let changes = site.proxy.changes();
    assert_eq!(changes, [format!("POST /v2/managed_accounts/{}/actions/disable", larry.id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_base_is_an_error_before_anything_is_read() {
    let site = Site::open().await;
    let base = base(&site, &[("version: 1", "version: 2")]);
    let manifest = site.manifest(&[]);
    let output = site.run(&["plan", text(&manifest), "--base", &base]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("base.yaml:4"));
    assert_eq!(site.proxy.passed(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_keeps_its_origins() {
    let site = Site::open().await;
    let base = base(&site, &[]);
    let manifest = site.manifest(&[CHANGE, ("max_disables: 1", "max_disables: 2")]);
    let line = ["plan", text(&manifest), "--base", &base, "--out", "saved.json"];
    site.ends(&line, 0).await;
    let saved = std::fs::read_to_string(site.folder.path().join("saved.json")).unwrap();
    let saved: Value = serde_json::from_str(&saved).unwrap();
    let wanted = "this_change disable_account larry@catfood.example";
    assert!(origins(&saved).iter().any(|one| one == wanted), "{saved}");
    let apply = ["apply", "--plan", "saved.json", "--auto-approve"];
    // The safety limit of the base is the stricter one, and it was saved with the plan.
    site.ends(&apply, 3).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let shown = site.ends(&[&apply[..], &["--approve-destructive", "4"]].concat(), 0).await;
    assert!(shown.contains("This change: 1, already drifted: "), "{shown}");
    assert!(shown.contains("Applied: 18 done"), "{shown}");
    let both = [&apply[..], &["--base", &base]].concat();
    assert_eq!(site.run(&both).await.status.code(), Some(1), "its base is in the plan");
}
