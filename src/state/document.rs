//! The form of a state file as text: JSON in a fixed order, and a check over every byte of it.
//!
//! The check is the last field. It covers the text before it as it stands, so that a file that was cut,
//! flipped or edited anywhere is noticed before anybody believes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::error::{Damage, Error, plain};
use super::record::{Binding, Record};
use super::watch::{self, WatchEntry};
use crate::model::{AccountId, Create, Email, Remainder, State, UserId};

/// The only version there is.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format_version: u64,
    organization: String,
    manager_account_id: Option<String>,
    base_url: String,
    /// How many times it was written.
    serial: u64,
    remainder: Option<RemainderEntry>,
    creates: Vec<CreateEntry>,
    accounts: Vec<AccountEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    users: Vec<UserEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed_users: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    used_plans: Vec<UsedEntry>,
    /// States of before the daemon have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watch: Option<WatchEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RemainderEntry {
    channels: i64,
    unrecorded: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
enum CreateEntry {
    Intended {
        email: String,
    },
    Sending {
        email: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<String>,
    },
    Acknowledged {
        email: String,
        id: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountEntry {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_limit: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    id: String,
    email: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsedEntry {
    seal: String,
    expires_at: String,
}

/// What is looked at first: a newer version may have any form beside it.
#[derive(Deserialize)]
struct Peek {
    format_version: u64,
}

/// A record as JSON for people and programs, without the check.
pub(super) fn json(record: &Record) -> String {
    // Strings, numbers and lists of them: nothing that JSON could refuse.
    serde_json::to_string_pretty(&document(record)).unwrap_or_default() + "\n"
}

/// A record as it is kept.
pub(super) fn to_text(record: &Record) -> String {
    let mut text = json(record);
    text.truncate(text.len().saturating_sub("\n}\n".len()));
    let tail = tail(&text);
    text + &tail
}

/// Reads what `to_text` wrote, and nothing else.
pub(super) fn from_bytes(bytes: &[u8], place: &str) -> Result<Record, Error> {
    let damaged = |why| Error::Damaged { place: place.to_owned(), why };
    if bytes.is_empty() {
        return Err(damaged(Damage::Empty));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| damaged(Damage::Torn))?;
    let peek = serde_json::from_str::<Peek>(text);
    if let Ok(Peek { format_version: version }) = peek
        && version > VERSION
    {
        return Err(Error::Newer { place: place.to_owned(), version });
    }
    let body = checked(text)
        .ok_or_else(|| damaged(if peek.is_ok() { Damage::Check } else { Damage::Torn }))?;
    let read = serde_json::from_str::<Document>(&format!("{body}\n}}"))
        .map_err(|error| plain(&error.to_string()))
        .and_then(record);
    let record = read.map_err(|why| damaged(Damage::Form(why)))?;
    Ok(Record { version: Some(version(bytes)), ..record })
}

/// The digest that stands for a whole text.
pub(super) fn version(bytes: &[u8]) -> String {
    let mut out = "sha256:".to_owned();
    for byte in digest(&SHA256, bytes).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The end of the text: always of the same length.
fn tail(body: &str) -> String {
    format!(",\n  \"check\": \"{}\"\n}}\n", version(body.as_bytes()))
}

/// The text before the check, if the check fits it.
fn checked(text: &str) -> Option<&str> {
    let body = text.get(..text.len().checked_sub(tail("").len())?)?;
    (text.get(body.len()..) == Some(tail(body).as_str())).then_some(body)
}

fn document(record: &Record) -> Document {
    let Record { binding, serial, state, version: _ } = record;
    let Binding { organization, manager, base_url } = binding;
    let State {
        limits,
        remainder,
        creates,
        emails,
        users,
        removed,
        forgotten: _,
        sent_at,
        used,
        watch,
    } = state;
    let mut accounts: BTreeMap<&AccountId, (Option<&Email>, Option<u64>)> =
        emails.iter().map(|(id, email)| (id, (Some(email), None))).collect();
    for (id, limit) in limits {
        accounts.entry(id).or_default().1 = Some(*limit);
    }
    Document {
        format_version: VERSION,
        organization: organization.clone(),
        manager_account_id: manager.as_ref().map(ToString::to_string),
        base_url: base_url.clone(),
        serial: *serial,
        remainder: remainder.as_ref().map(|Remainder { channels, unrecorded }| RemainderEntry {
            channels: *channels,
            unrecorded: unrecorded.iter().map(ToString::to_string).collect(),
        }),
        creates: creates
            .iter()
            .map(|(email, create)| create_entry(email, create, sent_at.get(email)))
            .collect(),
        accounts: accounts
            .into_iter()
            .map(|(id, (email, channel_limit))| AccountEntry {
                id: id.to_string(),
                email: email.map(ToString::to_string),
                channel_limit,
            })
            .collect(),
        users: users
            .iter()
            .map(|(id, email)| UserEntry { id: id.to_string(), email: email.to_string() })
            .collect(),
        removed_users: removed.iter().map(ToString::to_string).collect(),
        used_plans: used
            .iter()
            .filter_map(|(seal, until)| {
                Some(UsedEntry { seal: seal.clone(), expires_at: time(*until)? })
            })
            .collect(),
        watch: watch::entry(watch),
    }
}

fn create_entry(email: &Email, create: &Create, sent_at: Option<&u64>) -> CreateEntry {
    let email = email.to_string();
    match create {
        Create::Intended => CreateEntry::Intended { email },
        Create::Sending => CreateEntry::Sending { email, since: sent_at.and_then(|at| time(*at)) },
        Create::Acknowledged(id) => CreateEntry::Acknowledged { email, id: id.to_string() },
    }
}

/// Seconds since 1970 as a time of RFC 3339.
pub(super) fn time(seconds: u64) -> Option<String> {
    Some(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_string())
}

/// A time of RFC 3339 as seconds since 1970.
pub(super) fn seconds(time: &str) -> Result<u64, String> {
    let seconds = time.parse::<Timestamp>().ok().map(Timestamp::as_second);
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.ok_or_else(|| format!("{:?} is no time", plain(time)))
}

fn record(document: Document) -> Result<Record, String> {
    let Document {
        format_version,
        organization,
        manager_account_id,
        base_url,
        serial,
        remainder,
        creates,
        accounts,
        users,
        removed_users,
        used_plans,
        watch,
    } = document;
    if format_version != VERSION {
        return Err(format!("format_version {format_version} is not known"));
    }
    let mut state = State {
        remainder: remainder.map(|RemainderEntry { channels, unrecorded }| Remainder {
            channels,
            unrecorded: unrecorded.into_iter().map(AccountId::new).collect(),
        }),
        ..State::default()
    };
    for entry in creates {
        take_create(&mut state, entry)?;
    }
    for entry in accounts {
        take_account(&mut state, entry)?;
    }
    for UserEntry { id, email } in users {
        let again = state.users.insert(UserId::new(&id), Email::new(email));
        if again.is_some() {
            return Err(format!("the user {} is there twice", plain(&id)));
        }
    }
    state.removed = removed_users.into_iter().map(UserId::new).collect();
    for entry in used_plans {
        take_used(&mut state, entry)?;
    }
    state.watch = watch.map(watch::watch).transpose()?.unwrap_or_default();
    let binding =
        Binding { organization, manager: manager_account_id.map(AccountId::new), base_url };
    Ok(Record { binding, serial, state, version: None })
}

fn take_create(state: &mut State, entry: CreateEntry) -> Result<(), String> {
    let (email, create) = match entry {
        CreateEntry::Intended { email } => (Email::new(email), Create::Intended),
        CreateEntry::Sending { email, since } => {
            let email = Email::new(email);
            if let Some(since) = since {
                state.sent_at.insert(email.clone(), seconds(&since)?);
            }
            (email, Create::Sending)
        }
        CreateEntry::Acknowledged { email, id } => {
            (Email::new(email), Create::Acknowledged(AccountId::new(id)))
        }
    };
    let twice = format!("the create of {} is there twice", plain(email.as_str()));
    match state.creates.insert(email, create) {
        None => Ok(()),
        Some(_) => Err(twice),
    }
}

fn take_account(state: &mut State, entry: AccountEntry) -> Result<(), String> {
    let AccountEntry { id, email, channel_limit } = entry;
    let id = AccountId::new(id);
    if state.emails.contains_key(&id) || state.limits.contains_key(&id) {
        return Err(format!("account {} is there twice", plain(id.as_str())));
    }
    if email.is_none() && channel_limit.is_none() {
        return Err(format!("nothing is said of account {}", plain(id.as_str())));
    }
    if let Some(email) = email {
        state.emails.insert(id.clone(), Email::new(email));
    }
    if let Some(limit) = channel_limit {
        state.limits.insert(id, limit);
    }
    Ok(())
}

/// Of two expiries the earlier one would let a plan be used again.
fn take_used(state: &mut State, entry: UsedEntry) -> Result<(), String> {
    let UsedEntry { seal, expires_at } = entry;
    let twice = format!("the used plan {} is there twice", plain(&seal));
    match state.used.insert(seal, seconds(&expires_at)?) {
        None => Ok(()),
        Some(_) => Err(twice),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::state::{Change, apply};

    /// Few of them, so that they meet; some with what JSON, a terminal or a person would stumble over.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof!["[abAB]", "[ -~]{0,3}", any::<String>()]
    }

    fn change() -> impl Strategy<Value = Change> {
        let email = || name().prop_map(Email::new);
        let id = || name().prop_map(AccountId::new);
        let seen = (proptest::collection::btree_map(id(), email(), 0..4), vec(email(), 0..3));
        let watched = super::super::watch::tests::watches(name);
        prop_oneof![
            vec(email(), 0..3).prop_map(Change::Intend),
            email().prop_map(Change::Sending),
            (email(), id()).prop_map(|(email, id)| Change::Acknowledged(email, id)),
            (email(), id()).prop_map(|(email, id)| Change::Adopt(email, id)),
            email().prop_map(Change::Failed),
            email().prop_map(Change::Retry),
            email().prop_map(Change::Forget),
            (id(), any::<u64>()).prop_map(|(id, limit)| Change::Limit(id, limit)),
            id().prop_map(Change::LimitUnknown),
            proptest::collection::btree_map(id(), any::<u64>(), 0..3)
                .prop_map(|limits| Change::Limits(limits, None)),
            (any::<i64>(), vec(id(), 0..3)).prop_map(|(channels, ids)| {
                Change::Remainder(Remainder { channels, unrecorded: ids.into_iter().collect() })
            }),
            (name(), 0..8_000_000_000_u64).prop_map(|(seal, until)| Change::Used { seal, until }),
            seen.prop_map(|(accounts, wanted)| {
                Change::Seen { accounts, wanted: wanted.into_iter().collect() }
            }),
            watched.prop_map(|watch| Change::Watched(Box::new(watch))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_times_are_of_what_is_being_sent(
            changes in vec((change(), 0..4_000_000_000_u64), 0..40),
            organization in name(),
            manager in proptest::option::of(name()),
            serial in any::<u64>(),
        ) {
            let mut state = State::default();
            for (change, now) in changes {
                // Some are refused: that is a state like any other.
                let _ = apply(&mut state, change, now);
            }
            for (email, create) in &state.creates {
                prop_assert_eq!(state.sent_at.contains_key(email), *create == Create::Sending);
            }
            prop_assert!(state.sent_at.keys().all(|email| state.creates.contains_key(email)));
            let manager = manager.map(AccountId::new);
            let binding = Binding { organization, manager, base_url: "https://a.example".to_owned() };
            let record = Record { binding, serial, state, version: None };
            let text = to_text(&record);
            let read = from_bytes(text.as_bytes(), "here").unwrap();
            prop_assert_eq!(to_text(&read), text);
            prop_assert_eq!(Record { version: None, ..read }, record);
        }
    }
    /// A text with these entries under the check that fits it.
    fn with(entries: &str) -> Result<Record, Error> {
        let head = "{\n  \"format_version\": 1,\n  \"organization\": \"acme\",\n  \"manager_account_id\": null,\n  \"base_url\": \"https://a.example\",\n  \"serial\": 1,\n  \"remainder\": null";
        let body = format!("{head},\n  {entries}");
        from_bytes((body.clone() + &tail(&body)).as_bytes(), "here")
    }

    #[test]
    fn an_entry_that_would_be_passed_over_is_refused_though_the_check_fits() {
        let seal = |at: &str| format!(r#"{{ "seal": "sha256:00", "expires_at": "{at}" }}"#);
        let used = [seal("2027-01-01T00:00:00Z"), seal("2026-01-01T00:00:00Z")].join(", ");
        let difference = r#"{ "destructive": false }"#;
        let item = r#"{ "kind": "account", "email": null, "code": "enabled" }"#;
        let episode = format!(
            r#"{{ "key": {item}, "since": "2027-01-01T00:00:00Z", "runs": 1, "equal_runs": 1, "clean_runs": 0, "details": {difference}, "notified": {difference} }}"#
        );
        let watch = format!(
            r#"{{ "differences": [{episode}], "unknown_runs": 0, "unknown_notified_at": null, "outbox": [] }}"#
        );
        let entries = |accounts: &str, rest: &str| {
            format!(r#""creates": [], "accounts": [{accounts}]{rest}"#)
        };
        let cases = [
            (entries("", &format!(r#", "used_plans": [{used}]"#)), "sha256:00 is there twice"),
            (entries(r#"{ "id": "a-1" }"#, ""), "nothing is said of account a-1"),
            (
                entries("", &format!(r#", "watch": {watch}"#)),
                "`notified` without `notified_at` for enabled",
            ),
        ];
        for (entries, says) in cases {
            let error = with(&entries).unwrap_err();
            let form = matches!(&error, Error::Damaged { why: Damage::Form(why), .. } if why.contains(says));
            assert!(form, "{error:?}");
        }
        assert!(with(&entries("", "")).is_ok());
    }
}
