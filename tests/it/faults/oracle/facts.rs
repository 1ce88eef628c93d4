//! Facts about a run, read from its calls and the live organization.

use super::*;

/// True if a plan reports a create of unknown outcome.
pub(super) fn is_unresolved(ran: &RunResult) -> bool {
    let unresolved = |finding: &Finding| finding.what == FindingKind::UnresolvedCreate;
    ran.plan.iter().flat_map(|plan| &plan.findings).any(unresolved)
}

/// True if the account was looked for after its last create, however often.
pub(super) fn was_looked_for(seen: &[Call], email: &str) -> bool {
    let after = seen.iter().rev().take_while(|call| call.op != Op::Create || call.subject != email);
    let looked =
        |call: &Call| matches!(call.op, Op::LookUp(Which::WithCancelled)) && call.subject == email;
    after.into_iter().any(looked)
}

/// True if what an action is for is so.
pub(super) fn is_so(book: &Organization, action: &Action, created: Option<&str>) -> bool {
    // Another client may have created an account of the same email meanwhile, so the id decides: that of the plan or,
    // for a new account, that of the outcome.
    let email = action.email().as_str();
    let by = |id: Option<&str>, is: &dyn Fn(&book::Account) -> bool| {
        id.and_then(|id| book.account(id)).is_some_and(|one| one.email == email && is(one))
    };
    let of = |id: &AccountId, is: &dyn Fn(&book::Account) -> bool| by(Some(id.as_str()), is);
    let meant = |target: &AccountTarget, is: &dyn Fn(&book::Account) -> bool| match target {
        AccountTarget::Live(id) => of(id, is),
        AccountTarget::Created => by(created, is),
    };
    match action {
        Action::RemoveUser { id, .. } => {
            book.users.iter().any(|user| user.id == id.as_str() && user.gone)
        }
        Action::DisableAccount { target, .. } => {
            meant(target, &|one| one.status == book::Status::Disabled)
        }
        Action::EnableAccount { id, .. } => of(id, &|one| one.status == book::Status::Enabled),
        Action::SetChannelLimit { target, after, .. } => {
            meant(target, &|one| one.limit() == *after)
        }
        Action::UpdateAccount { id, after, .. } => of(id, &|one| one.pricing == *after),
        Action::CreateAccount(_) => by(created, &|one| one.status != book::Status::Cancelled),
    }
}
