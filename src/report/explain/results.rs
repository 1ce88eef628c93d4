//! The outcomes of actions, and exit statuses.

use super::Explanation;

/// The outcomes, by name.
pub(super) const OUTCOMES: [(&str, Explanation); 6] = [
    (
        "done",
        Explanation {
            summary: "the action was executed",
            meaning: "Telnyx has confirmed the change.",
            reason: "Each action of a plan has exactly one outcome; this is the good one.",
            fix: "Nothing to do. Changes take 1 to 3 seconds to be visible everywhere, so a plan directly after an apply may still show them; `apply --verify` waits for them.",
            command: None,
        },
    ),
    (
        "satisfied",
        Explanation {
            summary: "the change was already in place",
            meaning: "The account or user was as the action wants it before the action was sent, so nothing was sent.",
            reason: "Another run or a person may have made the change between plan and apply.",
            fix: "Nothing to do.",
            command: None,
        },
    ),
    (
        "failed",
        Explanation {
            summary: "the action was refused, or could not be sent",
            meaning: "Telnyx refused the request, or it did not reach Telnyx. Actions that depend on it are skipped; all others go on.",
            reason: "One refused request should not stop the changes that have nothing to do with it.",
            fix: "Read the error and the hint below the outcome; `trunkline explain` also takes the error code. Then plan again: what has failed is planned again.",
            command: Some("trunkline plan acme.yaml"),
        },
    ),
    (
        "stale",
        Explanation {
            summary: "the live side has changed since the plan",
            meaning: "The field that the action changes has another value than when the plan was made, so the action was not sent. The message names the field.",
            reason: "A saved plan was approved for the values that it shows, and for no others.",
            fix: "Make a new plan, and review it.",
            command: Some("trunkline plan acme.yaml --out acme.plan.json"),
        },
    ),
    (
        "unknown",
        Explanation {
            summary: "the request was sent, and its result is unknown",
            meaning: "The answer was lost, or the apply was interrupted while the request was under way. The change may have happened.",
            reason: "A create whose answer is lost is not sent again by itself, because a second account could not be deleted.",
            fix: "Plan again. A change that has happened is in sync then. A create that remains unknown is an `unresolved_create`.",
            command: Some("trunkline plan acme.yaml"),
        },
    ),
    (
        "skipped",
        Explanation {
            summary: "the action was not sent",
            meaning: "An action that it depends on was not successful, the apply was interrupted, a rule withholds it, or Telnyx refuses every request. The message names the cause.",
            reason: "Each action has an outcome, also those that were never sent.",
            fix: "Remove the cause, and plan again.",
            command: Some("trunkline plan acme.yaml"),
        },
    ),
];

/// The exit statuses, by number.
pub(super) const EXITS: [(&str, Explanation); 10] = [
    (
        "0",
        Explanation {
            summary: "success; for plan, also with changes",
            meaning: "The command did what it was asked to do.",
            reason: "A plan with changes is a result and not an error. With `--detailed-exitcode` it ends with 2.",
            fix: "Nothing to do.",
            command: None,
        },
    ),
    (
        "1",
        Explanation {
            summary: "error",
            meaning: "The arguments, the manifest, the key, the network or the state are at fault, or the question of `apply` was not answered with yes.",
            reason: "Most errors are found before the first request is sent.",
            fix: "Read the message and its hint on stderr.",
            command: None,
        },
    ),
    (
        "2",
        Explanation {
            summary: "something differs: --detailed-exitcode, fmt --check, fmt --diff",
            meaning: "The plan has actions or drift, two manifests differ, or a file is not in the canonical layout.",
            reason: "A pipeline can branch on a difference without reading a report.",
            fix: "Review the difference, then apply or format.",
            command: Some("trunkline plan acme.yaml --detailed-exitcode"),
        },
    ),
    (
        "3",
        Explanation {
            summary: "refused: safety limits, or another manager, URL or manifest",
            meaning: "The plan is over a safety limit, the number in `--approve-destructive` or `--approve-creates` is not that of the plan, the key belongs to another manager than `manager_account_id`, or a saved plan was made for another manager, base URL or manifest. Nothing was sent.",
            reason: "Safety limits are checked for the whole plan before the first request.",
            fix: "Review the plan. If it is correct, approve its exact number. For the wrong manager, use the key of the right one.",
            command: Some("trunkline apply acme.yaml --approve-destructive 3"),
        },
    ),
    (
        "4",
        Explanation {
            summary: "something was not sent: stale, expired, withheld, unexpected plan",
            meaning: "The live side has changed since the plan was saved, the saved plan has expired, a rule withheld an action, or the plan has another digest than `--expect`.",
            reason: "What was approved is applied, or it is not sent at all.",
            fix: "Make a new plan, and review it. For a withheld action, read the finding that names the rule.",
            command: Some("trunkline plan acme.yaml --out acme.plan.json"),
        },
    ),
    (
        "5",
        Explanation {
            summary: "some actions failed",
            meaning: "Telnyx refused at least one action, or it could not be sent. Other actions were executed.",
            reason: "One failed action stops only what depends on it.",
            fix: "Read the errors and hints in the report. Then plan again.",
            command: Some("trunkline plan acme.yaml"),
        },
    ),
    (
        "6",
        Explanation {
            summary: "the outcome of a create is unknown and must be resolved by hand",
            meaning: "The answer to a create was lost, and no list shows the account.",
            reason: "To send the create again could make a second account, which the API cannot delete.",
            fix: "Look for the account in the portal, then settle the create.",
            command: Some("trunkline state resolve crew@tallship.example --retry"),
        },
    ),
    (
        "7",
        Explanation {
            summary: "inventory incomplete; nothing destructive was sent in that half",
            meaning: "Accounts or users could not be read completely. In that half nothing destructive was sent and nothing created.",
            reason: "An account that is missing from an incomplete list may exist.",
            fix: "Run the command again. The finding `inventory_incomplete` names the list.",
            command: None,
        },
    ),
    ("130", Explanation { summary: "interrupted by SIGINT, as from Ctrl-C", ..INTERRUPTED }),
    ("143", Explanation { summary: "interrupted by SIGTERM", ..INTERRUPTED }),
];

const INTERRUPTED: Explanation = Explanation {
    summary: "",
    meaning: "The command was stopped by a signal. An apply finishes and records the requests that are in flight, for at most 7 seconds; a second signal ends it at once.",
    reason: "A request that is cut off has an unknown result.",
    fix: "Plan again to see what is left to do.",
    command: Some("trunkline plan acme.yaml"),
};
