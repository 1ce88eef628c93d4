//! The header row: the column of each field, and whether the rows are accounts or users.

use super::cells::{Cell, MOST_COLUMNS, Place};
use super::found::FoundProblems;
use crate::manifest::reading::quoted;

/// The kind of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetKind {
    /// A row is an account.
    Accounts,
    /// A row is a user.
    Users,
}

/// The meaning of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Email,
    Id,
    Name,
    Enabled,
    ChannelLimit,
    CustomPricing,
    RollupBilling,
    ReenableConnections,
    MinBalance,
    Groups,
    Until,
    Absent,
    Owner,
    Keep,
    Role,
    LastSignIn,
    SsoBypass,
}

/// The names of each column, in lower case and without spaces and punctuation.
const SPELLINGS: [(Column, &[&str]); 17] = [
    (Column::Email, &["email", "mail", "emailaddress", "mailaddress", "useremail", "accountemail"]),
    (Column::Id, &["id", "accountid", "managedaccountid"]),
    (
        Column::Name,
        &[
            "name",
            "organizationname",
            "organisationname",
            "company",
            "companyname",
            "business",
            "businessname",
            "accountname",
        ],
    ),
    (Column::Enabled, &["enabled", "active", "status", "accountstatus"]),
    (Column::ChannelLimit, &["channellimit", "channels", "outboundchannels", "channelslimit"]),
    (
        Column::CustomPricing,
        &["custompricing", "allowcustompricing", "managedaccountallowcustompricing"],
    ),
    (Column::RollupBilling, &["rollupbilling"]),
    (Column::ReenableConnections, &["reenableconnections", "reenableallconnections"]),
    (Column::MinBalance, &["minbalance", "minimumbalance"]),
    (Column::Groups, &["groups", "group", "usergroups"]),
    (Column::Until, &["until", "validuntil", "expires", "expireson", "expiry", "expirydate"]),
    (Column::Absent, &["absent"]),
    (Column::Owner, &["owner"]),
    (Column::Keep, &["keep"]),
    (Column::Role, &["role"]),
    (Column::LastSignIn, &["lastsigninat"]),
    (Column::SsoBypass, &["bypassessso"]),
];

/// The header of `trunkline get accounts --format csv`.
const EXPORTED_ACCOUNTS: [&str; 8] = [
    "id",
    "email",
    "name",
    "status",
    "custom_pricing",
    "rollup_billing",
    "created_at",
    "updated_at",
];

/// The header of `trunkline get users --format csv`.
const EXPORTED_USERS: [&str; 8] =
    ["id", "email", "role", "status", "groups", "bypasses_sso", "created_at", "last_sign_in_at"];

/// Further columns of `trunkline get account ID --format csv`.
const EXPORTED_DETAILS: [&str; 5] =
    ["manager_account_id", "balance", "credit_limit", "available_credit", "currency"];

impl Column {
    fn of(name: &str) -> Option<Self> {
        let plain = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let plain: String = plain.collect();
        let found = SPELLINGS.iter().find(|(_, spellings)| spellings.contains(&plain.as_str()));
        found.map(|(column, _)| *column)
    }

    /// The kind of the rows that have such a column, unless both kinds have one.
    fn kind(self) -> Option<SheetKind> {
        match self {
            Self::Email | Self::Id | Self::Enabled => None,
            Self::Name
            | Self::ChannelLimit
            | Self::CustomPricing
            | Self::RollupBilling
            | Self::ReenableConnections
            | Self::MinBalance => Some(SheetKind::Accounts),
            Self::Groups
            | Self::Until
            | Self::Absent
            | Self::Owner
            | Self::Keep
            | Self::Role
            | Self::LastSignIn
            | Self::SsoBypass => Some(SheetKind::Users),
        }
    }

    /// Returns true if the column is a field of an entry of this kind.
    fn is_field(self, kind: SheetKind) -> bool {
        match self {
            Self::Email => true,
            Self::Id | Self::Enabled => kind == SheetKind::Accounts,
            Self::LastSignIn | Self::SsoBypass => false,
            Self::Name
            | Self::ChannelLimit
            | Self::CustomPricing
            | Self::RollupBilling
            | Self::ReenableConnections
            | Self::MinBalance
            | Self::Groups
            | Self::Until
            | Self::Absent
            | Self::Owner
            | Self::Keep
            | Self::Role => self.kind() == Some(kind),
        }
    }
}

/// The header row of a file.
#[derive(Debug)]
pub(super) struct Header {
    pub kind: SheetKind,
    /// True if the file has the columns that `trunkline get` writes.
    pub exported: bool,
    /// The names of the columns as written.
    pub names: Vec<String>,
    /// The fields of the columns; `None` for an ignored column.
    pub fields: Vec<Option<Column>>,
    /// The names of the columns that are ignored, except for those that `trunkline get` writes.
    pub ignored: Vec<String>,
}

