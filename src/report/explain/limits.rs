//! The safety limits of a policy.

use super::Explanation;
use crate::plan::GuardName;

/// Explains a safety limit.
pub(super) fn limit(name: GuardName) -> Explanation {
    match name {
        GuardName::MaxRemovals => Explanation {
            summary: "the most users that one plan may remove",
            meaning: "A number, or a percentage of the live users. The default is 25%.",
            reason: "A manifest that lost half of its users would otherwise remove half of the organization. A removed user has to be invited again.",
            ..destructive()
        },
        GuardName::MaxDisables => Explanation {
            summary: "the most accounts that one plan may cut off",
            meaning: "A number, or a percentage of the enabled accounts. The default is 25%. An account whose channel limit is set to 0 counts too.",
            reason: "A disabled account cannot use Telnyx services, and enabling it again does not enable its connections by itself.",
            ..destructive()
        },
        GuardName::MaxEnables => Explanation {
            summary: "the most accounts that one plan may enable",
            meaning: "A number, or a percentage of the disabled accounts. The default is 25%.",
            reason: "An account that was disabled on purpose could use Telnyx services again.",
            ..destructive()
        },
        GuardName::MaxChannelCut => Explanation {
            summary: "the most channels that one plan may take away",
            meaning: "A number, or a percentage of the allocated channels. The default is 50%. Limits whose current value is unknown do not count.",
            reason: "A lower limit takes effect at once, and a mistake in `defaults` would lower the limits of all accounts.",
            ..destructive()
        },
        GuardName::MaxPricingWithdrawals => Explanation {
            summary: "the most accounts to lose custom pricing",
            meaning: "A number, or a percentage of the accounts that have custom pricing. The default is 25%.",
            reason: "A withdrawal changes what an account pays, and a mistake in `defaults` would withdraw it everywhere.",
            ..destructive()
        },
        GuardName::MaxCreates => Explanation {
            summary: "the most accounts that one plan may create",
            meaning: "A number. The default is 100.",
            reason: "The API cannot delete an account, so a create cannot be taken back.",
            fix: "Review the plan. If it is correct, approve the exact number of creates, or raise the limit in `policy` and let the change be reviewed. 0 allows no create.",
            command: Some("trunkline apply acme.yaml --approve-creates 2"),
        },
    }
}

/// The way to lift a limit of destructive actions.
fn destructive() -> Explanation {
    Explanation {
        fix: "Review the plan. If it is correct, approve the exact number of destructive actions, or raise the limit in `policy` and let the change be reviewed. A percentage is rounded down, but is at least 1; 0 allows none.",
        command: Some("trunkline apply acme.yaml --approve-destructive 3"),
        ..Explanation::default()
    }
}
