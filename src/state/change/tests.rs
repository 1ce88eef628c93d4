use super::*;

const NOW: u64 = 1_790_000_000;

fn email(name: &str) -> Email {
    Email::new(format!("{name}@acme.example"))
}

fn id(id: &str) -> AccountId {
    AccountId::new(id)
}

fn after(changes: impl IntoIterator<Item = Change>) -> State {
    let mut state = State::default();
    for change in changes {
        apply(&mut state, change, NOW).unwrap();
    }
    state
}

/// What an inventory of these accounts tells, for a manifest with these emails.
fn seen(accounts: &[(&str, &str)], wanted: &[&str]) -> Change {
    Change::Seen {
        accounts: accounts.iter().map(|(account, name)| (id(account), email(name))).collect(),
        wanted: wanted.iter().map(|name| email(name)).collect(),
    }
}

fn states(state: &State) -> Vec<(&str, &Create)> {
    state.creates.iter().map(|(email, create)| (email.as_str(), create)).collect()
}

#[test]
fn a_create_goes_from_intent_over_sending_to_its_account() {
    let intended = after([Change::Intend(vec![email("a"), email("b")])]);
    assert_eq!(
        states(&intended),
        [("a@acme.example", &Create::Intended), ("b@acme.example", &Create::Intended)]
    );
    let sending = after([Change::Intend(vec![email("a")]), Change::Sending(email("a"))]);
    assert_eq!(states(&sending), [("a@acme.example", &Create::Sending)]);
    assert_eq!(sending.sent_at[&email("a")], NOW);
    let done = after([Change::Sending(email("a")), Change::Acknowledged(email("a"), id("1"))]);
    assert_eq!(states(&done), [("a@acme.example", &Create::Acknowledged(id("1")))]);
    assert_eq!(done.emails[&id("1")], email("a"));
    assert!(done.sent_at.is_empty());
    let adopted = after([Change::Sending(email("a")), Change::Adopt(email("a"), id("1"))]);
    assert_eq!(adopted, done);
}

#[test]
fn what_may_have_been_sent_is_not_sent_again_in_whatever_case_it_is_written() {
    let again = || Change::Sending(Email::new("A@ACME.example"));
    let mut sending = after([Change::Sending(email("a"))]);
    let before = sending.clone();
    let refused = apply(&mut sending, again(), NOW + 9);
    assert!(matches!(refused, Err(Error::SentBefore { id: None, .. })), "{refused:?}");
    assert_eq!(sending, before);
    let mut done = after([Change::Acknowledged(email("a"), id("1"))]);
    let refused = apply(&mut done, again(), NOW);
    assert!(matches!(refused, Err(Error::SentBefore { id: Some(_), .. })), "{refused:?}");
    // A new intent is no permission either.
    apply(&mut sending, Change::Intend(vec![email("a")]), NOW).unwrap();
    assert_eq!(sending, before);
}

#[test]
fn a_clean_refusal_drops_the_intent_and_never_an_account() {
    let refused = after([Change::Sending(email("a")), Change::Failed(email("a"))]);
    assert_eq!(refused, State::default());
    let done = [Change::Acknowledged(email("a"), id("1")), Change::Failed(email("a"))];
    assert_eq!(states(&after(done)), [("a@acme.example", &Create::Acknowledged(id("1")))]);
}

#[test]
fn a_retry_is_for_what_is_unknown_only() {
    let again = after([Change::Sending(email("a")), Change::Retry(email("a"))]);
    assert_eq!(again, after([Change::Intend(vec![email("a")])]));
    let done = after([Change::Acknowledged(email("a"), id("1"))]);
    let retried = after([Change::Acknowledged(email("a"), id("1")), Change::Retry(email("a"))]);
    assert_eq!(retried, done);
}

#[test]
fn who_is_forgotten_leaves_no_limit_and_no_id_and_the_others_stay() {
    let others = [Change::Acknowledged(email("b"), id("2")), Change::Limit(id("2"), 20)];
    let forgotten = [
        Change::Acknowledged(email("a"), id("1")),
        Change::Limit(id("1"), 10),
        Change::Forget(email("a")),
    ];
    assert_eq!(after(others.clone().into_iter().chain(forgotten)), after(others));
}

