//! Reads of `trunkline get`: accounts and users with the fields that no plan uses.

use serde::Deserialize;

use super::bodies::{AccountBody, UserBody, lenient};
use super::error::Error;
use super::http::Call;
use super::read::{Listing, READS, Reader};
use super::wire;
use crate::model::{AccountId, Balance, LiveAccount, LiveUser, UserId};

/// A managed account with its times and, where it was read by itself, its balance.
#[derive(Clone, Debug)]
pub struct AccountDetails {
    /// The account.
    pub account: LiveAccount,
    /// The time of its creation.
    pub created_at: Option<String>,
    /// The time of its last change.
    pub updated_at: Option<String>,
    /// Its balance. `None` in lists, and with rollup billing.
    pub balance: Option<BalanceDetails>,
}

/// The balance of an account, in decimal text as Telnyx sends it.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the API")]
pub struct BalanceDetails {
    #[serde(default, deserialize_with = "lenient")]
    pub balance: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub credit_limit: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub available_credit: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub currency: Option<String>,
}

impl BalanceDetails {
    /// The amount and its currency. `None` if the amount is missing or not a decimal number.
    #[must_use]
    pub fn balance(&self) -> Option<Balance> {
        let amount = self.balance.as_deref()?.parse().ok()?;
        Some(Balance { amount, currency: self.currency.clone() })
    }
}

/// A user with its exact times.
#[derive(Clone, Debug)]
pub struct UserDetails {
    /// The user.
    pub user: LiveUser,
    /// The time of its creation.
    pub created_at: Option<String>,
    /// The time of its last sign-in to the portal.
    pub last_sign_in_at: Option<String>,
}

/// The filters of `GET /managed_accounts`.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// A part of the email.
    pub email: Option<String>,
    /// A part of the name.
    pub name: Option<String>,
    /// A status, as the API names it.
    pub status: Option<String>,
    /// True to list cancelled accounts, too.
    pub cancelled: bool,
}

#[derive(Deserialize)]
struct AccountDetailsBody {
    #[serde(flatten)]
    account: AccountBody,
    #[serde(default, deserialize_with = "lenient")]
    created_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    updated_at: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    balance: Option<BalanceDetails>,
}

/// An account of which only the balance is used.
#[derive(Deserialize)]
struct BalanceBody {
    #[serde(default, deserialize_with = "lenient")]
    balance: Option<BalanceDetails>,
}

impl From<BalanceBody> for Option<BalanceDetails> {
    fn from(body: BalanceBody) -> Self {
        body.balance
    }
}

impl From<AccountDetailsBody> for AccountDetails {
    fn from(body: AccountDetailsBody) -> Self {
        let AccountDetailsBody { account, created_at, updated_at, balance } = body;
        Self { account: account.into(), created_at, updated_at, balance }
    }
}

impl From<UserBody> for UserDetails {
    fn from(body: UserBody) -> Self {
        let (created_at, last_sign_in_at) = (body.created_at.clone(), body.signed_in_at());
        Self { user: body.into(), created_at, last_sign_in_at }
    }
}

impl Reader {
    /// `GET /managed_accounts` with filters, all pages.
    ///
    /// # Errors
    ///
    /// If a page cannot be read. A list that contradicts itself is a gap.
    pub async fn accounts_by(
        &self,
        filter: &AccountFilter,
    ) -> Result<Listing<AccountDetails>, Error> {
        let AccountFilter { email, name, status, cancelled } = filter;
        let reads = ["created_at", "created_at", "email"].map(|sort| {
            let mut call = Call::get(&["managed_accounts"]).query("sort", sort);
            let filters = [
                ("filter[email][contains]", email),
                ("filter[organization_name][contains]", name),
                ("filter[status][eq]", status),
            ];
            for (name, value) in filters {
                if let Some(value) = value {
                    call = call.query(name, value);
                }
            }
            if *cancelled { call.query("include_cancelled_accounts", "true") } else { call }
        });
        let id = |one: &AccountDetails| one.account.id.clone();
        self.list(&reads, None, id, |body: AccountDetailsBody| body.into()).await
    }

    /// `GET /managed_accounts/{id}`, without its secrets and its status.
    ///
    /// # Errors
    ///
    /// If the account does not exist or cannot be read.
    pub async fn account_details(&self, id: &AccountId) -> Result<AccountDetails, Error> {
        let call = Call::get(&["managed_accounts", id.as_str()]);
        Ok(self.http.send(&call, wire::one::<AccountDetailsBody, _>).await?.value)
    }

    /// `GET /managed_accounts/{id}`: its balance. `None` if the answer has none, as with rollup billing.
    ///
    /// # Errors
    ///
    /// If the account does not exist or cannot be read.
    pub async fn balance(&self, id: &AccountId) -> Result<Option<BalanceDetails>, Error> {
        let call = Call::get(&["managed_accounts", id.as_str()]);
        Ok(self.http.send(&call, wire::one::<BalanceBody, _>).await?.value)
    }

    /// `GET /organizations/users`, all pages, with groups.
    ///
    /// # Errors
    ///
    /// If a page cannot be read. A list that contradicts itself is a gap.
    pub async fn user_list(&self) -> Result<Listing<UserDetails>, Error> {
        let reads = [(); READS]
            .map(|()| Call::get(&["organizations", "users"]).query("include_groups", "true"));
        let id = |one: &UserDetails| one.user.id.clone();
        self.list(&reads, None, id, |body: UserBody| body.into()).await
    }

    /// `GET /organizations/users/{id}`, with groups.
    ///
    /// # Errors
    ///
    /// If the user does not exist or cannot be read.
    pub async fn user_details(&self, id: &UserId) -> Result<UserDetails, Error> {
        let call =
            Call::get(&["organizations", "users", id.as_str()]).query("include_groups", "true");
        Ok(self.http.send(&call, wire::one::<UserBody, _>).await?.value)
    }

    /// `GET /organizations/users/users_groups_report` as JSON.
    ///
    /// # Errors
    ///
    /// If it cannot be read. An unusable record is a gap.
    pub async fn group_report(&self) -> Result<Listing<UserDetails>, Error> {
        self.report(|body: UserBody| body.into()).await
    }
}
