//! One read-only pass over the live side: the same for plan, apply and whoever only watches.
//!
//! It holds a [`Reader`] and therefore cannot change anything. What comes back is whole, or says what
//! may be missing in it and why ([`Live::gaps`]); what cannot be known is left unknown. Nothing here
//! guesses, and a read that fails is an error, never a shorter inventory.
//!
//! There is one thing that no such read can rule out: two changes that cancel out in every total,
//! between the same two pages or lists. Where that matters most, when somebody looks missing, the list
//! of the cancelled shows most of it; and whoever takes something away or creates somebody looks again just before.
//!
//! For `n` accounts of which `d` are disabled and none is missing this takes `ceil(n / 250)` requests
//! for the list of all, `max(1, ceil(d / 250))` for the disabled, one each for the blocked, the count of the
//! enabled, the groups report, the count of users and the channels; one more for the cancelled when
//! an entry of the manifest is missing.

mod accounts;
mod cancelled;
mod status;
mod today;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, Desired, Live, LiveAccount, Policy};
use crate::telnyx::{Error, Reader};

pub use accounts::accounts;
pub use today::today;

/// What of the live side has to be read, beside the accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Needs {
    /// The users: only when the manifest says who may be in the organization.
    users: bool,
    /// The channels of the manager: only when the manifest gives an account a limit.
    channels: bool,
}

impl Needs {
    fn of(desired: &Desired) -> Self {
        let limited = desired.accounts.values().any(|want| want.channel_limit.is_some());
        Self { users: desired.users.is_some(), channels: limited }
    }
}

/// Reads the live side, as much of it as the manifest is about.
///
/// # Errors
///
/// When something cannot be read at all. What contradicts itself is no error but a gap.
pub async fn read(reader: &Reader, desired: &Desired) -> Result<Live, Error> {
    look(reader, desired, Needs::of(desired)).await
}

async fn look(reader: &Reader, desired: &Desired, needs: Needs) -> Result<Live, Error> {
    let accounts = async {
        let accounts = accounts(reader).await?;
        let cancelled = cancelled::read(reader, desired, &accounts).await?;
        Ok((accounts, cancelled))
    };
    let users = wanted(needs.users, users::read(reader));
    let channels = wanted(needs.channels, reader.channels());
    let ((accounts, cancelled), users, channels) = tokio::try_join!(accounts, users, channels)?;

    let managers = managers(&accounts.items);
    let mut gaps = Vec::new();
    let mut note = |what, gap: Option<String>| gaps.extend(gap.map(|gap| format!("{what}: {gap}")));
    note("accounts", accounts.gap);
    note("accounts", several(&managers));
    note("cancelled accounts", cancelled.gap);
    let users = users.map(|users| {
        note("users", users.gap);
        users.items
    });
    Ok(Live {
        manager: managers.first().map(|manager| (*manager).clone()),
        accounts: accounts.items,
        cancelled: cancelled.items,
        users,
        channels,
        gaps,
    })
}

/// Reads the whole live side, but for the cancelled: what a manifest could be about.
///
/// # Errors
///
/// When something cannot be read at all. What contradicts itself is no error but a gap.
pub async fn whole(reader: &Reader) -> Result<Live, Error> {
    let nothing = Desired {
        organization: String::new(),
        manager: None,
        policy: Policy::default(),
        accept: Vec::new(),
        accounts: BTreeMap::new(),
        users: None,
    };
    look(reader, &nothing, Needs { users: true, channels: true }).await
}

/// Reads something only if it is wanted.
async fn wanted<T>(
    wanted: bool,
    read: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    if wanted { read.await.map(Some) } else { Ok(None) }
}

fn managers(accounts: &[LiveAccount]) -> BTreeSet<&AccountId> {
    accounts.iter().filter_map(|account| account.manager.as_ref()).collect()
}

/// A key lists the accounts of its own manager. A list of several is none that we understand.
fn several(managers: &BTreeSet<&AccountId>) -> Option<String> {
    // Quoted and escaped: an id is text from the other side.
    let names: Vec<_> = managers.iter().map(|manager| format!("{:?}", manager.as_str())).collect();
    (names.len() > 1)
        .then(|| format!("they belong to {} managers: {}", names.len(), names.join(", ")))
}

/// The manager whose accounts these are. `None`: there is no account that says so. Of several, which
/// is a gap, the first by id: the same whatever the order of the pages.
#[must_use]
pub fn manager(live: &Live) -> Option<&AccountId> {
    live.manager.as_ref()
}

/// A manager other than the one that the manifest is for, if a single live account has one.
#[must_use]
pub fn wrong_manager<'a>(desired: &Desired, live: &'a Live) -> Option<&'a AccountId> {
    let wanted = desired.manager.as_ref()?;
    let mut managers = managers(&live.accounts);
    managers.extend(manager(live));
    managers.into_iter().find(|manager| *manager != wanted)
}
