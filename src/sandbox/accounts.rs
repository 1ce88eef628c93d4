//! Changes of managed accounts. Each is atomic.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    behavior::{ChannelAccess, TakenEmails},
    fault::{FaultKind, Refusal, RequestFault},
    fields::{BodyFields, is_email},
    perform::JsonBody,
    seed::{api_key, api_token},
    stamp::after,
    state::{Account, AccountStatus, SandboxBalance, SandboxState},
};

type ChangeResult = Result<Arc<Account>, Refusal>;

impl SandboxState {
    /// Creates an account, enabled, with the default allotment of channels as far as the pool allows.
    pub(super) fn create(&mut self, body: &JsonBody, now: Timestamp) -> ChangeResult {
        let id = Uuid::new_v4();
        let mut fields = BodyFields::new(body);
        fields.require("business_name");
        let name = fields.text("business_name");
        if name.is_some_and(|name| name.trim().is_empty()) {
            fields.refuse("business_name", "must not be empty");
        }
        let email = fields.text("email");
        if email.is_some_and(|email| !is_email(email)) {
            fields.refuse_as(FaultKind::BadEmail, "email", "must be an email address");
        } else if self.behavior.taken_emails == TakenEmails::Refused
            && email.is_some_and(|email| self.email_is_taken(email))
        {
            fields.refuse_as(FaultKind::Duplicate, "email", "has already been taken");
        }
        let _ = fields.text("password"); // checked for its type only
        let custom_pricing =
            fields.boolean("managed_account_allow_custom_pricing").unwrap_or(false);
        let rollup_billing = fields.boolean("rollup_billing").unwrap_or(false);
        fields.finish()?;
        let quota = self.behavior.account_quota.unwrap_or(u64::MAX);
        if self.accounts.len() as u64 >= quota {
            let detail = format!("The maximum of {quota} managed accounts has been reached.");
            return Err(RequestFault::whole(detail).into());
        }

        let created_at = after(self.accounts.iter().map(|account| account.created_at).max(), now);
        let free = self.pool.allocatable.saturating_sub(self.allocated());
        let account = Arc::new(Account {
            id: id.to_string(),
            email: email.map_or_else(|| self.invented_email(id), str::to_owned),
            organization_name: name.unwrap_or_default().to_owned(),
            status: AccountStatus::Enabled,
            channel_limit: self.pool.default_allotment.min(free),
            custom_pricing,
            rollup_billing,
            balance: SandboxBalance::default(),
            connections_enabled: true,
            created_at,
            updated_at: created_at,
            api_key: api_key(Uuid::new_v4(), Uuid::new_v4()).into(),
            api_token: api_token(Uuid::new_v4()).into(),
        });
        self.accounts.push(Arc::clone(&account));
        Ok(account)
    }

    /// Changes custom pricing, the only changeable field.
    pub(super) fn update(&mut self, id: &str, body: &JsonBody, now: Timestamp) -> ChangeResult {
        let account = self.changeable(id)?;
        let mut fields = BodyFields::new(body);
        let custom_pricing = fields.boolean("managed_account_allow_custom_pricing");
        fields.finish()?;
        change(account, now, |account| {
            account.custom_pricing = custom_pricing.unwrap_or(account.custom_pricing);
        })
    }

    /// Disables an account and its connections. A blocked account stays blocked, or enabling it would lift the block.
    pub(super) fn disable(&mut self, id: &str, now: Timestamp) -> ChangeResult {
        change(self.changeable(id)?, now, |account| {
            account.connections_enabled = false;
            if account.status == AccountStatus::Enabled {
                account.status = AccountStatus::Disabled;
            }
        })
    }

    /// Enables an account, and its connections if requested. The body is optional.
    pub(super) fn enable(&mut self, id: &str, body: &JsonBody, now: Timestamp) -> ChangeResult {
        let account = self.changeable(id)?;
        let mut fields = BodyFields::new(body);
        let connections = fields.boolean("reenable_all_connections").unwrap_or(false);
        fields.finish()?;
        if account.status == AccountStatus::Blocked {
            return Err(RequestFault::whole(
                "The account is blocked and cannot be enabled by its manager.",
            )
            .into());
        }
        change(account, now, |account| {
            account.status = AccountStatus::Enabled;
            account.connections_enabled |= connections;
        })
    }

    /// Sets the channel limit of an account, up to the free channels of the pool.
    pub(super) fn set_channel_limit(
        &mut self,
        id: &str,
        body: &JsonBody,
        now: Timestamp,
    ) -> ChangeResult {
        let held = self.allocated();
        let allocatable = self.pool.allocatable;
        let feature = self.behavior.channels;
        let account = self.changeable(id)?;
        // Documented is only that the pool may be forbidden to read.
        if feature == ChannelAccess::NotEnabled {
            let fault = RequestFault::whole("Global outbound channels are not enabled.");
            return Err(RequestFault { kind: FaultKind::FeatureOff, ..fault }.into());
        }
        let mut fields = BodyFields::new(body);
        fields.require("channel_limit");
        let limit = fields.count("channel_limit").unwrap_or_default();
        let free = allocatable.saturating_sub(held.saturating_sub(account.channel_limit));
        if limit > free {
            fields.refuse(
                "channel_limit",
                &format!("is more than the {free} channels that are allocatable"),
            );
        }
        fields.finish()?;
        change(account, now, |account| account.channel_limit = limit)
    }

    /// Returns an account that is not cancelled.
    fn changeable(&mut self, id: &str) -> Result<&mut Arc<Account>, Refusal> {
        let found = self.accounts.iter_mut().find(|account| account.id == id);
        let account = found.ok_or(Refusal::NotFound)?;
        if account.status == AccountStatus::Cancelled {
            return Err(
                RequestFault::whole("The account is cancelled and cannot be changed.").into()
            );
        }
        Ok(account)
    }

    /// Derives an email from the manager's, as the API does for a create without one.
    fn invented_email(&self, id: Uuid) -> String {
        let (local, domain) =
            self.manager.email.split_once('@').unwrap_or(("managed", "acme.example"));
        format!("{local}+{}@{domain}", &id.simple().to_string()[..12])
    }
}

/// Applies a change, and sets `updated_at` if another field changed.
#[expect(clippy::unnecessary_wraps, reason = "it ends functions that can fail")]
fn change(
    account: &mut Arc<Account>,
    now: Timestamp,
    with: impl FnOnce(&mut Account),
) -> ChangeResult {
    let facts = |a: &Account| (a.status, a.channel_limit, a.custom_pricing, a.connections_enabled);
    let changed = Arc::make_mut(account);
    let before = facts(changed);
    with(changed);
    if facts(changed) != before {
        changed.updated_at = after(Some(changed.updated_at), now);
    }
    Ok(Arc::clone(account))
}
