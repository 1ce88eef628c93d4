//! Accounts whose id is known and that no list shows. A list can leave one out and still agree with itself.

use std::collections::{BTreeMap, HashSet};

use futures_util::{StreamExt, stream};

use crate::model::{AccountId, Desired, Email, Gap, Half, Live, State};
use crate::telnyx::{Error, ErrorKind, Reader};

/// The number of gaps after which no further account is fetched: it would change nothing.
const MOST: usize = 20;
/// The number of concurrent requests.
const CONCURRENT: usize = 16;

/// Fetches each account by its id whose entry is missing, and whose id the state or the manifest knows. One that
/// exists makes the inventory incomplete, and so does one that cannot be read. One that does not exist has
/// vanished, which the planner reports.
///
/// # Errors
///
/// If the session was stopped.
pub(super) async fn find_hidden(
    reader: &Reader,
    desired: &Desired,
    state: &State,
    mut live: Live,
) -> Result<Live, Error> {
    let known = missing(desired, state, &live);
    let fetch = |(id, email): (AccountId, Email)| async move {
        match reader.account(&id).await {
            Ok(_) => Ok(Some(format!("no list shows {email}, but its account {id} exists"))),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind == ErrorKind::Stopped => Err(error),
            Err(error) => Ok(Some(format!("no list shows {email}, and its account {id}: {error}"))),
        }
    };
    let mut fetched = stream::iter(known).map(fetch).buffered(CONCURRENT);
    let mut found = 0;
    while let Some(gap) = fetched.next().await {
        if let Some(gap) = gap? {
            live.gaps.push(Gap::new(Half::Accounts, format!("accounts: {gap}")));
            found += 1;
        }
        if found == MOST {
            break;
        }
    }
    Ok(live)
}

/// The ids that no list shows: of the state, if the list shows no account with their email either, and of the
/// manifest.
fn missing(desired: &Desired, state: &State, live: &Live) -> BTreeMap<AccountId, Email> {
    let shown = live.accounts.iter().chain(&live.cancelled);
    let (ids, emails): (HashSet<&AccountId>, HashSet<&Email>) =
        shown.map(|account| (&account.id, &account.email)).unzip();
    let known = state
        .emails
        .iter()
        .filter(|(_, email)| desired.accounts.contains_key(email) && !emails.contains(email));
    let declared =
        desired.accounts.values().filter_map(|want| Some((want.id.as_ref()?, &want.email)));
    known
        .chain(declared)
        .filter(|(id, _)| !ids.contains(id))
        .map(|(id, email)| (id.clone(), email.clone()))
        .collect()
}