impl Header {
    /// Returns the number of known columns in a row that may be a header.
    pub(super) fn known(row: &[Cell]) -> usize {
        row.iter().filter(|cell| Column::of(&cell.text).is_some()).count()
    }

    /// Reads the header row, or records why it cannot be one.
    pub(super) fn read(
        mut row: Vec<Cell>,
        kind: Option<SheetKind>,
        found: &mut FoundProblems<'_>,
    ) -> Option<Self> {
        while row.last().is_some_and(Cell::is_blank) {
            row.pop();
        }
        let begin = row.first()?.place;
        if row.len() > MOST_COLUMNS {
            found.add(begin, format!("this file has more than {MOST_COLUMNS} columns"), "");
            return None;
        }
        let meanings: Vec<Option<Column>> = row.iter().map(|cell| Column::of(&cell.text)).collect();
        let names: Vec<String> =
            row.iter().zip(1..).map(|(cell, number)| name(&cell.text, number)).collect();
        let has = |exported: [&str; 8]| exported.iter().all(|one| names.iter().any(|it| it == one));
        let exported = has(EXPORTED_ACCOUNTS) || has(EXPORTED_USERS);
        let kind = kind.or_else(|| decide(&names, &meanings, begin, found))?;
        let fields: Vec<Option<Column>> =
            meanings.into_iter().map(|column| column.filter(|it| it.is_field(kind))).collect();
        let is_ignored = |(field, name): &(&Option<Column>, &String)| {
            field.is_none() && !(exported && is_exported(name))
        };
        let ignored = fields.iter().zip(&names).filter(is_ignored);
        let ignored = ignored.map(|(_, name)| name.clone()).collect();
        let header = Self { kind, exported, names, fields, ignored };
        header.check(&row, found).then_some(header)
    }

    /// Records missing columns and fields with two columns. Returns true if there are none.
    fn check(&self, row: &[Cell], found: &mut FoundProblems<'_>) -> bool {
        let mut fine = true;
        for (index, field) in self.fields.iter().enumerate() {
            let first = self.fields.iter().position(|other| other == field);
            if let (Some(_), Some(first)) = (field, first.filter(|first| *first < index)) {
                let (one, other) = (quoted(&self.names[first]), quoted(&self.names[index]));
                let message = format!("the columns {one} and {other} have the same meaning");
                found.add(row[index].place, message, "Rename or delete one of them.");
                fine = false;
            }
        }
        let required: &[(Column, &str)] = match self.kind {
            SheetKind::Accounts => &[(Column::Email, "email"), (Column::Name, "name")],
            SheetKind::Users => &[(Column::Email, "email")],
        };
        for (column, name) in required {
            if !self.fields.contains(&Some(*column)) {
                let message = format!("no column is named `{name}`");
                let hint = format!(
                    "Write the names of the columns into the first row, `{name}` among them."
                );
                found.add(row[0].place, message, hint);
                fine = false;
            }
        }
        fine
    }

    /// Returns the index of the column of a field.
    pub(super) fn index(&self, column: Column) -> Option<usize> {
        self.fields.iter().position(|field| *field == Some(column))
    }
}

/// The name of a column, or its number if it has none.
fn name(text: &str, number: usize) -> String {
    let name = text.trim();
    if name.is_empty() { format!("column {number}") } else { name.to_owned() }
}

fn is_exported(name: &str) -> bool {
    let mut names = EXPORTED_ACCOUNTS.iter().chain(&EXPORTED_USERS).chain(&EXPORTED_DETAILS);
    names.any(|exported| *exported == name)
}

/// Returns the kind that the columns belong to, or records that they do not decide it.
fn decide(
    names: &[String],
    columns: &[Option<Column>],
    begin: Place,
    found: &mut FoundProblems<'_>,
) -> Option<SheetKind> {
    let first = |kind: SheetKind| {
        let index = columns.iter().position(|column| column.and_then(Column::kind) == Some(kind));
        index.map(|index| quoted(&names[index]))
    };
    let message = match (first(SheetKind::Accounts), first(SheetKind::Users)) {
        (Some(_), None) => return Some(SheetKind::Accounts),
        (None, Some(_)) => return Some(SheetKind::Users),
        (Some(account), Some(user)) => {
            format!("the column {account} belongs to accounts, and {user} to users")
        }
        (None, None) => "the columns do not show whether the rows are accounts or users".to_owned(),
    };
    found.add(begin, message, "Add `--kind accounts` or `--kind users`.");
    None
}
