//! Checks of what was read against the bodies that it was read from.

use super::*;

/// A list without a gap has every item of every page that is counted, once; any other has items of its pages.
pub(super) fn list<T>(
    listing: &Listing<T>,
    bodies: &[Value],
    id: impl Fn(&T) -> String,
    assert_item: fn(&T, &Value),
) -> Taken {
    let Listing { items, gap } = listing;
    // A missing number of pages follows from the total, or else there is one page.
    let length = bodies[0]["data"].as_array().map_or(0, Vec::len).max(1);
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    let total = number(&bodies[0]["meta"]["total_results"]);
    let derived = total.map_or(1, |total| total.div_ceil(length));
    let counted = number(&bodies[0]["meta"]["total_pages"]).unwrap_or(derived);
    let read = usize::try_from(counted).unwrap_or(usize::MAX).max(1);
    let written: Vec<&Value> =
        bodies.iter().take(read).flat_map(|body| body["data"].as_array().unwrap()).collect();
    for item in items {
        let of = written.iter().find(|written| written["id"] == *id(item));
        let of = of.expect("an item is of a page");
        if gap.is_none() {
            assert_item(item, of);
        }
    }
    if gap.is_some() {
        return Taken::Refused;
    }
    assert!(bodies.len() >= read, "{read} pages are counted, and there are {}", bodies.len());
    for body in &bodies[..read] {
        // Without a total the items are counted, and a second read has to agree.
        let total = number(&body["meta"]["total_results"]);
        let written = u64::try_from(written.len()).unwrap_or(u64::MAX);
        assert!(total.is_none_or(|total| total == written), "a list without a gap has a gap");
        let pages = number(&body["meta"]["total_pages"]);
        assert!(pages.is_none_or(|pages| pages == counted), "{pages:?} and {counted} pages");
    }
    let ids: BTreeSet<&str> = written.iter().filter_map(|item| item["id"].as_str()).collect();
    assert_eq!((items.len(), ids.len()), (written.len(), written.len()), "an item came twice");
    Taken::Accepted
}

/// The account is the one of the body; its status, which is not there, is unknown.
pub(super) fn assert_account(read: &LiveAccount, body: &Value) {
    let LiveAccount { id, email, name, manager, api_user, custom_pricing, rollup_billing, status } =
        read;
    let manager_email = body["api_user"].as_str().filter(|email| !email.trim().is_empty());
    assert_eq!(manager_email, api_user.as_ref().map(Email::as_str));
    assert!(!id.as_str().is_empty() && !email.as_str().is_empty(), "{read:?}");
    assert_eq!((&body["id"], &body["email"]), (&id.as_str().into(), &email.as_str().into()));
    assert_eq!(body["organization_name"], Value::from(name.clone()));
    let manager = manager.as_ref().map(AccountId::as_str);
    assert_eq!(body["manager_account_id"], Value::from(manager));
    assert_eq!(body["managed_account_allow_custom_pricing"], Value::from(*custom_pricing));
    assert_eq!(body["rollup_billing"], Value::from(*rollup_billing));
    assert_eq!(*status, None, "no account carries its status");
}

/// The user is the one of the body; only the documented words make an owner, or one who is enabled.
pub(super) fn assert_user(read: &LiveUser, body: &Value) {
    let LiveUser { id, email, role, status, groups, created, last_sign_in, bypasses_sso } = read;
    assert_eq!(body["organization_user_bypasses_sso"].as_bool(), *bypasses_sso);
    // A time begins with its day, except where its offset moves it to a neighbour in UTC.
    let is_near = |time: &Value, day: Day| {
        let written = time.as_str().and_then(|time| time.get(..10)?.parse::<Day>().ok());
        written.is_some_and(|written| day.days_since(written).abs() <= 1)
    };
    assert!(created.is_none_or(|day| is_near(&body["created_at"], day)), "{body}");
    let signed_in = &body["last_sign_in_at"];
    match last_sign_in {
        LastSignIn::Unknown => {}
        LastSignIn::Never => assert!(
            body.as_object().unwrap().contains_key("last_sign_in_at") && signed_in.is_null()
        ),
        LastSignIn::On(day) => assert!(is_near(signed_in, *day), "{body}"),
    }
    assert!(!id.as_str().is_empty() && !email.as_str().is_empty(), "{read:?}");
    assert_eq!((&body["id"], &body["email"]), (&id.as_str().into(), &email.as_str().into()));
    let role = match role {
        Role::Owner => "organization_owner",
        Role::SubUser => "organization_sub_user",
        Role::Other(other) => other,
    };
    assert_eq!(body["record_type"], role);
    let status = status.as_ref().map(|status| match status {
        UserStatus::Enabled => "enabled",
        UserStatus::Disabled => "disabled",
        UserStatus::Blocked => "blocked",
        UserStatus::Other(other) => other,
    });
    assert_eq!(body["user_status"], Value::from(status));
    let names = body["groups"].as_array();
    let names = names.map(|all| all.iter().map(|group| group["name"].as_str().unwrap()).collect());
    assert_eq!(
        groups.as_ref().map(|all| all.iter().map(String::as_str).collect::<Vec<_>>()),
        names
    );
}

pub(super) fn assert_refused(error: &Error, asked: Asked, status: u16) {
    assert_harmless(&error.to_string());
    let unknown = matches!(error.kind, ErrorKind::Rejected(_));
    assert!(unknown || error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
    let said = format!("{error} {error:?}");
    // A password goes with a create alone.
    let sent = if asked == Asked::Create { &SENT[..] } else { &SENT[..1] };
    assert!(sent.iter().all(|secret| !said.contains(secret)), "{said}");
    let fine = (200..300).contains(&status);
    // What the API says itself of a refusal is repeated; of any other body nothing is.
    assert!(!fine || HELD.iter().all(|secret| !said.contains(secret)), "{said}");
    let writes = [Asked::Create, Asked::Disable, Asked::Pricing, Asked::Limit, Asked::Remove];
    if writes.contains(&asked) {
        let refused = (400..500).contains(&status) && status != 408;
        assert_eq!(error.may_have_happened(), !refused, "{status}: {error}");
    }
}

/// A number of `meta`.
pub(super) fn number(value: &Value) -> Option<u64> {
    let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
    text.parse::<u64>().ok().or_else(|| {
        let (whole, rest) = text.split_once('.')?;
        rest.chars().all(|digit| digit == '0').then(|| whole.parse().ok())?
    })
}

/// Returns true for a text that is not blank.
pub(super) fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}
