//! The access review: every user of an organization, and what the manifest says about each. A pure function from
//! values to a document, which is JSON as it is and is rendered in the other formats.

mod changes;
mod rows;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::StateInfo;
use super::format::PathBase;
use super::json::{FORMAT_VERSION, pretty, schema};
use crate::manifest::{Places, canonical};
use crate::model::{Code, Day, Desired, Live, Policy, StaleUsers, UnlistedUsers};
use crate::plan::plan;
pub(super) use changes::ReviewChanges;
pub use changes::{EarlierReview, EarlierReviewError};
pub(super) use rows::{AcceptedCode, ReviewedUser};
pub(super) use text::{COLUMNS, cells, change_lines, counts, heading, notes};
pub use text::{csv, table};

/// The number of days within which the last day of an entry counts as near.
const SOON: i64 = 30;

/// The inputs of a review.
#[derive(Clone, Copy, Debug)]
pub struct ReviewInput<'a> {
    /// The manifest, if there is one.
    pub manifest: Option<ReviewedManifest<'a>>,
    /// The live side, with its users.
    pub live: &'a Live,
    /// The day of the read, in UTC.
    pub today: Day,
    /// The days after which a user is stale, instead of the manifest's `stale_after`.
    pub stale_after: Option<u32>,
    /// The folders that paths are relative to.
    pub base: &'a PathBase<'a>,
}

/// The manifest of a review.
#[derive(Clone, Copy, Debug)]
pub struct ReviewedManifest<'a> {
    /// The desired side.
    pub desired: &'a Desired,
    /// The places of its entries.
    pub places: &'a Places,
    /// The path as given.
    pub path: &'a Path,
}

/// The users of an organization and what the manifest says about each.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Access review of Trunkline")]
pub struct Review {
    /// The version of this format.
    #[schemars(schema_with = "schema::version")]
    format_version: u32,
    /// The label of the organization; null without a manifest.
    pub(super) organization: Option<String>,
    /// The day of the review, in UTC.
    #[schemars(schema_with = "schema::day")]
    pub(super) date: String,
    /// The path of the manifest; null if there is none.
    pub(super) manifest: Option<String>,
    /// True if everything was read. Otherwise users may be absent from the review.
    pub(super) complete: bool,
    /// The reasons why the read may be incomplete.
    pub(super) gaps: Vec<String>,
    /// The time after which a user without a sign-in is stale, such as `90d`; null if sign-ins are not checked.
    pub(super) stale_after: Option<String>,
    /// Counts of users and entries.
    pub(super) summary: ReviewSummary,
    /// The users and the missing entries, by email and id.
    pub(super) users: Vec<ReviewedUser>,
    /// The differences from an earlier review. Absent without `--since`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changes: Option<ReviewChanges>,
}

/// Counts of users and entries. A count is null if the manifest declares nothing to check it with.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct ReviewSummary {
    /// Users in the organization, including owners that only accounts name.
    pub users: usize,
    /// Owners of the organization.
    pub owners: usize,
    /// Users with `user_stale`, also if it is accepted.
    pub stale: Option<usize>,
    /// Users who may bypass single sign-on, allowed or not.
    pub sso_bypass: usize,
    /// Users in a group of `privileged_groups`, granted or not.
    pub privileged: Option<usize>,
    /// Users who are not in the manifest, or no longer.
    pub unlisted: Option<usize>,
    /// Entries whose users are not in the organization.
    pub missing: Option<usize>,
    /// Entries whose last day is within the next 30 days.
    pub expiring: Option<usize>,
    /// Users and entries with a reason for doubt.
    pub in_doubt: usize,
}

impl Review {
    /// Reviews the users.
    #[must_use]
    pub fn new(input: ReviewInput<'_>) -> Self {
        let ReviewInput { manifest, live, today, stale_after: _, base } = input;
        let desired = checked(input);
        let plan = plan(&desired, live, &crate::model::State::default(), today);
        let users = rows::rows(input, &plan);
        let entries = manifest.and_then(|manifest| manifest.desired.users.as_ref());
        let path = manifest.map(|manifest| base.name(manifest.path));
        Self {
            format_version: FORMAT_VERSION,
            organization: manifest.map(|manifest| manifest.desired.organization.clone()),
            date: today.to_string(),
            manifest: path,
            complete: live.gaps.is_empty(),
            gaps: live.gaps.iter().map(ToString::to_string).collect(),
            stale_after: desired.policy.access.stale_after.map(canonical::days_text),
            summary: ReviewSummary::of(&users, &desired.policy, entries.is_some(), today),
            users,
            changes: None,
        }
    }

    /// Adds the differences from an earlier review.
    ///
    /// # Errors
    ///
    /// Fails if the earlier review is of another organization.
    pub fn since(mut self, earlier: EarlierReview) -> Result<Self, EarlierReviewError> {
        self.changes = Some(ReviewChanges::between(earlier, &self)?);
        Ok(self)
    }

    /// Returns true if everything was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The reasons why the read may be incomplete.
    #[must_use]
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// The review as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        pretty(self)
    }

    /// The command that lists everything.
    pub(super) fn command(&self) -> String {
        let words = ["review"].into_iter().chain(self.manifest.as_deref());
        StateInfo::default().command(&words.collect::<Vec<_>>())
    }
}

/// Returns what the users are compared with. Policies that ignore or remove users report them here, so that a review
/// states the same facts under every policy.
fn checked(input: ReviewInput<'_>) -> Desired {
    let desired = input.manifest.map(|manifest| manifest.desired);
    let mut checked = Desired::new(String::new());
    checked.users = Some(BTreeMap::new());
    if let Some(Desired { policy, accept, users, .. }) = desired {
        checked.policy = policy.clone();
        checked.accept.clone_from(accept);
        checked.users = Some(users.clone().unwrap_or_default());
    }
    checked.policy.unlisted_users = UnlistedUsers::Report;
    checked.policy.access.stale_users = StaleUsers::Report;
    checked.policy.access.stale_after = input.stale_after.or(checked.policy.access.stale_after);
    checked
}

impl ReviewSummary {
    fn of(users: &[ReviewedUser], policy: &Policy, listed: bool, today: Day) -> Self {
        let count =
            |which: &dyn Fn(&ReviewedUser) -> bool| users.iter().filter(|one| which(one)).count();
        let found = |codes: &[Code]| count(&|user| codes.iter().any(|code| user.has(*code)));
        let access = &policy.access;
        let is_privileged = |user: &ReviewedUser| {
            let groups = user.groups.iter().flatten();
            groups.into_iter().any(|group| access.privileged_groups.contains(group))
        };
        let is_soon = |user: &ReviewedUser| {
            let until = user.until.as_ref().and_then(|until| until.parse::<Day>().ok());
            until.is_some_and(|until| (0..=SOON).contains(&until.days_since(today)))
        };
        Self {
            users: count(&ReviewedUser::is_present),
            owners: count(&|user| user.is_present() && user.role == Some("owner")),
            stale: access.stale_after.map(|_| found(&[Code::UserStale])),
            sso_bypass: count(&|user| user.bypasses_sso == Some(true)),
            privileged: (!access.privileged_groups.is_empty()).then(|| count(&is_privileged)),
            unlisted: listed.then(|| found(&[Code::UserUnlisted, Code::OwnerUnlisted])),
            missing: listed.then(|| found(&[Code::UserMissing])),
            expiring: listed.then(|| count(&is_soon)),
            in_doubt: count(&ReviewedUser::is_in_doubt),
        }
    }
}
