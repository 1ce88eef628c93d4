//! The assignment under any sequence of joins, ends and pauses, with leases that have the rules of the lock of a bucket;
//! and the roles of one replica.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::assign::{Candidates, assign};
use super::{Error, LeaderLease, Leadership, LeadershipChange, LeadershipRole};

/// The lease time, in steps of the simulation. It is renewed every third of it.
const LEASE: u32 = 6;
const RENEWAL: u32 = LEASE / 3;

/// The record of a lease in the backend.
#[derive(Clone, Debug, Default)]
struct Record {
    holder: Option<usize>,
    epoch: u32,
    renewed: u32,
}

/// A replica, with what it believes.
#[derive(Debug, Default)]
struct Replica {
    paused: bool,
    /// Its presence in the list: the number of renewals.
    renewed: u32,
    /// The leases that it holds, each with the epoch and the time until which it is certainly held.
    held: BTreeMap<usize, (u32, u32)>,
    /// The version of each lease of another replica, and the time at which it was first seen.
    seen: BTreeMap<usize, ((u32, u32), u32)>,
    /// The same for the presence of each replica.
    present: BTreeMap<usize, (u32, u32)>,
    published: BTreeSet<usize>,
    next: u32,
}

/// The backend, the replicas, and the time by a clock that all have but none compares.
#[derive(Debug)]
struct World {
    now: u32,
    leases: Vec<Record>,
    replicas: BTreeMap<usize, Replica>,
    /// The published renewals, with the organizations that each replica leads.
    list: BTreeMap<usize, (u32, BTreeSet<usize>)>,
}

#[derive(Clone, Debug)]
enum Step {
    Join,
    Kill(prop::sample::Index),
    Pause(prop::sample::Index),
    Continue,
    Wait(u32),
}

impl World {
    fn new(organizations: usize) -> Self {
        let leases = vec![Record::default(); organizations];
        Self { now: 0, leases, replicas: BTreeMap::new(), list: BTreeMap::new() }
    }

    fn apply(&mut self, step: &Step, joined: &mut usize) {
        let chosen = |index: &prop::sample::Index, world: &Self| {
            let ids: Vec<_> = world.replicas.keys().copied().collect();
            (!ids.is_empty()).then(|| ids[index.index(ids.len())])
        };
        match step {
            Step::Join => {
                // Replicas act at different times.
                let next = self.now + u32::from(*joined % 2 == 1);
                self.replicas.insert(*joined, Replica { next, ..Replica::default() });
                *joined += 1;
            }
            Step::Kill(index) => {
                if let Some(id) = chosen(index, self) {
                    self.replicas.remove(&id);
                }
            }
            Step::Pause(index) => {
                if let Some(id) = chosen(index, self) {
                    self.replicas.get_mut(&id).unwrap().paused = true;
                }
            }
            Step::Continue => self.replicas.values_mut().for_each(|one| one.paused = false),
            Step::Wait(steps) => (0..*steps).for_each(|_| self.tick()),
        }
    }

    fn tick(&mut self) {
        self.now += 1;
        let ids: Vec<_> = self.replicas.keys().copied().collect();
        for id in ids {
            let replica = &self.replicas[&id];
            if !replica.paused && replica.next <= self.now {
                self.act(id);
            }
        }
        self.check();
    }

    /// One renewal of a replica: its leases, its presence, and what it should lead.
    fn act(&mut self, id: usize) {
        let now = self.now;
        let replica = self.replicas.get_mut(&id).unwrap();
        replica.next = now + RENEWAL;
        let leases = &mut self.leases;
        replica.held.retain(|organization, (epoch, until)| {
            let lease = &mut leases[*organization];
            let ours = now < *until && lease.holder == Some(id) && lease.epoch == *epoch;
            if ours {
                lease.renewed += 1;
                *until = now + LEASE;
            }
            ours
        });
        let wanted = self.wanted(id);
        let replica = self.replicas.get_mut(&id).unwrap();
        for (organization, lease) in self.leases.iter_mut().enumerate() {
            let version = (lease.epoch, lease.renewed);
            if replica.held.contains_key(&organization) {
                if !wanted.contains(&organization) {
                    replica.held.remove(&organization);
                    lease.holder = None;
                }
                continue;
            }
            let (_, since) = *replica
                .seen
                .entry(organization)
                .and_modify(|seen| {
                    if seen.0 != version {
                        *seen = (version, now);
                    }
                })
                .or_insert((version, now));
            let free = lease.holder.is_none() || now >= since + LEASE;
            if free && wanted.contains(&organization) {
                *lease =
                    Record { holder: Some(id), epoch: lease.epoch + 1, renewed: lease.renewed };
                replica.held.insert(organization, (lease.epoch, now + LEASE));
            }
        }
        // Changes are published at once.
        self.publish(id);
    }

