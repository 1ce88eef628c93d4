//! Accounts that the state knows by id and no list shows. A list can leave one out and still agree with itself.

use std::collections::BTreeSet;

use crate::model::{AccountId, Desired, Email, Gap, Half, Live, State};
use crate::telnyx::{Error, ErrorKind, Reader};

/// The largest number of hidden accounts to fetch. Answers for further ones would change nothing.
const MOST: usize = 20;

/// Fetches by its id each known account whose entry is missing. One that exists makes the inventory
/// incomplete. One that does not has vanished, which the planner reports.
///
/// # Errors
///
/// If the API does not say whether an account exists.
pub(super) async fn find_hidden(
    reader: &Reader,
    desired: &Desired,
    state: &State,
    mut live: Live,
) -> Result<Live, Error> {
    let shown = live.accounts.iter().chain(&live.cancelled);
    let (ids, emails): (BTreeSet<&AccountId>, BTreeSet<&Email>) =
        shown.map(|account| (&account.id, &account.email)).unzip();
    let is_missing = |(id, email): &(&AccountId, &Email)| {
        desired.accounts.contains_key(email) && !ids.contains(id) && !emails.contains(email)
    };
    let known: Vec<_> = state.emails.iter().filter(is_missing).take(MOST).collect();
    for (id, email) in known {
        match reader.account(id).await {
            Ok(_) => {
                let reason =
                    format!("accounts: no list shows {email}, but its account {id} exists");
                live.gaps.push(Gap::new(Half::Accounts, reason));
            }
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(live)
}
