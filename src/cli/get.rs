//! `trunkline get …`: reads one thing and prints it. It holds a [`Reader`], so it cannot change anything.

use std::collections::BTreeMap;

use clap::{Subcommand, ValueEnum};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::global::Global;
use super::progress::Progress;
use super::{balances, connect, terminal};
use crate::detect;
use crate::model::{
    AccountId, ChannelPool, LiveAccount, LiveUser, Role, Status, UserId, UserStatus,
};
use crate::report::{csv, escape_csv, escape_json, table};
use crate::telnyx::{
    AccountDetails, AccountFilter, AccountSelection, BalanceDetails, Credentials, Error, Listing,
    Reader, UserDetails,
};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: GetCommand,
    /// Output format: table, json or csv
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "table",
        global = true,
        hide_possible_values = true
    )]
    format: GetFormat,
}

#[derive(Debug, Subcommand)]
enum GetCommand {
    /// List accounts
    Accounts(Filter),
    /// Show one account with its status, times and balance
    Account {
        /// Id of the account, as listed by `trunkline get accounts`
        #[arg(value_parser = account_id)]
        id: String,
        /// Show its API key and token
        #[arg(long)]
        show_credentials: bool,
    },
    /// List the balances of accounts, and their totals per currency (one request
    /// per account)
    Balances(Filter),
    /// Show the channels of the manager
    Channels,
    /// List the users of the organization
    Users,
    /// Show one user
    User {
        /// Id of the user, as listed by `trunkline get users`
        #[arg(value_parser = user_id)]
        id: String,
    },
    /// Print the report of users and their groups
    GroupsReport,
}

fn account_id(text: &str) -> Result<String, String> {
    id(text, "`trunkline get accounts --email TEXT`")
}

fn user_id(text: &str) -> Result<String, String> {
    id(text, "`trunkline get users`")
}

/// Parses an id. An email is refused, because a 404 for it would be misleading.
fn id(text: &str, list: &str) -> Result<String, String> {
    if text.contains('@') {
        return Err(format!("this is an email, not an id. To find the id, run {list}"));
    }
    Ok(text.to_owned())
}

/// The filters of the API, passed on as they are.
#[derive(clap::Args, Debug)]
pub(super) struct Filter {
    /// Only accounts whose email contains TEXT (at least 3 characters)
    #[arg(long, value_name = "TEXT", value_parser = part)]
    email: Option<String>,
    /// Only accounts whose name contains TEXT (at least 3 characters)
    #[arg(long, value_name = "TEXT", value_parser = part)]
    name: Option<String>,
    /// Only accounts with this status: all, active, enabled, disabled, blocked or
    /// cancelled
    #[arg(long, value_name = "STATUS", value_parser = STATUSES, hide_possible_values = true)]
    status: Option<String>,
    /// List cancelled accounts, too
    #[arg(long)]
    cancelled: bool,
}

impl Filter {
    pub(super) fn account_filter(&self) -> AccountFilter {
        let Self { email, name, status, cancelled } = self;
        AccountFilter {
            email: email.clone(),
            name: name.clone(),
            status: status.clone(),
            cancelled: *cancelled,
        }
    }
}

const STATUSES: [&str; 6] = ["all", "active", "enabled", "disabled", "blocked", "cancelled"];

/// Parses a text that the API accepts for `contains`.
fn part(text: &str) -> Result<String, String> {
    let long_enough = text.chars().count() >= 3;
    if long_enough { Ok(text.to_owned()) } else { Err("use at least 3 characters".to_owned()) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GetFormat {
    Table,
    Json,
    Csv,
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let reader = connect::session(global)?.reader();
    let output = Output { format: args.format };
    // Boxed: the reads are large.
    let read = Box::pin(output.read(&reader, &args.what));
    let Answer { text, gap } = Progress::reading(global, &reader, read).await?;
    terminal::print(&text)?;
    let Some(gap) = gap else { return Ok(Exit::Fine) };
    terminal::say(&format!("warning: the list is incomplete: {gap}"));
    Ok(Exit::Incomplete)
}

/// A result as text, and the reason for which it may be incomplete.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) gap: Option<String>,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, gap: None }
    }
}

pub(super) struct Output {
    pub(super) format: GetFormat,
}

