//! The balances of accounts: one read each, since no list contains them.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use crate::model::{AccountId, Desired, Email, LiveAccount};
use crate::telnyx::{BalanceDetails, Error, ErrorKind, Reader};

/// The number of failed reads after which no other is sent.
const MOST: usize = 10;
/// The number of concurrent reads. The session allows fewer.
const CONCURRENT: usize = 64;

/// The balances that Telnyx returned.
#[derive(Debug, Default)]
pub struct Balances {
    /// The balance of each account that has one.
    pub of: BTreeMap<AccountId, BalanceDetails>,
    /// The reason why balances are missing. `None` if every read succeeded.
    pub gap: Option<String>,
}

/// Reads the balances of accounts, except of those that roll their charges up and so have none.
///
/// # Errors
///
/// If the key is refused or the session stopped. Any other failed read is a gap.
pub async fn balances<'a>(
    reader: &Reader,
    accounts: impl IntoIterator<Item = &'a LiveAccount>,
) -> Result<Balances, Error> {
    let own = accounts.into_iter().filter(|account| account.rollup_billing != Some(true));
    let ids: Vec<AccountId> = own.map(|account| account.id.clone()).collect();
    let total = ids.len();
    let reads = ids.into_iter().map(|id| async move {
        let read = reader.balance(&id).await;
        (id, read)
    });
    let mut reads = stream::iter(reads).buffered(CONCURRENT);
    let mut balances = Balances::default();
    let (mut done, mut failed, mut first) = (0, 0, None);
    while let Some((id, read)) = reads.next().await {
        match read {
            Ok(balance) => {
                balances.of.extend(balance.map(|balance| (id, balance)));
                done += 1;
            }
            Err(error) if matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::Stopped) => {
                return Err(error);
            }
            Err(error) => {
                failed += 1;
                // Without the permission every other read fails, too.
                let refused = error.kind == ErrorKind::Forbidden;
                first.get_or_insert(error);
                if refused || failed == MOST {
                    break;
                }
            }
        }
    }
    balances.gap = first.map(|error| format!("{done} of {total} could be read: {error}"));
    Ok(balances)
}

/// The accounts whose entries declare a minimum.
pub(super) fn wanted<'a>(desired: &Desired, accounts: &'a [LiveAccount]) -> Vec<&'a LiveAccount> {
    let entries = || desired.accounts.values().filter(|want| want.min_balance.is_some());
    if entries().next().is_none() {
        return Vec::new();
    }
    let by_id: BTreeMap<&AccountId, &LiveAccount> =
        accounts.iter().map(|account| (&account.id, account)).collect();
    let by_email: BTreeMap<&Email, &LiveAccount> =
        accounts.iter().map(|account| (&account.email, account)).collect();
    let live = entries().filter_map(|want| match &want.id {
        Some(id) => by_id.get(id).or_else(|| by_email.get(&want.email)),
        None => by_email.get(&want.email),
    });
    live.copied().collect()
}
