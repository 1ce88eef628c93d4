//! Reads of the Telnyx API. Nothing here can change anything.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::bodies::{AccountBody, CredentialsBody, PoolBody, UserBody};
use super::error::{AnswerFault, Error};
use super::http::{Call, Http, RequestProgress};
use super::pages::{self, RawPage};
use super::wire::{self, JsonObject, WirePage, WireReport};
use crate::model::{AccountId, ChannelPool, Email, LiveAccount, LiveUser, UserId};

/// The largest page size. Source: `maximum` of `page[size]` in the vendor's document.
const PAGE: u64 = 250;
/// The number of reads of a list that contradicts itself.
pub(super) const READS: usize = 3;

/// Every read of the API. It cannot change anything.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) http: Arc<Http>,
}

/// A list, and its gap if it is incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The items of the list, each once.
    pub items: Vec<T>,
    /// The reason why items may be missing. `None` if the list is complete.
    pub gap: Option<String>,
}

/// The accounts that a list selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSelection {
    /// All but cancelled accounts.
    All,
    /// All, including cancelled accounts.
    WithCancelled,
    /// Cancelled accounts only.
    Cancelled,
    /// Accounts of one status.
    Of(StatusFilter),
}

/// A value of `filter[status][eq]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// Able to use Telnyx.
    Enabled,
    /// Disabled by the manager.
    Disabled,
    /// Blocked by Telnyx.
    Blocked,
}

/// A list of accounts whose first page has been read.
pub struct Begun {
    reader: Reader,
    which: AccountSelection,
    first: RawPage<AccountBody>,
}

impl Begun {
    /// The number of accounts in the list, according to its first page.
    #[must_use]
    pub fn total(&self) -> u64 {
        let (items, meta) = &self.first;
        meta.total_results.unwrap_or_else(|| u64::try_from(items.len()).unwrap_or(u64::MAX))
    }

    /// Reads the remaining pages, and all of them again if the list contradicts itself.
    ///
    /// # Errors
    ///
    /// If a page cannot be read. A list that still contradicts itself after re-reads is a gap, not an error.
    pub async fn finish(self) -> Result<Listing<LiveAccount>, Error> {
        let Self { reader, which, first } = self;
        let id = |account: &LiveAccount| account.id.clone();
        reader.list(&accounts_reads(which), Some(first), id, LiveAccount::from).await
    }
}

/// The secrets of a managed account that Telnyx returned.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The key for API version 2.
    pub api_key: Option<SecretString>,
    /// The token for API version 1.
    pub api_token: Option<SecretString>,
}

impl Credentials {
    /// Returns the names of the missing secrets.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let Self { api_key, api_token } = self;
        let both = [("api_key", api_key), ("api_token", api_token)];
        both.into_iter().filter(|(_, secret)| secret.is_none()).map(|(name, _)| name).collect()
    }

    /// Fills missing secrets from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let Self { api_key, api_token } = self;
        Self { api_key: api_key.or(other.api_key), api_token: api_token.or(other.api_token) }
    }
}

impl From<CredentialsBody> for Credentials {
    fn from(body: CredentialsBody) -> Self {
        Self { api_key: body.api_key, api_token: body.api_token }
    }
}

impl Reader {
    pub(super) fn new(http: Arc<Http>) -> Self {
        Self { http }
    }

