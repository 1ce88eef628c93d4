//! `trunkline state show`

use std::fmt::Write as _;

use clap::ValueEnum;
use jiff::Timestamp;

use super::super::exit::{Exit, Failure};
use super::super::terminal;
use crate::model::{AccountId, Create, DaemonMemory, Email, Remainder, State, shell_word};
use crate::report::{escape_json, escape_line, table};
use crate::state::{Binding, Error, StateRecord, Store};

/// The output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StateFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(super) async fn run(store: &Store, format: StateFormat) -> Result<Exit, Failure> {
    let Some(record) = store.read().await? else { return Err(super::missing(store)) };
    let text = match format {
        StateFormat::Json => escape_json(&record.to_json()),
        StateFormat::Text => {
            let lock = match store.unlocked().await {
                Ok(()) => None,
                Err(Error::Locked { holder, .. }) => {
                    Some(holder.map_or("another process".to_owned(), |holder| holder.to_string()))
                }
                Err(error) => return Err(error.into()),
            };
            text(&record, &store.place(), lock.as_deref())
        }
    };
    terminal::print(&text)?;
    Ok(Exit::Fine)
}

/// Formats the record for people. `lock` is the holder of the lock.
fn text(record: &StateRecord, place: &str, lock: Option<&str>) -> String {
    let Binding { organization, manager, base_url } = &record.binding;
    let State { limits, remainder, creates, emails, used, memory, .. } = &record.state;
    let manager = manager.as_ref().map_or("unknown", AccountId::as_str);
    let mut out = format!("State {place}\n\n");
    let head = [
        ("organization", organization.as_str()),
        ("manager", manager),
        ("API", base_url),
        ("writes", &record.serial.to_string()),
        ("lock", lock.unwrap_or("free")),
    ];
    for (name, value) in head {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:<14}{}", escape_line(value));
    }
    if !creates.is_empty() {
        let rows: Vec<_> = creates.iter().map(|create| create_row(create, &record.state)).collect();
        out += "\nCreates not shown by any list yet\n\n";
        out += &table(["EMAIL", "STATE", "ID", "SINCE"], &rows);
        if lock.is_none() {
            out += &unknown(&record.state, place);
        }
    }
    let mut ids: Vec<&AccountId> = limits.keys().chain(emails.keys()).collect();
    ids.sort();
    ids.dedup();
    if !ids.is_empty() {
        let rows: Vec<_> = ids.iter().map(|id| account_row(id, &record.state)).collect();
        out += "\nAccounts\n\n";
        out += &table(["ID", "EMAIL", "CHANNEL_LIMIT"], &rows);
    }
    if let Some(Remainder { channels, unrecorded }) = remainder {
        let _ = writeln!(
            out,
            "\nChannels allocated besides these limits, at the last read: {channels}\n\
             Accounts without a recorded limit, at the last read: {}",
            unrecorded.len()
        );
    }
    if !used.is_empty() {
        let _ = writeln!(
            out,
            "\nSaved plans that were applied and cannot be applied again: {}",
            used.len()
        );
    }
    let DaemonMemory { differences, unknown: _, heals: _, outbox } = memory;
    if !differences.is_empty() || !outbox.is_empty() {
        let _ = writeln!(
            out,
            "\nDifferences that the daemon knows: {}\nNotifications to deliver: {}",
            differences.len(),
            outbox.len()
        );
    }
    let nothing = creates.is_empty() && ids.is_empty() && remainder.is_none() && used.is_empty();
    if nothing && *memory == DaemonMemory::default() {
        out += "\nThe state is empty.\n";
    }
    out
}

/// Explains creates whose outcome is unknown, and the commands that settle the first of them.
fn unknown(state: &State, place: &str) -> String {
    let mut unknown = state
        .creates
        .iter()
        .filter(|(_, create)| **create == Create::Sending)
        .map(|(email, _)| email);
    let Some(first) = unknown.next() else { return String::new() };
    let (subject, object) = match unknown.count() {
        0 => ("1 create has".to_owned(), "it"),
        others => (format!("{} creates have", others + 1), "them"),
    };
    let (email, place) = (shell_word(&escape_line(first.as_str())), shell_word(place));
    format!(
        "\n{subject} an unknown outcome. No further create is sent for {object} until a list\n\
         shows the account, or you settle {object}. If the account exists, run\n  \
         trunkline state resolve {email} --adopt ID --state {place}\n\
         Otherwise run\n  \
         trunkline state resolve {email} --retry --state {place}\n"
    )
}

fn create_row((email, create): (&Email, &Create), state: &State) -> [String; 4] {
    let (state, id, since) = match create {
        Create::Intended => ("intended", None, None),
        Create::Sending => ("sending", None, state.sent_at.get(email)),
        Create::Acknowledged(id) => ("acknowledged", Some(id), None),
    };
    let since = since.and_then(|at| Timestamp::from_second(i64::try_from(*at).ok()?).ok());
    [email.to_string(), state.to_owned(), or_dash(id), or_dash(since)]
}

fn account_row(id: &AccountId, state: &State) -> [String; 3] {
    [id.to_string(), or_dash(state.emails.get(id)), or_dash(state.limits.get(id))]
}

fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}
