//! The rows below the header: each becomes an account or a user, or its problems are recorded.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{Cell, Place};
use super::columns::{Column, Header, SheetKind};
use super::found::FoundProblems;
use super::{LeftOut, Sheet};
use crate::manifest::reading::quoted;
use crate::manifest::texts::{LONGEST_TEXT, refused_email, uuid};
use crate::manifest::{mistakes, takes_email, takes_text};
use crate::model::{
    AccountId, Amount, Day, Email, Presence, WantedAccount, WantedUser, is_harmful,
};

/// Reads row after row.
pub(super) struct RowsReader<'a, 'f> {
    header: &'a Header,
    found: &'a mut FoundProblems<'f>,
    sheet: Sheet,
    /// The line of each email and id.
    emails: BTreeMap<Email, u64>,
    ids: BTreeMap<AccountId, u64>,
    /// The line of the owner.
    owner: Option<u64>,
}

/// The text of a cell, which is not blank.
struct Value<'a> {
    text: String,
    /// The name of its column.
    name: &'a str,
    place: Place,
}

/// The meaning of a cell in the column of `enabled`.
enum Status {
    Is(bool),
    /// A status that `enabled` cannot express.
    Other,
    Cancelled,
}

impl<'a, 'f> RowsReader<'a, 'f> {
    pub(super) fn new(header: &'a Header, found: &'a mut FoundProblems<'f>) -> Self {
        let left_out = LeftOut { columns: header.ignored.clone(), ..LeftOut::default() };
        let (accounts, users) = (BTreeMap::new(), BTreeMap::new());
        let sheet = Sheet { kind: header.kind, accounts, users, left_out };
        let (emails, ids) = (BTreeMap::new(), BTreeMap::new());
        Self { header, found, sheet, emails, ids, owner: None }
    }

    pub(super) fn finish(self) -> Sheet {
        self.sheet
    }

    pub(super) fn row(&mut self, row: &[Cell]) {
        // The cells behind such a cell may be in wrong columns.
        if let Some(cell) = row.iter().find(|cell| !cell.well_quoted) {
            return self.found.badly_quoted(cell);
        }
        let columns = self.header.names.len();
        if let Some(cell) = row.iter().skip(columns).find(|cell| !cell.is_blank()) {
            let message = format!("this row has more cells than the header, which has {columns}");
            let hint = "Put a cell that contains the separator in quotes.";
            return self.found.add(cell.place, message, hint);
        }
        match self.header.kind {
            SheetKind::Accounts => {
                if let Some(account) = self.account(row) {
                    self.sheet.accounts.insert(account.email.clone(), account);
                }
            }
            SheetKind::Users => {
                if let Some(user) = self.user(row) {
                    self.sheet.users.insert(user.email.clone(), user);
                }
            }
        }
    }

    fn account(&mut self, row: &[Cell]) -> Option<WantedAccount> {
        let status = self.status(row);
        if matches!(status, Some(Status::Cancelled)) {
            let email = self.value(row, Column::Email).map(|email| email.text);
            let email = email.unwrap_or_else(|| format!("line {}", line(row)));
            self.sheet.left_out.cancelled.push(email);
            return None;
        }
        let email = self.email(row, "Add the email, which identifies the account.");
        let name = self.required(row, Column::Name, "name", "Add the name of its organization.");
        let name = name.and_then(|name| self.text(&name));
        let id = self.id(row);
        let channel_limit = self.channel_limit(row);
        let custom_pricing = self.boolean(row, Column::CustomPricing);
        let rollup_billing = self.boolean(row, Column::RollupBilling);
        let reenable_connections = self.boolean(row, Column::ReenableConnections);
        let min_balance = self.min_balance(row);
        if min_balance.is_some() && rollup_billing == Some(true) {
            let message = "an account with `rollup_billing: true` has no balance".to_owned();
            let hint = "Clear the minimum: its charges go to the manager.";
            self.found.add(self.place(row, Column::MinBalance), message, hint);
        }
        let (email, name) = (email?, name?);
        if matches!(status, Some(Status::Other)) {
            self.sheet.left_out.enabled.push(email.to_string());
        }
        let enabled = match status {
            Some(Status::Is(enabled)) => Some(enabled),
            Some(Status::Other | Status::Cancelled) | None => None,
        };
        Some(WantedAccount {
            id,
            enabled,
            channel_limit,
            custom_pricing,
            rollup_billing,
            min_balance,
            reenable_connections: reenable_connections.unwrap_or(false),
            ..WantedAccount::new(name, email)
        })
    }