    /// The base URL of the API.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.http.base_url().to_string()
    }

    /// Progress of the requests of this key.
    #[must_use]
    pub fn progress(&self) -> RequestProgress {
        self.http.progress()
    }

    /// `GET /managed_accounts`, all pages.
    ///
    /// # Errors
    ///
    /// If a page cannot be read. A list that still contradicts itself after re-reads is a gap, not an error.
    pub async fn accounts(&self, which: AccountSelection) -> Result<Listing<LiveAccount>, Error> {
        self.begin(which).await?.finish().await
    }

    /// Reads the first page of that list. It has the length of the list, so other reads can start early.
    ///
    /// # Errors
    ///
    /// If the page cannot be read.
    pub async fn begin(&self, which: AccountSelection) -> Result<Begun, Error> {
        let [call, ..] = accounts_reads(which);
        let first = self.numbered(&call, 1).await?;
        Ok(Begun { reader: self.clone(), which, first })
    }

    /// The accounts with this email, in any case: all pages of a list filtered by it.
    /// The emails are compared here again, because the filter is not trusted.
    ///
    /// # Errors
    ///
    /// If a page cannot be read. A list that still contradicts itself after re-reads is a gap, not an error.
    pub async fn with_email(
        &self,
        email: &Email,
        cancelled_too: bool,
    ) -> Result<Listing<LiveAccount>, Error> {
        let which =
            if cancelled_too { AccountSelection::WithCancelled } else { AccountSelection::All };
        let reads =
            accounts_reads(which).map(|call| call.query("filter[email][contains]", email.as_str()));
        let id = |account: &LiveAccount| account.id.clone();
        let mut found = self.list(&reads, None, id, |body: AccountBody| body.into()).await?;
        found.items.retain(|account| account.email == *email);
        Ok(found)
    }

    /// Counts the accounts of a status, by `meta.total_results` of a page of one.
    ///
    /// # Errors
    ///
    /// If the page cannot be read.
    pub async fn count(&self, status: StatusFilter) -> Result<Option<u64>, Error> {
        let call = accounts_call(AccountSelection::Of(status))
            .query("page[number]", "1")
            .query("page[size]", "1");
        let (_, meta) = self.page::<AccountBody>(&call).await?;
        Ok(meta.total_results)
    }

    /// `GET /managed_accounts/{id}`: one account. The answer does not contain its status.
    ///
    /// # Errors
    ///
    /// If the account does not exist or cannot be read.
    pub async fn account(&self, id: &AccountId) -> Result<LiveAccount, Error> {
        let call = Call::get(&["managed_accounts", id.as_str()]);
        Ok(self.http.send(&call, wire::one::<AccountBody, _>).await?.value)
    }

    /// `GET /managed_accounts/{id}`: its secrets. No other read keeps them.
    ///
    /// # Errors
    ///
    /// If the account does not exist or cannot be read.
    pub async fn credentials(&self, id: &AccountId) -> Result<Credentials, Error> {
        let call = Call::get(&["managed_accounts", id.as_str()]);
        Ok(self.http.send(&call, wire::one::<CredentialsBody, _>).await?.value)
    }

    /// `GET /managed_accounts/allocatable_global_outbound_channels`: the manager's channel pool.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn channels(&self) -> Result<ChannelPool, Error> {
        let call = Call::get(&["managed_accounts", "allocatable_global_outbound_channels"]);
        Ok(self.http.send(&call, wire::one::<PoolBody, _>).await?.value)
    }

    /// `GET /organizations/users`, all pages, with groups.
    ///
    /// # Errors
    ///
    /// If a page cannot be read. A list that still contradicts itself after re-reads is a gap, not an error.
    pub async fn users(&self) -> Result<Listing<LiveUser>, Error> {
        let reads = [(); READS]
            .map(|()| Call::get(&["organizations", "users"]).query("include_groups", "true"));
        let id = |user: &LiveUser| user.id.clone();
        self.list(&reads, None, id, |body: UserBody| body.into()).await
    }

    /// `GET /organizations/users/{id}`: one user, with groups.
    ///
    /// # Errors
    ///
    /// If the user does not exist or cannot be read.
    pub async fn user(&self, id: &UserId) -> Result<LiveUser, Error> {
        let call =
            Call::get(&["organizations", "users", id.as_str()]).query("include_groups", "true");
        Ok(self.http.send(&call, wire::one::<UserBody, _>).await?.value)
    }

    /// `GET /organizations/users/users_groups_report` as JSON: all users with their groups, unpaged.
    ///
    /// # Errors
    ///
    /// If it cannot be read. An unusable record is a gap.
    pub async fn groups_report(&self) -> Result<Listing<LiveUser>, Error> {
        self.report(|body: UserBody| body.into()).await
    }

    pub(super) async fn report<W: DeserializeOwned, T>(
        &self,
        model: impl Fn(W) -> T,
    ) -> Result<Listing<T>, Error> {
        let read = wire::json::<WireReport<W>>;
        let WireReport { data } = self.http.send(&groups_report_call(), read).await?.value;
        let gap = data.iter().find_map(|record| record.as_ref().err().cloned());
        Ok(Listing { items: data.into_iter().flatten().map(model).collect(), gap })
    }

    /// `GET /organizations/users/users_groups_report` as CSV, unchanged.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is not text.
    pub async fn groups_report_csv(&self) -> Result<String, Error> {
        let call = Call { accept: "text/csv", ..groups_report_call() };
        Ok(self.http.send(&call, csv).await?.value)
    }

    /// Reads a list with each of `reads` until one read is consistent. `first` is the first page, if it has
    /// been read already.
    pub(super) async fn list<W: DeserializeOwned, T, K: Eq + Hash>(
        &self,
        reads: &[Call<'_>; READS],
        mut first: Option<RawPage<W>>,
        id: impl Fn(&T) -> K,
        model: impl Fn(W) -> T,
    ) -> Result<Listing<T>, Error> {
        let mut listing = Listing { items: Vec::new(), gap: None };
        let mut uncounted: Option<HashSet<K>> = None;
        for call in reads {
            let read = self.pages(call, first.take()).await?;
            let counted = pages::is_counted(&read);
            listing = pages::assemble(read, &id, &model);
            // Without a total, a list is complete if two reads agree.
            if !counted && listing.gap.is_none() {
                let ids: HashSet<K> = listing.items.iter().map(&id).collect();
                if uncounted.as_ref() == Some(&ids) {
                    return Ok(listing);
                }
                uncounted = Some(ids);
                listing.gap = Some("it has no total, and no two reads agree".to_owned());
            }
            match &listing.gap {
                None => return Ok(listing),
                Some(gap) => tracing::info!(
                    list = call.segments.join("/"),
                    gap,
                    "the list contradicts itself"
                ),
            }
        }
        listing.gap = listing.gap.map(|gap| format!("read {READS} times, {gap}"));
        Ok(listing)
    }

    /// Reads the first page, then the others concurrently. If the first page contradicts itself, only that one.
    async fn pages<W: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        first: Option<RawPage<W>>,
    ) -> Result<Vec<RawPage<W>>, Error> {
        let first = match first {
            Some(first) => first,
            None => self.numbered(call, 1).await?,
        };
        let last = pages::last(&first);
        let mut pages = vec![first];
        // The session limits the number of concurrent requests.
        let rest = stream::iter(2..=last).map(|number| self.numbered(call, number)).buffered(64);
        pages.extend(rest.try_collect::<Vec<_>>().await?);
        Ok(pages)
    }

    /// Reads one page of the largest size.
    async fn numbered<W: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        number: u64,
    ) -> Result<RawPage<W>, Error> {
        let mut query = call.query.clone();
        query.extend([("page[number]", number.to_string()), ("page[size]", PAGE.to_string())]);
        let page = self.page(&Call { query, ..Call::get(&call.segments) }).await?;
        self.http.count_page(call.segments.contains(&"users"));
        Ok(page)
    }

    async fn page<W: DeserializeOwned>(&self, call: &Call<'_>) -> Result<RawPage<W>, Error> {
        let read = |body: &[u8]| {
            let WirePage { data, meta } = wire::json::<WirePage<W>>(body)?;
            Ok((data, meta.map(|JsonObject(meta)| meta).unwrap_or_default()))
        };
        Ok(self.http.send(call, read).await?.value)
    }
}