#[test]
fn a_create_stays_until_a_list_has_shown_its_account_and_so_does_its_limit() {
    let begun = || [Change::Acknowledged(email("a"), id("1")), Change::Limit(id("1"), 10)];
    let unseen = after(begun().into_iter().chain([seen(&[("2", "b")], &["a", "b"])]));
    assert_eq!(states(&unseen), [("a@acme.example", &Create::Acknowledged(id("1")))]);
    assert_eq!(unseen.limits[&id("1")], 10);
    assert_eq!(unseen.emails.len(), 2);
    let shown = after(begun().into_iter().chain([seen(&[("1", "a")], &["a"])]));
    assert_eq!(states(&shown), []);
    assert_eq!(shown.limits[&id("1")], 10);
}

#[test]
fn a_create_of_unknown_outcome_is_adopted_by_the_list_that_shows_its_email() {
    let unseen = after([Change::Sending(email("a")), seen(&[], &["a"])]);
    assert_eq!(states(&unseen), [("a@acme.example", &Create::Sending)]);
    let shown = after([Change::Sending(email("a")), seen(&[("1", "a")], &["a"])]);
    assert_eq!((states(&shown), shown.sent_at.len()), (vec![], 0));
    assert_eq!(shown.emails[&id("1")], email("a"));
}

#[test]
fn an_account_that_is_gone_leaves_no_record_unless_the_manifest_lists_it() {
    let before = [Change::Limit(id("1"), 10), seen(&[("1", "a")], &["a"])];
    let gone = |wanted: &[&str]| after(before.clone().into_iter().chain([seen(&[], wanted)]));
    assert_eq!(gone(&[]), State::default());
    // Only this record tells that the entry had an account.
    let vanished = gone(&["a"]);
    assert_eq!((vanished.emails.get(&id("1")), vanished.limits.len()), (Some(&email("a")), 0));
}

#[test]
fn a_changed_email_replaces_the_old_one_unless_the_manifest_still_wants_that() {
    let first = || seen(&[("1", "old")], &["old"]);
    let known = |state: &State| state.emails[&id("1")].clone();
    // Nobody has corrected the manifest: whose the old one was is not forgotten, however often it is seen.
    let missed = || seen(&[("1", "new")], &["old"]);
    assert_eq!(known(&after([first(), missed(), missed()])), email("old"));
    assert_eq!(known(&after([first(), missed(), seen(&[("1", "new")], &["new"])])), email("new"));
    assert_eq!(known(&after([first(), seen(&[("1", "new")], &[])])), email("new"));
    // Somebody else has it now.
    let taken = seen(&[("1", "new"), ("2", "old")], &["old"]);
    assert_eq!(known(&after([first(), taken])), email("new"));
}

#[test]
fn a_remainder_is_what_was_taken_last() {
    let remainder = |channels| Remainder { channels, unrecorded: [id("1")].into() };
    let state = after([Change::Remainder(remainder(5)), Change::Remainder(remainder(-3))]);
    assert_eq!(state.remainder, Some(remainder(-3)));
}

#[test]
fn a_limit_that_nobody_knows_any_more_is_not_remembered_and_the_others_are() {
    let known = [Change::Limit(id("1"), 10), Change::Limit(id("2"), 20)];
    let state = after(known.into_iter().chain([Change::LimitUnknown(id("1"))]));
    assert_eq!(state.limits, [(id("2"), 20)].into());
}

#[test]
fn limits_that_were_found_replace_all_others_with_the_remainder_they_leave() {
    let remainder = Remainder { channels: 5, unrecorded: [id("1")].into() };
    let before = [Change::Limit(id("1"), 10), Change::Remainder(remainder.clone())];
    let found = |remainder| Change::Limits([(id("2"), 20)].into(), remainder);
    for now in [None, Some(Remainder { channels: 7, ..remainder })] {
        let state = after(before.clone().into_iter().chain([found(now.clone())]));
        assert_eq!((state.limits, state.remainder), ([(id("2"), 20)].into(), now));
    }
}

#[test]
fn a_used_plan_is_remembered_until_it_has_expired_and_of_very_many_those_that_expire_last() {
    let used = |seal: &str, until| Change::Used { seal: seal.to_owned(), until };
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
