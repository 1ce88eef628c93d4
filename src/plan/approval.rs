//! Approval of a plan: its safety limits, and the exact numbers that lift them.

use super::{Guard, GuardName, Plan};

/// The numbers that a person has approved. Each lifts its safety limits, and must be exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApprovedNumbers {
    /// The number of destructive actions.
    pub destructive: Option<usize>,
    /// The number of accounts to create.
    pub creates: Option<usize>,
}

/// A number that lifts safety limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lift {
    /// The number of destructive actions lifts all limits but that on creates.
    Destructive,
    /// The number of accounts to create lifts the limit on creates.
    Creates,
}

/// The reason why a plan must not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalError {
    /// An approved number is not that of the plan.
    Mismatch {
        /// The number.
        lift: Lift,
        /// The approved number.
        given: usize,
        /// The number of the plan.
        actual: usize,
    },
    /// The plan exceeds safety limits that no number lifts.
    Exceeded {
        /// The limits.
        guards: Vec<Guard>,
        /// The numbers that would lift them.
        lifts: Vec<(Lift, usize)>,
    },
}

impl Lift {
    /// Returns true if this number lifts a limit.
    fn lifts(self, name: GuardName) -> bool {
        let creates = match name {
            GuardName::MaxRemovals
            | GuardName::MaxDisables
            | GuardName::MaxEnables
            | GuardName::MaxChannelCut
            | GuardName::MaxPricingWithdrawals => false,
            GuardName::MaxCreates => true,
        };
        creates == (self == Self::Creates)
    }
}

impl ApprovedNumbers {
    /// Holds the whole plan against its safety limits.
    ///
    /// # Errors
    ///
    /// If an approved number is not exact, or a limit is exceeded that no number lifts.
    pub fn check(&self, plan: &Plan) -> Result<(), ApprovalError> {
        let creates = plan.requested().filter(|action| action.is_create()).count();
        let numbers = [
            (Lift::Destructive, self.destructive, plan.destructive()),
            (Lift::Creates, self.creates, creates),
        ];
        for (lift, given, actual) in numbers {
            if let Some(given) = given.filter(|given| *given != actual) {
                return Err(ApprovalError::Mismatch { lift, given, actual });
            }
        }
        let (mut guards, mut lifts) = (Vec::new(), Vec::new());
        for (lift, _, actual) in numbers.into_iter().filter(|(_, given, _)| given.is_none()) {
            let exceeded = |guard: &&Guard| guard.refused() && lift.lifts(guard.name);
            let before = guards.len();
            guards.extend(plan.guards.iter().filter(exceeded).copied());
            if guards.len() > before {
                lifts.push((lift, actual));
            }
        }
        if guards.is_empty() { Ok(()) } else { Err(ApprovalError::Exceeded { guards, lifts }) }
    }
}