fn groups_report_call() -> Call<'static> {
    Call::get(&["organizations", "users", "users_groups_report"])
}

/// The reads of a list of accounts: oldest first, so that a create appends and shifts no page. The last
/// read uses another order, in case the server does not keep the first one stable.
fn accounts_reads(which: AccountSelection) -> [Call<'static>; READS] {
    ["created_at", "created_at", "email"].map(|sort| accounts_call(which).query("sort", sort))
}

fn accounts_call(which: AccountSelection) -> Call<'static> {
    let call = Call::get(&["managed_accounts"]);
    match which {
        AccountSelection::All => call,
        AccountSelection::WithCancelled => call.query("include_cancelled_accounts", "true"),
        AccountSelection::Cancelled => {
            accounts_call(AccountSelection::WithCancelled).query("filter[status][eq]", "cancelled")
        }
        AccountSelection::Of(StatusFilter::Enabled) => call.query("filter[status][eq]", "enabled"),
        AccountSelection::Of(StatusFilter::Disabled) => {
            call.query("filter[status][eq]", "disabled")
        }
        AccountSelection::Of(StatusFilter::Blocked) => call.query("filter[status][eq]", "blocked"),
    }
}

fn csv(body: &[u8]) -> Result<String, AnswerFault> {
    let text = std::str::from_utf8(body)
        .map_err(|_| AnswerFault::Shape("the report is not text".to_owned()))?;
    match text.trim_start() {
        "" => Err(AnswerFault::Empty),
        html if html.starts_with('<') => Err(AnswerFault::Html),
        // The server ignored `Accept`.
        json if json.starts_with(['{', '[']) => {
            Err(AnswerFault::Shape("the report is JSON, not CSV".to_owned()))
        }
        _ => Ok(text.to_owned()),
    }
}
