//! Laws of the manifest that goes back to what was live before an apply.

use std::path::Path;

use proptest::prelude::*;
use trunkline::manifest;
use trunkline::report::{Snapshot, StateInfo};

use super::laws::rich_law;
use super::*;
use crate::support::world::{TODAY, World};

/// The snapshot of an apply that sends `sent`.
fn snapshot(world: &World, sent: &Plan) -> Snapshot {
    Snapshot::new(&world.want, &world.read(), &world.state, day(TODAY), sent)
}

/// The world with the snapshot as its manifest.
fn with(world: &World, snapshot: &Snapshot) -> World {
    World { want: snapshot.desired.clone(), ..world.clone() }
}

#[test]
fn a_snapshot_reads_back_and_a_plan_of_it_before_the_apply_only_creates_what_the_apply_creates() {
    rich_law(0.3, |mut world| {
        // A manifest accepts each drift once, and no notices.
        let mut seen = BTreeSet::new();
        let accept = &mut world.want.accept;
        accept.retain(|one| one.code.is_drift() && seen.insert((one.code, one.email.clone())));
        let whole = world.plan();
        let first = whole.requested().next().map(Action::email).cloned();
        let target = whole.clone().choose(&world.want, &world.read(), &first.into_iter().collect());
        for sent in [whole, target, Plan::default()] {
            let snapshot = snapshot(&world, &sent);
            let yaml = snapshot.yaml("s.yaml", &StateInfo::default());
            let read = manifest::parse(Path::new("s.yaml"), &yaml);
            prop_assert_eq!(read.as_ref(), Ok(&snapshot.desired), "{}", yaml);
            let again = with(&world, &snapshot).plan();
            let created: Vec<&Email> =
                sent.requested().filter(|one| one.is_create()).map(Action::email).collect();
            let new = |one: &Action| {
                (one.is_create() || one.awaits_create()) && created.contains(&one.email())
            };
            prop_assert!(again.requested().all(new), "{:#?}\n{}", again.actions, yaml);
            prop_assert_eq!(again.destructive(), 0);
        }
        Ok(())
    });
}

#[test]
fn nothing_that_a_rule_withholds_now_happens_when_going_back_later() {
    rich_law(0.5, |world| {
        let snapshot = snapshot(&world, &world.plan());
        let mut later = with(&world, &snapshot);
        later.gaps.clear();
        later.allocatable = 1000;
        later.want.policy.protected.clear();
        let live = later.read();
        for action in later.plan().requested() {
            prop_assert!(!action.is_destructive() && !action.is_assertion(), "{action:?}");
            let raises = |one: &Action| {
                matches!(one, Action::SetChannelLimit { target: AccountTarget::Live(_), .. })
            };
            prop_assert!(!raises(action), "{action:?} of {live:#?}");
        }
        Ok(())
    });
}

#[test]
fn going_back_restores_every_account_that_the_head_does_not_name_and_removes_no_user() {
    rich_law(0.0, |before| {
        let plan = before.plan();
        let snapshot = snapshot(&before, &plan);
        let yaml = snapshot.yaml("s.yaml", &StateInfo::default());
        let named = |one: &LiveAccount| {
            yaml.contains(&format!("the account {} is protected", one.email))
                || yaml.contains(&format!("the account {} (", one.id))
        };
        let mut after = before.clone();
        let refused = after.apply(&plan);
        let mut back = with(&after, &snapshot);
        let plan_back = back.plan();
        let is_removal = |action: &&Action| matches!(action, Action::RemoveUser { .. });
        prop_assert_eq!(plan_back.requested().find(is_removal), None);
        let refused_back = back.apply(&plan_back);
        // A new or protected account may keep channels that others had. The plan then withholds their limits.
        let taken = after.allotment > 0 && plan.requested().any(Action::is_create)
            || plan_back.withheld > 0;
        let limits = !taken && refused.is_empty() && refused_back.is_empty();
        for (old, new) in before.accounts.iter().zip(&back.accounts) {
            if named(&old.account) {
                continue;
            }
            prop_assert_eq!(old.account.status, new.account.status, "{}", yaml);
            let pricing = |one: &LiveAccount| one.custom_pricing.unwrap_or(false);
            prop_assert_eq!(pricing(&old.account), pricing(&new.account), "{}", yaml);
            if limits && plan.inventory.limits.contains_key(&old.account.id) {
                prop_assert_eq!(old.limit, new.limit, "{}", yaml);
            }
        }
        for new in &back.accounts[before.accounts.len()..] {
            let disabled = new.account.status == Some(Status::Disabled);
            prop_assert!(disabled || named(&new.account), "{}", yaml);
        }
        Ok(())
    });
}
