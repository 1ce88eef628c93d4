//! Users: who may be there until when, who looks like whom, and what only a person can change.

use super::*;

fn until(text: &str) -> Presence {
    Presence::Present { groups: None, until: Some(day(text)) }
}

#[test]
fn after_its_last_day_a_user_counts_as_unlisted() {
    let listed = |text| {
        move |situation: &mut Situation| situation.list_user("ops@acme.example", until(text))
    };
    check_all(listed("2026-03-01"), &[], &[]);
    check_all(listed("2026-02-28"), &["remove ops@acme.example"], &[]);
    check_all(
        |situation| {
            listed("2026-02-28")(situation);
            situation.want.policy.unlisted_users = UnlistedUsers::Report;
        },
        &[],
        &[Code::UserUnlisted],
    );
}

#[test]
fn a_user_after_the_last_day_is_not_missing() {
    check_all(|situation| situation.list_user("temp@acme.example", until("2026-02-28")), &[], &[]);
}

#[test]
fn an_absent_user_is_removed_under_any_policy() {
    for policy in [UnlistedUsers::Ignore, UnlistedUsers::Report, UnlistedUsers::Remove] {
        check_all(
            |situation| {
                situation.want.policy.unlisted_users = policy;
                situation.list_user("ops@acme.example", Presence::Absent);
            },
            &["remove ops@acme.example"],
            &[],
        );
    }
    let plan =
        check_all(|situation| situation.list_user("left@acme.example", Presence::Absent), &[], &[]);
    assert_eq!(plan.in_sync, 5, "who is gone as wanted is in sync");
    check_all(
        |situation| situation.list_user("root@acme.example", Presence::Absent),
        &[],
        &[Code::OwnerUnlisted],
    );
    check_all(
        |situation| {
            situation.list_user("ops@acme.example", Presence::Absent);
            situation.want.policy.protected.insert(Email::new("ops@acme.example"));
        },
        &[],
        &[Code::Protected],
    );
}

#[test]
fn a_possible_rename_of_a_user_is_withheld_with_a_finding_for_each_half() {
    let plan = check_all(
        |situation| situation.rename_user("ops", "op@acme.example"),
        &[],
        &[Code::PossibleRename; 2],
    );
    assert_eq!(plan.withheld, 1);
    // The state knows the id of the user under the listed address.
    check_all(
        |situation| {
            situation.rename_user("ops", "zara@elsewhere.example");
            let ops = Email::new("ops@acme.example");
            situation.state.users.insert(UserId::new("id-ops"), ops);
        },
        &[],
        &[Code::PossibleRename; 2],
    );
    check_all(
        |situation| {
            situation.rename_user("ops", "op@acme.example");
            situation.list_user("op@acme.example", Presence::Absent);
        },
        &["remove op@acme.example"],
        &[Code::UserMissing],
    );
    check_all(
        |situation| {
            situation.rename_user("ops", "op@acme.example");
            situation.want.accept.push(Accepted {
                code: Code::PossibleRename,
                email: Some(Email::new("op@acme.example")),
                until: day("2030-01-01"),
                reason: None,
            });
        },
        &["remove op@acme.example"],
        &[Code::UserMissing],
    );
    check_all(
        |situation| situation.rename_user("ops", "zara@acme.example"),
        &["remove zara@acme.example"],
        &[Code::UserMissing],
    );
}

#[test]
fn an_unlisted_owner_is_neither_missing_nor_removed() {
    // The entry says so.
    check_all(
        |situation| {
            situation.live.users.as_mut().unwrap().remove(0);
            situation.list_user("root@acme.example", Presence::Owner);
        },
        &[],
        &[],
    );
    // An account names the owner's email.
    let told = |situation: &mut Situation| {
        situation.live.owners = [Email::new("root@acme.example")].into();
    };
    check_all(
        |situation| {
            told(situation);
            situation.live.users.as_mut().unwrap().remove(0);
        },
        &[],
        &[],
    );
    // The list shows the owner without that role.
    check_all(
        |situation| {
            told(situation);
            user(&mut situation.live, "root").role = Role::SubUser;
            situation.users().remove(&Email::new("root@acme.example"));
        },
        &[],
        &[Code::OwnerUnlisted],
    );
    // Only the entry says so, and the API contradicts it.
    check_all(
        |situation| {
            user(&mut situation.live, "root").role = Role::SubUser;
            situation.list_user("root@acme.example", Presence::Owner);
        },
        &[],
        &[Code::IdentityConflict],
    );
}

