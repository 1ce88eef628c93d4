//! `trunkline state show`

use std::fmt::Write as _;

use clap::ValueEnum;
use jiff::Timestamp;

use super::super::exit::{Exit, Failure};
use super::super::terminal;
use crate::model::{AccountId, Create, Email, Remainder, State, Watch};
use crate::report::{escape_json, escape_line, table};
use crate::state::{Binding, Error, Record, Store};

/// The form of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(super) async fn run(store: &Store, format: Format) -> Result<Exit, Failure> {
    let Some(record) = store.read().await? else { return Err(super::nothing(store)) };
    let text = match format {
        Format::Json => escape_json(&record.to_json()),
        Format::Text => {
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

/// The record for people. `lock`: who holds it.
fn text(record: &Record, place: &str, lock: Option<&str>) -> String {
    let Binding { organization, manager, base_url } = &record.binding;
    let State { limits, remainder, creates, emails, used, watch, .. } = &record.state;
    let manager = manager.as_ref().map_or("not known yet", AccountId::as_str);
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
        out += "\nCreates that no list has shown yet\n\n";
        out += &table(["EMAIL", "STATE", "ID", "SINCE"], &rows);
        if lock.is_none() {
            out += &unknown(&record.state);
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
            "\nBeside these limits {channels} channels were allocated when that was last looked at.\n\
             Accounts whose limit was not recorded then: {}.",
            unrecorded.len()
        );
    }
    if !used.is_empty() {
        let _ = writeln!(
            out,
            "\nSaved plans that were applied and are not applied again: {}.",
            used.len()
        );
    }
    let Watch { differences, unknown: _, heals: _, outbox } = watch;
    if !differences.is_empty() || !outbox.is_empty() {
        let _ = writeln!(
            out,
            "\nThe daemon watches {} differences and has {} notifications to deliver.",
            differences.len(),
            outbox.len()
        );
    }
    let nothing = creates.is_empty() && ids.is_empty() && remainder.is_none() && used.is_empty();
    if nothing && *watch == Watch::default() {
        out += "\nNothing is recorded.\n";
    }
    out
}

/// What is to be done about creates that nobody finishes any more.
fn unknown(state: &State) -> String {
    let count = state.creates.values().filter(|create| **create == Create::Sending).count();
    let (what, them, accounts) = match count {
        0 => return String::new(),
        1 => ("1 create is".to_owned(), "it", "account"),
        _ => (format!("{count} creates are"), "them", "accounts"),
    };
    format!(
        "\n{what} of unknown outcome. Nothing more is sent for {them} until a list shows\n\
         the {accounts}, or trunkline state resolve settles {them}.\n"
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
