//! From a tree to a document: which fields there are, and which of them must be there.

use super::document::{
    AcceptEntry, AccountDefaults, AccountEntry, DefaultsEntry, Document, PolicyEntry, UserEntry,
};
use super::reading::{BEGIN, Fields, MANIFEST, Reading, Written};
use super::tree::{Kind, Node};
use super::values;
use crate::model::{Code, Email};

/// Takes a file. What does not fit is noted and left out; the rest goes on to be checked.
pub(super) fn document(reading: &mut Reading<'_>, root: &Node<'_>) -> Option<Document> {
    let mut fields = Fields::of(reading, root, MANIFEST)?;
    let version = fields.required(reading, "version", BEGIN, values::version);
    let organization = if reading.alone {
        let hint = "a label for reports, such as `organization: acme`";
        fields.required(reading, "organization", hint, values::label)
    } else {
        fields.optional(reading, "organization", values::label)
    };
    let document = Document {
        version,
        names_organization: fields.has("organization"),
        organization,
        manager_account_id: fields.optional(reading, "manager_account_id", values::account_id),
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
    fields: &mut Fields<'_, '_>,
    reading: &mut Reading<'_>,
    name: &'static str,
    read: fn(&mut Reading<'_>, &Node<'_>) -> Option<T>,
) -> Option<Vec<Written<T>>> {
    let wanted = "a list";
    value(fields.optional(reading, name, |reading, node| reading.items(node, wanted, read)))
}

fn policy(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<PolicyEntry> {
    let mut fields = Fields::of(reading, node, "`policy`")?;
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
        protected: emails(&mut fields, reading).unwrap_or_default(),
    };
    fields.finish(reading);
    Some(entry)
}

fn emails(fields: &mut Fields<'_, '_>, reading: &mut Reading<'_>) -> Option<Vec<Written<Email>>> {
    value(fields.optional(reading, "protected", |reading, node| {
        reading.items(node, "a list of emails", values::email)
    }))
}

fn accept(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<AcceptEntry> {
    let mut fields = Fields::of(reading, node, "an entry of `accept`")?;
    let (which, how_long) =
        ("the kind of the finding, as a plan shows it", "the last day, such as 2027-01-31");
    let about_one = fields.has("code") && !fields.has("email");
    let entry = AcceptEntry {
        code: fields.required(reading, "code", which, values::code),
        email: fields.optional(reading, "email", values::email),
        until: fields.required(reading, "until", how_long, values::day),
        reason: fields.optional(reading, "reason", values::text),
    };
    if let Some(code) =
        entry.code.as_ref().filter(|code| about_one && code.value != Code::PoolExceeded)
    {
        let message = format!("to accept {} an entry needs `email`", code.value.name());
        let fault = reading.fault(code.spot.span, message);
        fault.hint = Some("say which account or user; accept each by itself".into());
    }
    fields.finish(reading);
    Some(entry)
}

fn defaults(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<DefaultsEntry> {
    let mut fields = Fields::of(reading, node, "`defaults`")?;
    let account = value(fields.optional(reading, "account", account_defaults));
    fields.finish(reading);
    Some(DefaultsEntry { account })
}

fn account_defaults(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<AccountDefaults> {
    let mut fields = Fields::of(reading, node, "`defaults.account`")?;
    let boolean = values::boolean;
    let entry = AccountDefaults {
        enabled: fields.optional(reading, "enabled", boolean),
        channel_limit: fields.optional(reading, "channel_limit", values::channel_limit),
        custom_pricing: fields.optional(reading, "custom_pricing", boolean),
        rollup_billing: fields.optional(reading, "rollup_billing", boolean),
        reenable_connections: fields.optional(reading, "reenable_connections", boolean),
    };
    fields.finish(reading);
    Some(entry)
}

fn account(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<AccountEntry> {
    let mut fields = Fields::of(reading, node, "an account")?;
    let boolean = values::boolean;
    let (name, email) = ("the name of its organization", "its email is how it is known");
    let entry = AccountEntry {
        name: fields.required(reading, "name", name, values::text),
        email: fields.required(reading, "email", email, values::email),
        id: fields.optional(reading, "id", values::account_id),
        enabled: fields.optional(reading, "enabled", boolean),
        channel_limit: fields.optional(reading, "channel_limit", values::channel_limit),
        custom_pricing: fields.optional(reading, "custom_pricing", boolean),
        rollup_billing: fields.optional(reading, "rollup_billing", boolean),
        reenable_connections: fields.optional(reading, "reenable_connections", boolean),
        password_from: fields.optional(reading, "password_from", values::password_source),
    };
    fields.finish(reading);
    Some(entry)
}

/// The users. A list that is there must have somebody in it.
fn users(
    fields: &mut Fields<'_, '_>,
    reading: &mut Reading<'_>,
) -> Option<Vec<Written<UserEntry>>> {
    value(fields.optional(reading, "users", |reading, node| {
        if matches!(&node.kind, Kind::List(items) if items.is_empty()) {
            let message = "an empty list of users would say that nobody may be in the organization";
            let fault = reading.fault(node.span, message.to_owned());
            fault.hint = Some("leave `users` out to not manage users".into());
        }
        reading.items(node, "a list of users", user)
    }))
}

fn user(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<UserEntry> {
    let mut fields = Fields::of(reading, node, "a user")?;
    let entry = UserEntry {
        email: fields.required(reading, "email", "a user is known by its email", values::email),
        groups: fields.optional(reading, "groups", |reading, node| {
            reading.items(node, "a list of the names of groups", values::text)
        }),
        until: fields.optional(reading, "until", values::day),
        absent: fields.optional(reading, "absent", values::boolean),
        owner: fields.optional(reading, "owner", values::boolean),
    };
    fields.finish(reading);
    let UserEntry { email: _, groups, until, absent, owner } = &entry;
    let is_said = |flag: &&Written<bool>| flag.value;
    let absent = absent.as_ref().filter(is_said).map(|flag| ("absent", flag));
    let owner = owner.as_ref().filter(is_said).map(|flag| ("owner", flag));
    if let Some((word, flag)) = absent.or(owner) {
        let other = [
            ("groups", groups.as_ref().map(|it| it.spot)),
            ("until", until.as_ref().map(|it| it.spot)),
            ("owner", absent.and(owner).map(|(_, flag)| flag.spot)),
        ];
        for (name, spot) in other {
            let Some(spot) = spot else { continue };
            let message = format!("a user with `{word}: true` takes no `{name}`");
            let fault = reading.fault(flag.spot.span, message);
            fault.related = Some((spot, "it is here"));
            fault.hint = Some("keep one of the two".into());
        }
    }
    Some(entry)
}
