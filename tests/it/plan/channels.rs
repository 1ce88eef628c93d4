//! Limits of channels: what is known of them, and what the pool allows.

use super::*;

/// Two accounts with limits of 10 and 20 that are live, acknowledged, and as the manifest says.
fn limited() -> Situation {
    let mut situation = Situation::in_sync();
    for (name, limit) in [("cat", 10), ("dog", 20)] {
        situation.account(name).channel_limit = Some(limit);
        situation.state.limits.insert(AccountId::new(format!("id-{name}")), limit);
    }
    situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 30 });
    situation.state.remainder = Some(Remainder { channels: 0, unrecorded: BTreeSet::new() });
    situation
}

fn check(change: impl FnOnce(&mut Situation), actions: &[&str], findings: &[Code]) -> Plan {
    check_all(
        |situation| {
            *situation = limited();
            change(situation);
        },
        actions,
        findings,
    )
}

#[test]
fn a_limit_that_was_acknowledged_is_known_as_long_as_the_pool_agrees() {
    let plan = check(|_| {}, &[], &[]);
    assert_eq!(plan.inventory.channels, Channels::Consistent);
    let plan = check(
        |situation| situation.account("cat").channel_limit = Some(15),
        &["limit cat@shop.example 10→15"],
        &[],
    );
    assert_eq!((plan.destructive(), plan.guards.len()), (0, 0));
    let plan = check(
        |situation| situation.account("cat").channel_limit = Some(4),
        &["limit cat@shop.example 10→4"],
        &[],
    );
    let cut = Guard { name: GuardName::MaxChannelCut, actual: 6, limit: 15, of: 30 };
    assert_eq!((plan.destructive(), &plan.guards[..]), (1, &[cut][..]));
}

#[test]
fn without_limits_in_the_manifest_channels_are_not_managed() {
    let unmanaged = |situation: &mut Situation| {
        situation.live.channels = None;
        situation.account("cat").channel_limit = None;
        situation.account("dog").channel_limit = None;
    };
    assert_eq!(check(unmanaged, &[], &[]).inventory.channels, Channels::Unmanaged);
}

#[test]
fn when_another_client_changed_limits_each_declared_limit_is_set_once() {
    let plan = check(
        |situation| situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 31 }),
        &["limit cat@shop.example ?→10", "limit dog@shop.example ?→20"],
        &[Code::ChannelLimitUnverified],
    );
    assert_eq!(plan.inventory.channels, Channels::Unverified);
    assert_eq!((plan.destructive(), plan.guards.len()), (0, 0), "an assertion counts in no budget");
}

#[test]
fn limits_of_an_interrupted_apply_are_unknown() {
    let plan = check(
        |situation| situation.state.remainder = None,
        &["limit cat@shop.example ?→10", "limit dog@shop.example ?→20"],
        &[Code::ChannelLimitUnverified],
    );
    assert_eq!(plan.inventory.channels, Channels::Unverified);
}

#[test]
fn accounts_that_come_or_go_do_not_make_the_others_unknown() {
    let stranger = |situation: &mut Situation| {
        let mut new = situation.live.accounts[0].clone();
        (new.id, new.email) = (AccountId::new("id-new"), Email::new("newcomer@else.example"));
        new.name = Some("Newcomer".to_owned());
        situation.live.accounts.push(new);
        situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 32 });
    };
    let plan = check(stranger, &[], &[Code::AccountUnlisted]);
    assert_eq!(plan.inventory.channels, Channels::Consistent);
    // Gone, and its channels with it: its record says nothing any more.
    check(
        |situation| {
            situation.live.accounts.remove(1);
            situation.want.accounts.remove(&email("dog"));
            situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 10 });
        },
        &[],
        &[],
    );
}

#[test]
fn the_record_of_an_account_that_no_list_shows_yet_stays() {
    let plan = check(
        |situation| {
            situation.live.accounts.remove(1);
            let created = Create::Acknowledged(AccountId::new("id-dog"));
            situation.state.creates.insert(email("dog"), created);
        },
        &[],
        &[Code::StatusUnknown],
    );
    assert_eq!(plan.inventory.channels, Channels::Consistent);
    assert!(!plan.has_drift(), "it was created, and lists lag behind");
}

#[test]
fn without_a_record_equal_sums_are_proof_only_if_every_live_account_is_declared() {
    let forget = |situation: &mut Situation| situation.state = State::default();
    assert_eq!(check(forget, &[], &[]).inventory.channels, Channels::Consistent);
    check(
        |situation| {
            forget(situation);
            situation.account("dog").channel_limit = None;
            situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 10 });
        },
        &["limit cat@shop.example ?→10"],
        &[Code::ChannelLimitUnverified],
    );
    check(
        |situation| {
            forget(situation);
            situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 29 });
        },
        &["limit cat@shop.example ?→10", "limit dog@shop.example ?→20"],
        &[Code::ChannelLimitUnverified],
    );
}

