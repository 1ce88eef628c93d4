//! A spreadsheet of accounts or users, saved as CSV, as entries of a manifest. Pure: it reads bytes.
//!
//! The header row decides which column is which field, and whether the rows are accounts or users. A value that a
//! manifest would refuse is a problem here, so the text of a sheet is always a valid manifest. What a manifest cannot
//! express is left out and named, never dropped in silence.

mod cells;
mod columns;
mod found;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files::{self, MAX_BYTES};
use super::problem::Problem;
use super::{Position, canonical};
use crate::model::{AccountId, Desired, Email, Policy, WantedAccount, WantedUser};

use cells::Rows;
use columns::Header;
pub use columns::SheetKind;
use found::FoundProblems;
pub use found::SheetProblems;
use rows::RowsReader;

/// The entries of a spreadsheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The kind of the entries; those of the other kind are empty.
    pub kind: SheetKind,
    /// The accounts.
    pub accounts: BTreeMap<Email, WantedAccount>,
    /// The users.
    pub users: BTreeMap<Email, WantedUser>,
    /// The values of the file that the entries lack.
    pub left_out: LeftOut,
}

/// The parts of a spreadsheet that are not in its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The names of ignored columns.
    pub columns: Vec<String>,
    /// The emails of cancelled accounts.
    pub cancelled: Vec<String>,
    /// The emails of accounts whose `enabled` is left out: they are blocked, or their status is unknown.
    pub enabled: Vec<String>,
    /// The roles, except for those of the owner and of sub-users.
    pub roles: BTreeSet<String>,
}

/// Reads a spreadsheet. `file` is its name in messages, and `kind` overrides the kind that its columns show.
///
/// # Errors
///
/// Returns every problem found.
pub fn read_sheet(
    file: &Path,
    bytes: Vec<u8>,
    kind: Option<SheetKind>,
) -> Result<Sheet, SheetProblems> {
    let text = text(file, bytes).map_err(|problem| SheetProblems::from(*problem))?;
    let mut found = FoundProblems::new(file);
    let sheet = entries(&text, kind, &mut found);
    found.finish(sheet)
}

fn entries(text: &str, kind: Option<SheetKind>, found: &mut FoundProblems<'_>) -> Option<Sheet> {
    let mut rows = Rows::new(text, separator(text));
    let header = rows.next()?;
    let begin = header.first()?.place;
    if let Some(cell) = header.iter().find(|cell| !cell.well_quoted) {
        found.badly_quoted(cell);
        return None;
    }
    let header = Header::read(header, kind, found)?;
    let mut reader = RowsReader::new(&header, found);
    rows.for_each(|row| reader.row(&row));
    let sheet = reader.finish();
    if sheet.accounts.is_empty() && sheet.users.is_empty() && found.is_empty() {
        let what = sheet.kind.plural();
        found.add(begin, format!("this file lists no {what}"), "");
    }
    Some(sheet)
}

/// The separator with which the first row has the most known columns, or otherwise the most cells.
fn separator(text: &str) -> u8 {
    let score = |separator: &u8| {
        let row = Rows::new(text, *separator).next().unwrap_or_default();
        (Header::known(&row), row.len())
    };
    // The last one of equal candidates counts.
    [b'\t', b';', b','].into_iter().max_by_key(score).unwrap_or(b',')
}

/// The text of a file, without a byte order mark.
fn text(file: &Path, bytes: Vec<u8>) -> Result<String, Box<Problem>> {
    const HINT: &str = "Save the sheet as CSV in UTF-8.";
    if bytes.len() as u64 > MAX_BYTES {
        let problem = Problem::whole(file, "this file is larger than 64 MiB");
        return Err(Box::new(problem.hint("Split it into several files.")));
    }
    // The formats of spreadsheet programs: ZIP, and the one before it.
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Box::new(Problem::whole(file, "this is a workbook, not CSV").hint(HINT)));
    }
    String::from_utf8(bytes).map(files::without_byte_order_mark).map_err(|error| {
        let mut problem = files::encoding_problem(file, &error).hint(HINT);
        problem.place = problem.place.map(|place| Position { excerpt: None, ..place });
        Box::new(problem)
    })
}

impl SheetKind {
    /// The word for entries of the kind.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Users => "users",
        }
    }
}

impl Sheet {
    /// Removes the entries whose email or id a manifest already has, and returns their emails.
    pub fn remove_listed(&mut self, manifest: &Desired) -> Vec<Email> {
        let ids: BTreeSet<&AccountId> =
            manifest.accounts.values().filter_map(|account| account.id.as_ref()).collect();
        let mut listed = Vec::new();
        let mut is_new = |email: &Email, is_listed: bool| {
            if is_listed {
                listed.push(email.clone());
            }
            !is_listed
        };
        self.accounts.retain(|email, account| {
            let id_is_listed = account.id.as_ref().is_some_and(|id| ids.contains(id));
            is_new(email, id_is_listed || manifest.accounts.contains_key(email))
        });
        self.users.retain(|email, _| {
            is_new(email, manifest.users.as_ref().is_some_and(|users| users.contains_key(email)))
        });
        listed
    }

    /// The number of entries.
    #[must_use]
    pub fn count(&self) -> usize {
        self.accounts.len() + self.users.len()
    }

    /// The entries as a manifest.
    #[must_use]
    pub fn desired(&self, organization: &str) -> Desired {
        Desired {
            organization: organization.to_owned(),
            manager: None,
            policy: Policy::default(),
            accept: Vec::new(),
            accounts: self.accounts.clone(),
            users: Some(self.users.clone()).filter(|users| !users.is_empty()),
        }
    }

    /// The text of a manifest in canonical layout. It has no policy, so that it can join a folder that has one.
    #[must_use]
    pub fn yaml(&self, organization: &str) -> String {
        let Self { kind: _, accounts, users, left_out: _ } = self;
        let mut out = vec![
            "version: 1".to_owned(),
            format!("organization: {}", canonical::text(organization)),
        ];
        let accounts = accounts.values().flat_map(canonical::account);
        out.extend(canonical::section("accounts", accounts));
        let users = users.values().flat_map(canonical::user);
        out.extend(canonical::section("users", users));
        out.join("\n") + "\n"
    }
}
