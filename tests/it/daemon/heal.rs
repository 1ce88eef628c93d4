//! Healing: only configured classes, and never anything destructive.

use trunkline::sandbox::AccountStatus;

use super::{LARRY, Watch, until};
use crate::support::site::text;

fn is_enabled(watch: &Watch) -> bool {
    watch.site.sandbox.account(LARRY).unwrap().status == AccountStatus::Enabled
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_class_is_healed_once_it_is_open() {
    let watch = Watch::open().await;
    let freeze = watch.site.folder.path().join("freeze");
    std::fs::write(&freeze, "").unwrap();
    let daemon = watch.daemon(&["--heal", "enable_account", "--freeze-file", text(&freeze)]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    daemon.logs("the freeze file exists").await;
    assert!(!is_enabled(&watch));
    let writes = watch.site.sandbox.writes();
    std::fs::remove_file(&freeze).unwrap();
    watch.hook.wait(2).await;
    assert!(is_enabled(&watch));
    assert_eq!(watch.site.sandbox.writes(), writes + 1);
    assert_eq!(watch.hook.events()[1], "drift_closed larry@catfood.example enabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn destructive_changes_and_other_classes_are_never_healed() {
    let watch = Watch::open().await;
    let manifest = std::fs::read_to_string(&watch.manifest).unwrap();
    let lowered = manifest.replace("channel_limit: 30", "channel_limit: 29");
    assert_ne!(lowered, manifest);
    std::fs::write(&watch.manifest, lowered).unwrap();
    watch.by_hand(LARRY, "disable").await;
    let writes = watch.site.sandbox.writes();
    let daemon = watch.daemon(&["--heal", "raise_channel_limit", "--heal", "update_account"]);
    watch.hook.wait(1).await;
    watch.runs(3).await;
    assert_eq!(watch.site.sandbox.writes(), writes, "{}", daemon.log());
    // One notification for the run, with the destructive difference first.
    let [received] = &watch.hook.received()[..] else { panic!("{:?}", watch.hook.events()) };
    assert_eq!((&received.body["total"], &received.body["destructive"]), (&2.into(), &1.into()));
    assert_eq!(received.body["items"][0]["destructive"], true);
    assert_eq!(received.body["items"][1]["code"], "enabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_15_a_difference_healed_three_times_in_an_hour_is_left_alone() {
    let watch = Watch::open().await;
    let flags = ["--heal", "enable_account", "--open-after", "1", "--close-after", "1"];
    let daemon = watch.daemon(&flags);
    for _ in 0..3 {
        watch.by_hand(LARRY, "disable").await;
        until("healing", || is_enabled(&watch)).await;
    }
    // After a restart the heals still count.
    daemon.logs("healed").await;
    watch.runs(2).await;
    drop(daemon);
    let writes = watch.site.sandbox.writes();
    watch.by_hand(LARRY, "disable").await;
    let _daemon = watch.daemon(&flags);
    let suspended = "heal_suspended larry@catfood.example enabled";
    let count = || watch.hook.events().iter().filter(|event| *event == suspended).count();
    until("the notification", || count() > 0).await;
    watch.runs(4).await;
    assert!(!is_enabled(&watch));
    assert_eq!(watch.site.sandbox.writes(), writes + 1, "only the person has written");
    assert_eq!(count(), 1);
}
