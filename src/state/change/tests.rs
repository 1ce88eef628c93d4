use super::*;

const NOW: u64 = 1_790_000_000;

fn email(name: &str) -> Email {
    Email::new(format!("{name}@acme.example"))
}

fn id(id: &str) -> AccountId {
    AccountId::new(id)
}

fn after(changes: impl IntoIterator<Item = StateChange>) -> State {
    let mut state = State::default();
    for change in changes {
        apply(&mut state, change, NOW).unwrap();
    }
    state
}

/// A complete inventory of these accounts, for a manifest with these emails.
fn seen(accounts: &[(&str, &str)], wanted: &[&str]) -> StateChange {
    StateChange::Seen {
        accounts: accounts.iter().map(|(account, name)| (id(account), email(name))).collect(),
        wanted: wanted.iter().map(|name| email(name)).collect(),
    }
}

fn states(state: &State) -> Vec<(&str, &Create)> {
    state.creates.iter().map(|(email, create)| (email.as_str(), create)).collect()
}

#[test]
fn a_create_goes_from_intended_to_sending_to_acknowledged() {
    let intended = after([StateChange::Intend(vec![email("a"), email("b")])]);
    assert_eq!(
        states(&intended),
        [("a@acme.example", &Create::Intended), ("b@acme.example", &Create::Intended)]
    );
    let sending = after([StateChange::Intend(vec![email("a")]), StateChange::Sending(email("a"))]);
    assert_eq!(states(&sending), [("a@acme.example", &Create::Sending)]);
    assert_eq!(sending.sent_at[&email("a")], NOW);
    let done =
        after([StateChange::Sending(email("a")), StateChange::Acknowledged(email("a"), id("1"))]);
    assert_eq!(states(&done), [("a@acme.example", &Create::Acknowledged(id("1")))]);
    assert_eq!(done.emails[&id("1")], email("a"));
    assert!(done.sent_at.is_empty());
    let adopted =
        after([StateChange::Sending(email("a")), StateChange::Adopt(email("a"), id("1"))]);
    assert_eq!(adopted, done);
}

#[test]
fn a_create_that_may_have_been_sent_is_rejected_in_any_spelling() {
    let again = || StateChange::Sending(Email::new("A@ACME.example"));
    let mut sending = after([StateChange::Sending(email("a"))]);
    let before = sending.clone();
    let refused = apply(&mut sending, again(), NOW + 9);
    assert!(matches!(refused, Err(Error::SentBefore { id: None, .. })), "{refused:?}");
    assert_eq!(sending, before);
    let mut done = after([StateChange::Acknowledged(email("a"), id("1"))]);
    let refused = apply(&mut done, again(), NOW);
    assert!(matches!(refused, Err(Error::SentBefore { id: Some(_), .. })), "{refused:?}");
    // A new intent does not permit it either.
    apply(&mut sending, StateChange::Intend(vec![email("a")]), NOW).unwrap();
    assert_eq!(sending, before);
}

#[test]
fn a_failed_create_is_removed_but_an_account_is_not() {
    let refused = after([StateChange::Sending(email("a")), StateChange::Failed(email("a"))]);
    assert_eq!(refused, State::default());
    let done = [StateChange::Acknowledged(email("a"), id("1")), StateChange::Failed(email("a"))];
    assert_eq!(states(&after(done)), [("a@acme.example", &Create::Acknowledged(id("1")))]);
}

#[test]
fn a_retry_changes_only_creates_of_unknown_outcome() {
    let again = after([StateChange::Sending(email("a")), StateChange::Retry(email("a"))]);
    assert_eq!(again, after([StateChange::Intend(vec![email("a")])]));
    let done = after([StateChange::Acknowledged(email("a"), id("1"))]);
    let retried =
        after([StateChange::Acknowledged(email("a"), id("1")), StateChange::Retry(email("a"))]);
    assert_eq!(retried, done);
}

#[test]
fn a_forgotten_account_leaves_no_limit_and_no_id() {
    let others = [StateChange::Acknowledged(email("b"), id("2")), StateChange::Limit(id("2"), 20)];
    let forgotten = [
        StateChange::Acknowledged(email("a"), id("1")),
        StateChange::Limit(id("1"), 10),
        StateChange::Forget(email("a")),
    ];
    assert_eq!(after(others.clone().into_iter().chain(forgotten)), after(others));
}

