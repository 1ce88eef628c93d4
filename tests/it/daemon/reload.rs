//! What becomes of what is remembered, and of what is wrong, when the configuration changes while it runs.

use std::fs;

use trunkline::sandbox::Seed;

use super::drift::OPENED;
use super::life::{config, configured};
use super::{LARRY, Watch, seeded, until};

const MANAGER: &str = "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10";
const OTHER: &str = "aaaaaaaa-3f0c-4f5a-9c1e-2d6a2f1b7c10";

#[tokio::test(flavor = "multi_thread")]
async fn at_another_api_with_another_ledger_nothing_of_the_old_organization_is_remembered() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path();
    let manifest = fs::read_to_string(&watch.manifest).unwrap();
    let line = format!("manager_account_id: {MANAGER}\n");
    assert!(manifest.contains(&line));
    fs::write(&watch.manifest, manifest.replace(&line, "")).unwrap();
    let daemon = configured(&watch, "    state: old.json\n");
    watch.runs(1).await;
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    assert_eq!(watch.hook.events(), [OPENED]);

    let seed = Seed::small().to_json().unwrap().replace(MANAGER, OTHER);
    let (_sandbox, proxy, _folder) = seeded(Seed::parse(&seed).unwrap()).await;
    let changed = config(&watch, "* * * * * *").replace(&watch.site.proxy.url, &proxy.url);
    fs::write(path.join("daemon.yaml"), changed + "    state: new.json\n").unwrap();
    daemon.signal("HUP");
    let new = || fs::read_to_string(path.join("new.json")).unwrap_or_default();
    until("the new ledger", || new().contains("episodes")).await;
    until("its manager", || new().contains(OTHER)).await;
    assert!(!new().contains(MANAGER), "{}", new());
    assert!(!daemon.log().contains("belongs to manager"), "{}", daemon.log());
    let old = fs::read_to_string(path.join("old.json")).unwrap();
    assert!(old.contains(MANAGER) && !old.contains(OTHER), "{old}");
}