#[test]
fn channels_are_freed_before_they_are_handed_out() {
    check(
        |situation| {
            situation.account("cat").channel_limit = Some(80);
            situation.account("dog").channel_limit = Some(20 - 1);
            let mut ant = situation.want.accounts[&email("cat")].clone();
            (ant.email, ant.name) = (email("ant"), "Ant".to_owned());
            (ant.channel_limit, ant.enabled) = (Some(1), Some(false));
            situation.want.accounts.insert(email("ant"), ant);
        },
        &[
            "limit dog@shop.example 20→19",
            "create ant@shop.example",
            "disable ant@shop.example",
            "limit ant@shop.example ?→1",
            "limit cat@shop.example 10→80",
        ],
        &[],
    );
}

#[test]
fn a_too_small_pool_withholds_only_raises() {
    let plan = check(
        |situation| {
            situation.account("cat").channel_limit = Some(99);
            situation.account("dog").channel_limit = Some(5);
            let mut ant = situation.want.accounts[&email("cat")].clone();
            (ant.email, ant.name, ant.channel_limit) = (email("ant"), "Ant".to_owned(), Some(2));
            situation.want.accounts.insert(email("ant"), ant);
        },
        &["limit dog@shop.example 20→5", "create ant@shop.example", "limit ant@shop.example ?→2"],
        &[Code::PoolExceeded; 2],
    );
    let exceeded =
        Finding::organization(FindingKind::PoolExceeded { needed: 106, allocatable: 100 });
    let withheld = Finding::account(email("cat"), FindingKind::LimitWithheld);
    assert_eq!((&plan.findings[..], plan.withheld), (&[withheld, exceeded][..], 1));
}

#[test]
fn a_limit_of_a_new_account_that_does_not_fit_is_withheld() {
    let plan = check(
        |situation| {
            let mut ant = situation.want.accounts[&email("cat")].clone();
            (ant.email, ant.name, ant.channel_limit) = (email("ant"), "Ant".to_owned(), Some(600));
            situation.want.accounts.insert(email("ant"), ant);
        },
        &["create ant@shop.example"],
        &[Code::PoolExceeded; 2],
    );
    assert_eq!(plan.withheld, 1);
}

#[test]
fn a_limit_of_zero_counts_as_a_disable_and_once_only() {
    let plan = check(
        |situation| {
            situation.account("cat").channel_limit = Some(0);
            situation.account("cat").enabled = Some(false);
        },
        &["disable cat@shop.example", "limit cat@shop.example 10→0"],
        &[],
    );
    let names: Vec<_> = plan.guards.iter().map(|guard| (guard.name, guard.actual)).collect();
    assert_eq!(names, [(GuardName::MaxDisables, 1), (GuardName::MaxChannelCut, 10)]);
    assert_eq!(plan.destructive(), 2);
}

#[test]
fn a_protected_account_keeps_its_known_or_unknown_channels() {
    let protect = |situation: &mut Situation| {
        situation.want.policy.protected.insert(email("cat"));
        situation.account("cat").channel_limit = Some(3);
    };
    check(protect, &[], &[Code::Protected]);
    check(
        |situation| {
            protect(situation);
            situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 31 });
        },
        &["limit dog@shop.example ?→20"],
        &[Code::ChannelLimitUnverified, Code::Protected],
    );
    let raise = |situation: &mut Situation| {
        protect(situation);
        situation.account("cat").channel_limit = Some(11);
    };
    check(raise, &["limit cat@shop.example 10→11"], &[]);
}

#[test]
fn from_an_incomplete_inventory_no_limit_is_lowered_or_asserted() {
    let plan = check(
        |situation| {
            situation.live.gaps = gaps();
            situation.account("cat").channel_limit = Some(3);
        },
        &[],
        &[&[Code::ChannelLimitUnverified][..], &[Code::InventoryIncomplete; 4]].concat(),
    );
    assert_eq!((plan.withheld, plan.in_sync), (2, 2), "only the users are in sync");
}

#[test]
fn a_limit_is_withheld_if_the_pool_could_not_be_read() {
    let mut situation = Situation::in_sync();
    situation.account("cat").channel_limit = Some(10);
    situation.live.channels = None;
    situation.live.gaps = gaps();
    let before = situation.plan();
    let about = |finding: &&Finding| finding.email() == Some(&email("cat"));
    let found: Vec<_> = before.findings.iter().filter(about).map(|one| &one.what).collect();
    assert_eq!(found, [&FindingKind::NotFullyRead]);
    assert_eq!(before.withheld, 1);
    situation.account("cat").channel_limit = None;
    assert_eq!(situation.plan().in_sync, before.in_sync + 1);
}
