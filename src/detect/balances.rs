//! The balances of accounts whose entries declare a minimum: one read each, since no list contains them.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use crate::model::{AccountId, Balance, Desired, Email, LiveAccount};
use crate::telnyx::{Error, ErrorKind, Reader};

/// The number of failed reads after which the others are not sent.
const MOST: usize = 10;
/// The number of concurrent reads. The session allows fewer.
const CONCURRENT: usize = 64;

/// The balances that Telnyx returned.
#[derive(Default)]
pub(super) struct Balances {
    pub of: BTreeMap<AccountId, Balance>,
    /// The reason why balances may be missing. `None` if every read succeeded.
    pub gap: Option<String>,
}

/// Reads the balance of each account whose entry declares a minimum and that does not roll its charges up.
///
/// # Errors
///
/// If the key is refused or the session stopped. Any other failed read is a gap.
pub(super) async fn read(
    reader: &Reader,
    desired: &Desired,
    accounts: &[LiveAccount],
) -> Result<Balances, Error> {
    let wanted = wanted(desired, accounts);
    let total = wanted.len();
    let reads = wanted.into_iter().map(|id| async move {
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

/// The ids of the accounts whose balance is compared.
fn wanted(desired: &Desired, accounts: &[LiveAccount]) -> Vec<AccountId> {
    let entries = || desired.accounts.values().filter(|want| want.min_balance.is_some());
    if entries().next().is_none() {
        return Vec::new();
    }
    let by_id: BTreeMap<&AccountId, &LiveAccount> =
        accounts.iter().map(|account| (&account.id, account)).collect();
    let by_email: BTreeMap<&Email, &LiveAccount> =
        accounts.iter().map(|account| (&account.email, account)).collect();
    let live = entries().filter_map(|want| match &want.id {
        Some(id) => by_id.get(id),
        None => by_email.get(&want.email),
    });
    live.filter(|account| account.rollup_billing != Some(true))
        .map(|account| account.id.clone())
        .collect()
}
