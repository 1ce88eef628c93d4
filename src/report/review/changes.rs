//! The differences between two reviews of an organization: users who came or went, and whose access changed.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::escape::line;
use super::super::json::{FORMAT_VERSION, schema};
use super::{Review, ReviewedUser};
use crate::model::{Day, Email};

/// An earlier review, read from its JSON.
#[derive(Clone, Debug, Deserialize)]
pub struct EarlierReview {
    organization: Option<String>,
    date: String,
    complete: bool,
    users: Vec<EarlierUser>,
}

/// The reason why an earlier review is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EarlierReviewError {
    /// The text is something else.
    #[error("this is not an access review as JSON: {0}")]
    NotAReview(String),
    /// The format is unknown.
    #[error("the review has format_version {0}, which this version of trunkline does not support")]
    Version(u64),
    /// The review is of another organization.
    #[error("the review is of organization {earlier}, not of {current}")]
    Organization {
        /// The label in the earlier review.
        earlier: String,
        /// The label in the manifest.
        current: String,
    },
}

#[derive(Clone, Debug, Deserialize)]
struct EarlierUser {
    email: String,
    id: Option<String>,
    presence: String,
    role: Option<String>,
    status: Option<String>,
    groups: Option<BTreeSet<String>>,
    bypasses_sso: Option<bool>,
}

impl EarlierUser {
    fn is_present(&self) -> bool {
        matches!(self.presence.as_str(), "live" | "hidden")
    }

    fn is_owner(&self) -> bool {
        self.is_present() && self.role.as_deref() == Some("owner")
    }
}

impl EarlierReview {
    /// Reads a review from its JSON.
    ///
    /// # Errors
    ///
    /// Fails if the text is not a review, or has another version.
    pub fn read(bytes: &[u8]) -> Result<Self, EarlierReviewError> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u64,
        }
        let other =
            |error: serde_json::Error| EarlierReviewError::NotAReview(line(&error.to_string()));
        let Version { format_version } = serde_json::from_slice(bytes).map_err(other)?;
        if format_version != u64::from(FORMAT_VERSION) {
            return Err(EarlierReviewError::Version(format_version));
        }
        let earlier: Self = serde_json::from_slice(bytes).map_err(other)?;
        if earlier.date.parse::<Day>().is_err() {
            let why = format!("date {:?} is not a day", earlier.date);
            return Err(EarlierReviewError::NotAReview(line(&why)));
        }
        Ok(earlier)
    }
}

/// The differences from an earlier review. An unknown value is never a difference.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Changes")]
pub(in crate::report) struct ReviewChanges {
    /// The day of the earlier review.
    #[schemars(schema_with = "schema::day")]
    pub since: String,
    /// The users who were not there before; null if the earlier review was incomplete.
    pub came: Option<Vec<UserName>>,
    /// The users who are no longer there; null if this review is incomplete.
    pub went: Option<Vec<UserName>>,
    /// The users whose access changed.
    pub changed: Vec<ChangedUser>,
}

/// A user by name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "UserName")]
pub(in crate::report) struct UserName {
    /// The email.
    pub email: String,
    /// The id; null if no list shows the user.
    pub id: Option<String>,
}

/// A user whose access changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChangedUser")]
pub(in crate::report) struct ChangedUser {
    /// The email now.
    pub email: String,
    /// The id now; null if no list shows the user.
    pub id: Option<String>,
    /// The groups that the user is in now and was not in before.
    pub groups_added: Vec<String>,
    /// The groups that the user was in before and is not in now.
    pub groups_removed: Vec<String>,
    /// The other fields that changed.
    pub fields: Vec<ChangedField>,
}

/// A field that changed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChangedField")]
pub(in crate::report) struct ChangedField {
    /// The name of the field of a user.
    #[schemars(schema_with = "schema::review_field")]
    pub field: &'static str,
    /// The value in the earlier review.
    #[schemars(schema_with = "schema::text_or_bool")]
    pub before: Value,
    /// The value now.
    #[schemars(schema_with = "schema::text_or_bool")]
    pub after: Value,
}

