//! The rows of a review: a user of the organization, or an entry without one.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::super::json::schema;
use super::ReviewInput;
use crate::model::{
    Code, Day, Email, Half, LastSignIn, Live, LiveUser, Presence, Role, WantedUser,
};
use crate::plan::{About, Finding, FindingKind, Plan};

/// A user of the organization, or an entry without one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(in crate::report) struct ReviewedUser {
    /// The email.
    pub email: String,
    /// The id of the user; null if no list shows the user.
    pub id: Option<String>,
    /// The presence of the user: `live`, `hidden` (an owner whom no list shows), `missing`, or `unread` (the lists are
    /// incomplete).
    #[schemars(schema_with = "schema::presence")]
    pub presence: &'static str,
    /// The role; null for a user who is not in the organization.
    #[schemars(schema_with = "schema::role")]
    pub role: Option<&'static str>,
    /// The status, such as `enabled`; null if it is unknown.
    pub status: Option<String>,
    /// The names of the user's groups, in alphabetical order; null if they are unknown.
    pub groups: Option<Vec<String>>,
    /// True if the user may sign in without single sign-on; null if that is unknown.
    pub bypasses_sso: Option<bool>,
    /// The day of the user's creation, in UTC; null if it is unknown.
    #[schemars(schema_with = "schema::optional_day")]
    pub created: Option<String>,
    /// The day of the last sign-in to the portal, in UTC, or `never`; null if it is unknown.
    pub last_sign_in: Option<String>,
    /// The entry in the manifest; null if the user is not listed.
    pub entry: Option<EntryPlace>,
    /// The last day of the entry; null if it has none.
    #[schemars(schema_with = "schema::optional_day")]
    pub until: Option<String>,
    /// True if the entry says `keep: true`, so that the user is never stale.
    pub keep: bool,
    /// True if the policy protects the user.
    pub protected: bool,
    /// The reasons for doubt: codes of findings, `absent` and `until_passed`.
    #[schemars(schema_with = "schema::doubts")]
    pub reasons: Vec<&'static str>,
    /// The findings that the manifest accepts.
    pub accepted: Vec<AcceptedCode>,
}

/// The place of an entry.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Entry")]
pub(in crate::report) struct EntryPlace {
    /// The file, relative to the root of the repository.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
}

/// A finding that the manifest accepts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Accepted")]
pub(in crate::report) struct AcceptedCode {
    /// The code of the finding.
    #[schemars(schema_with = "schema::code")]
    pub code: &'static str,
    /// The last day on which it is accepted.
    #[schemars(schema_with = "schema::day")]
    pub until: String,
    /// The reason that the manifest gives; null if it gives none.
    pub reason: Option<String>,
}

/// The subject of a row.
enum RowSubject<'a> {
    Live(&'a LiveUser),
    /// An owner whom accounts or the manifest name, and no list shows.
    Hidden(&'a Email),
    Missing(&'a Email),
    Unread(&'a Email),
}

/// Returns the rows, by email and id.
pub(super) fn rows(input: ReviewInput<'_>, plan: &Plan) -> Vec<ReviewedUser> {
    let ReviewInput { manifest, live, .. } = input;
    let entries = manifest.and_then(|manifest| manifest.desired.users.as_ref());
    let mut found: BTreeMap<&Email, Vec<&Finding>> = BTreeMap::new();
    for finding in &plan.findings {
        if let About::User(email) = &finding.about {
            found.entry(email).or_default().push(finding);
        }
    }
    let lookup = Lookup { input, entries, found };
    let mut rows: Vec<ReviewedUser> =
        subjects(live, entries, input.today).iter().map(|subject| lookup.row(subject)).collect();
    // A contradictory list may repeat a user; the whole row keeps the order the same then, too.
    rows.sort_by_cached_key(|row| (Email::new(&row.email), row.id.clone(), format!("{row:?}")));
    rows
}

/// Every live user, every owner whom no list shows, and every entry that allows a user who is not there.
fn subjects<'a>(
    live: &'a Live,
    entries: Option<&'a BTreeMap<Email, WantedUser>>,
    today: Day,
) -> Vec<RowSubject<'a>> {
    let users = live.users.as_deref().unwrap_or_default();
    let shown: BTreeSet<&Email> = users.iter().map(|user| &user.email).collect();
    let of_accounts = live.owners.iter().map(RowSubject::Hidden);
    let of_entries = entries.into_iter().flatten().filter_map(|(email, entry)| {
        if live.owners.contains(email) {
            return None;
        }
        let missing = || {
            if live.is_complete(Half::Users) {
                RowSubject::Missing(email)
            } else {
                RowSubject::Unread(email)
            }
        };
        match entry.presence {
            // The API may not list the owner.
            Presence::Owner if live.owners.is_empty() => Some(RowSubject::Hidden(email)),
            Presence::Owner => Some(missing()),
            Presence::Present { until, .. } if until.is_none_or(|until| today <= until) => {
                Some(missing())
            }
            Presence::Present { .. } | Presence::Absent => None,
        }
    });
    let rest = of_accounts.chain(of_entries).filter(|subject| !shown.contains(subject.email()));
    users.iter().map(RowSubject::Live).chain(rest).collect()
}

impl RowSubject<'_> {
    fn email(&self) -> &Email {
        match self {
            Self::Live(user) => &user.email,
            Self::Hidden(email) | Self::Missing(email) | Self::Unread(email) => email,
        }
    }
}

