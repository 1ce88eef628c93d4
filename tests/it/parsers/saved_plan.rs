//! Saved plans, changed under a seal that fits.

use jiff::Timestamp;
use proptest::prelude::*;
use trunkline::report::{BoundTo, PlanReport, StateInfo, desired_digest, save};

use super::entry::saved_plan::saved_plan;
use super::mutate::{cases, changes, cut, edited, law};
use super::tree::Tree;
use crate::support::world::{World, worlds};

/// The file of the plan of a world.
pub(super) fn saved(world: &World, time: i64) -> String {
    let bound_to = BoundTo {
        desired: desired_digest(&world.want),
        manager_account_id: Some("manager-1".to_owned()),
        base_url: "https://api.telnyx.com/v2".to_owned(),
    };
    let (plan, state) = (world.plan(), StateInfo::default());
    let organization = world.want.organization.as_str();
    let report = PlanReport { organization, bound_to: &bound_to, plan: &plan, state: &state };
    save(report, &world.want, Timestamp::from_second(time).unwrap()).unwrap()
}

#[test]
fn any_saved_plan_is_what_it_says_or_is_refused_whatever_its_seal() {
    let documents =
        (worlds(0.1), 0..4_000_000_000_i64, changes()).prop_map(|(world, time, (edits, end))| {
            cut(&edited(Tree::of(&saved(&world, time)), &edits).json_file(), &end)
        });
    law(cases(1.0, file!()), saved_plan, 16, documents);
}
