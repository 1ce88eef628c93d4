//! The read that begins before the manifest is parsed: it is the same read, and shows nothing before the manifest's
//! problems.

use std::future::ready;
use std::io;
use std::path::Path;
use std::time::Duration;

use trunkline::detect::{self, EarlyRead, Needs};
use trunkline::manifest;
use trunkline::model::State;
use trunkline::telnyx::{BaseUrl, Session, SessionConfig};

use crate::support::site::{KEY, Site, text};

const EXAMPLE: &str = include_str!("../../manifests/example.yaml");

#[tokio::test(flavor = "multi_thread")]
async fn an_early_read_sends_the_same_requests_before_the_manifest_is_known() {
    let site = Site::open().await;
    let desired = manifest::parse(Path::new("example"), EXAMPLE).unwrap();
    let observed = async |early: bool| {
        let base_url = BaseUrl::parse(&site.sandbox.url()).unwrap();
        let reader = Session::new(SessionConfig::new(base_url, KEY.into())).unwrap().reader();
        let before = site.sandbox.requests();
        let needs = Needs::new(true, true, true);
        let begun = early.then(|| EarlyRead::begin(reader.clone(), needs));
        while begun.is_some() && site.sandbox.requests() < before + 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let state = |_| ready(Ok::<_, io::Error>(State::default()));
        let observation = detect::observe_after(begun, &reader, &desired, state).await.unwrap();
        (observation.plan(&desired, None), site.sandbox.requests() - before)
    };
    assert_eq!(observed(true).await, observed(false).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_needs_other_lists_than_it_seems_to_gets_the_same_plan() {
    let site = Site::open().await;
    let plan = async |changes: &[(&str, &str)]| {
        let manifest = site.manifest(changes);
        site.json(&["plan", text(&manifest), "--format", "json"], 0).await["digest"].clone()
    };
    let expected = plan(&[]).await;
    assert_eq!(
        plan(&[("\naccounts:", "\n\"accounts\":")]).await,
        expected,
        "no accounts, it seems"
    );
    assert_eq!(plan(&[("\nusers:", "\n\"users\":")]).await, expected, "no users, it seems");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_of_the_manifest_come_first_and_nothing_is_changed() {
    let site = Site::open().await;
    let manifest = site.manifest(&[("custom_pricing:", "custom_prices:")]);
    let mut command = site.command(&["plan", text(&manifest)]);
    command.env("TELNYX_API_KEY", "KEY_wrong");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ") && said.contains("custom_prices"), "{said}");
    assert!(!said.contains("401") && output.stdout.is_empty(), "{said}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let before = site.sandbox.requests();
    let validated = site.run(&["validate", text(&manifest)]).await;
    assert_eq!(validated.status.code(), Some(1));
    assert_eq!(site.sandbox.requests(), before, "validate sends nothing");
}
