//! The file of a saved plan: whatever is written is read again, and nothing else is.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use ring::digest::{SHA256, digest};
use trunkline::model::{Accepted, AccountId, Budget, Code, Desired, Email, PasswordSource};
use trunkline::plan::{Inventory, Plan};
use trunkline::report::{
    self, BoundTo, PlanReport, SavedPlanError, StateInfo, read_saved as read, save as write,
};

use crate::support::manifests::texts;
use crate::support::world::{World, worlds};

const MANAGER: &str = "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10";
const CREATED: &str = "2026-03-01T12:00:00Z";

fn created() -> Timestamp {
    CREATED.parse().unwrap()
}

fn bound_to(desired: &Desired) -> BoundTo {
    BoundTo {
        desired: report::desired_digest(desired),
        manager_account_id: Some(MANAGER.to_owned()),
        base_url: "https://api.telnyx.example/v2".to_owned(),
    }
}

/// The parts that differ between entries.
type Extra = (String, bool, u8);

fn extras() -> impl Strategy<Value = Vec<Extra>> {
    let name = prop_oneof!["[a-z]{1,5}", texts()];
    vec((name, any::<bool>(), 0..3_u8), 7)
}

/// A world whose manifest uses everything there is.
fn filled(mut world: World, extras: Vec<Extra>, percent: u8) -> World {
    for (account, (name, connections, source)) in world.want.accounts.values_mut().zip(extras) {
        account.reenable_connections = connections;
        account.password_from = match source {
            0 => None,
            1 => Some(PasswordSource::Env(format!("TRUNKLINE_SECRET_{}", name.len()))),
            _ => Some(PasswordSource::File(format!("/secrets/{name}").into())),
        };
        account.name = name;
    }
    world.want.manager = (percent > 50).then(|| AccountId::new(MANAGER));
    world.want.policy.budgets.removals = Budget::Percent(percent);
    world.want.policy.budgets.enables = Budget::Count(u64::from(percent));
    world.want.accept = vec![Accepted {
        code: Code::UserMissing,
        email: Some(Email::new("zoe@shop.example")),
        until: "2027-01-31".parse().unwrap(),
        reason: (percent > 60).then(|| "invited".to_owned()),
    }];
    world
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn any_saved_plan_reads_back_unchanged(
        world in worlds(0.1),
        extras in extras(),
        percent in 0..=100_u8,
        time in 0..4_000_000_000_i64,
    ) {
        let world = filled(world, extras, percent);
        let plan = world.plan();
        let created_at = Timestamp::from_second(time).unwrap();
        let bound_to = bound_to(&world.want);
        let state = StateInfo { location: "s3://bucket/acme.json".to_owned(), new: percent > 50, ..StateInfo::default() };
        let organization = world.want.organization.as_str();
        let report = PlanReport { organization, bound_to: &bound_to, plan: &plan, state: &state };
        let text = write(report, &world.want, created_at).unwrap();
        let saved = read(text.as_bytes()).unwrap();
        // Its findings are for readers, and the rest is known again when it is applied.
        let limits = BTreeMap::new();
        let inventory = Inventory { limits, ..plan.inventory.clone() };
        let kept = Plan { findings: Vec::new(), inventory, ..plan.clone() };
        prop_assert_eq!(&saved.plan, &kept);
        prop_assert_eq!(&saved.desired, &world.want);
        prop_assert_eq!(&saved.bound_to, &bound_to);
        prop_assert_eq!(saved.created_at, created_at);
        prop_assert_eq!(&saved.state, &state);
        prop_assert_eq!(saved.digest(), report::digest(report));
        prop_assert_eq!(write(report, &world.want, created_at).unwrap(), text);
    }
}

/// A small plan as a file.
fn sample() -> String {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    loop {
        let tree = (worlds(0.0), extras()).new_tree(&mut runner).unwrap();
        let (world, extras) = tree.current();
        let world = filled(world, extras, 25);
        let plan = world.plan();
        if plan.destructive() > 0
            && plan.actions.len() > 4
            && !plan.findings.is_empty()
            && !plan.guards.is_empty()
        {
            let (bound_to, state) = (bound_to(&world.want), StateInfo::default());
            let organization = world.want.organization.as_str();
            let report =
                PlanReport { organization, bound_to: &bound_to, plan: &plan, state: &state };
            return write(report, &world.want, created()).unwrap();
        }
    }
}

/// The text with another seal, one that fits: sha256 of a line that says what it is, and all before the seal.
fn sealed_again(text: &str) -> String {
    let body = &text[..text.rfind(",\n  \"seal\"").unwrap()];
    let mut seal = String::new();
    let sealed = format!("trunkline saved plan, format 1\n{body}");
    for byte in digest(&SHA256, sealed.as_bytes()).as_ref() {
        write!(seal, "{byte:02x}").unwrap();
    }
    format!("{body},\n  \"seal\": \"sha256:{seal}\"\n}}\n")
}

#[test]
fn a_lie_under_a_seal_that_fits_is_found_and_its_line_is_named() {
    let text = sample();
    assert_eq!(sealed_again(&text), text);
    let lies = [
        ("\"destructive\": true", "\"destructive\": false"),
        ("\"refused\": ", "\"refused\":  "),
        ("\"organization\": \"world\"", "\"organization\": \"other\""),
        ("max_disables: 25%", "max_disables: 100%"),
        ("\"destructive\": ", "\"destructive\": 1"),
        ("\"digest\": \"sha256:", "\"digest\": \"sha256:0"),
        ("\"bound_to\": {", "\"bound_to\": {\n    \"colour\": \"red\","),
        ("\"manifest\": \"version", "\"manifest\": \"# a remark\\nversion"),
        ("\"expires_at\": \"2026", "\"expires_at\": \"2036"),
        ("\"created_at\": \"2026-03-01T12:00:00Z", "\"created_at\": \"2026-03-01T12:00:00.5Z"),
        ("\"format_version\": 1,", "\"format_version\": 1, \"format_version\": 1,"),
    ];
    for (from, to) in lies {
        assert!(text.contains(from), "{from}");
        let read = read(sealed_again(&text.replacen(from, to, 1)).as_bytes());
        assert!(matches!(read, Err(SavedPlanError::Invalid(_))), "{from}: {read:?}");
    }
    let said = |from, to| match read(sealed_again(&text.replacen(from, to, 1)).as_bytes()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{from} is believed"),
    };
    let expiry = said("\"expires_at\": \"2026", "\"expires_at\": \"2036");
    let line = 1 + text.lines().take_while(|line| !line.contains("expires_at")).count();
    assert!(expiry.ends_with(&format!("line {line} does not follow from the rest")), "{expiry}");
}

#[test]
fn a_saved_plan_of_another_version_is_reported_as_such() {
    let newer = sample().replacen("\"format_version\": 1", "\"format_version\": 2", 1);
    assert_eq!(read(newer.as_bytes()), Err(SavedPlanError::Version(2)));
}
