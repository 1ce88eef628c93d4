//! The assignment of organizations to replicas: a pure function of what every replica can see.
//!
//! Replicas that see the same compute the same. A different view costs a needless move, never a second leader: each
//! lease has one holder, whatever is assigned.

use std::collections::{BTreeMap, BTreeSet};

/// The replicas of one organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Candidates<R> {
    /// The live replicas that could lead it.
    pub replicas: BTreeSet<R>,
    /// The replica that leads it, if any.
    pub leader: Option<R>,
    /// True if the leader cannot save what it remembers now, so that it keeps the organization.
    pub bound: bool,
}

/// Assigns each organization that has a candidate.
///
/// A leader keeps its organizations, and a free one goes to the candidate with the fewest. Then an organization moves
/// while its replica has at least two more than another candidate, so that the numbers differ by at most 1 where all
/// replicas are candidates of all organizations, and no more than necessary move.
pub(super) fn assign<O: Ord + Clone, R: Ord + Clone>(
    organizations: &BTreeMap<O, Candidates<R>>,
) -> BTreeMap<O, R> {
    let mut assigned = BTreeMap::new();
    let mut loads: BTreeMap<R, usize> = BTreeMap::new();
    for (organization, Candidates { replicas, leader, .. }) in organizations {
        for replica in replicas {
            loads.entry(replica.clone()).or_default();
        }
        if let Some(leader) = leader.as_ref().filter(|leader| replicas.contains(*leader)) {
            *loads.entry(leader.clone()).or_default() += 1;
            assigned.insert(organization.clone(), leader.clone());
        }
    }
    for (organization, Candidates { replicas, .. }) in organizations {
        if assigned.contains_key(organization) {
            continue;
        }
        let Some(idlest) = idlest(replicas, &loads) else { continue };
        *loads.entry(idlest.clone()).or_default() += 1;
        assigned.insert(organization.clone(), idlest);
    }
    // Each move makes the sum of the squared loads smaller, so this ends.
    while let Some((organization, from, to)) = next_move(organizations, &assigned, &loads) {
        *loads.entry(from).or_default() -= 1;
        *loads.entry(to.clone()).or_default() += 1;
        assigned.insert(organization, to);
    }
    assigned
}

/// The replica with the fewest organizations.
fn idlest<R: Ord + Clone>(replicas: &BTreeSet<R>, loads: &BTreeMap<R, usize>) -> Option<R> {
    replicas.iter().min_by_key(|replica| (loads.get(*replica), *replica)).cloned()
}

/// The move that evens out the largest difference.
fn next_move<O: Ord + Clone, R: Ord + Clone>(
    organizations: &BTreeMap<O, Candidates<R>>,
    assigned: &BTreeMap<O, R>,
    loads: &BTreeMap<R, usize>,
) -> Option<(O, R, R)> {
    let movable = organizations.iter().filter(|(_, candidates)| !candidates.bound);
    let moves = movable.filter_map(|(organization, Candidates { replicas, .. })| {
        let (from, to) = (assigned.get(organization)?, idlest(replicas, loads)?);
        let difference = loads.get(from)?.checked_sub(*loads.get(&to)?)?;
        (difference >= 2).then_some((difference, organization, from, to))
    });
    let (_, organization, from, to) =
        moves.max_by_key(|(difference, organization, ..)| (*difference, *organization))?;
    Some((organization.clone(), from.clone(), to))
}
