//! Reads a saved plan, and refuses one that differs from what would be written.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::super::digest::{BoundTo, desired_digest};
use super::super::escape::line;
use super::super::json::{FORMAT_VERSION, FindingDoc};
use super::super::words;
use super::{SavedPlan, StateInfo, tail, text};
use crate::manifest;
use crate::model::{AccountId, Code, Desired, Email, Presence, UserId, WantedAccount};
use crate::plan::{
    AccountTarget, Action, Channels, Guard, GuardName, Inventory, Level, Origin, Plan,
    PlannedAccount, PlannedAction, Reason, Subject,
};

/// The reason why a saved plan is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SavedPlanError {
    /// The file is incomplete, or something else.
    #[error("this is not a saved plan, or it is cut: the seal at its end is missing")]
    Incomplete,
    /// The seal does not match the text.
    #[error("the seal is broken: the file was changed after it was saved")]
    Seal,
    /// The format is unknown.
    #[error("the file has format_version {0}, which this version of trunkline does not support")]
    Version(u64),
    /// The seal matches, but the content is not what would be written.
    #[error("the seal is valid, but the content is not: {0}")]
    Invalid(String),
}

/// The fields of the file from which the others follow.
#[derive(Deserialize)]
struct SavedPlanParts {
    organization: String,
    bound_to: BoundTo,
    summary: SavedSummary,
    inventory: InventoryPart,
    guards: Vec<GuardPart>,
    actions: Vec<ActionPart>,
    findings: Vec<FindingPart>,
    manifest: String,
    created_at: String,
    state_path: Option<String>,
}

#[derive(Deserialize)]
struct SavedSummary {
    withheld: usize,
    ignored: usize,
    in_sync: usize,
    #[serde(default)]
    unchosen: usize,
    #[serde(default)]
    unchosen_findings: usize,
}

#[derive(Deserialize)]
struct InventoryPart {
    complete: bool,
    accounts: usize,
    users: Option<usize>,
    status_known: bool,
    channels: String,
    state: StatePart,
}

#[derive(Deserialize)]
struct StatePart {
    location: String,
    new: bool,
}

#[derive(Deserialize)]
struct GuardPart {
    guard: String,
    actual: u64,
    limit: u64,
    of: u64,
}

#[derive(Deserialize)]
struct ActionPart {
    action: String,
    email: String,
    id: Option<String>,
    changes: Vec<ChangePart>,
    reason: String,
    origin: Option<String>,
}

#[derive(Deserialize)]
struct ChangePart {
    before: Option<Value>,
    after: Value,
}

#[derive(Deserialize)]
struct FindingPart {
    code: String,
    level: String,
    kind: String,
    email: Option<String>,
    message: String,
    origin: Option<String>,
}

/// Every origin.
const ORIGINS: [Origin; 3] = [Origin::ThisChange, Origin::AlreadyDrifted, Origin::Conflict];

/// Reads the text of [`write`](super::write).
///
/// # Errors
///
/// If the text is incomplete or changed, has another version, or contradicts itself.
pub fn read(bytes: &[u8]) -> Result<SavedPlan, SavedPlanError> {
    let written = std::str::from_utf8(bytes).map_err(|_| SavedPlanError::Incomplete)?;
    let (body, seal) = sealed(written)?;
    let parts = serde_json::from_str::<SavedPlanParts>(&format!("{body}\n}}"));
    let parts = parts.map_err(|error| SavedPlanError::Invalid(line(&error.to_string())))?;
    let (saved, findings) =
        saved(parts, seal).map_err(|why| SavedPlanError::Invalid(line(&why)))?;
    let SavedPlan { desired, bound_to, created_at, .. } = &saved;
    if desired_digest(desired) != bound_to.desired {
        let why = "bound_to.desired is not the digest of the manifest in the file";
        return Err(SavedPlanError::Invalid(why.to_owned()));
    }
    // Everything else follows from what was read, so it must equal what would be written.
    let findings = findings.iter().map(FindingPart::document).collect::<Option<Vec<_>>>();
    let findings =
        findings.ok_or_else(|| SavedPlanError::Invalid("a finding is unknown".to_owned()))?;
    let again = text(saved.report(), findings, desired, *created_at);
    if again == written {
        return Ok(saved);
    }
    let same = again.lines().zip(written.lines()).take_while(|(ours, theirs)| ours == theirs);
    Err(SavedPlanError::Invalid(format!("line {} does not follow from the rest", same.count() + 1)))
}