    fn publish(&mut self, id: usize) {
        let replica = self.replicas.get_mut(&id).unwrap();
        replica.renewed += 1;
        replica.published = replica.held.keys().copied().collect();
        self.list.insert(id, (replica.renewed, replica.published.clone()));
    }

    /// The organizations that a replica should lead, as it sees the list.
    fn wanted(&mut self, id: usize) -> BTreeSet<usize> {
        self.publish(id);
        let (now, list) = (self.now, &mut self.list);
        let replica = self.replicas.get_mut(&id).unwrap();
        replica.present.retain(|other, _| list.contains_key(other));
        list.retain(|other, (renewed, _)| {
            let (_, since) = *replica
                .present
                .entry(*other)
                .and_modify(|seen| {
                    if seen.0 != *renewed {
                        *seen = (*renewed, now);
                    }
                })
                .or_insert((*renewed, now));
            now < since + LEASE
        });
        let replicas: BTreeSet<usize> = list.keys().copied().collect();
        let organizations = (0..self.leases.len()).map(|organization| {
            let leads = |(id, (_, led)): (&usize, &(u32, BTreeSet<usize>))| {
                led.contains(&organization).then_some(*id)
            };
            let leader = list.iter().find_map(leads);
            (organization, Candidates { replicas: replicas.clone(), leader, bound: false })
        });
        let assigned = assign(&organizations.collect());
        assigned
            .into_iter()
            .filter(|(_, to)| *to == id)
            .map(|(organization, _)| organization)
            .collect()
    }

    /// Never two replicas with a valid lease of the same organization.
    fn check(&self) {
        for organization in 0..self.leases.len() {
            let valid = self.replicas.iter().filter(|(_, replica)| {
                replica.held.get(&organization).is_some_and(|(_, until)| self.now < *until)
            });
            let valid: Vec<_> = valid.map(|(id, _)| id).collect();
            assert!(valid.len() <= 1, "{organization} is led by {valid:?} at {}", self.now);
        }
    }

    /// The number of organizations that each replica leads.
    fn loads(&self) -> Vec<usize> {
        self.replicas.values().map(|replica| replica.held.len()).collect()
    }

    fn is_balanced(&self) -> bool {
        let loads = self.loads();
        let spread =
            loads.iter().max().zip(loads.iter().min()).map_or(0, |(most, least)| most - least);
        loads.iter().sum::<usize>() == self.leases.len() && spread <= 1
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Join),
        2 => any::<prop::sample::Index>().prop_map(Step::Kill),
        2 => any::<prop::sample::Index>().prop_map(Step::Pause),
        2 => Just(Step::Continue),
        4 => (1..3 * LEASE).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..24)
}