impl Output {
    async fn read(&self, reader: &Reader, what: &GetCommand) -> Result<Answer, Error> {
        Ok(match what {
            GetCommand::Accounts(filter) => self.accounts(reader, filter).await?,
            GetCommand::Account { id, show_credentials } => {
                self.account(reader, &AccountId::new(id.as_str()), *show_credentials).await?
            }
            GetCommand::Balances(filter) => balances::read(self, reader, filter).await?,
            GetCommand::Channels => {
                let ChannelPool { allocatable, allocated } = reader.channels().await?;
                self.one(&json!({ "allocatable": allocatable, "allocated": allocated })).into()
            }
            GetCommand::Users => {
                let Listing { items, gap } = reader.user_list().await?;
                Answer { text: self.rows(&items, USER_COLUMNS, user_json), gap }
            }
            GetCommand::User { id } => {
                let user = reader.user_details(&UserId::new(id.as_str())).await?;
                match self.format {
                    GetFormat::Json => self.one(&user_json(&user)),
                    GetFormat::Table | GetFormat::Csv => {
                        self.rows(&[user], USER_COLUMNS, user_json)
                    }
                }
                .into()
            }
            GetCommand::GroupsReport if self.format == GetFormat::Csv => {
                let report = escape_csv(&reader.groups_report_csv().await?);
                format!("{}\n", report.trim_end_matches(['\r', '\n'])).into()
            }
            GetCommand::GroupsReport => {
                let Listing { items, gap } = reader.group_report().await?;
                Answer { text: self.rows(&items, USER_COLUMNS, user_json), gap }
            }
        })
    }

    async fn accounts(&self, reader: &Reader, filter: &Filter) -> Result<Answer, Error> {
        let Filter { email: _, name: _, status, cancelled } = filter;
        let statuses = async {
            match status.as_deref() {
                Some("cancelled") => Ok(Statuses::default()),
                _ => Statuses::read(reader).await,
            }
        };
        let filter = filter.account_filter();
        let (listing, statuses) = tokio::try_join!(reader.accounts_by(&filter), statuses)?;
        let shows_cancelled = *cancelled || matches!(status.as_deref(), Some("cancelled" | "all"));
        let cancelled = if shows_cancelled {
            reader.accounts(AccountSelection::Cancelled).await?
        } else {
            Listing { items: Vec::new(), gap: None }
        };
        let word = |one: &AccountDetails| {
            if cancelled.items.iter().any(|account| account.id == one.account.id) {
                return "cancelled";
            }
            statuses.word(&one.account.id)
        };
        let text = self.rows(&listing.items, ACCOUNT_COLUMNS, |one| account_json(one, word(one)));
        Ok(Answer { text, gap: listing.gap.or(statuses.gap).or(cancelled.gap) })
    }

    async fn account(
        &self,
        reader: &Reader,
        id: &AccountId,
        show_credentials: bool,
    ) -> Result<Answer, Error> {
        let details = reader.account_details(id).await?;
        let secrets = if show_credentials { Some(reader.credentials(id).await?) } else { None };
        // The answer has no status: it follows from the lists.
        let statuses = Statuses::read(reader).await?;
        let status = if statuses.of.contains_key(id) {
            statuses.word(id)
        } else {
            let cancelled = reader.accounts(AccountSelection::Cancelled).await?.items;
            let is_cancelled = cancelled.iter().any(|account| account.id == *id);
            if is_cancelled { "cancelled" } else { "unknown" }
        };
        let mut value = account_json(&details, status);
        if let Some(BalanceDetails { balance, credit_limit, available_credit, currency }) =
            &details.balance
        {
            value["balance"] = json!(balance);
            value["credit_limit"] = json!(credit_limit);
            value["available_credit"] = json!(available_credit);
            value["currency"] = json!(currency);
        }
        if let Some(Credentials { api_key, api_token }) = &secrets {
            value["api_key"] = json!(api_key.as_ref().map(ExposeSecret::expose_secret));
            value["api_token"] = json!(api_token.as_ref().map(ExposeSecret::expose_secret));
        }
        Ok(Answer { text: self.one(&value), gap: statuses.gap })
    }

