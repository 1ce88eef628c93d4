//! Reading a tree as a manifest: the fields, and which of them are required.

use super::document::{
    AcceptEntry, AccountDefaults, DefaultsEntry, ManifestAccount, ManifestDocument, ManifestUser,
    PolicyEntry,
};
use super::reading::{BEGIN, FieldReader, MANIFEST, Reading, Written};
use super::texts;
use super::tree::{Node, TreeKind};
use super::values;
use crate::model::{Code, Email};

/// Reads a file. Invalid parts are recorded as problems and left out; the rest is checked further.
pub(super) fn document(reading: &mut Reading<'_>, root: &Node<'_>) -> Option<ManifestDocument> {
    let mut fields = FieldReader::of(reading, root, MANIFEST)?;
    let version = fields.required(reading, "version", BEGIN, values::version);
    let organization = if reading.alone {
        let hint = "Add a label for reports, such as `organization: acme`.";
        fields.required(reading, "organization", hint, texts::label)
    } else {
        fields.optional(reading, "organization", texts::label)
    };
    let document = ManifestDocument {
        version,
        names_organization: fields.has("organization"),
        organization,
        manager_account_id: fields.optional(reading, "manager_account_id", texts::account_id),
        policy: value(fields.optional(reading, "policy", policy)),
        accept: list(&mut fields, reading, "accept", accept).unwrap_or_default(),
        defaults: value(fields.optional(reading, "defaults", defaults)),
        accounts: list(&mut fields, reading, "accounts", account).unwrap_or_default(),
        users: users(&mut fields, reading),
    };
    fields.finish(reading);
    Some(document)
}

fn value<T>(written: Option<Written<T>>) -> Option<T> {
    written.map(|written| written.value)
}

fn list<T>(
    fields: &mut FieldReader<'_, '_>,
    reading: &mut Reading<'_>,
    name: &'static str,
    read: fn(&mut Reading<'_>, &Node<'_>) -> Option<T>,
) -> Option<Vec<Written<T>>> {
    value(fields.optional(reading, name, |reading, node| reading.items(node, "a list", read)))
}

