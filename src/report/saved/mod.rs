//! A saved plan: the JSON of a plan, the manifest and times that its execution needs, and a seal.
//!
//! The seal is the last field, a digest of the text before it. It detects damage by a disk, a transfer or an
//! editor. The seal is not a signature: whoever can write the file can seal it again. `apply --expect` protects
//! against a replaced file by the plan's own digest. That digest covers the actions and, by the digest of the
//! embedded manifest, everything that their execution reads. It does not cover the time of saving, nor the safety
//! limits, which `apply` computes again.
//!
//! The file contains no secrets: of a password, only its source.

mod read;

use std::time::Duration;

use jiff::Timestamp;

use super::digest::{BoundTo, sha256};
use super::json::{self, FindingDoc, PlanDoc};
use super::{PlanReport, StateInfo};
use crate::manifest::canonical;
use crate::model::Desired;
use crate::plan::Plan;

pub use read::{SavedPlanError, read};

/// The time for which a saved plan can be applied.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// A prefix of the sealed text, so that no other digest can serve as a seal.
const DOMAIN: &str = "trunkline saved plan, format 1\n";

/// A saved plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPlan {
    /// The manifest.
    pub desired: Desired,
    /// The inputs that the plan is bound to.
    pub bound_to: BoundTo,
    /// The plan without its findings, which are for readers. `apply` plans again and finds them anew.
    pub plan: Plan,
    /// The state that the plan was made with.
    pub state: StateInfo,
    /// The time of saving.
    pub created_at: Timestamp,
    /// The seal, which differs for every saved plan.
    pub seal: String,
}

/// The error for a plan that would not be read back unchanged.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the plan cannot be saved, because reading it back would give another plan: {0}")]
pub struct UnsavablePlan(#[source] SavedPlanError);

impl SavedPlan {
    /// The digest, as `plan` prints it.
    #[must_use]
    pub fn digest(&self) -> String {
        json::digest(self.report())
    }

    /// The plan as a report.
    #[must_use]
    pub fn report(&self) -> PlanReport<'_> {
        let Self { desired, bound_to, plan, state, created_at: _, seal: _ } = self;
        PlanReport { organization: &desired.organization, bound_to, plan, state }
    }

    /// The time from which the plan is no longer applied.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        expiry(self.created_at)
    }
}

/// The text of a saved plan, for [`read()`]. `created_at` is cut to whole seconds.
///
/// # Errors
///
/// If reading the text back would give another plan, for example because the name of a password's file is not
/// UTF-8.
pub fn write(
    report: PlanReport<'_>,
    desired: &Desired,
    created_at: Timestamp,
) -> Result<String, UnsavablePlan> {
    let text = text(report, json::findings(report), desired, created_at);
    read(text.as_bytes()).map_err(UnsavablePlan)?;
    Ok(text)
}

fn text(
    report: PlanReport<'_>,
    findings: Vec<FindingDoc<'_>>,
    desired: &Desired,
    created_at: Timestamp,
) -> String {
    let document = PlanDoc {
        manifest: Some(canonical(desired)),
        created_at: Some(seconds(created_at).to_string()),
        expires_at: Some(expiry(created_at).to_string()),
        state_path: report.state.path_from_plan.clone(),
        ..PlanDoc::new(report, findings)
    };
    let mut body = json::pretty(&document);
    body.truncate(body.len().saturating_sub("\n}\n".len()));
    let tail = tail(&body);
    body + &tail
}

/// The end of the text, which always has the same length.
fn tail(body: &str) -> String {
    format!(",\n  \"seal\": \"{}\"\n}}\n", sha256(&format!("{DOMAIN}{body}")))
}

/// The time from which a plan that was saved at `created_at` is no longer applied.
#[must_use]
pub fn expiry(created_at: Timestamp) -> Timestamp {
    seconds(created_at).saturating_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
