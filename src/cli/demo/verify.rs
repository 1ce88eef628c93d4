//! The server's state, read by plain requests: nothing of the reader, the planner or the executor is
//! trusted here.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::Value;

use super::PATIENCE;
use crate::model::{Desired, WantedAccount};
use crate::telnyx;

/// Fails unless the server has what the manifest says; otherwise says what was looked at.
pub(super) async fn verify(url: &str, key: &str, desired: &Desired) -> Result<String> {
    let server = Server { client: telnyx::client(PATIENCE, true)?, url, key };
    let accounts = server.list("managed_accounts?page%5Bsize%5D=250").await?;
    let disabled = "managed_accounts?page%5Bsize%5D=250&filter%5Bstatus%5D%5Beq%5D=disabled";
    let disabled: BTreeSet<String> =
        server.list(disabled).await?.iter().map(|account| text(account, "email")).collect();
    for want in desired.accounts.values() {
        account(&accounts, &disabled, want).with_context(|| format!("account {}", want.email))?;
    }
    let users = server.list("organizations/users").await?;
    ensure_users(&users, desired)?;
    let channels = server.channels().await?;
    ensure_channels(channels, desired)?;
    let (accounts, users) = (desired.accounts.len(), users.len());
    Ok(format!(
        "{accounts} accounts with {channels} channels and {users} users are what the manifest says"
    ))
}

struct Server<'a> {
    client: Client,
    url: &'a str,
    key: &'a str,
}

impl Server<'_> {
    /// The number of allocated channels. The API does not return the limits of single accounts.
    async fn channels(&self) -> Result<u64> {
        let pool = self.get("managed_accounts/allocatable_global_outbound_channels").await?;
        pool["data"]["total_global_channels_allocated"].as_u64().context("the pool has no total")
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = self.client.get(format!("{}/{path}", self.url)).bearer_auth(self.key);
        let body = request.send().await?.error_for_status()?.bytes().await?;
        Ok(serde_json::from_slice(&body)?)
    }

    async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut answer = self.get(path).await?;
        ensure!(answer["meta"]["total_pages"].as_u64() <= Some(1), "{path} has several pages");
        match answer["data"].take() {
            Value::Array(items) => Ok(items),
            other => anyhow::bail!("{path} is not a list but {other}"),
        }
    }
}

fn account(live: &[Value], disabled: &BTreeSet<String>, want: &WantedAccount) -> Result<()> {
    // The API shows no other field of an account.
    let WantedAccount { name, email, enabled, custom_pricing, rollup_billing, .. } = want;
    let same = |account: &&Value| text(account, "email") == email.folded();
    let found: Vec<&Value> = live.iter().filter(same).collect();
    let [have] = found[..] else { anyhow::bail!("it is there {} times", found.len()) };
    ensure!(have["organization_name"] == **name, "its name is {}", have["organization_name"]);
    if let Some(enabled) = enabled {
        ensure!(disabled.contains(email.folded()) != *enabled, "it should be enabled: {enabled}");
    }
    for (field, want) in [
        ("managed_account_allow_custom_pricing", custom_pricing),
        ("rollup_billing", rollup_billing),
    ] {
        let right = want.is_none_or(|want| have[field].as_bool() == Some(want));
        ensure!(right, "{field} is {}", have[field]);
    }
    Ok(())
}

fn ensure_channels(allocated: u64, desired: &Desired) -> Result<()> {
    let limits: Option<u64> = desired.accounts.values().map(|want| want.channel_limit).sum();
    let wanted = limits.context("the demo gives every account a limit")?;
    ensure!(allocated == wanted, "{allocated} channels are allocated and should be {wanted}");
    Ok(())
}

fn ensure_users(live: &[Value], desired: &Desired) -> Result<()> {
    let Some(wanted) = &desired.users else { return Ok(()) };
    let wanted: BTreeSet<String> = wanted.keys().map(|email| email.folded().to_owned()).collect();
    let there: BTreeSet<String> = live.iter().map(|user| text(user, "email")).collect();
    ensure!(there == wanted, "the users are {there:?} and should be {wanted:?}");
    Ok(())
}

fn text(item: &Value, field: &str) -> String {
    item[field].as_str().unwrap_or_default().to_lowercase()
}
