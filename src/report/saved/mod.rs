//! A saved plan: the JSON of a plan, what its execution needs beside, and a seal over all of it.
//!
//! The seal is the last field, a digest of the text before it as it stands. It says that the file is whole
//! and as it was written: it guards against a disk, a transfer and a careless editor. It is no signature:
//! who can write the file can seal it again. Against a file that was exchanged the plan's own digest
//! guards, told to `apply` by `--expect`: it covers the actions and, by the digest of the manifest that is
//! in the file too, everything that their execution reads from it; not the time it was saved at, nor the
//! guards as they stood then, which are reckoned again when it is applied.
//!
//! There is no secret in it: of a password only where it is read from, once it is applied.

mod read;

use std::time::Duration;

use jiff::Timestamp;

use super::Report;
use super::digest::{BoundTo, sha256};
use super::json::{self, FindingDoc, PlanDoc};
use crate::manifest::canonical;
use crate::model::Desired;
use crate::plan::Plan;

pub use read::{Unreadable, read};

/// How long a saved plan may be applied.
pub const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What the seal is a digest of, beside the text: a digest of anything else is no seal.
const DOMAIN: &str = "trunkline saved plan, format 1\n";

/// A plan that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// What it was made of.
    pub desired: Desired,
    /// What it was made for.
    pub bound_to: BoundTo,
    /// It, without its findings: those are for readers, and are found anew when it is applied.
    pub plan: Plan,
    /// When it was saved.
    pub created_at: Timestamp,
    /// Of the whole file: no other saved plan has the same one.
    pub seal: String,
}

/// A plan cannot be saved.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the plan cannot be saved: what would be read again is not what was planned: {0}")]
pub struct Unsavable(#[source] Unreadable);

impl Saved {
    /// Its digest, as a plan prints it.
    #[must_use]
    pub fn digest(&self) -> String {
        let Self { desired, bound_to, plan, created_at: _, seal: _ } = self;
        json::digest(Report { organization: &desired.organization, bound_to, plan })
    }

    /// From when on it is not applied any more.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        expiry(self.created_at)
    }
}

/// The text of a file that [`read()`] reads again. `created_at` is taken in whole seconds.
///
/// # Errors
///
/// When reading it again would not give the same plan: for example, a password's file has a name that is no
/// UTF-8.
pub fn write(
    desired: &Desired,
    bound_to: &BoundTo,
    plan: &Plan,
    created_at: Timestamp,
) -> Result<String, Unsavable> {
    let report = Report { organization: &desired.organization, bound_to, plan };
    let findings = plan.findings.iter().map(FindingDoc::from).collect();
    let text = text(report, findings, desired, created_at);
    read(text.as_bytes()).map_err(Unsavable)?;
    Ok(text)
}

fn text(
    report: Report<'_>,
    findings: Vec<FindingDoc<'_>>,
    desired: &Desired,
    created_at: Timestamp,
) -> String {
    let document = PlanDoc {
        manifest: Some(canonical(desired)),
        created_at: Some(seconds(created_at).to_string()),
        expires_at: Some(expiry(created_at).to_string()),
        ..PlanDoc::new(report, findings)
    };
    let mut body = json::pretty(&document);
    body.truncate(body.len().saturating_sub("\n}\n".len()));
    let tail = tail(&body);
    body + &tail
}

/// The end of the text: always of the same length.
fn tail(body: &str) -> String {
    format!(",\n  \"seal\": \"{}\"\n}}\n", sha256(&format!("{DOMAIN}{body}")))
}

/// From when on a plan that was saved at a time is not applied any more.
#[must_use]
pub fn expiry(created_at: Timestamp) -> Timestamp {
    seconds(created_at).saturating_add(LIFETIME).unwrap_or(Timestamp::MAX)
}

fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