/// Splits the text into the part before the seal and a valid seal.
fn sealed(written: &str) -> Result<(&str, &str), SavedPlanError> {
    let cut = written.len().checked_sub(tail("").len());
    let (body, end) =
        cut.and_then(|cut| written.split_at_checked(cut)).ok_or(SavedPlanError::Incomplete)?;
    let expected = tail(body);
    let (start, finish) = (expected.find("sha256"), expected.rfind('"'));
    match (start, finish) {
        (Some(start), Some(finish)) if end == expected => Ok((body, &end[start..finish])),
        _ => Err(why_unsealed(written, end)),
    }
}

/// The most likely reason for a seal that does not match.
fn why_unsealed(written: &str, end: &str) -> SavedPlanError {
    let version = written.trim_start_matches(['{', ' ', '\n']).strip_prefix("\"format_version\": ");
    let version = version.and_then(|rest| rest.split(',').next()?.parse::<u64>().ok());
    match version {
        Some(version) if version != u64::from(FORMAT_VERSION) => SavedPlanError::Version(version),
        Some(_) if end.starts_with(",\n  \"seal\": \"") && end.ends_with("\"\n}\n") => {
            SavedPlanError::Seal
        }
        Some(_) | None => SavedPlanError::Incomplete,
    }
}

fn saved(parts: SavedPlanParts, seal: &str) -> Result<(SavedPlan, Vec<FindingPart>), String> {
    let SavedPlanParts {
        organization,
        bound_to,
        summary,
        inventory,
        guards,
        actions,
        findings,
        manifest,
        created_at,
        state_path,
    } = parts;
    let desired = manifest::parse(Path::new(""), &manifest).map_err(|problems| {
        let first = problems.0.first().map_or("", |problem| problem.message.as_str());
        format!("the manifest is not valid: {first}")
    })?;
    if desired.organization != organization {
        return Err("the manifest belongs to another organization".to_owned());
    }
    let StatePart { location, new } = &inventory.state;
    let (location, new) = (location.clone(), *new);
    let state = StateInfo { location, new, path_from_plan: state_path, ..StateInfo::default() };
    let entries = Entries::new(&desired);
    let SavedSummary { withheld, ignored, in_sync, unchosen, unchosen_findings } = summary;
    let plan = Plan {
        actions: actions.into_iter().map(|one| one.planned(&entries)).collect::<Result<_, _>>()?,
        findings: Vec::new(),
        guards: guards.into_iter().map(GuardPart::guard).collect::<Result<_, _>>()?,
        in_sync,
        withheld,
        ignored,
        unchosen,
        unchosen_findings,
        inventory: inventory.inventory()?,
    };
    let created_at = created_at
        .parse::<Timestamp>()
        .map_err(|_| format!("created_at: {created_at:?} is not a time"))?;
    Ok((SavedPlan { desired, bound_to, plan, state, created_at, seal: seal.to_owned() }, findings))
}

/// The entries of the manifest, by the id and email of an action.
struct Entries<'a> {
    desired: &'a Desired,
    by_id: BTreeMap<&'a AccountId, &'a WantedAccount>,
}

impl<'a> Entries<'a> {
    fn new(desired: &'a Desired) -> Self {
        let entries = desired.accounts.values();
        let by_id = entries.filter_map(|entry| Some((entry.id.as_ref()?, entry))).collect();
        Self { desired, by_id }
    }

    /// The entry with the id, else the one with the email.
    fn of(&self, id: &AccountId, email: &Email) -> Option<&'a WantedAccount> {
        let by_email = || self.desired.accounts.get(email).filter(|entry| entry.id.is_none());
        self.by_id.get(id).copied().or_else(by_email)
    }

    fn reason(&self, word: &str, email: &Email) -> Option<Reason> {
        let until = || match &self.desired.users.as_ref()?.get(email)?.presence {
            Presence::Present { until, .. } => until.map(Reason::UntilPassed),
            Presence::Absent | Presence::Owner => None,
        };
        let fixed = [Reason::Declared, Reason::Unlisted, Reason::Absent, Reason::Stale];
        fixed.into_iter().chain(until()).find(|reason| words::reason(*reason) == word)
    }

    fn new_account(&self, email: &Email) -> Option<PlannedAccount> {
        self.desired.accounts.get(email).map(PlannedAccount::of)
    }
}