#[test]
fn a_removal_without_effect_is_reported_and_not_repeated() {
    let removed = |status| {
        move |situation: &mut Situation| {
            situation.users().remove(&Email::new("ops@acme.example"));
            user(&mut situation.live, "ops").status = Some(status);
            situation.state.removed.insert(UserId::new("id-ops"));
        }
    };
    check_all(removed(UserStatus::Disabled), &[], &[Code::UserUnlisted]);
    check_all(removed(UserStatus::Enabled), &["remove ops@acme.example"], &[]);
}

#[test]
fn a_removal_says_which_rule_asks_for_it() {
    let until = |day: &str| Presence::Present { groups: None, until: Some(day.parse().unwrap()) };
    let reason = |change: &dyn Fn(&mut Situation)| {
        let plan = check_all(change, &["remove ops@acme.example"], &[]);
        plan.actions[0].reason
    };
    let ops = "ops@acme.example";
    let passed = day("2020-01-01");
    let unlisted = |situation: &mut Situation| drop(situation.users().remove(&Email::new(ops)));
    assert_eq!(reason(&unlisted), Reason::Unlisted);
    assert_eq!(reason(&|one| one.list_user(ops, Presence::Absent)), Reason::Absent);
    let expired = reason(&|one| one.list_user(ops, until("2020-01-01")));
    assert_eq!(expired, Reason::UntilPassed(passed));
}

#[test]
fn differences_of_a_listed_user_are_findings() {
    let status = |status| {
        move |situation: &mut Situation| user(&mut situation.live, "ops").status = Some(status)
    };
    check_all(status(UserStatus::Disabled), &[], &[Code::UserDisabled]);
    check_all(status(UserStatus::Blocked), &[], &[Code::UserBlocked]);
    check_all(status(UserStatus::Other("asleep".to_owned())), &[], &[Code::StatusUnknown]);
    let plan = check_all(
        |situation| {
            let groups = Some(["Engineering", "Support"].map(str::to_owned).into());
            situation.list_user("ops@acme.example", Presence::Present { groups, until: None });
            let groups = ["Support", "Finance"].map(str::to_owned).into();
            user(&mut situation.live, "ops").groups = Some(groups);
        },
        &[],
        &[Code::GroupMismatch],
    );
    let finding = Finding::user(
        Email::new("ops@acme.example"),
        FindingKind::GroupMismatch {
            missing: vec!["Engineering".to_owned()],
            extra: vec!["Finance".to_owned()],
        },
    );
    assert_eq!(plan.findings, [finding]);
}

#[test]
fn a_finding_is_accepted_until_its_day() {
    let accept = |code, email: &str, until| Accepted {
        code,
        email: Some(Email::new(email)),
        until: day(until),
        reason: Some("invited".to_owned()),
    };
    let with = |accepted: Accepted| {
        move |situation: &mut Situation| {
            situation.want.accept = vec![accepted];
            situation.live.users.as_mut().unwrap().pop();
        }
    };
    let fine = with(accept(Code::UserMissing, "OPS@acme.example", "2026-03-01"));
    assert!(!check_all(fine, &[], &[Code::Accepted]).has_drift());
    let late = with(accept(Code::UserMissing, "ops@acme.example", "2026-02-28"));
    let unmatched = [Code::UserMissing, Code::AcceptUnmatched];
    assert!(check_all(late, &[], &unmatched).has_drift());
    let other = with(accept(Code::UserBlocked, "ops@acme.example", "2026-03-01"));
    check_all(other, &[], &unmatched);
    let other = with(accept(Code::UserMissing, "root@acme.example", "2026-03-01"));
    check_all(other, &[], &unmatched);
}