fn policy(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<PolicyEntry> {
    let mut fields = FieldReader::of(reading, node, "`policy`")?;
    let budget = values::budget;
    let entry = PolicyEntry {
        unlisted_accounts: fields.optional(reading, "unlisted_accounts", values::unlisted_accounts),
        unlisted_users: fields.optional(reading, "unlisted_users", values::unlisted_users),
        max_removals: fields.optional(reading, "max_removals", budget),
        max_disables: fields.optional(reading, "max_disables", budget),
        max_enables: fields.optional(reading, "max_enables", budget),
        max_channel_cut: fields.optional(reading, "max_channel_cut", budget),
        max_pricing_withdrawals: fields.optional(reading, "max_pricing_withdrawals", budget),
        max_creates: fields.optional(reading, "max_creates", values::count),
        protected: value(fields.optional(reading, "protected", emails)).unwrap_or_default(),
        stale_after: fields.optional(reading, "stale_after", values::days),
        stale_users: fields.optional(reading, "stale_users", values::stale_users),
        sso_bypass: fields.optional(reading, "sso_bypass", emails),
        privileged_groups: fields.optional(reading, "privileged_groups", groups),
    };
    fields.finish(reading);
    Some(entry)
}

fn emails(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Vec<Written<Email>>> {
    reading.items(node, "a list of emails", texts::email)
}

fn groups(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Vec<Written<String>>> {
    reading.items(node, "a list of group names", texts::free_text)
}

fn accept(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<AcceptEntry> {
    let mut fields = FieldReader::of(reading, node, "an entry of `accept`")?;
    let (code_hint, until_hint) = (
        "Name the code of the finding, as a plan shows it.",
        "Name the last day, such as 2027-01-31.",
    );
    let lacks_email = fields.has("code") && !fields.has("email");
    let entry = AcceptEntry {
        code: fields.required(reading, "code", code_hint, values::code),
        email: fields.optional(reading, "email", texts::email),
        until: fields.required(reading, "until", until_hint, values::day),
        reason: fields.optional(reading, "reason", texts::free_text),
    };
    if let Some(code) =
        entry.code.as_ref().filter(|code| lacks_email && code.value != Code::PoolExceeded)
    {
        let message = format!("accepting {} requires `email`", code.value.name());
        let problem = reading.problem(code.location.span, message);
        problem.hint = Some("Name the account or user; accept each one separately.".into());
    }
    fields.finish(reading);
    Some(entry)
}

fn defaults(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<DefaultsEntry> {
    let mut fields = FieldReader::of(reading, node, "`defaults`")?;
    let account = value(fields.optional(reading, "account", account_defaults));
    fields.finish(reading);
    Some(DefaultsEntry { account })
}

fn account_defaults(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<AccountDefaults> {
    let mut fields = FieldReader::of(reading, node, "`defaults.account`")?;
    let boolean = values::boolean;
    let entry = AccountDefaults {
        enabled: fields.optional(reading, "enabled", boolean),
        channel_limit: fields.optional(reading, "channel_limit", values::channel_limit),
        custom_pricing: fields.optional(reading, "custom_pricing", boolean),
        rollup_billing: fields.optional(reading, "rollup_billing", boolean),
        min_balance: fields.optional(reading, "min_balance", values::amount),
        reenable_connections: fields.optional(reading, "reenable_connections", boolean),
    };
    fields.finish(reading);
    Some(entry)
}

fn account(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<ManifestAccount> {
    let mut fields = FieldReader::of(reading, node, "an account")?;
    let boolean = values::boolean;
    let (name, email) =
        ("Add the name of its organization.", "Add the email, which identifies the account.");
    let entry = ManifestAccount {
        name: fields.required(reading, "name", name, texts::free_text),
        email: fields.required(reading, "email", email, texts::email),
        id: fields.optional(reading, "id", texts::account_id),
        enabled: fields.optional(reading, "enabled", boolean),
        channel_limit: fields.optional(reading, "channel_limit", values::channel_limit),
        custom_pricing: fields.optional(reading, "custom_pricing", boolean),
        rollup_billing: fields.optional(reading, "rollup_billing", boolean),
        min_balance: fields.optional(reading, "min_balance", values::amount),
        reenable_connections: fields.optional(reading, "reenable_connections", boolean),
        password_from: fields.optional(reading, "password_from", values::password_source),
    };
    fields.finish(reading);
    Some(entry)
}

/// The users. A list that is present must not be empty.
fn users(
    fields: &mut FieldReader<'_, '_>,
    reading: &mut Reading<'_>,
) -> Option<Vec<Written<ManifestUser>>> {
    value(fields.optional(reading, "users", |reading, node| {
        if matches!(&node.kind, TreeKind::List(items) if items.is_empty()) {
            let message =
                "an empty list of users would mean that no user may be in the organization";
            let problem = reading.problem(node.span, message.to_owned());
            problem.hint = Some(
                "List the users that may be there, or delete `users` to leave users alone.".into(),
            );
        }
        reading.items(node, "a list of users", user)
    }))
}

fn user(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<ManifestUser> {
    let mut fields = FieldReader::of(reading, node, "a user")?;
    let entry = ManifestUser {
        email: fields.required(
            reading,
            "email",
            "Add the email, which identifies the user.",
            texts::email,
        ),
        groups: fields.optional(reading, "groups", groups),
        until: fields.optional(reading, "until", values::day),
        keep: fields.optional(reading, "keep", values::boolean),
        absent: fields.optional(reading, "absent", values::boolean),
        owner: fields.optional(reading, "owner", values::boolean),
    };
    fields.finish(reading);
    let ManifestUser { email: _, groups, until, keep, absent, owner } = &entry;
    let is_true = |flag: &&Written<bool>| flag.value;
    let absent = absent.as_ref().filter(is_true).map(|flag| ("absent", flag));
    let owner = owner.as_ref().filter(is_true).map(|flag| ("owner", flag));
    if let Some((word, flag)) = absent.or(owner) {
        let other = [
            ("groups", groups.as_ref().map(|it| it.location)),
            ("until", until.as_ref().map(|it| it.location)),
            ("keep", absent.and(keep.as_ref().filter(is_true)).map(|it| it.location)),
            ("owner", absent.and(owner).map(|(_, flag)| flag.location)),
        ];
        for (name, location) in other {
            let Some(location) = location else { continue };
            let message = format!("a user with `{word}: true` cannot have `{name}`");
            let problem = reading.problem(flag.location.span, message);
            problem.related = Some((location, "set here"));
            problem.hint = Some("Keep one of the two.".into());
        }
    }
    Some(entry)
}
