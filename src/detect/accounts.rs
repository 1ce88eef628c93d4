//! The accounts that are not cancelled, with their status where it is proven.

use std::collections::HashSet;

use super::status::{self, Lists, Members};
use crate::model::{AccountId, LiveAccount};
use crate::telnyx::{AccountSelection, Error, Listing, Reader, StatusFilter};

/// The number of reads of all lists until none has an account that is missing in the list of all accounts.
const SURVEYS: usize = 2;

/// Reads all accounts, with their status where the lists prove it.
///
/// An account in the list of one status that is missing in the list of all was most likely created between the two
/// reads, so everything is read once more. If that happens again, the list of all may lack other accounts too,
/// which is a gap.
///
/// # Errors
///
/// If a list cannot be read at all.
pub async fn accounts(reader: &Reader) -> Result<Listing<LiveAccount>, Error> {
    let mut listing = Listing { items: Vec::new(), gap: None };
    for _ in 0..SURVEYS {
        let survey = survey(reader).await?;
        let again = survey.stranger.is_some();
        listing = Listing { gap: survey.all.gap.or(survey.stranger), ..survey.all };
        if !again {
            break;
        }
    }
    Ok(listing)
}

/// The result of one read of all lists.
struct Survey {
    all: Listing<LiveAccount>,
    /// The reason if a list has an account that is missing in the list of all.
    stranger: Option<String>,
}

async fn survey(reader: &Reader) -> Result<Survey, Error> {
    let all = async {
        let begun = reader.begin(AccountSelection::All).await?;
        // The count goes out with the rest of the list.
        let enabled = status::enabled(reader, begun.total() > 0);
        tokio::try_join!(begun.finish(), enabled)
    };
    let disabled = status::members(reader, StatusFilter::Disabled);
    let blocked = status::members(reader, StatusFilter::Blocked);
    let ((mut all, enabled), disabled, blocked) = tokio::try_join!(all, disabled, blocked)?;
    let (Some(disabled), Some(blocked), Some(enabled)) = (disabled, blocked, enabled) else {
        return Ok(rejected(all));
    };
    let mut lists = Lists { disabled, blocked, enabled };
    let known = status::ids(&all.items);
    let listed = lists.disabled.ids.iter().chain(&lists.blocked.ids);
    let foreign = all.gap.is_none() && listed.into_iter().any(|id| !known.contains(id));
    let cancelled = if foreign { cancelled(reader, &known).await? } else { Members::default() };
    drop(known);
    // A strict list needs no narrowing, and proves more against a filter that is ignored.
    let mut proven = lists.prove(&all);
    if !proven {
        let narrowed = lists.clone().narrowed(&all, &cancelled);
        proven = narrowed.prove(&all);
        lists = if proven { narrowed } else { lists };
    }
    let mut read = vec![("disabled", &lists.disabled), ("blocked", &lists.blocked)];
    let members;
    if proven {
        for account in &mut all.items {
            account.status = Some(lists.by_absence(&account.id));
        }
    } else if lists.alike() {
        tracing::info!("the server ignores the status filter: every status is unknown");
    } else {
        tracing::info!("the lists of each status do not add up to the list of all accounts");
        let Some(enabled) = status::members(reader, StatusFilter::Enabled).await? else {
            return Ok(rejected(all));
        };
        for account in &mut all.items {
            account.status = lists.by_presence(&enabled, &account.id);
        }
        members = enabled;
        read.push(("enabled", &members));
    }
    let stranger = stranger(&all, &read);
    Ok(Survey { all, stranger })
}

/// The cancelled accounts, which other lists may contain: those that are not `known`. Without the filter the list has the
/// known ones, too.
async fn cancelled(reader: &Reader, known: &HashSet<&AccountId>) -> Result<Members, Error> {
    let filtered = status::unless_rejected(reader.accounts(AccountSelection::Cancelled).await)?;
    let mut listing = match filtered {
        Some(listing) => listing,
        None => reader.accounts(AccountSelection::WithCancelled).await?,
    };
    listing.items.retain(|account| !known.contains(&account.id));
    Ok(Members::from(listing))
}

fn rejected(all: Listing<LiveAccount>) -> Survey {
    tracing::info!("the server rejects the status filter: every status is unknown");
    Survey { all, stranger: None }
}

/// Returns the first of these lists with an account that is missing in the complete list of all.
fn stranger(all: &Listing<LiveAccount>, lists: &[(&str, &Members)]) -> Option<String> {
    if all.gap.is_some() {
        return None;
    }
    let known = status::ids(&all.items);
    lists.iter().find_map(|(name, list)| {
        let strangers = list.ids.iter().filter(|id| !known.contains(id)).count();
        (strangers > 0).then(|| {
            format!("the list of {name} accounts has {strangers} that the list of all lacks")
        })
    })
}
