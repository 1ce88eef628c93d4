//! A whole file that does not fit: each refusal has its own reason, and nothing is sent.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use trunkline::report::{PlanReport, read_saved, save as sealed};

use super::{apply, digest, json, read, save, status, stderr};
use crate::report::misfits;
use crate::support::proxy::{Fault, Proxy};
use crate::support::site::{Site, text};

const PASSWORD: &str = "password_from: { file: larry.secret }";

/// Applies what must be refused with `status`: why, with what differs from run to run left out.
async fn refusal(site: &Site, arguments: &[&str], expected: i32) -> String {
    let output = site.run(arguments).await;
    let error = stderr(&output);
    assert_eq!(status(&output), Some(expected), "{error}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new(), "{error}");
    let folder = text(site.folder.path());
    let words = error.replace(folder, "FOLDER").replace(&site.proxy.url, "URL");
    let digests = regex::Regex::new("sha256:[0-9a-f]{64}").unwrap();
    digests.replace_all(&words, "DIGEST").into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_8_each_plan_that_does_not_fit_is_refused_with_its_own_reason() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    let mut said = Vec::new();

    // An expired one.
    let saved = read_saved(read(&plan).as_bytes()).unwrap();
    let yesterday = "2026-01-02T03:04:05Z".parse().unwrap();
    let old = sealed(saved.report(), &saved.desired, yesterday).unwrap();
    let expired = site.folder.path().join("old.json");
    std::fs::write(&expired, old).unwrap();
    said.push(refusal(&site, &apply(&expired, &[]), 4).await);

    // Another one than was approved.
    let wrong = format!("sha256:{}", "0".repeat(64));
    said.push(refusal(&site, &apply(&plan, &["--expect", &wrong]), 4).await);

    // Another manifest.
    let other = site.folder.path().join("other.yaml");
    std::fs::write(&other, read(&manifest).replace("channel_limit: 30", "channel_limit: 31"))
        .unwrap();
    said.push(refusal(&site, &apply(&plan, &[text(&other)]), 3).await);

    // Another base URL.
    let elsewhere = Proxy::start(&site.sandbox.url(), |_, _, _| Fault::None).await;
    let arguments = ["--base-url", &elsewhere.url];
    let refused = refusal(&site, &apply(&plan, &arguments), 3).await;
    said.push(refused.replace(&elsewhere.url, "OTHER_URL"));
    assert_eq!(elsewhere.passed(), Vec::<String>::new());
    // Up to here nothing has even been read.
    assert!(site.proxy.passed().is_empty() && !site.folder.path().join(".trunkline").exists());

    // Another manager than that of the key.
    let mut bound_to = saved.bound_to.clone();
    bound_to.manager_account_id = Some("another-manager".to_owned());
    let report = PlanReport { bound_to: &bound_to, ..saved.report() };
    let theirs = sealed(report, &saved.desired, saved.created_at).unwrap();
    let foreign = site.folder.path().join("foreign.json");
    std::fs::write(&foreign, theirs).unwrap();
    said.push(refusal(&site, &apply(&foreign, &["--state", "none"]), 3).await);

    // The wrong number of destructive actions.
    said.push(refusal(&site, &apply(&plan, &["--approve-destructive", "1"]), 3).await);

    // A used one.
    site.ends(&apply(&plan, &[text(&manifest), "--expect", &digest(&plan)]), 0).await;
    site.proxy.passed();
    said.push(refusal(&site, &apply(&plan, &[]), 4).await);
    assert_eq!(site.proxy.passed(), Vec::<String>::new(), "nothing is even read for it");

    // Neither plan nor manifest, and a choice that was made when it was planned.
    said.push(refusal(&site, &["apply"], 1).await);
    let chosen = site.run(&apply(&plan, &["--target", "larry@catfood.example"])).await;
    assert_eq!(status(&chosen), Some(1));
    assert!(stderr(&chosen).contains("cannot be used with"), "{}", stderr(&chosen));
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_of_a_manifest_does_nothing_but_the_plan_that_is_expected() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let planned = site.json(&["plan", text(&manifest), "--format", "json"], 0).await;
    let expected = planned["digest"].as_str().unwrap();
    let arguments =
        |expected| ["apply", text(&manifest), "--auto-approve", "--expect", expected].to_vec();
    let wrong = format!("sha256:{}", "0".repeat(64));
    let said = refusal(&site, &arguments(&wrong), 4).await;
    insta::assert_snapshot!(said);
    let upper = wrong.to_uppercase();
    for bad in ["sha256:12", "0000", &upper] {
        assert_eq!(status(&site.run(&arguments(bad)).await), Some(1), "{bad}");
    }
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    site.ends(&arguments(expected), 0).await;
    assert_eq!(site.proxy.changes().len(), 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_no_secret_and_only_its_owner_may_read_it() {
    let site = Site::open().await;
    let password = "password_from: { env: TRUNKLINE_SECRET_CREW }";
    let manifest = site.manifest(&[(
        "email: crew@tallship.example",
        &format!("email: crew@tallship.example\n    {password}"),
    )]);
    let path = site.folder.path().join("plan.json");
    let mut command = site.command(&["plan", text(&manifest), "--out", text(&path)]);
    command.env("TRUNKLINE_SECRET_CREW", "hunter2-hunter2");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), Some(0), "{}", stderr(&output));
    let file = read(&path);
    assert!(file.contains("TRUNKLINE_SECRET_CREW"));
    for secret in ["hunter2", crate::support::site::KEY] {
        assert!(!file.contains(secret));
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // It is read when the plan is applied, before anything is sent.
    site.proxy.passed();
    let refused = refusal(&site, &apply(&path, &[]), 1).await;
    assert!(refused.contains("TRUNKLINE_SECRET_CREW"), "{refused}");
    let mut command = site.command(&apply(&path, &[]));
    command.env("TRUNKLINE_SECRET_CREW", "hunter2-hunter2");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(status(&output), Some(0), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_replaces_an_older_plan_and_no_other_file() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let path = save(&site, &manifest).await;
    std::fs::write(&path, "an old one").unwrap();
    save(&site, &manifest).await;
    assert!(read_saved(read(&path).as_bytes()).is_ok());
    let entries = std::fs::read_dir(site.folder.path()).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let link = site.folder.path().join("link.json");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for bad in [site.folder.path(), &link, &site.folder.path().join("no/such/folder.json")] {
        let output = site.run(&["plan", text(&manifest), "--out", text(bad)]).await;
        assert_eq!(status(&output), Some(1), "{}", bad.display());
        assert!(stderr(&output).contains("saving the plan in"), "{}", stderr(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_fits_the_schema_of_plans() {
    let site = Site::open().await;
    let manifest = site.manifest(&[("channel_limit: 30\n    custom_pricing: true", PASSWORD)]);
    let plan = json(&save(&site, &manifest).await);
    let schema: Value = serde_json::from_str(&trunkline::report::plan_schema()).unwrap();
    assert_eq!(misfits(&schema, &schema, &plan, "plan"), Vec::<String>::new());
    for (place, bad) in [
        ("/seal", Value::from(5)),
        ("/manifest", Value::from(5)),
        ("/actions/0/reason", "a whim".into()),
    ] {
        let mut plan = plan.clone();
        *plan.pointer_mut(place).unwrap() = bad;
        assert_eq!(misfits(&schema, &schema, &plan, "plan").len(), 1, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_the_plan_that_is_printed_and_more() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let path = site.folder.path().join("plan.json");
    let arguments = ["plan", text(&manifest), "--format", "json", "--out", text(&path)];
    let printed = site.json(&arguments, 0).await;
    let mut saved = json(&path);
    let fields = saved.as_object_mut().unwrap();
    let more: Vec<Option<Value>> = ["manifest", "created_at", "expires_at", "state_path", "seal"]
        .map(|name| fields.remove(name))
        .into();
    assert!(more.iter().all(Option::is_some));
    assert_eq!(saved, printed);
}
