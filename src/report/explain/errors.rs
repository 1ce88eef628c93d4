//! The error codes that Telnyx returns most often.

use super::Explanation;

/// The error codes of Telnyx, by number.
pub(super) const ERRORS: [(&str, Explanation); 12] = [
    (
        "10004",
        Explanation {
            summary: "a parameter is missing",
            meaning: "Telnyx requires a field that the request did not have.",
            reason: "The documentation of the API names no further required field, so Telnyx may have added one.",
            fix: "Read the detail in the message, which names the field. If the manifest has a field for it, set it.",
            command: None,
        },
    ),
    ("10007", Explanation { summary: "authentication failed", ..AUTHENTICATION }),
    ("10009", Explanation { summary: "authentication failed", ..AUTHENTICATION }),
    (
        "10010",
        Explanation {
            summary: "the key may not do this",
            meaning: "The key is valid, and its user lacks the permission. `No grant allows` in the detail means a permission of Identity and Access Management.",
            reason: "A user has the permissions of all of their groups together.",
            fix: "Grant the permission under Identity and Access Management in the portal. For accounts: only a manager has managed accounts, which needs a commit plan. Without `accounts`, a manifest needs no access to them.",
            command: None,
        },
    ),
    (
        "10011",
        Explanation {
            summary: "too many requests",
            meaning: "The rate limit of the key is used up. The request was repeated after the wait that Telnyx asked for, and was refused again.",
            reason: "Other programs that use the key share its limit.",
            fix: "Try again later, or lower the number of concurrent requests.",
            command: Some("trunkline plan acme.yaml --parallelism 4"),
        },
    ),
    (
        "10012",
        Explanation {
            summary: "it exists already",
            meaning: "Telnyx refuses a duplicate, such as a second account with one email.",
            reason: "An email that any Telnyx user has, in this organization or another, cannot be used for a new account.",
            fix: "Use another email. If the account exists, add it to the manifest with its `id`.",
            command: Some("trunkline get accounts --cancelled"),
        },
    ),
    (
        "10015",
        Explanation {
            summary: "a value is invalid",
            meaning: "Telnyx rejects a value of the request. The detail in the message names the field.",
            reason: "The manifest is checked before a request is sent, but some rules are known to Telnyx only.",
            fix: "Correct the value in the manifest. If the field is the email, any Telnyx user may have it already; use another one.",
            command: Some("trunkline validate acme.yaml"),
        },
    ),
    (
        "10019",
        Explanation {
            summary: "the email is invalid or taken",
            meaning: "Telnyx rejects the email of an account.",
            reason: "An email that any Telnyx user has, in this organization or another, cannot be used for a new account.",
            fix: "Use another email in the entry.",
            command: None,
        },
    ),
    ("20002", Explanation { summary: "the key was revoked", ..AUTHENTICATION }),
    (
        "20012",
        Explanation {
            summary: "the account is inactive or out of funds",
            meaning: "Telnyx refuses requests because the organization of the key is inactive or its balance is used up.",
            reason: "Telnyx abolishes an account that has a negative balance for a month, and deletes its numbers.",
            fix: "Check the balance and the status in the portal.",
            command: None,
        },
    ),
    (
        "20013",
        Explanation {
            summary: "the account is blocked",
            meaning: "Telnyx has blocked the organization of the key.",
            reason: "A block comes from Telnyx, and the API cannot lift it.",
            fix: "Contact Telnyx support.",
            command: None,
        },
    ),
    (
        "20015",
        Explanation {
            summary: "the feature is not enabled",
            meaning: "The organization does not have the feature that the request needs, such as managed accounts or global outbound channels.",
            reason: "Telnyx enables some features on request only.",
            fix: "Contact Telnyx support to enable it, or remove the fields that need it from the manifest.",
            command: None,
        },
    ),
];

const AUTHENTICATION: Explanation = Explanation {
    summary: "",
    meaning: "Telnyx does not accept the API key.",
    reason: "The key is wrong, incomplete, revoked, or belongs to another base URL.",
    fix: "Check TELNYX_API_KEY or the file of `--api-key-file`: the key alone, without quotation marks and without `Bearer`. If it was revoked, create a new key in the portal.",
    command: Some("trunkline get users"),
};
