//! The account of each entry, possible renames, and creates of unknown outcome.

use super::*;

/// Gives the live account of the cat another email and name.
fn renamed(live_email: &str, live_name: &str) -> impl FnOnce(&mut Situation) {
    move |situation| {
        let live = &mut situation.live.accounts[0];
        (live.email, live.name) = (Email::new(live_email), Some(live_name.to_owned()));
        situation.want.policy.unlisted_accounts = UnlistedAccounts::Disable;
    }
}

const BOTH_HALVES: [Code; 2] = [Code::PossibleRename; 2];

#[test]
fn a_possible_rename_of_an_account_is_withheld_with_a_finding_for_each_half() {
    let plan = check_all(renamed("cats@shop.example", "Cats"), &[], &BOTH_HALVES);
    let unlisted = Email::new("cats@shop.example");
    let halves = [
        Finding::account(
            email("cat"),
            FindingKind::PossibleRenameOf { unlisted: unlisted.clone() },
        ),
        Finding::account(unlisted, FindingKind::PossibleRename { missing: email("cat") }),
    ];
    assert_eq!(plan.findings, halves);
    assert_eq!((plan.withheld, plan.in_sync), (2, 3));
    check_all(renamed("cat@shops.example", "Cats"), &[], &BOTH_HALVES);
    // Equal names are enough, and so is a record of the id.
    check_all(renamed("new@owner.example", " CAT "), &[], &BOTH_HALVES);
    check_all(
        |situation| {
            renamed("new@owner.example", "Else")(situation);
            situation.state.emails.insert(AccountId::new("id-cat"), email("cat"));
        },
        &[],
        &BOTH_HALVES,
    );
    // Alike emails alone are not.
    for other in ["new@owner.example", "cats@shop.example"] {
        check_all(
            renamed(other, "Else"),
            &[&format!("disable {other}"), "create cat@shop.example"],
            &[],
        );
    }
}

#[test]
fn a_possible_rename_is_withheld_whatever_the_policy() {
    for policy in [UnlistedAccounts::Ignore, UnlistedAccounts::Report] {
        check_all(
            |situation| {
                renamed("cats@shop.example", "Cats")(situation);
                situation.want.policy.unlisted_accounts = policy;
            },
            &[],
            &BOTH_HALVES,
        );
    }
}

#[test]
fn an_accepted_possible_rename_means_two_accounts_and_both_halves_go_ahead() {
    for accepted in ["cat@shop.example", "cats@shop.example"] {
        let plan = check_all(
            |situation| {
                renamed("cats@shop.example", "Cats")(situation);
                situation.want.accept.push(Accepted {
                    code: Code::PossibleRename,
                    email: Some(Email::new(accepted)),
                    until: "2030-01-01".parse().unwrap(),
                    reason: None,
                });
            },
            &["disable cats@shop.example", "create cat@shop.example"],
            &[],
        );
        assert_eq!(plan.withheld, 0);
    }
}

#[test]
fn numbered_shops_are_created() {
    let stores = |range: std::ops::RangeInclusive<u32>| range.map(|n| format!("store{n}"));
    let mut situation = Situation::in_sync();
    let cat = situation.want.accounts[&email("cat")].clone();
    for name in stores(102..=141) {
        let entry = WantedAccount { email: email(&name), name, ..cat.clone() };
        situation.want.accounts.insert(entry.email.clone(), entry);
    }
    let mut first = situation.live.accounts[0].clone();
    (first.id, first.email) = (AccountId::new("id-store101"), email("store101"));
    first.name = Some("store101".to_owned());
    situation.live.accounts.push(first);
    let plan = situation.plan();
    let creates = plan.requested().filter(|action| action.is_create()).count();
    let found: Vec<Code> = plan.findings.iter().map(Finding::code).collect();
    assert_eq!((creates, plan.withheld, found), (40, 0, vec![Code::AccountUnlisted]));
}

