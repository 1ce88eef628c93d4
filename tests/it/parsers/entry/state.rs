//! A state file: as it is, and under a check that fits.

use std::path::Path;

use serde_json::Value;
use trunkline::state::{Damage, Error, Location, StateRecord, Store};

use super::seal::{flipped, sealed};
use super::{Taken, assert_harmless, file, wait};

/// Takes the file of a state file; its check is put right before it is read a second time.
///
/// One that is accepted is written as it was read, holds everything that the file says, and is refused with any
/// byte changed. One that is refused is damaged or newer, with what to do about it; it is never an empty state.
pub(crate) fn state(bytes: &[u8]) -> Taken {
    let as_it_is = read(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(as_it_is.is_err());
        return Taken::Refused;
    };
    let text = sealed(text, "check", "");
    match read(text.as_bytes()) {
        Ok(record) => {
            assert_written_again(&record);
            assert_complete(&record, &text);
            let other = read(&flipped(text.as_bytes()));
            assert!(other.is_err(), "another file is the same state: {other:?}");
            Taken::Accepted
        }
        Err(error) => {
            let newer = matches!(error, Error::Newer { .. });
            let form = matches!(error, Error::Damaged { why: Damage::Form(_), .. });
            assert!(newer || form, "its check is right: {error}");
            assert!(as_it_is.is_err(), "it is only refused under the right check: {text}");
            Taken::Refused
        }
    }
}

fn read(bytes: &[u8]) -> Result<StateRecord, Error> {
    let store = Store::new(&Location::File(file("state.json", bytes)));
    let read = wait(store.read());
    if let Err(error) = &read {
        assert_harmless(&error.to_string());
        assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
    }
    read.map(|record| {
        record.expect("a file that is there is a state file, or no state, but not none")
    })
}

fn assert_written_again(record: &StateRecord) {
    let text = sealed(&record.to_json(), "check", "");
    let again = read(text.as_bytes()).unwrap();
    assert_eq!(again.to_json(), record.to_json());
    assert_eq!(
        (&again.binding, again.serial, &again.state),
        (&record.binding, record.serial, &record.state)
    );
}

/// No entry of the file is missing in what was read: nothing is passed over.
fn assert_complete(record: &StateRecord, text: &str) {
    let file: Value = serde_json::from_str(text).unwrap();
    let count = |name: &str| file[name].as_array().map_or(0, Vec::len);
    let state = &record.state;
    assert_eq!(
        (count("users"), count("removed_users")),
        (state.users.len(), state.removed.len()),
        "{text}"
    );
    let accounts = state
        .emails
        .keys()
        .chain(state.limits.keys().filter(|id| !state.emails.contains_key(id)))
        .count();
    assert_eq!(count("accounts"), accounts, "{text}");
    assert_eq!(count("creates"), state.creates.len(), "{text}");
    assert_eq!(count("used_plans"), state.used.len(), "{text}");
    assert_eq!(file["remainder"].is_null(), state.remainder.is_none(), "{text}");
    let times = file["creates"].as_array().into_iter().flatten();
    let times = times.filter(|create| !create["since"].is_null()).count();
    assert_eq!(times, state.sent_at.len(), "{text}");
    let watched = |name: &str| file["watch"][name].as_array().map_or(0, Vec::len);
    assert_eq!(watched("differences"), state.memory.differences.len(), "{text}");
    assert_eq!(watched("outbox"), state.memory.outbox.len(), "{text}");
    let notified = file["watch"]["differences"].as_array().into_iter().flatten();
    let notified =
        notified.filter(|one| !one["notified"].is_null() || !one["notified_at"].is_null()).count();
    let expected = state.memory.differences.values().filter(|one| one.notified.is_some()).count();
    assert_eq!(notified, expected, "{text}");
    assert_eq!(file["serial"], record.serial);
}

/// A state file that is not there is empty: the only way to an empty one.
pub(crate) fn assert_only_nothing_is_none(missing: &Path) {
    assert!(wait(Store::new(&Location::File(missing.to_owned())).read()).unwrap().is_none());
}
