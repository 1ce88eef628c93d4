//! Everything that can be asked of Telnyx, and nothing that could change it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::error::{AnswerFault, Error};
use super::http::{Call, Http};
use super::wire::{self, AccountBody, CredentialsBody, Meta, One, Page, PoolBody, UserBody};
use crate::model::{AccountId, ChannelPool, LiveAccount, LiveUser, UserId};

/// The largest page there is. Source: `maximum` of `page[size]` in the vendor's document.
const PAGE: u64 = 250;
/// How often a list is read until it agrees with itself.
const READS: usize = 3;
/// More pages than this nobody has: a server that says so is not believed.
const MOST_PAGES: u64 = 40_000;

/// Every read of the API. Whoever has this cannot change anything.
#[derive(Clone, Debug)]
pub struct Reader {
    http: Arc<Http>,
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
pub enum Accounts {
    /// All that are not cancelled.
    All,
    /// All, the cancelled ones too.
    WithCancelled,
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

/// The secrets of a managed account.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The key of API version 2.
    pub api_key: SecretString,
    /// The token of API version 1.
    pub api_token: SecretString,
}

impl From<CredentialsBody> for Credentials {
    fn from(body: CredentialsBody) -> Self {
        Self { api_key: body.api_key.0, api_token: body.api_token.0 }
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

    /// `GET /managed_accounts`, all pages: the accounts, and whether the list agrees with itself.
    ///
    /// # Errors
    ///
    /// When a page cannot be had at all. A list that contradicts itself, even when read again, is no error but a gap.
    pub async fn accounts(&self, which: Accounts) -> Result<Listing<LiveAccount>, Error> {
        let call = |sort| accounts_call(which).query("sort", sort);
        let reads = ["created_at", "created_at", "email"].map(call);
        self.list(
            &reads,
            |account: &LiveAccount| account.id.as_str().to_owned(),
            |body: AccountBody| body.into(),
        )
        .await
    }

    /// How many accounts have a status, by `meta.total_results` of a page of one.
    ///
    /// # Errors
    ///
    /// When the page cannot be had.
    pub async fn count(&self, status: StatusFilter) -> Result<u64, Error> {
        let call =
            accounts_call(Accounts::Of(status)).query("page[number]", "1").query("page[size]", "1");
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
        self.list(
            &reads,
            |user: &LiveUser| user.id.as_str().to_owned(),
            |body: UserBody| body.into(),
        )
        .await
    }

    /// How many users the organization has, by `meta.total_results` of a page of one.
    ///
    /// # Errors
    ///
    /// When the page cannot be had.
    pub async fn count_users(&self) -> Result<u64, Error> {
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
    /// When it cannot be had.
    pub async fn groups_report(&self) -> Result<Vec<LiveUser>, Error> {
        let call = groups_report_call();
        let users = self.http.send(&call, wire::json::<One<Vec<UserBody>>>).await?.value.data;
        Ok(users.into_iter().map(LiveUser::from).collect())
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

    /// Reads a list until it agrees with itself, once for each of `reads`.
    async fn list<W: DeserializeOwned, T>(
        &self,
        reads: &[Call<'_>; READS],
        id: impl Fn(&T) -> String,
        model: impl Fn(W) -> T,
    ) -> Result<Listing<T>, Error> {
        let mut listing = Listing { items: Vec::new(), gap: None };
        for call in reads {
            let pages = self.pages::<W>(call).await?;
            let pages = pages
                .into_iter()
                .map(|(items, meta)| (items.into_iter().map(&model).collect(), meta))
                .collect();
            listing = assemble(pages, &id);
            match &listing.gap {
                None => break,
                Some(gap) => tracing::info!(
                    list = call.segments.join("/"),
                    gap,
                    "the list contradicts itself"
                ),
            }
        }
        Ok(listing)
    }

    /// The first page, then the others at once.
    async fn pages<W: DeserializeOwned>(
        &self,
        call: &Call<'_>,
    ) -> Result<Vec<(Vec<W>, Meta)>, Error> {
        let page = |number: u64| {
            let mut query = call.query.clone();
            query.extend([("page[number]", number.to_string()), ("page[size]", PAGE.to_string())]);
            let call = Call { query, ..Call::get(&call.segments) };
            async move { self.page::<W>(&call).await }
        };
        let first = page(1).await?;
        let last = first.1.total_pages.min(MOST_PAGES);
        let mut pages = vec![first];
        // How many are really under way at once is decided where they are sent.
        let rest = stream::iter(2..=last).map(page).buffered(64);
        pages.extend(rest.try_collect::<Vec<_>>().await?);
        Ok(pages)
    }

    async fn page<W: DeserializeOwned>(&self, call: &Call<'_>) -> Result<(Vec<W>, Meta), Error> {
        let read = |body: &[u8]| {
            let page = wire::json::<Page<W>>(body)?;
            Ok((page.data, page.meta.ok_or(AnswerFault::NoMeta)?))
        };
        Ok(self.http.send(call, read).await?.value)
    }
}

fn groups_report_call() -> Call<'static> {
    Call::get(&["organizations", "users", "users_groups_report"])
}

fn accounts_call(which: Accounts) -> Call<'static> {
    let call = Call::get(&["managed_accounts"]);
    match which {
        Accounts::All => call,
        Accounts::WithCancelled => call.query("include_cancelled_accounts", "true"),
        Accounts::Of(StatusFilter::Enabled) => call.query("filter[status][eq]", "enabled"),
        Accounts::Of(StatusFilter::Disabled) => call.query("filter[status][eq]", "disabled"),
        Accounts::Of(StatusFilter::Blocked) => call.query("filter[status][eq]", "blocked"),
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

/// Puts pages together and checks that they are one list: as many different ids as `total_results`
/// says, the same totals on every page, and no page that is empty or short before the last one.
fn assemble<T>(pages: Vec<(Vec<T>, Meta)>, id: impl Fn(&T) -> String) -> Listing<T> {
    let gap = contradiction(&pages);
    let mut seen = BTreeSet::new();
    let mut items = Vec::new();
    let mut repeated = 0_usize;
    let total = pages.first().map_or(0, |(_, meta)| meta.total_results);
    for item in pages.into_iter().flat_map(|(items, _)| items) {
        if seen.insert(id(&item)) {
            items.push(item);
        } else {
            repeated += 1;
        }
    }
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let gap = gap.or_else(|| (repeated > 0).then(|| format!("{repeated} of its items came twice")));
    let gap = gap.or_else(|| {
        (count != total).then(|| format!("it should have {total} items and has {count}"))
    });
    Listing { items, gap }
}

/// The first thing in which the pages disagree.
fn contradiction<T>(pages: &[(Vec<T>, Meta)]) -> Option<String> {
    let first = pages.first()?.1;
    if first.total_pages > MOST_PAGES {
        return Some(format!("it claims {} pages", first.total_pages));
    }
    for (number, (items, meta)) in (1..).zip(pages) {
        if (meta.total_results, meta.total_pages) != (first.total_results, first.total_pages) {
            return Some(format!(
                "it had {} items on page 1 and {} on page {number}",
                first.total_results, meta.total_results
            ));
        }
        if meta.page_number.is_some_and(|said| said != number) {
            return Some(format!("page {number} says that it is another"));
        }
        if items.is_empty() && first.total_results > 0 {
            return Some(format!("page {number} is empty"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(
        number: u64,
        ids: &[&str],
        total_pages: u64,
        total_results: u64,
    ) -> (Vec<String>, Meta) {
        let meta = Meta { total_pages, total_results, page_number: Some(number) };
        (ids.iter().map(|id| (*id).to_owned()).collect(), meta)
    }

    fn gap(pages: Vec<(Vec<String>, Meta)>) -> Option<String> {
        assemble(pages, Clone::clone).gap
    }

    #[test]
    fn a_list_is_whole_only_when_all_its_pages_agree() {
        assert_eq!(gap(vec![page(1, &["a", "b"], 2, 3), page(2, &["c"], 2, 3)]), None);
        assert_eq!(gap(vec![page(1, &[], 1, 0)]), None);
        assert_eq!(gap(vec![page(1, &[], 0, 0)]), None);
        let broken = [
            (
                "empty in the middle",
                vec![page(1, &["a"], 3, 3), page(2, &[], 3, 3), page(3, &["c"], 3, 3)],
            ),
            ("short", vec![page(1, &["a", "b"], 2, 4), page(2, &["c"], 2, 4)]),
            ("shifted by an insert", vec![page(1, &["a", "b"], 2, 4), page(2, &["b", "c"], 2, 4)]),
            ("another total", vec![page(1, &["a", "b"], 2, 3), page(2, &["c"], 2, 4)]),
            ("another page", vec![page(1, &["a", "b"], 2, 3), page(1, &["c"], 2, 3)]),
            ("too long", vec![page(1, &["a", "b"], 1, 1)]),
            ("endless", vec![page(1, &["a"], u64::MAX, 1)]),
        ];
        for (what, pages) in broken {
            assert!(gap(pages).is_some(), "{what}");
        }
    }
}