    /// Renders a list: the columns are fields of `value`.
    pub(super) fn rows<T, const N: usize>(
        &self,
        items: &[T],
        columns: [&str; N],
        value: impl Fn(&T) -> Value,
    ) -> String {
        let values: Vec<Value> = items.iter().map(value).collect();
        let row = |value: &Value| columns.map(|column| plain(&value[column.to_lowercase()]));
        let rows = values.iter().map(row);
        match self.format {
            GetFormat::Table => {
                table(columns, &rows.map(|row| row.map(or_dash)).collect::<Vec<_>>())
            }
            GetFormat::Csv => {
                let header = columns.map(str::to_lowercase).to_vec();
                csv(std::iter::once(header).chain(rows.map(Vec::from)))
            }
            GetFormat::Json => pretty(&values.into()),
        }
    }

    /// Renders one object: as JSON, as a line of CSV, or as a table with a row per field.
    fn one(&self, value: &Value) -> String {
        let fields = value.as_object().into_iter().flatten();
        match self.format {
            GetFormat::Json => pretty(value),
            GetFormat::Table => {
                let rows: Vec<_> =
                    fields.map(|(name, value)| [name.clone(), or_dash(plain(value))]).collect();
                table(["FIELD", "VALUE"], &rows)
            }
            GetFormat::Csv => {
                let (names, values): (Vec<String>, Vec<String>) =
                    fields.map(|(name, value)| (name.clone(), plain(value))).unzip();
                csv([names, values])
            }
        }
    }
}

/// The proven status of each account that is not cancelled.
#[derive(Default)]
struct Statuses {
    of: BTreeMap<AccountId, Option<Status>>,
    gap: Option<String>,
}

impl Statuses {
    async fn read(reader: &Reader) -> Result<Self, Error> {
        let Listing { items, gap } = detect::accounts(reader).await?;
        Ok(Self { of: items.into_iter().map(|one| (one.id, one.status)).collect(), gap })
    }

    fn word(&self, id: &AccountId) -> &'static str {
        match self.of.get(id).copied().flatten() {
            Some(Status::Enabled) => "enabled",
            Some(Status::Disabled) => "disabled",
            Some(Status::Blocked) => "blocked",
            None => "unknown",
        }
    }
}

pub(super) fn pretty(value: &Value) -> String {
    escape_json(&format!("{value:#}")) + "\n"
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

const ACCOUNT_COLUMNS: [&str; 8] = [
    "ID",
    "EMAIL",
    "NAME",
    "STATUS",
    "CUSTOM_PRICING",
    "ROLLUP_BILLING",
    "CREATED_AT",
    "UPDATED_AT",
];

fn account_json(details: &AccountDetails, status: &str) -> Value {
    let AccountDetails { account, created_at, updated_at, balance: _ } = details;
    let LiveAccount {
        id,
        email,
        name,
        manager,
        api_user: _,
        custom_pricing,
        rollup_billing,
        status: _,
    } = account;
    json!({
        "id": id.as_str(),
        "email": email.as_str(),
        "name": name,
        "manager_account_id": manager.as_ref().map(AccountId::as_str),
        "status": status,
        "custom_pricing": custom_pricing,
        "rollup_billing": rollup_billing,
        "created_at": created_at,
        "updated_at": updated_at,
    })
}

const USER_COLUMNS: [&str; 8] =
    ["ID", "EMAIL", "ROLE", "STATUS", "GROUPS", "BYPASSES_SSO", "CREATED_AT", "LAST_SIGN_IN_AT"];

fn user_json(details: &UserDetails) -> Value {
    let UserDetails { user, created_at, last_sign_in_at } = details;
    let LiveUser { id, email, role, status, groups, created: _, last_sign_in: _, bypasses_sso } =
        user;
    json!({
        "id": id.as_str(),
        "email": email.as_str(),
        "role": role_word(role),
        "status": status.as_ref().map(UserStatus::name),
        "groups": groups,
        "bypasses_sso": bypasses_sso,
        "created_at": created_at,
        "last_sign_in_at": last_sign_in_at,
    })
}

fn role_word(role: &Role) -> &str {
    match role {
        Role::Owner => "organization_owner",
        Role::SubUser => "organization_sub_user",
        Role::Other(other) => other,
    }
}
