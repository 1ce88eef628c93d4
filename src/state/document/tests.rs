use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::state::{StateChange, apply};

/// Few names, so that they collide, and some with special characters.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[abAB]", "[ -~]{0,3}", any::<String>()]
}

fn change() -> impl Strategy<Value = StateChange> {
    let email = || name().prop_map(Email::new);
    let id = || name().prop_map(AccountId::new);
    let seen = (proptest::collection::btree_map(id(), email(), 0..4), vec(email(), 0..3));
    let watched = super::super::watch::tests::watches(name);
    prop_oneof![
        vec(email(), 0..3).prop_map(StateChange::Intend),
        email().prop_map(StateChange::Sending),
        (email(), id()).prop_map(|(email, id)| StateChange::Acknowledged(email, id)),
        (email(), id()).prop_map(|(email, id)| StateChange::Adopt(email, id)),
        email().prop_map(StateChange::Failed),
        email().prop_map(StateChange::Retry),
        email().prop_map(StateChange::Forget),
        (id(), any::<u64>()).prop_map(|(id, limit)| StateChange::Limit(id, limit)),
        id().prop_map(StateChange::LimitUnknown),
        proptest::collection::btree_map(id(), any::<u64>(), 0..3)
            .prop_map(|limits| StateChange::Limits(limits, None)),
        (any::<i64>(), vec(id(), 0..3)).prop_map(|(channels, ids)| {
            StateChange::Remainder(Remainder { channels, unrecorded: ids.into_iter().collect() })
        }),
        (name(), 0..8_000_000_000_u64).prop_map(|(seal, until)| StateChange::Used { seal, until }),
        seen.prop_map(|(accounts, wanted)| {
            StateChange::Seen { accounts, wanted: wanted.into_iter().collect() }
        }),
        watched.prop_map(|watch| StateChange::Watched(Box::new(watch))),
    ]
}

proptest! {
    #[test]
    fn a_written_state_reads_back_and_only_creates_being_sent_have_times(
        changes in vec((change(), 0..4_000_000_000_u64), 0..40),
        organization in name(),
        manager in proptest::option::of(name()),
        serial in any::<u64>(),
    ) {
        let mut state = State::default();
        for (change, now) in changes {
            // A rejected change leaves a valid state.
            let _ = apply(&mut state, change, now);
        }
        for (email, create) in &state.creates {
            prop_assert_eq!(state.sent_at.contains_key(email), *create == Create::Sending);
        }
        prop_assert!(state.sent_at.keys().all(|email| state.creates.contains_key(email)));
        let manager = manager.map(AccountId::new);
        let binding = Binding { organization, manager, base_url: "https://a.example".to_owned() };
        let record = StateRecord { binding, serial, state, version: None };
        let text = to_text(&record);
        let read = from_bytes(text.as_bytes(), "here").unwrap();
        prop_assert_eq!(to_text(&read), text);
        prop_assert_eq!(StateRecord { version: None, ..read }, record);
    }
}
/// Reads a text with these entries and a matching checksum.
fn with(entries: &str) -> Result<StateRecord, Error> {
    let head = "{\n  \"format_version\": 1,\n  \"organization\": \"acme\",\n  \"manager_account_id\": null,\n  \"base_url\": \"https://a.example\",\n  \"serial\": 1,\n  \"remainder\": null";
    let body = format!("{head},\n  {entries}");
    from_bytes((body.clone() + &tail(&body)).as_bytes(), "here")
}

#[test]
fn an_invalid_entry_is_refused_although_the_checksum_matches() {
    let seal = |at: &str| format!(r#"{{ "seal": "sha256:00", "expires_at": "{at}" }}"#);
    let used = [seal("2027-01-01T00:00:00Z"), seal("2026-01-01T00:00:00Z")].join(", ");
    let difference = r#"{ "destructive": false }"#;
    let item = r#"{ "kind": "account", "email": null, "code": "enabled" }"#;
    let entry = format!(
        r#"{{ "key": {item}, "since": "2027-01-01T00:00:00Z", "runs": 1, "equal_runs": 1, "clean_runs": 0, "details": {difference}, "notified": {difference} }}"#
    );
    let watch = format!(
        r#"{{ "differences": [{entry}], "unknown_runs": 0, "unknown_notified_at": null, "outbox": [] }}"#
    );
    let entries =
        |accounts: &str, rest: &str| format!(r#""creates": [], "accounts": [{accounts}]{rest}"#);
    let cases = [
        (entries("", &format!(r#", "used_plans": [{used}]"#)), "duplicate used plan sha256:00"),
        (entries(r#"{ "id": "a-1" }"#, ""), "neither email nor channel_limit of account a-1"),
        (
            entries("", &format!(r#", "watch": {watch}"#)),
            "`notified` without `notified_at` for enabled",
        ),
    ];
    for (entries, reason) in cases {
        let error = with(&entries).unwrap_err();
        let form =
            matches!(&error, Error::Damaged { why: Damage::Form(why), .. } if why.contains(reason));
        assert!(form, "{error:?}");
    }
    assert!(with(&entries("", "")).is_ok());
}