    fn user(&mut self, row: &[Cell]) -> Option<WantedUser> {
        let email = self.email(row, "Add the email, which identifies the user.");
        let groups = self.groups(row);
        let until = self.until(row);
        let absent = self.boolean(row, Column::Absent).unwrap_or(false);
        let declared = self.boolean(row, Column::Owner).unwrap_or(false);
        let owner = declared || self.is_owner(row);
        let keep = self.boolean(row, Column::Keep).unwrap_or(false);
        let word = if absent { "absent" } else { "owner" };
        let clashes = [
            // Telnyx lists the groups of an owner, and a manifest does not check them.
            ("groups", Column::Groups, groups.is_some() && (absent || declared)),
            ("until", Column::Until, until.is_some() && (absent || owner)),
            ("owner", Column::Owner, absent && owner),
            ("keep", Column::Keep, absent && keep),
        ];
        for (other, column, clashes) in clashes {
            if clashes {
                let message = format!("a user with `{word}: true` cannot have `{other}`");
                let place = self.place(row, column);
                self.found.add(place, message, "Keep one of the two.");
            }
        }
        if owner {
            match self.owner {
                Some(first) => {
                    let message = format!(
                        "an organization has only one owner: lines {first} and {}",
                        line(row)
                    );
                    let place = self.place(row, Column::Owner);
                    self.found.add(place, message, "Keep one of them as the owner.");
                }
                None => self.owner = Some(line(row)),
            }
        }
        let presence = if absent {
            Presence::Absent
        } else if owner {
            Presence::Owner
        } else {
            Presence::Present { groups, until }
        };
        Some(WantedUser { email: email?, presence, keep })
    }

