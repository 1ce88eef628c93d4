//! The text format of a state: JSON in a fixed order, followed by a checksum.
//!
//! The checksum is the last field and covers every byte before it, so a file that was cut, corrupted or edited is
//! detected before it is used.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::error::{Damage, Error, plain};
use super::record::{Binding, StateRecord};
use super::watch::{self, WatchEntry};
use crate::model::{AccountId, Create, Email, Remainder, State, UserId};

/// The version of the format.
const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateDocument {
    format_version: u64,
    organization: String,
    manager_account_id: Option<String>,
    base_url: String,
    /// The number of writes.
    serial: u64,
    remainder: Option<RemainderEntry>,
    creates: Vec<CreateEntry>,
    accounts: Vec<KnownAccountEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    users: Vec<KnownUserEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed_users: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    used_plans: Vec<UsedPlanEntry>,
    /// Absent until the daemon has written the state.
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
struct KnownAccountEntry {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_limit: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownUserEntry {
    id: String,
    email: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsedPlanEntry {
    seal: String,
    expires_at: String,
}

/// The field that is read first: a newer version may have any other form.
#[derive(Deserialize)]
struct VersionOnly {
    format_version: u64,
}

/// A record as JSON, without the checksum.
pub(super) fn json(record: &StateRecord) -> String {
    // Strings, numbers and lists always serialize.
    serde_json::to_string_pretty(&document(record)).unwrap_or_default() + "\n"
}

/// A record with its checksum, as it is stored.
pub(super) fn to_text(record: &StateRecord) -> String {
    let mut text = json(record);
    text.truncate(text.len().saturating_sub("\n}\n".len()));
    let tail = tail(&text);
    text + &tail
}

/// Parses a text of [`to_text`], and rejects any other.
pub(super) fn from_bytes(bytes: &[u8], place: &str) -> Result<StateRecord, Error> {
    let damaged = |why| Error::Damaged { place: place.to_owned(), why };
    if bytes.is_empty() {
        return Err(damaged(Damage::Empty));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| damaged(Damage::Torn))?;
    let peek = serde_json::from_str::<VersionOnly>(text);
    if let Ok(VersionOnly { format_version: version }) = peek
        && version > VERSION
    {
        return Err(Error::Newer { place: place.to_owned(), version });
    }
    let body = checked(text)
        .ok_or_else(|| damaged(if peek.is_ok() { Damage::Check } else { Damage::Torn }))?;
    let read = serde_json::from_str::<StateDocument>(&format!("{body}\n}}"))
        .map_err(|error| plain(&error.to_string()))
        .and_then(record);
    let record = read.map_err(|why| damaged(Damage::Form(why)))?;
    Ok(StateRecord { version: Some(version(bytes)), ..record })
}

/// The digest of a text, which identifies its version.
pub(super) fn version(bytes: &[u8]) -> String {
    let mut out = "sha256:".to_owned();
    for byte in digest(&SHA256, bytes).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The end of a text, which has a fixed length.
fn tail(body: &str) -> String {
    format!(",\n  \"check\": \"{}\"\n}}\n", version(body.as_bytes()))
}

/// The text before the checksum, if the checksum matches.
fn checked(text: &str) -> Option<&str> {
    let body = text.get(..text.len().checked_sub(tail("").len())?)?;
    (text.get(body.len()..) == Some(tail(body).as_str())).then_some(body)
}

fn document(record: &StateRecord) -> StateDocument {
    let StateRecord { binding, serial, state, version: _ } = record;
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
        memory,
    } = state;
    let mut accounts: BTreeMap<&AccountId, (Option<&Email>, Option<u64>)> =
        emails.iter().map(|(id, email)| (id, (Some(email), None))).collect();
    for (id, limit) in limits {
        accounts.entry(id).or_default().1 = Some(*limit);
    }
    StateDocument {
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
            .map(|(id, (email, channel_limit))| KnownAccountEntry {
                id: id.to_string(),
                email: email.map(ToString::to_string),
                channel_limit,
            })
            .collect(),
        users: users
            .iter()
            .map(|(id, email)| KnownUserEntry { id: id.to_string(), email: email.to_string() })
            .collect(),
        removed_users: removed.iter().map(ToString::to_string).collect(),
        used_plans: used
            .iter()
            .filter_map(|(seal, until)| {
                Some(UsedPlanEntry { seal: seal.clone(), expires_at: time(*until)? })
            })
            .collect(),
        watch: watch::entry(memory),
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

/// Formats seconds since 1970 as RFC 3339.
pub(super) fn time(seconds: u64) -> Option<String> {
    Some(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_string())
}

/// Parses RFC 3339 into seconds since 1970.
pub(super) fn seconds(time: &str) -> Result<u64, String> {
    let seconds = time.parse::<Timestamp>().ok().map(Timestamp::as_second);
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.ok_or_else(|| format!("{:?} is not a time", plain(time)))
}

fn record(document: StateDocument) -> Result<StateRecord, String> {
    let StateDocument {
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
        return Err(format!("unknown format_version {format_version}"));
    }
    let mut state = State {
        remainder: remainder.map(|RemainderEntry { channels, unrecorded }| Remainder {
            channels,
            unrecorded: unrecorded.into_iter().map(AccountId::new).collect(),
        }),
        ..State::default()
    };
    for entry in creates {
        add_create(&mut state, entry)?;
    }
    for entry in accounts {
        add_account(&mut state, entry)?;
    }
    for KnownUserEntry { id, email } in users {
        let again = state.users.insert(UserId::new(&id), Email::new(email));
        if again.is_some() {
            return Err(format!("duplicate user {}", plain(&id)));
        }
    }
    state.removed = removed_users.into_iter().map(UserId::new).collect();
    for entry in used_plans {
        add_used_plan(&mut state, entry)?;
    }
    state.memory = watch.map(watch::watch).transpose()?.unwrap_or_default();
    let binding =
        Binding { organization, manager: manager_account_id.map(AccountId::new), base_url };
    Ok(StateRecord { binding, serial, state, version: None })
}

fn add_create(state: &mut State, entry: CreateEntry) -> Result<(), String> {
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
    let twice = format!("duplicate create of {}", plain(email.as_str()));
    match state.creates.insert(email, create) {
        None => Ok(()),
        Some(_) => Err(twice),
    }
}

fn add_account(state: &mut State, entry: KnownAccountEntry) -> Result<(), String> {
    let KnownAccountEntry { id, email, channel_limit } = entry;
    let id = AccountId::new(id);
    if state.emails.contains_key(&id) || state.limits.contains_key(&id) {
        return Err(format!("duplicate account {}", plain(id.as_str())));
    }
    if email.is_none() && channel_limit.is_none() {
        return Err(format!("neither email nor channel_limit of account {}", plain(id.as_str())));
    }
    if let Some(email) = email {
        state.emails.insert(id.clone(), Email::new(email));
    }
    if let Some(limit) = channel_limit {
        state.limits.insert(id, limit);
    }
    Ok(())
}

/// Rejects duplicates: the earlier of two expiries would let a plan be used again.
fn add_used_plan(state: &mut State, entry: UsedPlanEntry) -> Result<(), String> {
    let UsedPlanEntry { seal, expires_at } = entry;
    let twice = format!("duplicate used plan {}", plain(&seal));
    match state.used.insert(seal, seconds(&expires_at)?) {
        None => Ok(()),
        Some(_) => Err(twice),
    }
}

#[cfg(test)]
mod tests;
