//! From a plan to the result of a run: differences, each under the key that identifies it in the next run.

use std::collections::{BTreeMap, BTreeSet};

use super::{RunResult, Undetermined};
use crate::model::{Code, Desired, Details, DifferenceKey, Email, Half, Live};
use crate::plan::{
    Action, FieldChange, FieldValue, Finding, Level, Plan, PlannedAction, Reason, Subject,
};
use crate::report::{self, StateInfo};

/// The largest number of differences that are tracked.
const MAX_DIFFERENCES: usize = 10_000;

/// Returns the result of a run. It is unknown if each half that the manifest manages is incomplete. Commands in
/// findings are for `state`.
#[must_use]
pub fn observe(plan: &Plan, desired: &Desired, live: &Live, state: &StateInfo) -> RunResult {
    let accounts = live.is_complete(Half::Accounts);
    // Only accounts name the owner. A user who may be the owner is not missing.
    let users = live.is_complete(Half::Users) && (accounts || !live.owners.is_empty());
    let incomplete = match (accounts, users) {
        (true, true) => None,
        (false, true) if desired.users.is_some() => Some((Half::Accounts, "users")),
        (true, false) if !desired.accounts.is_empty() => Some((Half::Users, "accounts")),
        _ => return RunResult::Unknown(gaps(live)),
    };
    let incomplete =
        incomplete.map(|(half, read)| (half, format!("only {read} were checked: {}", gaps(live))));
    // Actions on an account to create are covered by its "missing" difference.
    let actions = || plan.actions.iter().filter(|planned| !planned.action.awaits_create());
    let known = actions().filter(|planned| !is_assertion(&planned.action));
    let drift = plan.findings.iter().filter(|finding| finding.level() == Level::Drift);
    let mut differences = BTreeMap::new();
    let found = drift.map(|finding| of_finding(finding, state));
    for (key, details) in known.map(of_action).chain(found) {
        if incomplete.as_ref().is_some_and(|(incomplete, _)| *incomplete == half(&key)) {
            continue;
        }
        add(differences.entry(key).or_default(), details);
    }
    if differences.len() > MAX_DIFFERENCES {
        tracing::warn!(
            differences = differences.len(),
            tracked = MAX_DIFFERENCES,
            "too many differences"
        );
        // The urgent ones come first, and then the destructive ones.
        let mut all: Vec<_> = differences.into_iter().collect();
        all.sort_by_key(|(key, details)| (key.severity(), !details.destructive));
        differences = all.into_iter().take(MAX_DIFFERENCES).collect();
    }
    let assertions = actions().filter(|planned| is_assertion(&planned.action));
    let undetermined = assertions.map(|planned| {
        let DifferenceKey { kind, email, code } = key(planned);
        (kind, email, Some(code))
    });
    let undetermined = undetermined.chain(unknown_status(&plan.findings)).collect();
    RunResult::Read { differences, undetermined, incomplete }
}

/// Returns the half of the inventory that a difference is in. The channel pool belongs to the accounts.
#[must_use]
pub fn half(key: &DifferenceKey) -> Half {
    if key.kind == report::subject_name(Subject::User) { Half::Users } else { Half::Accounts }
}

/// Returns the key of the difference that an action would resolve.
#[must_use]
pub fn key(planned: &PlannedAction) -> DifferenceKey {
    let PlannedAction { action, reason, origin: _ } = planned;
    let code = match (action, reason) {
        (Action::RemoveUser { .. }, Reason::Absent) => "absent",
        (_, Reason::Stale) => "user_stale",
        (Action::RemoveUser { .. }, _) => Code::UserUnlisted.name(),
        (Action::DisableAccount { .. }, Reason::Unlisted) => Code::AccountUnlisted.name(),
        (Action::DisableAccount { .. } | Action::EnableAccount { .. }, _) => "enabled",
        (Action::SetChannelLimit { .. }, _) => "channel_limit",
        (Action::UpdateAccount { .. }, _) => "custom_pricing",
        (Action::CreateAccount(_), _) => "account_missing",
    };
    named(action.subject(), Some(action.email()), code)
}

