//! One check: the same read and plan as `trunkline plan`, with a reader only.

use std::path::Path;

use secrecy::SecretString;

use super::resource::OrganizationSpec;
use crate::detect::{self, ObserveError};
use crate::manifest::{self, Problem};
use crate::model::{AccountId, Desired, Live, PasswordSource, error_chain};
use crate::plan::Plan;
use crate::report::{BoundTo, PlanReport, StateInfo, desired_digest, digest};
use crate::state::{self, Binding, Location, Store};
use crate::telnyx::{Reader, Session};

/// A failure of a check: a reason for programs, and a message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CheckError {
    /// A change of the resource or of its Secret has to fix it.
    Invalid(&'static str, String),
    /// It may go away by itself.
    Unknown(&'static str, String),
}

/// An organization that is ready to be checked.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub desired: Desired,
    pub session: Session,
    pub store: Store,
}

/// The result of a check.
#[derive(Debug)]
pub(super) struct Checked {
    pub plan: Plan,
    pub live: Live,
    pub digest: String,
}

/// The longest message of a condition.
const LONGEST: usize = 1000;

/// A text on one line, not too long for a condition.
pub(super) fn bounded(text: &str) -> String {
    let line = crate::report::escape_line(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Reads the manifest of a spec.
pub(super) fn manifest(spec: &OrganizationSpec) -> Result<Desired, CheckError> {
    // JSON is YAML too.
    let text = serde_json::to_string_pretty(&spec.manifest).unwrap_or_default();
    let desired = manifest::parse(Path::new("spec.manifest"), &text).map_err(|problems| {
        let shown = |problem: &Problem| {
            let hint = problem.hint.as_deref().map(|hint| format!(" ({hint})"));
            format!("{}{}", problem.message, hint.unwrap_or_default())
        };
        let all: Vec<String> = problems.0.iter().map(shown).collect();
        CheckError::Invalid(
            "ManifestInvalid",
            bounded(&format!("spec.manifest: {}", all.join("; "))),
        )
    })?;
    let of_file = |source: &PasswordSource| matches!(source, PasswordSource::File(_));
    let mut accounts = desired.accounts.values();
    if accounts.any(|account| account.password_from.as_ref().is_some_and(of_file)) {
        // A resource must not make the operator send a file of its own, such as its token.
        let message = "spec.manifest: password_from cannot name a file here; name a variable of the operator with env";
        return Err(CheckError::Invalid("ManifestInvalid", message.to_owned()));
    }
    Ok(desired)
}

/// The store of an organization in a namespace.
pub(super) fn store(namespace: &str, organization: &str) -> Result<Store, CheckError> {
    let location = Location::parse(&format!("kubernetes://{namespace}"));
    let location = location.map_err(|error| state_error(&error))?;
    Ok(Store::new(&location.for_organization(organization)))
}

/// The failure of a state.
pub(super) fn state_error(error: &state::Error) -> CheckError {
    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let message = bounded(&format!("{}{hint}", error_chain(error)));
    match error {
        state::Error::Foreign { .. } => CheckError::Invalid("StateForeign", message),
        state::Error::Damaged { .. }
        | state::Error::Newer { .. }
        | state::Error::LockDamaged { .. } => CheckError::Invalid("StateDamaged", message),
        state::Error::TooLarge { .. } => CheckError::Invalid("StateTooLarge", message),
        state::Error::Kubernetes { status: Some(403), .. } => {
            CheckError::Invalid("StateForbidden", message)
        }
        _ => CheckError::Unknown("StateUnavailable", message),
    }
}

impl Target {
    /// The binding of the state. `live` is the manager of the accounts that were read, if known.
    pub(super) fn binding(&self, live: Option<&AccountId>) -> Binding {
        Binding {
            organization: self.desired.organization.clone(),
            manager: live.or(self.desired.manager.as_ref()).cloned(),
            base_url: self.session.reader().base_url(),
        }
    }

    pub(super) fn state_info(&self) -> StateInfo {
        let location = self.store.place();
        StateInfo { option: Some(location.clone()), location, ..StateInfo::default() }
    }

    /// Reads the live side and the state, and plans.
    pub(super) async fn check(&self) -> Result<Checked, CheckError> {
        let reader = self.session.reader();
        let state = async |manager: Option<AccountId>| {
            let record = self.store.load(&self.binding(manager.as_ref())).await?;
            Ok::<_, state::Error>(record.state)
        };
        self.planned(&reader, Box::pin(detect::observe(&reader, &self.desired, state)).await)
    }

    /// Plans from an observation.
    pub(super) fn planned(
        &self,
        reader: &Reader,
        observed: Result<detect::Observation, ObserveError<state::Error>>,
    ) -> Result<Checked, CheckError> {
        let observation = observed.map_err(|error| failure(&error))?;
        let plan = observation.plan(&self.desired, None);
        let live = observation.live;
        let bound_to = BoundTo {
            desired: desired_digest(&self.desired),
            manager_account_id: detect::manager(&live).map(|id| id.as_str().to_owned()),
            base_url: reader.base_url(),
        };
        let state = self.state_info();
        let organization = &self.desired.organization;
        let report = PlanReport { organization, bound_to: &bound_to, plan: &plan, state: &state };
        let digest = digest(report);
        Ok(Checked { plan, live, digest })
    }
}

/// The failure of a read.
fn failure(error: &ObserveError<state::Error>) -> CheckError {
    match error {
        ObserveError::WrongManager { .. } => {
            CheckError::Invalid("WrongManager", bounded(&error_chain(error)))
        }
        ObserveError::State(error) => state_error(error),
        ObserveError::Telnyx(error) if error.is_refusal() => {
            CheckError::Invalid("KeyRefused", bounded(&error_chain(error)))
        }
        ObserveError::Telnyx(_) | ObserveError::Clock(_) => {
            CheckError::Unknown("ReadFailed", bounded(&error_chain(error)))
        }
    }
}

/// A key, as the portal shows it.
pub(super) fn key(text: &str) -> Option<SecretString> {
    let text = text.trim();
    (!text.is_empty()).then(|| SecretString::from(text))
}