#[test]
fn a_create_and_its_limit_stay_until_a_list_shows_the_account() {
    let begun =
        || [StateChange::Acknowledged(email("a"), id("1")), StateChange::Limit(id("1"), 10)];
    let unseen = after(begun().into_iter().chain([seen(&[("2", "b")], &["a", "b"])]));
    assert_eq!(states(&unseen), [("a@acme.example", &Create::Acknowledged(id("1")))]);
    assert_eq!(unseen.limits[&id("1")], 10);
    assert_eq!(unseen.emails.len(), 2);
    let shown = after(begun().into_iter().chain([seen(&[("1", "a")], &["a"])]));
    assert_eq!(states(&shown), []);
    assert_eq!(shown.limits[&id("1")], 10);
}

#[test]
fn a_list_that_shows_its_email_settles_an_unknown_create() {
    let unseen = after([StateChange::Sending(email("a")), seen(&[], &["a"])]);
    assert_eq!(states(&unseen), [("a@acme.example", &Create::Sending)]);
    let shown = after([StateChange::Sending(email("a")), seen(&[("1", "a")], &["a"])]);
    assert_eq!((states(&shown), shown.sent_at.len()), (vec![], 0));
    assert_eq!(shown.emails[&id("1")], email("a"));
}

#[test]
fn a_gone_account_leaves_no_record_unless_the_manifest_lists_it() {
    let before = [StateChange::Limit(id("1"), 10), seen(&[("1", "a")], &["a"])];
    let gone = |wanted: &[&str]| after(before.clone().into_iter().chain([seen(&[], wanted)]));
    assert_eq!(gone(&[]), State::default());
    // Only this record proves that the entry had an account.
    let vanished = gone(&["a"]);
    assert_eq!((vanished.emails.get(&id("1")), vanished.limits.len()), (Some(&email("a")), 0));
}

#[test]
fn a_changed_email_replaces_the_old_one_unless_the_manifest_declares_the_old_one() {
    let first = || seen(&[("1", "old")], &["old"]);
    let known = |state: &State| state.emails[&id("1")].clone();
    // Until the manifest is corrected, the old email stays, however often the new one is seen.
    let missed = || seen(&[("1", "new")], &["old"]);
    assert_eq!(known(&after([first(), missed(), missed()])), email("old"));
    assert_eq!(known(&after([first(), missed(), seen(&[("1", "new")], &["new"])])), email("new"));
    assert_eq!(known(&after([first(), seen(&[("1", "new")], &[])])), email("new"));
    // Another account has that email now.
    let taken = seen(&[("1", "new"), ("2", "old")], &["old"]);
    assert_eq!(known(&after([first(), taken])), email("new"));
}

#[test]
fn the_last_remainder_is_kept() {
    let remainder = |channels| Remainder { channels, unrecorded: [id("1")].into() };
    let state =
        after([StateChange::Remainder(remainder(5)), StateChange::Remainder(remainder(-3))]);
    assert_eq!(state.remainder, Some(remainder(-3)));
}

#[test]
fn an_unknown_limit_is_removed_and_others_stay() {
    let known = [StateChange::Limit(id("1"), 10), StateChange::Limit(id("2"), 20)];
    let state = after(known.into_iter().chain([StateChange::LimitUnknown(id("1"))]));
    assert_eq!(state.limits, [(id("2"), 20)].into());
}

#[test]
fn read_limits_replace_all_others_and_the_remainder() {
    let remainder = Remainder { channels: 5, unrecorded: [id("1")].into() };
    let before = [StateChange::Limit(id("1"), 10), StateChange::Remainder(remainder.clone())];
    let found = |remainder| StateChange::Limits([(id("2"), 20)].into(), remainder);
    for now in [None, Some(Remainder { channels: 7, ..remainder })] {
        let state = after(before.clone().into_iter().chain([found(now.clone())]));
        assert_eq!((state.limits, state.remainder), ([(id("2"), 20)].into(), now));
    }
}

#[test]
fn used_plans_are_kept_until_they_expire_and_at_most_256_of_them() {
    let used = |seal: &str, until| StateChange::Used { seal: seal.to_owned(), until };
    let seals = |state: &State| state.used.keys().cloned().collect::<Vec<_>>();
    let both = after([used("a", NOW + 1), used("b", NOW + 2)]);
    assert_eq!(seals(&both), ["a", "b"]);
    let mut later = both;
    apply(&mut later, used("c", NOW + 3), NOW + 1).unwrap();
    assert_eq!(seals(&later), ["b", "c"]);
    let many = (0..300).map(|n| used(&format!("{n:03}"), NOW + 1000 - n));
    let kept = seals(&after(many));
    assert_eq!((kept.len(), kept.last().map(String::as_str)), (256, Some("255")));
    let kept = seals(&after((0..300).map(|n| used(&format!("{n:03}"), NOW + 1 + n))));
    assert_eq!((kept.len(), kept[0].as_str()), (256, "044"));
}