    /// Returns the value of a column, unless the cell is blank.
    fn value(&self, row: &[Cell], column: Column) -> Option<Value<'a>> {
        let index = self.header.index(column)?;
        let cell = row.get(index)?;
        let exported = self.header.exported;
        let text = without_guard(&cell.text);
        // A name of an export is exact.
        let text = if exported && column == Column::Name { text } else { text.trim() };
        if text.trim().is_empty() {
            return None;
        }
        let text = if exported { text.replace("#\\u{23}", "##") } else { text.to_owned() };
        Some(Value { text, name: &self.header.names[index], place: cell.place })
    }

    /// Returns the place of a cell, or that of its row if the row is too short.
    fn place(&self, row: &[Cell], column: Column) -> Place {
        let cell = self.header.index(column).and_then(|index| row.get(index)).or(row.first());
        cell.map_or(Place { line: 1, column: 1 }, |cell| cell.place)
    }

    fn required(
        &mut self,
        row: &[Cell],
        column: Column,
        what: &str,
        hint: &str,
    ) -> Option<Value<'a>> {
        let value = self.value(row, column);
        if value.is_none() {
            let name = self.header.index(column).map(|index| quoted(&self.header.names[index]));
            let message =
                format!("the {what} is missing in the column {}", name.unwrap_or_default());
            self.found.add(self.place(row, column), message, hint);
        }
        value
    }

    /// Records that a value is refused.
    fn refuse(&mut self, value: &Value<'_>, text: &str, why: &str, hint: &str) {
        let message = format!("{} in the column {} {why}", quoted(text), quoted(value.name));
        self.found.add(value.place, message, hint);
    }

    fn email(&mut self, row: &[Cell], hint: &str) -> Option<Email> {
        let value = self.required(row, Column::Email, "email", hint)?;
        if !takes_email(&value.text) {
            let (text, hint) = refused_email(&value.text);
            self.refuse(&value, &text, "is not an email address", hint);
            return None;
        }
        let email = Email::new(value.text);
        if let Some(first) = self.emails.insert(email.clone(), line(row)) {
            let what = self.header.kind.plural();
            let message =
                format!("two {what} have the email {email}: lines {first} and {}", line(row));
            let hint = "Keep one of them: emails are compared without regard to case.";
            self.found.add(value.place, message, hint);
        }
        Some(email)
    }

    /// Checks a text as a manifest does.
    fn text(&mut self, value: &Value<'_>) -> Option<String> {
        self.check(value, &value.text).then(|| value.text.clone())
    }

    /// Checks a part of a value. Returns true if a manifest takes it.
    fn check(&mut self, value: &Value<'_>, text: &str) -> bool {
        if takes_text(text) {
            return true;
        }
        let (why, hint) = match text.chars().find(|c| is_harmful(*c)) {
            Some(c @ ('\n' | '\r')) => {
                (format!("contains {}", mistakes::describe(c)), "Write the value on one line.")
            }
            Some(c) => (format!("contains {}", mistakes::describe(c)), "Delete the character."),
            None => (format!("is longer than {LONGEST_TEXT} characters"), "Shorten it."),
        };
        self.refuse(value, text, &why, hint);
        false
    }

    fn id(&mut self, row: &[Cell]) -> Option<AccountId> {
        let value = self.value(row, Column::Id)?;
        let Some(id) = uuid(&value.text).map(AccountId::new) else {
            let hint = "An id is a UUID such as 6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10. Delete the column if it has other ids.";
            self.refuse(&value, &value.text, "is not an account id", hint);
            return None;
        };
        if let Some(first) = self.ids.insert(id.clone(), line(row)) {
            let message = format!("two accounts have the id {id}: lines {first} and {}", line(row));
            self.found.add(value.place, message, "An id belongs to one account.");
        }
        Some(id)
    }

    fn boolean(&mut self, row: &[Cell], column: Column) -> Option<bool> {
        let value = self.value(row, column)?;
        let boolean = boolean(&value.text.to_lowercase());
        if boolean.is_none() {
            let hint = "Write true or false, or leave the cell blank.";
            self.refuse(&value, &value.text, "is not true or false", hint);
        }
        boolean
    }

    fn status(&mut self, row: &[Cell]) -> Option<Status> {
        let value = self.value(row, Column::Enabled)?;
        let word = value.text.to_lowercase();
        let status = match word.as_str() {
            "enabled" | "active" => Some(Status::Is(true)),
            "disabled" | "inactive" => Some(Status::Is(false)),
            "blocked" | "unknown" => Some(Status::Other),
            "cancelled" | "canceled" => Some(Status::Cancelled),
            word => boolean(word).map(Status::Is),
        };
        if status.is_none() {
            let hint = "Write enabled or disabled, or leave the cell blank.";
            self.refuse(&value, &value.text, "is not a status", hint);
        }
        status
    }

    fn channel_limit(&mut self, row: &[Cell]) -> Option<u64> {
        let value = self.value(row, Column::ChannelLimit)?;
        let digits = value.text.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.text.parse::<u32>().ok().filter(|_| digits);
        if number.is_none() {
            let hint = format!("Write digits only, such as 30; at most {}.", u32::MAX);
            self.refuse(&value, &value.text, "is not a whole number of channels", &hint);
        }
        number.map(u64::from)
    }

    fn min_balance(&mut self, row: &[Cell]) -> Option<Amount> {
        let value = self.value(row, Column::MinBalance)?;
        let amount = value.text.parse().ok().filter(|amount: &Amount| !amount.is_negative());
        if amount.is_none() {
            let hint = "Write digits with at most one decimal point, such as 25.00.";
            self.refuse(&value, &value.text, "is not an amount from 0", hint);
        }
        amount
    }

    fn until(&mut self, row: &[Cell]) -> Option<Day> {
        let value = self.value(row, Column::Until)?;
        let day = value.text.parse().ok();
        if day.is_none() {
            let hint = "Write dates as YYYY-MM-DD, such as 2027-01-31.";
            self.refuse(&value, &value.text, "is not a valid date", hint);
        }
        day
    }

    /// The groups, separated by semicolons if there is one, and otherwise by commas.
    fn groups(&mut self, row: &[Cell]) -> Option<BTreeSet<String>> {
        let value = self.value(row, Column::Groups)?;
        let separator = if value.text.contains(';') { ';' } else { ',' };
        let names = value.text.split(separator).map(str::trim).filter(|name| !name.is_empty());
        let names: BTreeSet<String> = names.map(str::to_owned).collect();
        let refused = names.iter().filter(|name| !self.check(&value, name)).count();
        (refused == 0).then_some(names)
    }

    /// Returns true for the role of the owner. Other roles have no place in a manifest.
    fn is_owner(&mut self, row: &[Cell]) -> bool {
        let Some(role) = self.value(row, Column::Role) else { return false };
        let is_owner = matches!(role.text.as_str(), "organization_owner" | "owner");
        if !is_owner && role.text != "organization_sub_user" {
            self.sheet.left_out.roles.insert(role.text);
        }
        is_owner
    }
}

/// The line of the file in which a row begins.
fn line(row: &[Cell]) -> u64 {
    row.first().map_or(0, |cell| cell.place.line)
}

fn boolean(word: &str) -> Option<bool> {
    match word {
        "true" | "yes" | "y" | "1" | "x" => Some(true),
        "false" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}

/// Removes the `'` that our CSV has in front of a cell that begins like a formula.
fn without_guard(text: &str) -> &str {
    let formula = |text: &&str| text.starts_with(['=', '+', '-', '@', '\t']);
    text.strip_prefix('\'').filter(formula).unwrap_or(text)
}
