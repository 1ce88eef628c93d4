//! Reads the live side, in the same way for plan, apply and the daemon.
//!
//! This module holds a [`Reader`], so it cannot change anything. The result is complete, or [`Live::gaps`] says
//! what may be missing and why. Unknown values stay unknown: nothing here guesses, and a failed read is an
//! error, never a shorter inventory.
//!
//! One case cannot be ruled out: two changes between the same two pages or lists that cancel out in every total.
//! Therefore an entry that seems to be missing is also searched in the list of cancelled accounts, and execution
//! reads an account or user again just before a destructive action or a create.
//!
//! For `n` accounts of which `d` are disabled and none is missing, a read takes `ceil(n / 250)` requests for the
//! list of all accounts, `max(1, ceil(d / 250))` for the disabled ones, and one each for the blocked ones, the
//! number of enabled ones, the groups report, up to 250 users and the channels. If an entry of the manifest is
//! missing, one more request reads the cancelled accounts. One more reads the balance of each account with a
//! `min_balance`.

mod accounts;
mod balances;
mod cancelled;
mod early;
mod hidden;
mod observe;
mod status;
mod today;
mod users;

use std::collections::BTreeSet;

use crate::model::{AccountId, ChannelPool, Desired, Email, Gap, Half, Live, LiveAccount};
use crate::telnyx::{Error, ErrorKind, Listing, Reader};

pub use accounts::accounts;
pub use balances::{Balances, balances};
pub use early::EarlyRead;
use hidden::find_hidden;
pub use observe::{Observation, ObserveError, observe, observe_after};
pub use today::today;
pub use users::users;

/// The parts of the live side to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Accounts: only when the manifest declares some. Most organizations have none, and their keys may not
    /// list any.
    accounts: Need,
    /// Users: only when the manifest lists the users of the organization.
    users: Need,
    /// The channels of the manager: only when the manifest gives an account a limit.
    channels: Need,
}

/// The need for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// It is not read.
    No,
    /// It is read where the key may read it.
    IfAllowed,
    /// The manifest depends on it.
    Yes,
}

impl Needs {
    /// The parts that a manifest manages.
    fn of(desired: &Desired) -> Self {
        let accounts = !desired.accounts.is_empty();
        let users = desired.users.is_some();
        let limited = desired.accounts.values().any(|want| want.channel_limit.is_some());
        Self::new(accounts, users, limited)
    }

    /// The needs of a manifest with accounts, users or channel limits.
    #[must_use]
    pub fn new(accounts: bool, users: bool, channels: bool) -> Self {
        let only_if = |needed: bool| if needed { Need::Yes } else { Need::No };
        Self { accounts: only_if(accounts), users: only_if(users), channels: only_if(channels) }
    }
}