#[test]
fn promise_14_an_id_and_an_email_of_two_accounts_leave_both_alone() {
    // The entry of the cat has the id of the dog, whose own entry wants it enabled.
    let mixed_up = |situation: &mut Situation| {
        situation.account("cat").id = Some(AccountId::new("id-dog"));
        situation.account("cat").enabled = Some(false);
        situation.want.policy.unlisted_accounts = UnlistedAccounts::Disable;
    };
    let both = [Code::IdentityConflict; 2];
    check_all(mixed_up, &[], &both);
    // The same without a live cat: two entries still claim the dog.
    let without = |situation: &mut Situation| {
        mixed_up(situation);
        situation.live.accounts.remove(0);
    };
    check_all(without, &[], &both);
}

#[test]
fn a_known_account_that_has_vanished_is_not_created_again() {
    let vanished = |situation: &mut Situation| {
        situation.live.accounts.remove(0);
        situation.state.emails.insert(AccountId::new("id-cat"), email("cat"));
    };
    let plan = check_all(vanished, &[], &[Code::AccountVanished]);
    assert!(plan.has_drift());
}

#[test]
fn an_id_survives_a_change_of_email() {
    let plan = check_all(
        |situation| {
            renamed("new@owner.example", "cat")(situation);
            situation.account("cat").id = Some(AccountId::new("id-cat"));
            situation.account("cat").enabled = Some(false);
        },
        &["disable new@owner.example"],
        &[Code::ImmutableEmail],
    );
    assert_eq!(plan.findings[0].email(), Some(&email("cat")));
    // Protection follows it too.
    check_all(
        |situation| {
            renamed("new@owner.example", "cat")(situation);
            situation.account("cat").id = Some(AccountId::new("id-cat"));
            situation.account("cat").enabled = Some(false);
            situation.want.policy.protected.insert(email("cat"));
        },
        &[],
        &[Code::ImmutableEmail, Code::Protected],
    );
}

#[test]
fn an_id_that_is_nowhere_is_neither_created_nor_guessed() {
    let wrong = |situation: &mut Situation| {
        situation.account("cat").id = Some(AccountId::new("id-elsewhere"));
        situation.account("cat").enabled = Some(false);
        situation.want.policy.unlisted_accounts = UnlistedAccounts::Disable;
    };
    check_all(wrong, &[], &[Code::IdentityConflict]);
    check_all(
        |situation| {
            wrong(situation);
            situation.live.accounts.remove(0);
        },
        &[],
        &[Code::AccountCancelled],
    );
}

#[test]
fn an_email_that_belongs_to_another_entry_by_its_id_is_not_created() {
    check_all(
        |situation| {
            // The dog has taken over the cat's address.
            situation.live.accounts.remove(0);
            situation.live.accounts[0].email = email("cat");
            situation.account("dog").id = Some(AccountId::new("id-dog"));
        },
        &[],
        &[Code::IdentityConflict; 2],
    );
}

#[test]
fn a_cancelled_account_is_found_and_not_created_again() {
    check_all(
        |situation| {
            let cancelled = situation.live.accounts.remove(0);
            situation.live.cancelled.push(cancelled);
        },
        &[],
        &[Code::AccountCancelled],
    );
}

#[test]
fn a_create_whose_outcome_is_unknown_is_not_sent_again() {
    let after = |create: Create| {
        move |situation: &mut Situation| {
            situation.live.accounts.remove(0);
            situation.state.creates.insert(email("cat"), create);
        }
    };
    let plan = check_all(after(Create::Sending), &[], &[Code::UnresolvedCreate]);
    assert!(plan.has_drift());
    let acknowledged = Create::Acknowledged(AccountId::new("id-cat"));
    check_all(after(acknowledged), &[], &[Code::StatusUnknown]);
    check_all(after(Create::Intended), &["create cat@shop.example"], &[]);
}

#[test]
fn a_create_that_a_list_shows_is_adopted() {
    check_all(
        |situation| {
            situation.state.creates.insert(email("cat"), Create::Sending);
        },
        &[],
        &[],
    );
}
