//! Which account is meant, who looks like whom, and creates whose outcome is not known.

use super::*;

/// The entry of the cat, which is live as somebody else.
fn renamed(live_email: &str, live_name: &str) -> impl FnOnce(&mut Situation) {
    move |situation| {
        let live = &mut situation.live.accounts[0];
        (live.email, live.name) = (Email::new(live_email), Some(live_name.to_owned()));
        situation.want.policy.unlisted_accounts = UnlistedAccounts::Disable;
    }
}

#[test]
fn an_unlisted_account_that_looks_like_a_missing_one_is_not_disabled_nor_its_counterpart_created() {
    check_all(renamed("cats@shop.example", "Else"), &[], &[Code::PossibleRename]);
    check_all(renamed("cat@shops.example", "Else"), &[], &[Code::PossibleRename]);
    let plan = check_all(renamed("new@owner.example", " CAT "), &[], &[Code::PossibleRename]);
    let finding = Finding::account(
        Email::new("new@owner.example"),
        What::PossibleRename { missing: email("cat") },
    );
    assert_eq!(plan.findings, [finding]);
    check_all(
        |situation| {
            renamed("new@owner.example", "Else")(situation);
            situation.state.emails.insert(AccountId::new("id-cat"), email("cat"));
        },
        &[],
        &[Code::PossibleRename],
    );
    check_all(
        renamed("new@owner.example", "Else"),
        &["disable new@owner.example", "create cat@shop.example"],
        &[],
    );
}

#[test]
fn what_looks_like_a_missing_one_is_held_back_whatever_the_policy() {
    for policy in [UnlistedAccounts::Ignore, UnlistedAccounts::Report] {
        check_all(
            |situation| {
                renamed("cats@shop.example", "Else")(situation);
                situation.want.policy.unlisted_accounts = policy;
            },
            &[],
            &[Code::PossibleRename],
        );
    }
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
    check_all(wrong, &[], &[Code::PossibleRename]);
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
        &[Code::ImmutableEmail, Code::PossibleRename],
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
