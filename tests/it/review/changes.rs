//! The differences from an earlier review.

use serde_json::json;
use trunkline::model::{Email, Gap, Half, Live, LiveUser, Role, UserId, UserStatus};
use trunkline::report::{
    EarlierReview, EarlierReviewError, Review, review_markdown, review_schema, review_table,
};

use super::*;
use crate::report::misfits;

fn earlier(review: &Review) -> EarlierReview {
    EarlierReview::read(review.json().as_bytes()).unwrap()
}

/// The organization of [`live`] some time later, with a change of each kind.
fn later() -> Live {
    let mut live = live();
    let users = live.users.as_mut().unwrap();
    users.retain(|user| !["id-guest", "id-left"].contains(&user.id.as_str()));
    for user in users.iter_mut() {
        match user.id.as_str() {
            "id-lead" => user.groups = Some(groups(&["Admin", "Support", "Sales"])),
            "id-sso" => user.bypasses_sso = Some(false),
            "id-closed" => user.status = Some(UserStatus::Enabled),
            "id-trainee" => user.role = Role::Owner,
            "id-ops" => user.email = Email::new("operations@acme.example"),
            // An unknown value does not count as a difference.
            "id-idle" => user.status = None,
            "id-odd" => user.groups = Some(groups(&["Engineering"])),
            // Removed and invited again.
            "id-temp" => user.id = UserId::new("id-temp-2"),
            _ => {}
        }
    }
    users.push(user("gone"));
    // The former email of another user.
    users.push(LiveUser { email: Email::new("ops@acme.example"), ..user("second") });
    // The owner whom no list showed before.
    users.push(LiveUser { role: Role::Owner, ..user("boss") });
    live
}

#[test]
fn users_who_came_or_went_and_every_change_of_access_are_shown() {
    let written = Written::new(MANIFEST);
    let review = written.review(&later()).since(earlier(&written.review(&live()))).unwrap();
    let section = |text: String| text.split("Changes since").nth(1).unwrap().to_owned();
    insta::assert_snapshot!("changes_as_table", section(review_table(&review)));
    let markdown = section(review_markdown(&review, 60_000));
    insta::assert_snapshot!("changes_as_markdown", markdown.split("####").next().unwrap());
    let text = review.json();
    insta::assert_snapshot!("changes_as_json", text.split("\"changes\": ").nth(1).unwrap());
    let review = json(&review);
    let schema = serde_json::from_str(&review_schema()).unwrap();
    assert_eq!(misfits(&schema, &schema, &review, "review"), Vec::<String>::new());
}

#[test]
fn an_owner_whom_no_list_shows_comes_and_goes_only_between_reviews_that_know_an_owner() {
    let written = Written::new(MANIFEST);
    let owned_by = |owner: Option<&str>| Live {
        users: Some(vec![user("ops")]),
        owners: owner.map(|name| Email::new(format!("{name}@acme.example"))).into_iter().collect(),
        ..Live::default()
    };
    let changes = |before: Option<&str>, now: Option<&str>| {
        let (before, now) = (owned_by(before), owned_by(now));
        let review = without_manifest(&now, None);
        json(&review.since(earlier(&without_manifest(&before, None))).unwrap())["changes"].clone()
    };
    let came_and_went = |changes: Value| {
        let names = |which: &str| changes[which].as_array().unwrap().len();
        (names("came"), names("went"))
    };
    assert_eq!(came_and_went(changes(Some("boss"), Some("chief"))), (1, 1));
    assert_eq!(came_and_went(changes(Some("boss"), None)), (0, 0));
    assert_eq!(came_and_went(changes(None, Some("boss"))), (0, 0));
    // The manifest names another owner than the accounts did.
    let review = written.review(&owned_by(None)).since(earlier(&written.review(&live()))).unwrap();
    let went = json(&review)["changes"]["went"].to_string();
    assert!(went.contains("boss@acme.example") && !went.contains("ops@"), "{went}");
}

#[test]
fn without_a_difference_every_format_says_so() {
    let written = Written::new(MANIFEST);
    let review = written.review(&live());
    let review = review.clone().since(earlier(&review)).unwrap();
    assert!(review_table(&review).ends_with("\nNo changes since 2026-11-28.\n"));
    assert!(review_markdown(&review, 60_000).contains("\nNo changes since 2026-11-28.\n"));
    let changes = json!({ "since": "2026-11-28", "came": [], "went": [], "changed": [] });
    assert_eq!(json(&review)["changes"], changes);
}

#[test]
fn an_incomplete_review_claims_neither_that_users_came_nor_that_they_went() {
    let written = Written::new(MANIFEST);
    let gaps = || vec![Gap::new(Half::Users, "users: incomplete")];
    let (before, now) = (written.review(&live()), written.review(&Live { gaps: gaps(), ..live() }));
    let review = now.clone().since(earlier(&before)).unwrap();
    assert_eq!(json(&review)["changes"]["went"], Value::Null);
    let text = review_table(&review);
    assert!(text.contains("  went     unknown: this review is incomplete\n"), "{text}");
    let review = before.since(earlier(&now)).unwrap();
    assert_eq!(json(&review)["changes"]["came"], Value::Null);
    let text = review_table(&review);
    assert!(text.contains("  came     unknown: the earlier review is incomplete\n"), "{text}");
}

#[test]
fn an_earlier_review_is_of_this_version_and_organization() {
    let written = Written::new(MANIFEST);
    let text = written.review(&live()).json();
    let read = |text: &str| EarlierReview::read(text.as_bytes());
    let newer = read(&text.replace("\"format_version\": 1", "\"format_version\": 2"));
    assert_eq!(newer.unwrap_err(), EarlierReviewError::Version(2));
    let plan = r#"{ "format_version": 1, "organization": "acme", "digest": "sha256:00" }"#;
    let no_day = text.replace("\"date\": \"2026-11-28\"", "\"date\": \"\\u001b[2J\"");
    for other in [plan, "version: 1\n", "", "[]", "{}", &no_day] {
        let error = read(other).unwrap_err();
        assert!(matches!(error, EarlierReviewError::NotAReview(_)), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }
    let other = read(&text.replace("\"organization\": \"acme\"", "\"organization\": \"other\""));
    let error = written.review(&live()).since(other.unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the review is of organization other, not of acme");
    // Without a manifest the organization is unknown.
    assert!(without_manifest(&live(), None).since(read(&text).unwrap()).is_ok());
}
