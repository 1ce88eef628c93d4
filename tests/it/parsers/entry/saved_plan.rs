//! A saved plan: as it is, and under a seal that fits.

use serde_json::Value;
use trunkline::plan::{Action, Plan};
use trunkline::report::{LIFETIME, SavedPlan, SavedPlanError, desired_digest, read_saved, save};

use super::seal::{flipped, sealed};
use super::{Taken, assert_harmless};

/// Takes the file of a saved plan; its seal is put right before it is read a second time.
///
/// One that is accepted says what the file says, field by field, is written again as it was, and is refused with
/// any byte changed. One that is refused under its own seal is so for what it says.
pub(crate) fn saved_plan(bytes: &[u8]) -> Taken {
    let as_it_is = read(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert_eq!(as_it_is, Err(SavedPlanError::Incomplete));
        return Taken::Refused;
    };
    let text = sealed(text, "seal", "trunkline saved plan, format 1\n");
    match read(text.as_bytes()) {
        Ok(saved) => {
            assert_says(&saved, &text);
            assert_written_again(&saved);
            let other = read_saved(&flipped(text.as_bytes()));
            assert!(other.is_err(), "another file is the same plan: {other:?}");
            Taken::Accepted
        }
        Err(why) => {
            assert!(matches!(why, SavedPlanError::Invalid(_)), "its seal is right: {why}");
            assert!(as_it_is.is_err(), "it is only refused under the right seal: {text}");
            Taken::Refused
        }
    }
}

fn read(bytes: &[u8]) -> Result<SavedPlan, SavedPlanError> {
    let read = read_saved(bytes);
    if let Err(why) = &read {
        assert_harmless(&why.to_string());
    }
    read
}

/// Checks that the result agrees with every field of the file.
fn assert_says(saved: &SavedPlan, text: &str) {
    let SavedPlan { desired, bound_to, plan, state, created_at, seal } = saved;
    let file: Value = serde_json::from_str(text).unwrap();
    assert_eq!(file["organization"], *desired.organization);
    assert_eq!(file["bound_to"]["desired"], desired_digest(desired));
    assert_eq!(file["bound_to"]["base_url"], *bound_to.base_url);
    assert_eq!(file["inventory"]["state"]["location"], *state.location);
    assert_eq!(file["digest"], saved.digest());
    assert_eq!(file["seal"], **seal);
    assert_eq!(file["created_at"], created_at.to_string());
    assert_eq!(file["expires_at"], saved.expires_at().to_string(), "it says when it expires");
    assert!(saved.expires_at().duration_since(*created_at).unsigned_abs() <= LIFETIME);
    assert_actions(plan, &file);
    assert_eq!(file["guards"].as_array().map(Vec::len), Some(plan.guards.len()));
    assert_eq!(file["manifest"], trunkline::manifest::canonical(desired));
}

fn assert_actions(plan: &Plan, file: &Value) {
    let written = file["actions"].as_array().unwrap();
    assert_eq!(written.len(), plan.actions.len());
    for (action, written) in plan.requested().zip(written) {
        assert_eq!(written["email"], *action.email().as_str());
        assert_eq!(written["destructive"], action.is_destructive());
    }
    let creates = plan.requested().filter(|action| action.is_create()).count();
    assert_eq!(file["summary"]["create"], creates);
    let removed = |action: &&Action| matches!(action, Action::RemoveUser { .. });
    assert_eq!(file["summary"]["remove"], plan.requested().filter(removed).count());
}

/// Checks that the result can be saved and read again unchanged, except for the seal: findings are not read.
fn assert_written_again(saved: &SavedPlan) {
    let text = save(saved.report(), &saved.desired, saved.created_at).unwrap();
    let again = read_saved(text.as_bytes()).unwrap();
    assert_eq!(SavedPlan { seal: saved.seal.clone(), ..again }, *saved);
}