impl Need {
    /// Reads a part as far as it is needed.
    async fn read<T>(
        self,
        read: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Error> {
        if self == Self::No {
            return Ok(None);
        }
        match read.await {
            Ok(part) => Ok(Some(part)),
            Err(error) if self == Self::IfAllowed && error.is_refusal() => {
                tracing::info!(%error, "left out: the key may not read it");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Reads the parts of the live side that the manifest manages.
///
/// # Errors
///
/// Fails if a part cannot be read at all. A list that contradicts itself is a gap, not an error.
pub async fn read(reader: &Reader, desired: &Desired) -> Result<Live, Error> {
    Box::pin(read_needed(reader, desired, Needs::of(desired))).await
}

async fn read_needed(reader: &Reader, desired: &Desired, needs: Needs) -> Result<Live, Error> {
    Box::pin(Lists::read(reader, needs)).await.complete(reader, desired).await
}

/// The lists of the live side, which do not depend on the entries of a manifest.
struct Lists {
    needs: Needs,
    accounts: Result<Option<Listing<LiveAccount>>, Error>,
    users: Result<Option<users::Lists>, Error>,
    channels: Result<Option<ChannelPool>, Error>,
}

impl Lists {
    /// Reads all lists at once.
    async fn read(reader: &Reader, needs: Needs) -> Self {
        let (accounts, users, channels) = tokio::join!(
            needs.accounts.read(accounts(reader)),
            needs.users.read(users::begin(reader)),
            needs.channels.read(reader.channels()),
        );
        Self { needs, accounts, users, channels }
    }

    /// Reads what depends on the entries of the manifest. Of several errors, that of the accounts is reported: a key
    /// that may not read accounts may not read the pool either.
    async fn complete(self, reader: &Reader, desired: &Desired) -> Result<Live, Error> {
        let Self { needs, accounts, users, channels } = self;
        let none = || Listing { items: Vec::new(), gap: None };
        let unauthorized = |error: &Error| error.kind == ErrorKind::Unauthorized;
        let (accounts, users) = match (accounts, users) {
            // A key that both halves refuse is invalid. The accounts alone also refuse a key that does not belong to a manager account.
            (Err(first), Err(second)) if unauthorized(&first) && unauthorized(&second) => {
                return Err(second);
            }
            (accounts, users) => (accounts?.unwrap_or_else(none), users?),
        };
        let (channels, unread_pool) = pool(needs.channels, channels)?;
        let cancelled = cancelled::read(reader, desired, &accounts).await?;
        let wanted = balances::wanted(desired, &accounts.items);
        let balances = balances(reader, wanted).await?;

        let managers = managers(&accounts.items);
        let mut gaps = Vec::new();
        let mut add_gap = |half, list: &str, gap: Option<String>| {
            gaps.extend(gap.map(|gap| Gap::new(half, format!("{list}: {gap}"))));
        };
        add_gap(Half::Accounts, "accounts", accounts.gap);
        add_gap(Half::Accounts, "accounts", several(&managers));
        add_gap(Half::Accounts, "channels", unread_pool);
        add_gap(Half::Accounts, "balances", balances.gap);
        add_gap(Half::Accounts, "cancelled accounts", cancelled.gap);
        let manager = managers.first().map(|manager| (*manager).clone());
        let owners: BTreeSet<Email> =
            accounts.items.iter().filter_map(|account| account.api_user.clone()).collect();
        let users = match users {
            Some(first) => {
                let owners = users::owners(desired, &owners);
                let users = users::finish(reader, first, &owners).await?;
                add_gap(Half::Users, "users", users.gap);
                Some(users.items)
            }
            None => None,
        };
        Ok(Live {
            manager,
            accounts: accounts.items,
            cancelled: cancelled.items,
            users,
            channels,
            balances: balances
                .of
                .iter()
                .filter_map(|(id, details)| Some((id.clone(), details.balance()?)))
                .collect(),
            owners,
            gaps,
        })
    }
}

/// Returns the channel pool, or a gap if it could not be read. A refused key is an error, because the manifest
/// declares limits that it can never manage. Limits that nothing declares are left out.
fn pool(
    need: Need,
    read: Result<Option<ChannelPool>, Error>,
) -> Result<(Option<ChannelPool>, Option<String>), Error> {
    match read {
        Ok(pool) => Ok((pool, None)),
        Err(error)
            if matches!(
                error.kind,
                ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Stopped
            ) =>
        {
            Err(error)
        }
        Err(error) if need == Need::IfAllowed => {
            tracing::warn!(%error, "left out: the channels cannot be read");
            Ok((None, None))
        }
        Err(error) => Ok((None, Some(error.to_string()))),
    }
}

/// Reads every part that the key may read, except for the cancelled accounts.
///
/// # Errors
///
/// Fails if a part cannot be read at all. A list that contradicts itself is a gap, not an error.
pub async fn whole(reader: &Reader) -> Result<Live, Error> {
    let nothing = Desired::new(String::new());
    let needs =
        Needs { accounts: Need::IfAllowed, users: Need::IfAllowed, channels: Need::IfAllowed };
    let live = Box::pin(read_needed(reader, &nothing, needs)).await?;
    if live.accounts.is_empty() && live.users.is_none() {
        // Both halves are refused, or one is and the other is empty: report the refusal.
        users::begin(reader).await?;
    }
    Ok(live)
}

fn managers(accounts: &[LiveAccount]) -> BTreeSet<&AccountId> {
    accounts.iter().filter_map(|account| account.manager.as_ref()).collect()
}

/// Returns a gap if the accounts belong to several managers. A key should list those of its own manager only.
fn several(managers: &BTreeSet<&AccountId>) -> Option<String> {
    // Quoted and escaped, because ids come from the API.
    let names: Vec<_> = managers.iter().map(|manager| format!("{:?}", manager.as_str())).collect();
    (names.len() > 1)
        .then(|| format!("they belong to {} managers: {}", names.len(), names.join(", ")))
}

/// Returns the manager of the accounts, or `None` if no account names it. Of several managers, which are a gap,
/// this is the first by id, so the order of the pages does not matter.
#[must_use]
pub fn manager(live: &Live) -> Option<&AccountId> {
    live.manager.as_ref()
}

/// Returns a manager other than the one that the manifest names, if at least one live account has one.
#[must_use]
pub fn wrong_manager<'a>(desired: &Desired, live: &'a Live) -> Option<&'a AccountId> {
    let wanted = desired.manager.as_ref()?;
    let mut managers = managers(&live.accounts);
    managers.extend(manager(live));
    managers.into_iter().find(|manager| *manager != wanted)
}