/// The manifest and the findings, by user.
struct Lookup<'a> {
    input: ReviewInput<'a>,
    entries: Option<&'a BTreeMap<Email, WantedUser>>,
    found: BTreeMap<&'a Email, Vec<&'a Finding>>,
}

impl Lookup<'_> {
    fn row(&self, subject: &RowSubject<'_>) -> ReviewedUser {
        let email = subject.email();
        let manifest = self.input.manifest;
        let entry = self.entries.and_then(|entries| entries.get(email));
        let place = manifest.and_then(|manifest| manifest.places.user(email));
        let until = match entry.map(|entry| &entry.presence) {
            Some(Presence::Present { until, .. }) => *until,
            Some(Presence::Owner | Presence::Absent) | None => None,
        };
        let protected = manifest.map(|manifest| &manifest.desired.policy.protected);
        let blank = ReviewedUser {
            email: email.to_string(),
            id: None,
            presence: "missing",
            role: None,
            status: None,
            groups: None,
            bypasses_sso: None,
            created: None,
            last_sign_in: None,
            entry: place.filter(|_| entry.is_some()).map(|place| EntryPlace {
                file: self.input.base.name(place.file()),
                line: place.line(),
            }),
            until: until.map(|until| until.to_string()),
            keep: entry.is_some_and(|entry| entry.keep),
            protected: protected.is_some_and(|protected| protected.contains(email)),
            reasons: Vec::new(),
            accepted: Vec::new(),
        };
        let row = match subject {
            RowSubject::Live(user) => self.live(user, blank),
            RowSubject::Hidden(_) => {
                ReviewedUser { presence: "hidden", role: Some("owner"), ..blank }
            }
            RowSubject::Missing(_) => blank,
            RowSubject::Unread(_) => ReviewedUser { presence: "unread", ..blank },
        };
        self.with_reasons(row, email, entry)
    }

    fn live(&self, user: &LiveUser, blank: ReviewedUser) -> ReviewedUser {
        let LiveUser { id, email, role, status, groups, created, last_sign_in, bypasses_sso } =
            user;
        // An owner's email that any account reports takes precedence over the list.
        let role = match role {
            _ if self.input.live.owners.contains(email) => "owner",
            Role::Owner => "owner",
            Role::SubUser => "sub_user",
            Role::Other(_) => "other",
        };
        let mut groups = groups.clone();
        if let Some(groups) = &mut groups {
            groups.sort();
        }
        ReviewedUser {
            id: Some(id.to_string()),
            presence: "live",
            role: Some(role),
            status: status.as_ref().map(|status| status.name().to_owned()),
            groups,
            bypasses_sso: *bypasses_sso,
            created: created.map(|day| day.to_string()),
            last_sign_in: match last_sign_in {
                LastSignIn::Unknown => None,
                LastSignIn::Never => Some("never".to_owned()),
                LastSignIn::On(day) => Some(day.to_string()),
            },
            ..blank
        }
    }

    /// Adds the findings of a user. Without listed users, none is unlisted.
    fn with_reasons(
        &self,
        mut row: ReviewedUser,
        email: &Email,
        entry: Option<&WantedUser>,
    ) -> ReviewedUser {
        let is_unlisted = |code| matches!(code, Code::UserUnlisted | Code::OwnerUnlisted);
        let mut accepts_presence = false;
        for finding in self.found.get(email).into_iter().flatten() {
            let code = match &finding.what {
                FindingKind::Accepted { code, .. } => *code,
                _ => finding.code(),
            };
            if self.entries.is_none() && is_unlisted(code) {
                continue;
            }
            match &finding.what {
                FindingKind::Accepted { code, until, reason } => {
                    accepts_presence |= is_unlisted(*code);
                    row.accepted.push(AcceptedCode {
                        code: code.name(),
                        until: until.to_string(),
                        reason: reason.clone(),
                    });
                }
                // These concern a removal, and a review removes no user.
                FindingKind::Protected => {}
                FindingKind::NotFullyRead if row.is_present() => {}
                _ if row.reasons.contains(&code.name()) => {}
                _ => row.reasons.push(code.name()),
            }
        }
        let rule = match entry.map(|entry| &entry.presence) {
            Some(Presence::Absent) => Some("absent"),
            Some(Presence::Present { until: Some(until), .. }) if *until < self.input.today => {
                Some("until_passed")
            }
            Some(Presence::Present { .. } | Presence::Owner) | None => None,
        };
        row.reasons.extend(rule.filter(|_| row.is_present() && !accepts_presence));
        row
    }
}

impl ReviewedUser {
    /// Returns true if the user is in the organization.
    pub(in crate::report) fn is_present(&self) -> bool {
        matches!(self.presence, "live" | "hidden")
    }

    /// Returns true if the row has a reason for doubt that the manifest does not accept.
    pub(in crate::report) fn is_in_doubt(&self) -> bool {
        !self.reasons.is_empty()
    }

    /// Returns true if the row has this finding, accepted or not.
    pub(super) fn has(&self, code: Code) -> bool {
        let accepted = self.accepted.iter().map(|accepted| accepted.code);
        self.reasons.iter().copied().chain(accepted).any(|name| name == code.name())
    }
}