impl ReviewChanges {
    /// Compares two reviews. Users are the same by id, and else by email. An owner whom no list shows comes or goes only
    /// if both reviews know an owner: which accounts can be read differs between keys and manifests.
    pub(super) fn between(
        earlier: EarlierReview,
        current: &Review,
    ) -> Result<Self, EarlierReviewError> {
        let EarlierReview { organization, date, complete, users } = earlier;
        if let (Some(earlier), Some(current)) = (&organization, &current.organization)
            && earlier != current
        {
            let [earlier, current] = [earlier, current].map(|label| line(label));
            return Err(EarlierReviewError::Organization { earlier, current });
        }
        let mut before = Earlier::new(&users);
        let (with_id, rest): (Vec<_>, Vec<_>) = (current.users.iter())
            .filter(|user| user.is_present())
            .map(|user| (user, user.id.as_ref().and_then(|id| before.by_id(id))))
            .partition(|(_, earlier)| earlier.is_some());
        // Only after the ids: a user may have the former email of another one.
        let rest = rest.into_iter().map(|(user, _)| (user, before.by_email(&user.email)));
        let mut pairs: Vec<_> = with_id.into_iter().chain(rest).collect();
        pairs.sort_by_cached_key(|(user, _)| (Email::new(&user.email), user.id.clone()));
        let knew_owner = users.iter().any(EarlierUser::is_owner);
        let is_new = |user: &ReviewedUser| user.presence == "live" || knew_owner;
        let new = pairs.iter().filter(|(user, earlier)| earlier.is_none() && is_new(user));
        let came = new.map(|(user, _)| UserName { email: user.email.clone(), id: user.id.clone() });
        Ok(Self {
            since: date,
            came: complete.then(|| came.collect()),
            went: current.complete.then(|| before.rest(current.summary.owners > 0)),
            changed: pairs
                .iter()
                .filter_map(|(user, earlier)| ChangedUser::between((*earlier)?, user))
                .collect(),
        })
    }

    /// Returns true if nothing is known to differ and nothing is unknown.
    pub(in crate::report) fn are_none(&self) -> bool {
        let none = |users: &Option<Vec<UserName>>| users.as_ref().is_some_and(Vec::is_empty);
        none(&self.came) && none(&self.went) && self.changed.is_empty()
    }
}

/// The users of the earlier review that are not paired with one of today, by their place in it.
struct Earlier<'a> {
    users: &'a [EarlierUser],
    left: BTreeSet<usize>,
    ids: BTreeMap<&'a str, usize>,
    emails: BTreeMap<Email, Vec<usize>>,
}

impl<'a> Earlier<'a> {
    fn new(users: &'a [EarlierUser]) -> Self {
        let left: BTreeSet<usize> =
            (0..users.len()).filter(|place| users[*place].is_present()).collect();
        let mut emails: BTreeMap<Email, Vec<usize>> = BTreeMap::new();
        for place in &left {
            emails.entry(Email::new(&users[*place].email)).or_default().push(*place);
        }
        let id = |place: &usize| Some((users[*place].id.as_deref()?, *place));
        Self { users, ids: left.iter().filter_map(id).collect(), emails, left }
    }

    fn by_id(&mut self, id: &str) -> Option<&'a EarlierUser> {
        let place = *self.ids.get(id)?;
        self.left.remove(&place).then(|| &self.users[place])
    }

    fn by_email(&mut self, email: &str) -> Option<&'a EarlierUser> {
        let places = self.emails.get(&Email::new(email))?;
        let place = *places.iter().find(|place| self.left.contains(place))?;
        self.left.remove(&place).then(|| &self.users[place])
    }

    /// The users without a pair, by email and id. An owner whom no list showed is gone only if another is known.
    fn rest(&self, knows_owner: bool) -> Vec<UserName> {
        let is_gone = |place: &&usize| self.users[**place].presence == "live" || knows_owner;
        let name = |place: &usize| {
            let EarlierUser { email, id, .. } = &self.users[*place];
            UserName { email: email.clone(), id: id.clone() }
        };
        let mut names: Vec<UserName> = self.left.iter().filter(is_gone).map(name).collect();
        names.sort_by_cached_key(|user| (Email::new(&user.email), user.id.clone()));
        names
    }
}

impl ChangedUser {
    fn between(before: &EarlierUser, after: &ReviewedUser) -> Option<Self> {
        let EarlierUser { email, id, presence: _, role, status, groups, bypasses_sso } = before;
        let mut fields = Vec::new();
        let mut compare = |field, before: Value, after: Value| {
            if !before.is_null() && !after.is_null() && before != after {
                fields.push(ChangedField { field, before, after });
            }
        };
        if Email::new(email) != Email::new(&after.email) {
            compare("email", json!(email), json!(after.email));
        }
        compare("id", json!(id), json!(after.id));
        compare("role", json!(role), json!(after.role));
        compare("status", json!(status), json!(after.status));
        compare("bypasses_sso", json!(bypasses_sso), json!(after.bypasses_sso));
        let now: Option<BTreeSet<String>> =
            after.groups.as_ref().map(|groups| groups.iter().cloned().collect());
        let (groups_added, groups_removed) = match (groups, &now) {
            (Some(before), Some(now)) => {
                let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
                    one.difference(other).cloned().collect::<Vec<_>>()
                };
                (only(now, before), only(before, now))
            }
            (None, _) | (_, None) => (Vec::new(), Vec::new()),
        };
        if fields.is_empty() && groups_added.is_empty() && groups_removed.is_empty() {
            return None;
        }
        let (email, id) = (after.email.clone(), after.id.clone());
        Some(Self { email, id, groups_added, groups_removed, fields })
    }
}