/// Returns true if the live value that an action sets is unknown: it may be right already.
fn is_assertion(action: &Action) -> bool {
    action.changes().iter().any(|change| !change.before_known)
}

fn of_action(planned: &PlannedAction) -> (DifferenceKey, Details) {
    let PlannedAction { action, reason, origin: _ } = planned;
    let changes = action.changes().into_iter().map(texts).collect();
    let (message, reason) = (String::new(), report::reason_text(*reason));
    (key(planned), Details { changes, message, reason, destructive: action.is_destructive() })
}

fn of_finding(finding: &Finding, state: &StateInfo) -> (DifferenceKey, Details) {
    let key = named(finding.subject(), finding.email(), finding.code().name());
    let message = report::stable_finding_text(finding, state);
    (key, Details { message, ..Details::default() })
}

fn named(subject: Subject, email: Option<&Email>, code: &str) -> DifferenceKey {
    DifferenceKey {
        kind: report::subject_name(subject).to_owned(),
        email: email.map(|email| email.folded().to_owned()),
        code: code.to_owned(),
    }
}

/// Merges two differences with one key, such as those of two live accounts with one email.
fn add(to: &mut Details, more: Details) {
    let Details { changes, message, reason, destructive } = more;
    to.changes.extend(changes);
    to.destructive |= destructive;
    for (to, more) in [(&mut to.message, message), (&mut to.reason, reason)] {
        if !to.is_empty() && !more.is_empty() {
            *to += "; ";
        }
        *to += &more;
    }
}

fn texts(change: FieldChange) -> (String, String, String) {
    let FieldChange { field, before, before_known: _, after } = change;
    (report::field_name(field).to_owned(), before.map(text).unwrap_or_default(), text(after))
}

