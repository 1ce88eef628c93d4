//! Writes of the Telnyx API.

use std::sync::Arc;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::bodies::{CreateBody, CreatedBody, LimitBody, PricingBody, UnusedBody};
use super::error::{AnswerFault, Error, ErrorKind};
use super::fence::Fence;
use super::http::{Answered, Call, Http};
use super::read::Credentials;
use super::retry::Resend;
use super::wire;
use crate::model::{AccountId, LiveAccount, UserId};

/// Every write of the API. Commands that only read never hold one.
#[derive(Clone, Debug)]
pub struct Writer {
    http: Arc<Http>,
    fence: Option<Fence>,
}

/// An account to create. `None` leaves a field to the API's default.
#[derive(Clone, Debug)]
pub struct AccountRequest {
    /// `business_name`, which becomes the name of its organization.
    pub name: String,
    /// The email. Telnyx would invent one if it were absent.
    pub email: String,
    /// The password for signing in.
    pub password: Option<SecretString>,
    /// True to allow custom pricing.
    pub custom_pricing: Option<bool>,
    /// True to charge the manager.
    pub rollup_billing: Option<bool>,
}

/// An account that was just created.
#[derive(Clone, Debug)]
pub struct Created {
    /// The account.
    pub account: LiveAccount,
    /// The secrets that the answer contained.
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

    /// Returns a writer on the same connection that sends nothing while `fence` is closed.
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

    /// `POST /managed_accounts`. Retried only if no byte can have been sent, or after a 429.
    ///
    /// # Errors
    ///
    /// If it is refused, or its outcome is unknown: see [`Error::may_have_happened`].
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

    /// `PATCH /managed_accounts/{id}`: allows or withdraws custom pricing. Returns the value in the answer, if any.
    ///
    /// # Errors
    ///
    /// If it is refused, or its outcome is unknown.
    pub async fn set_custom_pricing(
        &self,
        id: &AccountId,
        allowed: bool,
    ) -> Result<Answered<Option<bool>>, Error> {
        let body = json!({ "managed_account_allow_custom_pricing": allowed });
        let call = set(Method::PATCH, &["managed_accounts", id.as_str()], Some(body.to_string()));
        self.send(call, accepted::<PricingBody, Option<bool>>).await
    }

    /// `POST /managed_accounts/{id}/actions/disable`.
    ///
    /// # Errors
    ///
    /// If it is refused, or its outcome is unknown.
    pub async fn disable_account(&self, id: &AccountId) -> Result<Answered<()>, Error> {
        let call =
            set(Method::POST, &["managed_accounts", id.as_str(), "actions", "disable"], None);
        self.send(call, accepted::<UnusedBody, ()>).await
    }

    /// `POST /managed_accounts/{id}/actions/enable`, optionally with its connections.
    ///
    /// # Errors
    ///
    /// If it is refused, or its outcome is unknown.
    pub async fn enable_account(
        &self,
        id: &AccountId,
        connections: bool,
    ) -> Result<Answered<()>, Error> {
        let body = json!({ "reenable_all_connections": connections });
        let call = set(
            Method::POST,
            &["managed_accounts", id.as_str(), "actions", "enable"],
            Some(body.to_string()),
        );
        self.send(call, accepted::<UnusedBody, ()>).await
    }

    /// `PATCH /managed_accounts/{id}/update_global_channel_limit`: returns the limit that Telnyx acknowledged.
    ///
    /// # Errors
    ///
    /// If it is refused, or its outcome is unknown.
    pub async fn set_channel_limit(
        &self,
        id: &AccountId,
        channels: u64,
    ) -> Result<Answered<u64>, Error> {
        let body = json!({ "channel_limit": channels });
        let path = ["managed_accounts", id.as_str(), "update_global_channel_limit"];
        let call = set(Method::PATCH, &path, Some(body.to_string()));
        let read = |body: &[u8]| {
            // The answer may omit the limit. An unusable one does not prove which limit is live.
            Ok(wire::one::<LimitBody, Option<u64>>(body)?.unwrap_or(channels))
        };
        self.send(call, read).await
    }

    /// `POST /organizations/users/{id}/actions/remove`. Also succeeds if the answer to an earlier attempt was
    /// lost and the user no longer exists.
    ///
    /// # Errors
    ///
    /// If it is refused, or its outcome is unknown.
    pub async fn remove_user(&self, id: &UserId) -> Result<Answered<()>, Error> {
        let call =
            set(Method::POST, &["organizations", "users", id.as_str(), "actions", "remove"], None);
        self.send(call, accepted::<UnusedBody, ()>).await.or_else(gone)
    }
}

/// Reads the answer to an accepted change. Without a usable object it has the default value: the status alone
/// says that Telnyx accepted the change, unless the answer has errors. An HTML page or half an answer may not come from Telnyx.
fn accepted<W: DeserializeOwned + Into<T>, T: Default>(body: &[u8]) -> Result<T, AnswerFault> {
    match wire::one::<W, T>(body) {
        Err(AnswerFault::Empty) => Ok(T::default()),
        Err(AnswerFault::Shape(_)) if wire::details(body, &[]).is_empty() => Ok(T::default()),
        answer => answer,
    }
}

/// Accepts a 404 after a lost answer: the earlier attempt removed the user.
fn gone(error: Error) -> Result<Answered<()>, Error> {
    if error.kind == ErrorKind::NotFound && error.earlier_lost {
        return Ok(Answered { value: (), request_id: error.request_id });
    }
    Err(error)
}

/// An idempotent change, which may be retried.
fn set<'a>(method: Method, segments: &[&'a str], body: Option<String>) -> Call<'a> {
    Call::change(method, segments, body, Resend::Harmless)
}
