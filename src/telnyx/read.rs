//! Everything that can be asked of Telnyx, and nothing that could change it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::error::{AnswerFault, Error};
use super::http::{Call, Http, RequestProgress};
use super::pages::{self, RawPage};
use super::wire::{
    self, AccountBody, CredentialsBody, JsonObject, PoolBody, UserBody, WirePage, WireReport,
};
use crate::model::{AccountId, ChannelPool, Email, LiveAccount, LiveUser, UserId};

/// The largest page there is. Source: `maximum` of `page[size]` in the vendor's document.
const PAGE: u64 = 250;
/// How often a list is read until it agrees with itself.
pub(super) const READS: usize = 3;

/// Every read of the API. Whoever has this cannot change anything.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) http: Arc<Http>,
}

/// A list, and whether it is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// What the list had, each item once.
    pub items: Vec<T>,
    /// Why something may be missing in it. `None`: it is whole.
    pub gap: Option<String>,
}

/// Which accounts a list should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSelection {
    /// All that are not cancelled.
    All,
    /// All, the cancelled ones too.
    WithCancelled,
    /// The cancelled ones alone.
    Cancelled,
    /// Those of one status.
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

/// A list of accounts of which the first page is here.
pub struct Begun {
    reader: Reader,
    which: AccountSelection,
    first: RawPage<AccountBody>,
}

impl Begun {
    /// How many accounts the list has, by its first page.
    #[must_use]
    pub fn total(&self) -> u64 {
        let (items, meta) = &self.first;
        meta.total_results.unwrap_or_else(|| u64::try_from(items.len()).unwrap_or(u64::MAX))
    }

    /// The rest of the list, and the whole of it again where it contradicts itself.
    ///
    /// # Errors
    ///
    /// When a page cannot be had at all. A list that contradicts itself, even when read again, is no error but a gap.
    pub async fn finish(self) -> Result<Listing<LiveAccount>, Error> {
        let Self { reader, which, first } = self;
        let id = |account: &LiveAccount| account.id.as_str().to_owned();
        reader.list(&accounts_reads(which), Some(first), id, LiveAccount::from).await
    }
}

/// The secrets of a managed account, each if Telnyx returned it.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The key of API version 2.
    pub api_key: Option<SecretString>,
    /// The token of API version 1.
    pub api_token: Option<SecretString>,
}