#[test]
fn a_target_selects_from_the_plan_of_the_whole_manifest() {
    let mut situation = Situation::in_sync();
    situation.want.policy.unlisted_users = UnlistedUsers::Remove;
    situation.users().remove(&Email::new("ops@acme.example"));
    situation.account("cat").custom_pricing = Some(true);
    situation.live.accounts[1].name = Some("Tom".to_owned());
    let (want, live) = (&situation.want, &situation.live);
    let target = [email("cat")].into();
    let chosen = situation.plan().choose(want, live, &target);
    let words: Vec<_> = chosen.requested().map(in_words).collect();
    assert_eq!(words, ["update cat@shop.example"]);
    assert_eq!((chosen.unchosen, chosen.findings.len(), chosen.destructive()), (1, 0, 0));
    assert_eq!(chosen.guards, situation.plan().guards, "guards see the whole");
    assert_eq!(Plan::unmatched_targets(want, live, &target), Vec::<&Email>::new());
    let stranger = [email("cta")].into();
    assert_eq!(Plan::unmatched_targets(want, live, &stranger), [&email("cta")]);
}

#[test]
fn what_is_withheld_for_others_is_not_withheld_from_a_target() {
    let mut situation = Situation::in_sync();
    situation.want.policy.unlisted_users = UnlistedUsers::Remove;
    situation.rename_user("ops", "op@acme.example");
    let (want, live) = (&situation.want, &situation.live);
    let choose = |target: Email| situation.plan().choose(want, live, &[target].into());
    let other = choose(email("cat"));
    assert_eq!((other.withheld, other.unchosen, other.findings.len()), (0, 1, 0));
    let own = choose(Email::new("op@acme.example"));
    assert_eq!((own.withheld, own.unchosen), (1, 0));
}

#[test]
fn a_user_whose_last_day_has_passed_is_reported_with_that_day() {
    let mut situation = Situation::in_sync();
    situation.want.policy.unlisted_users = UnlistedUsers::Report;
    let until = Some(day("2020-01-01"));
    situation.list_user("ops@acme.example", Presence::Present { groups: None, until });
    let plan = situation.plan();
    let kinds: Vec<_> = plan.findings.iter().map(|finding| &finding.what).collect();
    assert_eq!(kinds, [&FindingKind::UserUnlisted { until }]);
}

#[test]
fn a_declared_value_that_telnyx_does_not_return_is_named() {
    let mut situation = Situation::in_sync();
    situation.want.manager = Some(AccountId::new("manager"));
    situation.live.manager = None;
    situation.live.accounts[0].name = None;
    situation.live.accounts[0].rollup_billing = None;
    situation.account("cat").rollup_billing = Some(true);
    let groups = Some(["Ops".to_owned()].into());
    situation.list_user("ops@acme.example", Presence::Present { groups, until: None });
    user(&mut situation.live, "ops").groups = None;
    let plan = situation.plan();
    let fields: Vec<&str> = plan
        .findings
        .iter()
        .filter_map(|finding| match finding.what {
            FindingKind::NotCompared(field) => Some(field.name()),
            _ => None,
        })
        .collect();
    assert_eq!(fields, ["name", "rollup_billing", "groups", "manager_account_id"]);
    assert!(!plan.has_drift(), "{plan:#?}");
}

#[test]
fn a_hidden_owner_is_compared_with_the_owner_that_accounts_name() {
    let hidden = |situation: &mut Situation| {
        situation.live.users.as_mut().unwrap().remove(0);
        situation.users().remove(&Email::new("root@acme.example"));
        situation.live.owners = [Email::new("root@acme.example")].into();
    };
    let entry = |address: &'static str, presence: Presence| {
        move |situation: &mut Situation| {
            hidden(situation);
            situation.list_user(address, presence);
        }
    };
    check_all(entry("root@acme.example", Presence::Owner), &[], &[]);
    check_all(entry("rooot@acme.example", Presence::Owner), &[], &[Code::IdentityConflict]);
    check_all(entry("root@acme.example", Presence::Absent), &[], &[Code::OwnerUnlisted]);
}
