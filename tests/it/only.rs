//! `plan --base BASE --only drift|this-change`: rows, findings, reports and the exit status are of the selection.

use std::path::Path;

use serde_json::Value;

use crate::support::site::{Site, text};

/// A change with an action and a finding: it disables an account, and lists a user whom the API cannot invite.
const CHANGE: [(&str, &str); 2] = [
    ("name: Larry's Cat Food\n", "name: Larry's Cat Food\n    enabled: false\n"),
    ("users:\n", "users:\n  - email: newcomer@acme.example\n"),
];

/// The reports that `--report` writes. `github` is a `--format`.
const KINDS: [&str; 6] = ["text", "json", "markdown", "diff", "github-summary", "gitlab-terraform"];

/// The base manifest. The live side follows it if `applied`.
async fn base(site: &Site, applied: bool) -> String {
    let path = site.folder.path().join("base.yaml");
    std::fs::rename(site.manifest(&[]), &path).unwrap();
    let path = text(&path).to_owned();
    if applied {
        let apply = ["apply", &path, "--auto-approve", "--approve-destructive", "3"];
        site.ends(&[&apply[..], &["--state", "state.json"]].concat(), 0).await;
    }
    path
}

/// The exit status of a plan with `--detailed-exitcode`, and its reports by kind.
async fn plan(site: &Site, head: &Path, base: &str, only: Option<&str>) -> (i32, Vec<String>) {
    let mut arguments: Vec<String> =
        ["plan", text(head), "--base", base, "--state", "state.json", "--detailed-exitcode"]
            .map(str::to_owned)
            .to_vec();
    arguments.extend(["--format".to_owned(), "github".to_owned()]);
    arguments.extend(only.iter().flat_map(|only| ["--only".to_owned(), (*only).to_owned()]));
    for kind in KINDS.into_iter().chain(["env"]) {
        arguments.extend(["--report".to_owned(), format!("{kind}={kind}.out")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = site.run(&arguments).await;
    let read = |kind: &str| {
        std::fs::read_to_string(site.folder.path().join(format!("{kind}.out"))).unwrap()
    };
    let mut reports: Vec<String> = KINDS.into_iter().chain(["env"]).map(read).collect();
    reports.push(String::from_utf8(output.stdout).unwrap());
    (output.status.code().unwrap(), reports)
}

/// A variable of the report `env`.
fn variable<'a>(reports: &'a [String], name: &str) -> &'a str {
    let env = &reports[KINDS.len()];
    let line = env.lines().find_map(|line| line.strip_prefix(&format!("TRUNKLINE_{name}=")));
    line.unwrap_or_else(|| panic!("{name} in {env}"))
}

/// The number of reports that name an address.
fn naming(reports: &[String], email: &str) -> usize {
    reports.iter().filter(|report| report.contains(email)).count()
}

/// Every report but the variables and GitLab's numbers.
const ALL: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_not_applied_is_not_drift() {
    let site = Site::open().await;
    let base = base(&site, true).await;
    let head = site.manifest(&CHANGE);
    let (status, reports) = plan(&site, &head, &base, Some("drift")).await;
    assert_eq!(status, 0, "{reports:?}");
    for email in ["larry@catfood.example", "newcomer@acme.example"] {
        assert_eq!(naming(&reports, email), 0, "{email}: {reports:?}");
    }
    assert_eq!(variable(&reports, "DRIFT"), "false");
    assert_eq!(variable(&reports, "UNCHOSEN"), "1");
    assert_eq!(variable(&reports, "UNCHOSEN_FINDINGS"), "1");
    assert!(reports[0].contains("Not selected: 1 action and 1 finding; the safety limits"));
    // Something differs, even if it was not selected.
    assert!(reports.iter().all(|report| !report.contains("In sync")), "{reports:?}");

    let (status, reports) = plan(&site, &head, &base, Some("this-change")).await;
    assert_eq!(status, 2, "{reports:?}");
    for email in ["larry@catfood.example", "newcomer@acme.example"] {
        assert_eq!(naming(&reports, email), ALL, "{email}: {reports:?}");
    }
    assert!(reports[0].contains("This change: 2, already drifted: 0.\n"), "{}", reports[0]);
    let (status, all) = plan(&site, &head, &base, None).await;
    assert_eq!(status, 2);
    assert!(all[0].contains("This change: 2, already drifted: 0.\n"), "{}", all[0]);
    // The comment begins with it.
    let first = all[2].lines().filter(|line| !line.is_empty()).nth(2);
    assert_eq!(first, Some("This change: 2, already drifted: 0."), "{}", all[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_not_a_part_of_a_change() {
    let site = Site::open().await;
    let base = base(&site, false).await;
    let head = site.manifest(&[("# new\n", "# new, and named\n")]);
    let (status, reports) = plan(&site, &head, &base, Some("this-change")).await;
    assert_eq!(status, 0, "{reports:?}");
    for email in ["larry@catfood.example", "hello@sunriseyoga.example"] {
        assert_eq!(naming(&reports, email), 0, "{email}: {reports:?}");
    }
    assert_eq!(variable(&reports, "DRIFT"), "false");
    assert_eq!(reports[5], "{\"create\":0,\"update\":0,\"delete\":0}\n");
    assert!(reports.iter().all(|report| !report.contains("In sync")), "{reports:?}");

    let (status, drift) = plan(&site, &head, &base, Some("drift")).await;
    assert_eq!(status, 2);
    let (_, all) = plan(&site, &head, &base, None).await;
    let counts = ["CREATE", "UPDATE", "ENABLE", "DISABLE", "REMOVE", "FINDINGS", "DIGEST"];
    for name in counts {
        assert_eq!(variable(&drift, name), variable(&all, name), "{name}");
    }
    let both: Value = serde_json::from_str(&all[1]).unwrap();
    let rows = ["actions", "findings"].map(|rows| both[rows].as_array().unwrap().clone()).concat();
    assert!(rows.iter().all(|row| row["origin"] == "already_drifted"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_shows_the_selected_fields_of_an_account_with_both() {
    let site = Site::open().await;
    let base = base(&site, true).await;
    // Drift of one field, and a change of another one.
    let live = site.manifest(&[("channel_limit: 30\n", "channel_limit: 29\n")]);
    site.ends(&["apply", text(&live), "--auto-approve", "--state", "state.json"], 0).await;
    let head = site.manifest(&[CHANGE[0]]);
    let diff = |reports: &[String]| reports[3].clone();
    let change = diff(&plan(&site, &head, &base, Some("this-change")).await.1);
    assert!(
        change.contains("+    enabled: false") && !change.contains("channel_limit"),
        "{change}"
    );
    let drift = diff(&plan(&site, &head, &base, Some("drift")).await.1);
    assert!(drift.contains("+    channel_limit: 30") && !drift.contains("enabled"), "{drift}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_digest_is_an_error_that_names_both_and_the_command_of_the_new_plan() {
    let site = Site::open().await;
    let base = base(&site, true).await;
    let head = site.manifest(&CHANGE);
    let line = ["plan", text(&head), "--base", &base, "--state", "state.json"];
    let with = |more: &[&'static str]| [&line[..], more].concat();
    let made = site.json(&with(&["--format", "json"]), 0).await;
    let digest = made["digest"].as_str().unwrap();
    site.ends(&[&line[..], &["--expect", digest]].concat(), 0).await;

    let other = format!("sha256:{}", "0".repeat(64));
    let only = ["--only", "this-change", "--target", "larry@catfood.example"];
    for selection in [&[][..], &only] {
        let chosen = site.json(&with(&[&["--format", "json"], selection].concat()), 0).await;
        let refused = [&with(selection)[..], &["--expect", &other, "--out", "saved.json"]].concat();
        let output = site.run(&refused).await;
        assert_eq!(output.status.code(), Some(4));
        let error = String::from_utf8(output.stderr).unwrap();
        let digest = chosen["digest"].as_str().unwrap();
        assert!(error.contains(digest) && error.contains(&other), "{error}");
        let words = [&["trunkline", "plan", text(&head), "--base", &base], selection].concat();
        let command = format!("`{} --state state.json`", words.join(" "));
        assert!(error.contains(&command), "{command}\n{error}");
        // The new plan is shown, and not saved.
        assert!(String::from_utf8(output.stdout).unwrap().contains(digest));
        assert!(!site.folder.path().join("saved.json").exists());
    }
    assert!(site.run(&with(&["--expect", "sha256:12"])).await.status.code() == Some(1));
}