impl ActionPart {
    fn planned(self, entries: &Entries<'_>) -> Result<PlannedAction, String> {
        let email = Email::new(&self.email);
        let reason = entries.reason(&self.reason, &email);
        let reason = reason.ok_or_else(|| format!("the reason of {email} is unknown"))?;
        let origin = self.origin.as_deref().map(|word| {
            let known = ORIGINS.into_iter().find(|origin| words::origin(*origin) == word);
            known.ok_or_else(|| format!("the origin of {email} is unknown"))
        });
        let origin = origin.transpose()?;
        Ok(PlannedAction { action: self.action(entries)?, reason, origin })
    }

    fn action(self, entries: &Entries<'_>) -> Result<Action, String> {
        let Self { action, email, id, changes, reason: _, origin: _ } = self;
        let wrong = format!("the action {action} of {email} is not complete");
        let email = Email::new(email);
        let change = changes.into_iter().next();
        let account = id.as_deref().map(AccountId::new);
        let target = account.clone().map_or(AccountTarget::Created, AccountTarget::Live);
        let made = match action.as_str() {
            "remove_user" => id.map(|id| Action::RemoveUser { id: UserId::new(id), email }),
            "disable_account" => Some(Action::DisableAccount { target, email }),
            "enable_account" => account.and_then(|id| {
                let connections = entries.of(&id, &email)?.reenable_connections;
                Some(Action::EnableAccount { id, email, connections })
            }),
            "create_account" => entries.new_account(&email).map(Action::CreateAccount),
            "set_channel_limit" => change.and_then(|change| {
                let before = known(change.before.as_ref(), Value::as_u64)?;
                let after = change.after.as_u64()?;
                Some(Action::SetChannelLimit { target, email, before, after })
            }),
            "update_account" => account.zip(change).and_then(|(id, change)| {
                let before = known(change.before.as_ref(), Value::as_bool)?;
                let after = change.after.as_bool()?;
                Some(Action::UpdateAccount { id, email, before, after })
            }),
            _ => None,
        };
        made.ok_or(wrong)
    }
}

/// The value before a change, which may be unknown. `None` if it has another type.
#[expect(clippy::option_option, reason = "the outer one says that the file is wrong")]
fn known<T>(before: Option<&Value>, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    before.map_or(Some(None), |value| read(value).map(Some))
}

impl GuardPart {
    fn guard(self) -> Result<Guard, String> {
        let Self { guard, actual, limit, of } = self;
        let name = GuardName::ALL.into_iter().find(|name| words::guard(*name) == guard);
        let name = name.ok_or_else(|| format!("{guard:?} is not a safety limit"))?;
        Ok(Guard { name, actual, limit, of })
    }
}

impl InventoryPart {
    fn inventory(self) -> Result<Inventory, String> {
        let Self { complete, accounts, users, status_known, channels, state: _ } = self;
        let all = [Channels::Unmanaged, Channels::Consistent, Channels::Unverified];
        let known = all.into_iter().find(|one| words::channels(*one) == channels);
        let channels = known.ok_or_else(|| format!("{channels:?} is not a channel state"))?;
        let limits = BTreeMap::new();
        Ok(Inventory { complete, accounts, users, status_known, channels, limits })
    }
}

impl FindingPart {
    /// The document of the finding. `None` if a word is unknown.
    fn document(&self) -> Option<FindingDoc<'_>> {
        let Self { code, level, kind, email, message, origin } = self;
        let levels = [Level::Drift, Level::Notice].map(words::level);
        let kinds = [Subject::Account, Subject::User, Subject::Organization].map(words::subject);
        let origins = ORIGINS.map(words::origin);
        let known =
            |words: &[&'static str], word: &str| words.iter().copied().find(|known| *known == word);
        Some(FindingDoc {
            code: known(&Code::ALL.map(Code::name), code)?,
            level: known(&levels, level)?,
            kind: known(&kinds, kind)?,
            email: email.as_deref(),
            message: message.clone(),
            origin: origin
                .as_deref()
                .map(|word| known(&origins, word).ok_or(()))
                .transpose()
                .ok()?,
        })
    }
}