fn text(value: FieldValue) -> String {
    match value {
        FieldValue::Bool(value) => value.to_string(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Text(text) => text,
    }
}

fn gaps(live: &Live) -> String {
    let gaps: Vec<&str> = live.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    format!("the inventory is incomplete: {}", gaps.join("; "))
}

/// The accounts with an unknown status. Finding no difference in them does not mean that there is none.
fn unknown_status(findings: &[Finding]) -> BTreeSet<Undetermined> {
    let unknown = findings.iter().filter(|finding| finding.code() == Code::StatusUnknown);
    let place = |finding: &Finding| {
        let code = finding.code().name();
        let DifferenceKey { kind, email, code: _ } =
            named(finding.subject(), finding.email(), code);
        (kind, email, None)
    };
    unknown.map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Gap, Policy, UserId};
    use crate::plan::{AccountTarget, FindingKind, PlannedAccount};

    /// A manifest that manages users only.
    fn desired() -> Desired {
        Desired {
            organization: "acme".to_owned(),
            manager: None,
            policy: Policy::default(),
            accept: Vec::new(),
            accounts: BTreeMap::new(),
            users: Some(BTreeMap::new()),
        }
    }

    fn email() -> Email {
        Email::new("A@shop.example")
    }

    fn plan(actions: Vec<Action>, findings: Vec<Finding>) -> Plan {
        let actions = actions.into_iter().map(PlannedAction::declared).collect();
        Plan { actions, findings, ..Plan::default() }
    }

    fn limit(target: AccountTarget, before: Option<u64>) -> Action {
        Action::SetChannelLimit { target, email: email(), before, after: 30 }
    }

    fn live(id: &str) -> AccountTarget {
        AccountTarget::Live(AccountId::new(id))
    }

    fn read(plan: &Plan) -> (BTreeMap<DifferenceKey, Details>, BTreeSet<Undetermined>) {
        match observe(plan, &desired(), &Live::default(), &StateInfo::default()) {
            RunResult::Read { differences, undetermined, incomplete: None } => {
                (differences, undetermined)
            }
            RunResult::Read { incomplete, .. } => panic!("{incomplete:?}"),
            RunResult::Unknown(error) => panic!("{error}"),
        }
    }

    fn codes(plan: &Plan) -> Vec<String> {
        read(plan).0.into_keys().map(|key| key.code).collect()
    }

    fn place(code: Option<&str>) -> Undetermined {
        let email = Some("a@shop.example".to_owned());
        ("managed_account".to_owned(), email, code.map(str::to_owned))
    }

    #[test]
    fn notices_are_no_drift_and_an_unknown_status_leaves_the_account_undetermined() {
        let findings = vec![
            Finding::account(email(), FindingKind::StatusUnknown),
            Finding::user(email(), FindingKind::Protected),
            Finding::user(email(), FindingKind::UserMissing),
        ];
        let plan = plan(Vec::new(), findings);
        assert_eq!(codes(&plan), ["user_missing"]);
        assert_eq!(read(&plan).1, [place(None)].into());
    }

    #[test]
    fn an_unknown_live_value_is_no_drift_and_leaves_its_field_undetermined() {
        let pricing = Action::UpdateAccount {
            id: AccountId::new("1"),
            email: email(),
            before: None,
            after: true,
        };
        let plan = plan(vec![limit(live("1"), None), pricing], Vec::new());
        assert_eq!(codes(&plan), [""; 0]);
        let expected = [place(Some("channel_limit")), place(Some("custom_pricing"))];
        assert_eq!(read(&plan).1, expected.into());
    }

    #[test]
    fn a_missing_account_is_one_difference_whatever_its_creation_takes() {
        let new = PlannedAccount {
            name: "A".to_owned(),
            email: email(),
            custom_pricing: None,
            rollup_billing: None,
            password_from: None,
        };
        let disable = Action::DisableAccount { target: AccountTarget::Created, email: email() };
        let actions =
            vec![Action::CreateAccount(new), limit(AccountTarget::Created, None), disable];
        let plan = plan(actions, Vec::new());
        assert_eq!(codes(&plan), ["account_missing"]);
        assert_eq!(read(&plan).1, BTreeSet::new());
    }

    #[test]
    fn two_accounts_with_one_email_are_one_difference_with_the_changes_of_both() {
        let plan = plan(vec![limit(live("1"), Some(40)), limit(live("2"), Some(10))], Vec::new());
        let (differences, _) = read(&plan);
        let details: Vec<_> = differences.into_values().collect();
        let change = |before: &str| ("channel_limit".into(), before.into(), "30".into());
        assert_eq!(details.len(), 1);
        assert_eq!(details[0].changes, [change("40"), change("10")]);
        assert!(details[0].destructive);
    }

    #[test]
    fn a_removal_is_identified_by_its_cause_and_gives_the_reason() {
        let day = "2020-01-01".parse().unwrap();
        for (reason, code, text) in [
            (Reason::Unlisted, "user_unlisted", "not listed"),
            (Reason::UntilPassed(day), "user_unlisted", "2020-01-01"),
            (Reason::Absent, "absent", "absent"),
            (Reason::Stale, "user_stale", "sign"),
        ] {
            let action = Action::RemoveUser { id: UserId::new("1"), email: email() };
            let planned = PlannedAction { reason, ..PlannedAction::declared(action) };
            let (key, details) = of_action(&planned);
            assert_eq!((key.code.as_str(), details.destructive), (code, true));
            assert!(details.reason.contains(text), "{}", details.reason);
        }
    }

    #[test]
    fn an_incomplete_half_that_is_all_there_is_is_unknown_and_a_possible_owner_is_not_missing() {
        let gap = |half| Live { gaps: vec![Gap::new(half, "page 2 is empty")], ..Live::default() };
        let plan = plan(Vec::new(), Vec::new());
        let observe = |live: &Live| observe(&plan, &desired(), live, &StateInfo::default());
        let result = observe(&gap(Half::Users));
        assert!(matches!(result, RunResult::Unknown(error) if error.contains("page 2 is empty")));
        let accounts = gap(Half::Accounts);
        assert!(matches!(observe(&accounts), RunResult::Unknown(_)), "no owner is known");
        let accounts = Live { owners: [email()].into(), ..accounts.clone() };
        let RunResult::Read { incomplete: Some((half, reason)), .. } = observe(&accounts) else {
            panic!("not read")
        };
        let expected = "only users were checked: the inventory is incomplete: page 2 is empty";
        assert_eq!((half, reason.as_str()), (Half::Accounts, expected));
    }
}
