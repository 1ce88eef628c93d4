//! `trunkline get …`

use clap::{Subcommand, ValueEnum};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::global::Global;
use super::{connect, terminal};
use crate::detect;
use crate::model::{
    AccountId, ChannelPool, LiveAccount, LiveUser, Role, Status, UserId, UserStatus,
};
use crate::report::{escape_csv, escape_json, table};
use crate::telnyx::{Credentials, Listing, Reader};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "table", global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum What {
    /// All accounts that are not cancelled
    Accounts,
    /// One account
    Account {
        /// Its id
        id: String,
        /// Show its API key and token
        #[arg(long)]
        show_credentials: bool,
    },
    /// The manager's channels
    Channels,
    /// All users of the organization
    Users,
    /// One user
    User {
        /// Its id
        id: String,
    },
    /// All users with their groups, not in pages
    GroupsReport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns for people
    Table,
    /// For programs
    Json,
    /// As Telnyx writes it (groups-report only)
    Csv,
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    if args.format == Format::Csv && !matches!(args.what, What::GroupsReport) {
        return Err(anyhow::Error::msg("only get groups-report has --format csv").into());
    }
    let reader = connect::session(global)?.reader();
    let shown = Shown { reader, format: args.format };
    match &args.what {
        What::Accounts => shown.accounts().await,
        What::Account { id, show_credentials } => {
            shown.account(&AccountId::new(id.as_str()), *show_credentials).await
        }
        What::Channels => shown.channels().await,
        What::Users => shown.users().await,
        What::User { id } => {
            let user = shown.reader.user(&UserId::new(id.as_str())).await?;
            shown.user_rows(&[user], true)
        }
        What::GroupsReport => shown.groups_report().await,
    }
}

struct Shown {
    reader: Reader,
    format: Format,
}

impl Shown {
    async fn accounts(&self) -> Result<Exit, Failure> {
        let Listing { items, gap } = detect::accounts(&self.reader).await?;
        self.rows(&items, account_json, ACCOUNT_COLUMNS, account_row)?;
        Ok(incomplete(gap.as_deref()))
    }

    async fn account(&self, id: &AccountId, credentials: bool) -> Result<Exit, Failure> {
        let account = self.reader.account(id).await?;
        let secrets = if credentials { Some(self.reader.credentials(id).await?) } else { None };
        let mut value = account_json(&account);
        // The answer about one account does not tell its status.
        value.as_object_mut().map(|fields| fields.remove("status"));
        if let Some(Credentials { api_key, api_token }) = &secrets {
            value["api_key"] = json!(api_key.expose_secret());
            value["api_token"] = json!(api_token.expose_secret());
        }
        self.one(&value)
    }

    async fn channels(&self) -> Result<Exit, Failure> {
        let ChannelPool { allocatable, allocated } = self.reader.channels().await?;
        self.one(&json!({ "allocatable": allocatable, "allocated": allocated }))
    }

    async fn users(&self) -> Result<Exit, Failure> {
        let Listing { items, gap } = self.reader.users().await?;
        self.user_rows(&items, false)?;
        Ok(incomplete(gap.as_deref()))
    }

    async fn groups_report(&self) -> Result<Exit, Failure> {
        if self.format == Format::Csv {
            terminal::print(&escape_csv(&self.reader.groups_report_csv().await?))?;
            return Ok(Exit::Fine);
        }
        let Listing { items, gap } = self.reader.groups_report().await?;
        self.user_rows(&items, false)?;
        Ok(incomplete(gap.as_deref()))
    }

    fn user_rows(&self, users: &[LiveUser], one: bool) -> Result<Exit, Failure> {
        match (self.format, users) {
            (Format::Json, [user]) if one => self.one(&user_json(user))?,
            _ => self.rows(users, user_json, USER_COLUMNS, user_row)?,
        };
        Ok(Exit::Fine)
    }

    fn rows<T, const N: usize>(
        &self,
        items: &[T],
        value: fn(&T) -> Value,
        columns: [&str; N],
        row: fn(&T) -> [String; N],
    ) -> Result<Exit, Failure> {
        let text = match self.format {
            Format::Json => pretty(&items.iter().map(value).collect()),
            Format::Table | Format::Csv => {
                table(columns, &items.iter().map(row).collect::<Vec<_>>())
            }
        };
        terminal::print(&text)?;
        Ok(Exit::Fine)
    }

    /// One thing: as JSON, or its fields one below the other.
    fn one(&self, value: &Value) -> Result<Exit, Failure> {
        let text = match (self.format, value.as_object()) {
            (Format::Table, Some(fields)) => {
                let row = |(name, value): (&String, &Value)| [name.clone(), plain(value)];
                table(["FIELD", "VALUE"], &fields.iter().map(row).collect::<Vec<_>>())
            }
            _ => pretty(value),
        };
        terminal::print(&text)?;
        Ok(Exit::Fine)
    }
}

fn incomplete(gap: Option<&str>) -> Exit {
    let Some(gap) = gap else { return Exit::Fine };
    terminal::say(&format!("warning: the list may lack something: {gap}"));
    Exit::Incomplete
}

fn pretty(value: &Value) -> String {
    escape_json(&format!("{value:#}")) + "\n"
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

const ACCOUNT_COLUMNS: [&str; 6] =
    ["ID", "EMAIL", "NAME", "STATUS", "CUSTOM_PRICING", "ROLLUP_BILLING"];

fn account_json(account: &LiveAccount) -> Value {
    let LiveAccount {
        id,
        email,
        name,
        manager,
        api_user: _,
        custom_pricing,
        rollup_billing,
        status,
    } = account;
    json!({
        "id": id.as_str(),
        "email": email.as_str(),
        "name": name,
        "manager_account_id": manager.as_ref().map(AccountId::as_str),
        "status": status.map(status_word),
        "custom_pricing": custom_pricing,
        "rollup_billing": rollup_billing,
    })
}

fn account_row(account: &LiveAccount) -> [String; 6] {
    let flag = |flag: Option<bool>| flag.map_or("-".to_owned(), |flag| flag.to_string());
    [
        account.id.to_string(),
        account.email.to_string(),
        account.name.clone().unwrap_or_else(|| "-".to_owned()),
        account.status.map_or("unknown", status_word).to_owned(),
        flag(account.custom_pricing),
        flag(account.rollup_billing),
    ]
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Enabled => "enabled",
        Status::Disabled => "disabled",
        Status::Blocked => "blocked",
    }
}

const USER_COLUMNS: [&str; 5] = ["ID", "EMAIL", "ROLE", "STATUS", "GROUPS"];

fn user_json(user: &LiveUser) -> Value {
    let LiveUser { id, email, role, status, groups } = user;
    json!({
        "id": id.as_str(),
        "email": email.as_str(),
        "role": role_word(role),
        "status": status.as_ref().map(user_status_word),
        "groups": groups,
    })
}

fn user_row(user: &LiveUser) -> [String; 5] {
    [
        user.id.to_string(),
        user.email.to_string(),
        role_word(&user.role).to_owned(),
        user.status.as_ref().map_or("-", user_status_word).to_owned(),
        user.groups.as_ref().map_or("-".to_owned(), |groups| groups.join(", ")),
    ]
}

fn role_word(role: &Role) -> &str {
    match role {
        Role::Owner => "organization_owner",
        Role::SubUser => "organization_sub_user",
        Role::Other(other) => other,
    }
}

fn user_status_word(status: &UserStatus) -> &str {
    match status {
        UserStatus::Enabled => "enabled",
        UserStatus::Disabled => "disabled",
        UserStatus::Blocked => "blocked",
        UserStatus::Other(other) => other,
    }
}