impl Credentials {
    /// The names of the secrets that are missing.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let Self { api_key, api_token } = self;
        let both = [("api_key", api_key), ("api_token", api_token)];
        both.into_iter().filter(|(_, secret)| secret.is_none()).map(|(name, _)| name).collect()
    }

    /// These secrets, with those of `other` where one is missing.
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

    /// Where this reads from.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.http.base_url().to_string()
    }

    /// How far the requests of this key are, for whoever shows it to a person.
    #[must_use]
    pub fn progress(&self) -> RequestProgress {
        self.http.progress()
    }

    /// `GET /managed_accounts`, all pages: the accounts, and whether the list agrees with itself.
    ///
    /// # Errors
    ///
    /// When a page cannot be had at all. A list that contradicts itself, even when read again, is no error but a gap.
    pub async fn accounts(&self, which: AccountSelection) -> Result<Listing<LiveAccount>, Error> {
        self.begin(which).await?.finish().await
    }

    /// The first page of that list: who waits for it knows how long the list is, and can ask for more meanwhile.
    ///
    /// # Errors
    ///
    /// When the page cannot be had.
    pub async fn begin(&self, which: AccountSelection) -> Result<Begun, Error> {
        let [call, ..] = accounts_reads(which);
        let first = self.numbered(&call, 1).await?;
        Ok(Begun { reader: self.clone(), which, first })
    }

    /// The accounts that have this email in whatever case, by all pages of a list that is filtered by it.
    /// What the filter lets through is compared here: it is not trusted.
    ///
    /// # Errors
    ///
    /// When a page cannot be had at all. A list that contradicts itself, even when read again, is no error but a gap.
    pub async fn with_email(
        &self,
        email: &Email,
        cancelled_too: bool,
    ) -> Result<Listing<LiveAccount>, Error> {
        let which =
            if cancelled_too { AccountSelection::WithCancelled } else { AccountSelection::All };
        let reads =
            accounts_reads(which).map(|call| call.query("filter[email][contains]", email.as_str()));
        let id = |account: &LiveAccount| account.id.as_str().to_owned();
        let mut found = self.list(&reads, None, id, |body: AccountBody| body.into()).await?;
        found.items.retain(|account| account.email == *email);
        Ok(found)
    }

    /// How many accounts have a status, by `meta.total_results` of a page of one.
    ///
    /// # Errors
    ///
    /// When the page cannot be had.
    pub async fn count(&self, status: StatusFilter) -> Result<Option<u64>, Error> {
        let call = accounts_call(AccountSelection::Of(status))
            .query("page[number]", "1")
            .query("page[size]", "1");
        let (_, meta) = self.page::<AccountBody>(&call).await?;
        Ok(meta.total_results)
    }

    /// `GET /managed_accounts/{id}`: one account. Its status is not in the answer.
    ///
    /// # Errors
    ///
    /// When there is no such account, or it cannot be had.
    pub async fn account(&self, id: &AccountId) -> Result<LiveAccount, Error> {
        let call = Call::get(&["managed_accounts", id.as_str()]);
        Ok(self.http.send(&call, wire::one::<AccountBody, _>).await?.value)
    }

    /// `GET /managed_accounts/{id}`: the secrets in it. This is the only read that keeps them.
    ///
    /// # Errors
    ///
    /// When there is no such account, or it cannot be had.
    pub async fn credentials(&self, id: &AccountId) -> Result<Credentials, Error> {
        let call = Call::get(&["managed_accounts", id.as_str()]);
        Ok(self.http.send(&call, wire::one::<CredentialsBody, _>).await?.value)
    }

    /// `GET /managed_accounts/allocatable_global_outbound_channels`: the channels of the manager.
    ///
    /// # Errors
    ///
    /// When they cannot be had.
    pub async fn channels(&self) -> Result<ChannelPool, Error> {
        let call = Call::get(&["managed_accounts", "allocatable_global_outbound_channels"]);
        Ok(self.http.send(&call, wire::one::<PoolBody, _>).await?.value)
    }

    /// `GET /organizations/users`, all pages, with groups.
    ///
    /// # Errors
    ///
    /// When a page cannot be had at all. A list that contradicts itself, even when read again, is no error but a gap.
    pub async fn users(&self) -> Result<Listing<LiveUser>, Error> {
        let reads = [(); READS]
            .map(|()| Call::get(&["organizations", "users"]).query("include_groups", "true"));
        let id = |user: &LiveUser| user.id.as_str().to_owned();
        self.list(&reads, None, id, |body: UserBody| body.into()).await
    }

    /// How many users the organization has, by `meta.total_results` of a page of one.
    ///
    /// # Errors
    ///
    /// When the page cannot be had.
    pub async fn count_users(&self) -> Result<Option<u64>, Error> {
        let call = Call::get(&["organizations", "users"])
            .query("page[number]", "1")
            .query("page[size]", "1");
        let (_, meta) = self.page::<UserBody>(&call).await?;
        Ok(meta.total_results)
    }

    /// `GET /organizations/users/{id}`: one user, with groups.
    ///
    /// # Errors
    ///
    /// When there is no such user, or it cannot be had.
    pub async fn user(&self, id: &UserId) -> Result<LiveUser, Error> {
        let call =
            Call::get(&["organizations", "users", id.as_str()]).query("include_groups", "true");
        Ok(self.http.send(&call, wire::one::<UserBody, _>).await?.value)
    }

    /// `GET /organizations/users/users_groups_report` as JSON: all users with their groups, not in pages.
    ///
    /// # Errors
    ///
    /// When it cannot be had. A record that cannot be used is a gap.
    pub async fn groups_report(&self) -> Result<Listing<LiveUser>, Error> {
        let call = groups_report_call();
        let read = wire::json::<WireReport<UserBody>>;
        let WireReport { data } = self.http.send(&call, read).await?.value;
        let gap = data.iter().find_map(|record| record.as_ref().err().cloned());
        Ok(Listing { items: data.into_iter().flatten().map(LiveUser::from).collect(), gap })
    }

    /// `GET /organizations/users/users_groups_report` as CSV, as Telnyx writes it.
    ///
    /// # Errors
    ///
    /// When it cannot be had, or is no text.
    pub async fn groups_report_csv(&self) -> Result<String, Error> {
        let call = Call { accept: "text/csv", ..groups_report_call() };
        Ok(self.http.send(&call, csv).await?.value)
    }

    /// Reads a list until it agrees with itself, once for each of `reads`. `first` is what the first
    /// of them has brought already.
    pub(super) async fn list<W: DeserializeOwned, T>(
        &self,
        reads: &[Call<'_>; READS],
        mut first: Option<RawPage<W>>,
        id: impl Fn(&T) -> String,
        model: impl Fn(W) -> T,
    ) -> Result<Listing<T>, Error> {
        let mut listing = Listing { items: Vec::new(), gap: None };
        let mut uncounted: Option<BTreeSet<String>> = None;
        for call in reads {
            let read = self.pages(call, first.take()).await?;
            let counted = pages::is_counted(&read);
            listing = pages::assemble(read, &id, &model);
            // Without a total a list is whole if two reads agree.
            if !counted && listing.gap.is_none() {
                let ids: BTreeSet<String> = listing.items.iter().map(&id).collect();
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

    /// The first page, then the others at once; none of them when the first is not to be believed.
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
        // How many are really under way at once is decided where they are sent.
        let rest = stream::iter(2..=last).map(|number| self.numbered(call, number)).buffered(64);
        pages.extend(rest.try_collect::<Vec<_>>().await?);
        Ok(pages)
    }

    /// One page of the largest size.
    async fn numbered<W: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        number: u64,
    ) -> Result<RawPage<W>, Error> {
        let mut query = call.query.clone();
        query.extend([("page[number]", number.to_string()), ("page[size]", PAGE.to_string())]);
        self.page(&Call { query, ..Call::get(&call.segments) }).await
    }

    async fn page<W: DeserializeOwned>(&self, call: &Call<'_>) -> Result<RawPage<W>, Error> {
        let read = |body: &[u8]| {
            let WirePage { data, meta } = wire::json::<WirePage<W>>(body)?;
            let JsonObject(meta) = meta.ok_or(AnswerFault::NoMeta)?;
            Ok((data, meta))
        };
        Ok(self.http.send(call, read).await?.value)
    }
}

fn groups_report_call() -> Call<'static> {
    Call::get(&["organizations", "users", "users_groups_report"])
}

/// The reads of a list of accounts: oldest first, so that a create adds to the end and shifts no
/// page; the last one in another order, should that one be what a server cannot keep.
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
        .map_err(|_| AnswerFault::Shape("the report is no text".to_owned()))?;
    match text.trim_start() {
        "" => Err(AnswerFault::Empty),
        html if html.starts_with('<') => Err(AnswerFault::Html),
        // The server did not heed `Accept`: whoever wants columns must not get this.
        json if json.starts_with(['{', '[']) => {
            Err(AnswerFault::Shape("the report is JSON, not CSV".to_owned()))
        }
        _ => Ok(text.to_owned()),
    }
}
