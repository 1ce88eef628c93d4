//! Everything that can be changed at Telnyx.

use std::sync::Arc;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::error::{AnswerFault, Error, ErrorKind};
use super::fence::Fence;
use super::http::{Answered, Call, Http};
use super::read::Credentials;
use super::retry::Resend;
use super::wire::{self, AccountBody, CreateBody, CreatedBody, LimitBody, UserBody};
use crate::model::{AccountId, LiveAccount, LiveUser, UserId};

/// Every change of the API. Commands that only look never hold one.
#[derive(Clone, Debug)]
pub struct Writer {
    http: Arc<Http>,
    fence: Option<Fence>,
}

/// An account to be created. `None`: the API's default holds.
#[derive(Clone, Debug)]
pub struct AccountRequest {
    /// `business_name`, which becomes the name of its organization.
    pub name: String,
    /// Its email. Without one Telnyx would invent it, so we always send one.
    pub email: String,
    /// The password it signs in with.
    pub password: Option<SecretString>,
    /// Whether it may have prices of its own.
    pub custom_pricing: Option<bool>,
    /// Whether its charges go to the manager.
    pub rollup_billing: Option<bool>,
}

/// An account that was just created.
#[derive(Clone, Debug)]
pub struct Created {
    /// What it is.
    pub account: LiveAccount,
    /// Its secrets, as far as the answer had them.
    pub credentials: Credentials,
}

impl From<CreatedBody> for Created {
    fn from(body: CreatedBody) -> Self {
        Self { account: body.account.into(), credentials: body.credentials.into() }
    }
}

impl Writer {
    pub(super) fn new(http: Arc<Http>) -> Self {
        Self { http, fence: None }
    }

    /// The same connection; nothing is sent through this writer while `fence` is closed.
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        Self { http: Arc::clone(&self.http), fence: Some(fence) }
    }

    async fn send<T>(
        &self,
        call: Call<'_>,
        read: impl Fn(&[u8]) -> Result<T, AnswerFault>,
    ) -> Result<Answered<T>, Error> {
        self.http.send(&Call { fence: self.fence.as_ref(), ..call }, read).await
    }

    /// `POST /managed_accounts`. Sent again only when not one byte can have left, or after a 429.
    ///
    /// # Errors
    ///
    /// When it is refused, or when nobody knows what became of it: see [`Error::may_have_happened`].
    pub async fn create_account(&self, new: &AccountRequest) -> Result<Answered<Created>, Error> {
        let AccountRequest { name, email, password, custom_pricing, rollup_billing } = new;
        let body = CreateBody {
            business_name: name,
            email,
            password: password.as_ref().map(ExposeSecret::expose_secret),
            managed_account_allow_custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        let idempotency_key = self.http.idempotency_key(&body);
        let call = Call::change(Method::POST, &["managed_accounts"], Some(body), Resend::Creates);
        let call =
            Call { secret: password.as_ref(), idempotency_key: Some(idempotency_key), ..call };
        self.send(call, wire::one::<CreatedBody, _>).await
    }

    /// `PATCH /managed_accounts/{id}`: whether it may have prices of its own.
    ///
    /// # Errors
    ///
    /// When it is refused, or when nobody knows what became of it.
    pub async fn set_custom_pricing(
        &self,
        id: &AccountId,
        allowed: bool,
    ) -> Result<Answered<LiveAccount>, Error> {
        let body = json!({ "managed_account_allow_custom_pricing": allowed });
        let call = set(Method::PATCH, &["managed_accounts", id.as_str()], Some(body.to_string()));
        self.send(call, wire::one::<AccountBody, _>).await
    }

    /// `POST /managed_accounts/{id}/actions/disable`.
    ///
    /// # Errors
    ///
    /// When it is refused, or when nobody knows what became of it.
    pub async fn disable_account(&self, id: &AccountId) -> Result<Answered<LiveAccount>, Error> {
        let call =
            set(Method::POST, &["managed_accounts", id.as_str(), "actions", "disable"], None);
        self.send(call, wire::one::<AccountBody, _>).await
    }

    /// `POST /managed_accounts/{id}/actions/enable`, its connections too if so wanted.
    ///
    /// # Errors
    ///
    /// When it is refused, or when nobody knows what became of it.
    pub async fn enable_account(
        &self,
        id: &AccountId,
        connections: bool,
    ) -> Result<Answered<LiveAccount>, Error> {
        let body = json!({ "reenable_all_connections": connections });
        let call = set(
            Method::POST,
            &["managed_accounts", id.as_str(), "actions", "enable"],
            Some(body.to_string()),
        );
        self.send(call, wire::one::<AccountBody, _>).await
    }

    /// `PATCH /managed_accounts/{id}/update_global_channel_limit`, in channels: the limit that is answered.
    ///
    /// # Errors
    ///
    /// When it is refused, or when nobody knows what became of it.
    pub async fn set_channel_limit(
        &self,
        id: &AccountId,
        channels: u64,
    ) -> Result<Answered<u64>, Error> {
        let body = json!({ "channel_limit": channels });
        let path = ["managed_accounts", id.as_str(), "update_global_channel_limit"];
        let call = set(Method::PATCH, &path, Some(body.to_string()));
        let read = |body: &[u8]| {
            let limit = wire::one::<LimitBody, Option<u64>>(body)?;
            // The limit is optional in the answer.
            Ok(limit.unwrap_or(channels))
        };
        self.send(call, read).await
    }

    /// `POST /organizations/users/{id}/actions/remove`: the removed user, or `None` when the answer to
    /// an earlier attempt was lost and the user is gone.
    ///
    /// # Errors
    ///
    /// When it is refused, or when nobody knows what became of it.
    pub async fn remove_user(&self, id: &UserId) -> Result<Answered<Option<LiveUser>>, Error> {
        let call =
            set(Method::POST, &["organizations", "users", id.as_str(), "actions", "remove"], None);
        let answer = self.send(call, |body| wire::one::<UserBody, LiveUser>(body).map(Some));
        answer.await.or_else(gone)
    }
}

/// A user who is not there after an answer was lost was removed by the attempt whose answer it was.
fn gone(error: Error) -> Result<Answered<Option<LiveUser>>, Error> {
    if error.kind == ErrorKind::NotFound && error.earlier_lost {
        return Ok(Answered { value: None, request_id: error.request_id });
    }
    Err(error)
}

/// A change that sets something to a value: sent twice it does the same as once.
fn set<'a>(method: Method, segments: &[&'a str], body: Option<String>) -> Call<'a> {
    Call::change(method, segments, body, Resend::Harmless)
}
