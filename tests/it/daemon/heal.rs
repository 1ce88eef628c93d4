//! What the daemon does by itself: only what it was told to, and never a loss.

use super::hook::Told;
use super::{LARRY, Watch};
use crate::support::site::text;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_named_is_healed_once_it_is_announced_and_then_closed() {
    let watch = Watch::open().await;
    let freeze = watch.site.folder.path().join("freeze");
    std::fs::write(&freeze, "").unwrap();
    let daemon = watch.daemon(&["--heal", "enable_account", "--freeze-file", text(&freeze)]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    daemon.logs("the freeze file is there").await;
    let enabled = || {
        let account = watch.site.sandbox.account(LARRY).unwrap();
        account.status == trunkline::sandbox::Status::Enabled
    };
    assert!(!enabled());
    let writes = watch.site.sandbox.writes();
    std::fs::remove_file(&freeze).unwrap();
    watch.hook.wait(2).await;
    assert!(enabled());
    assert_eq!(watch.site.sandbox.writes(), writes + 1);
    assert_eq!(watch.hook.events()[1], "drift_closed larry@catfood.example enable_account");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_never_healed_and_what_was_not_named_neither() {
    let watch = Watch::open().await;
    let changed = std::fs::read_to_string(&watch.manifest).unwrap();
    // Somebody lowers all limits in git, which takes channels away.
    let lowered = changed.replace("channel_limit: 30", "channel_limit: 29");
    assert_ne!(lowered, changed);
    std::fs::write(&watch.manifest, lowered).unwrap();
    watch.by_hand(LARRY, "disable").await;
    let writes = watch.site.sandbox.writes();
    let daemon = watch.daemon(&["--heal", "raise_channel_limit", "--heal", "update_account"]);
    watch.hook.wait(2).await;
    watch.runs(3).await;
    assert_eq!(watch.site.sandbox.writes(), writes, "{}", daemon.log());
    let destructive = |told: &Told| told.body["items"][0]["destructive"] == true;
    assert_eq!(watch.hook.told().iter().filter(|told| destructive(told)).count(), 1);
}