proptest! {
    #[test]
    fn any_sequence_converges_and_no_organization_has_two_leaders(
        steps in steps(),
        organizations in 0_usize..40,
    ) {
        let (mut world, mut joined) = (World::new(organizations), 0);
        for step in &steps {
            world.apply(step, &mut joined);
        }
        world.apply(&Step::Continue, &mut joined);
        world.apply(&Step::Join, &mut joined);
        // Leases of killed replicas expire first.
        (0..3 * LEASE).for_each(|_| world.tick());
        prop_assert!(world.is_balanced(), "{:?} of {}", world.loads(), organizations);
        let before: Vec<_> = world.leases.iter().map(|lease| lease.epoch).collect();
        (0..4 * LEASE).for_each(|_| world.tick());
        let after: Vec<_> = world.leases.iter().map(|lease| lease.epoch).collect();
        prop_assert_eq!(before, after, "it stays as it is");
    }

    #[test]
    fn after_a_change_it_is_even_within_two_lease_times(
        organizations in 0_usize..40,
        replicas in 1_usize..6,
        join in any::<bool>(),
        index in any::<prop::sample::Index>(),
    ) {
        let (mut world, mut joined) = (World::new(organizations), 0);
        for _ in 0..=replicas {
            world.apply(&Step::Join, &mut joined);
        }
        world.apply(&Step::Wait(4 * LEASE), &mut joined);
        prop_assert!(world.is_balanced(), "{:?}", world.loads());
        world.apply(&if join { Step::Join } else { Step::Kill(index) }, &mut joined);
        world.apply(&Step::Wait(2 * LEASE), &mut joined);
        prop_assert!(world.is_balanced(), "{:?} of {}", world.loads(), organizations);
    }

    #[test]
    fn the_assignment_is_even_keeps_what_it_can_and_names_candidates_only(
        leaders in prop::collection::vec(prop::option::of(0_usize..7), 0..60),
        replicas in prop::collection::btree_set(0_usize..7, 1..7),
    ) {
        let candidates = |leader: &Option<usize>| Candidates { replicas: replicas.clone(), leader: *leader, bound: false };
        let organizations: BTreeMap<usize, _> =
            leaders.iter().map(candidates).enumerate().collect();
        let assigned = assign(&organizations);
        prop_assert_eq!(assigned.len(), leaders.len());
        let load = |of: &usize| assigned.values().filter(|to| *to == of).count();
        let loads: Vec<usize> = replicas.iter().map(load).collect();
        prop_assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 1, "{:?}", loads);
        prop_assert!(assigned.values().all(|to| replicas.contains(to)));
        // A leader loses no more than what is over the larger share.
        let share = leaders.len() / replicas.len();
        for replica in &replicas {
            let led = |(organization, leader): &(usize, &Option<usize>)| {
                **leader == Some(*replica) && assigned[organization] == *replica
            };
            let before = leaders.iter().filter(|leader| **leader == Some(*replica)).count();
            let kept = leaders.iter().enumerate().filter(led).count();
            prop_assert!(kept >= before.min(share), "{} of {} kept, share {}", kept, before, share);
        }
    }
}

#[test]
fn an_organization_goes_only_to_its_candidates() {
    let of = |replicas: &[&'static str], leader| Candidates {
        replicas: replicas.iter().copied().collect(),
        leader,
        bound: false,
    };
    let organizations: BTreeMap<_, _> = [
        ("a", of(&["x"], None)),
        ("b", of(&["x"], Some("x"))),
        ("c", of(&["x", "y"], Some("x"))),
        ("d", of(&["x", "y"], Some("z"))),
        ("e", of(&[], Some("x"))),
    ]
    .into();
    let wanted = [("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")].into();
    assert_eq!(assign(&organizations), wanted);
}

#[test]
fn an_organization_that_cannot_be_saved_stays_with_its_leader() {
    let led = |organization: u32| {
        let replicas = ["x", "y"].into();
        (organization, Candidates { replicas, leader: Some("x"), bound: organization >= 3 })
    };
    let assigned = assign(&(0..4).map(led).collect());
    assert_eq!(assigned, [(0, "x"), (1, "y"), (2, "y"), (3, "x")].into());
}

/// A leadership in a role. `former` is true if this replica was the last leader.
fn leadership(role: LeadershipRole, former: bool) -> Leadership {
    Leadership { role, former: former.then(|| "a lease".to_owned()), ..Leadership::always() }
}

#[test]
fn a_leader_over_its_share_is_recognized() {
    let (wish, wanted) = tokio::sync::watch::channel(true);
    let leader = LeadershipRole::Leader(LeaderLease::alone());
    let leadership = Leadership { wanted, ..leadership(leader, false) };
    assert!(!leadership.is_over_its_share());
    wish.send(false).unwrap();
    assert!(leadership.is_over_its_share());
}

#[test]
fn a_replica_that_is_cut_off_keeps_its_role_and_may_not_write() {
    let cases = [
        (LeadershipRole::Standby(None), false, false),
        (LeadershipRole::Standby(None), true, false),
        // The last leader, and a replica that never reached the backend, go on.
        (LeadershipRole::Pending, true, true),
        (LeadershipRole::Pending, false, true),
    ];
    for (role, former, runs) in cases {
        let mut replica = leadership(role, former);
        for again in [false, true] {
            let error = Error::LockLost { place: "s3://states/acme.json".to_owned() };
            let change = replica.finish(Some(Err(error)));
            let Some(LeadershipChange::CutOff { repeated, .. }) = change else {
                panic!("{change:?}");
            };
            assert_eq!(repeated, again);
            assert_eq!((replica.is_leader(), replica.is_standby()), (runs, !runs), "{replica:?}");
            assert_eq!(replica.is_last_leader(), runs && former, "{replica:?}");
            assert!(replica.may_write().is_none() && !replica.is_over_its_share(), "{replica:?}");
            assert!(replica.cut_off().is_some());
        }
    }
}
