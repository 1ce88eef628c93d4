//! The rows of a review and their reasons for doubt.

use serde_json::{Value, json};
use trunkline::model::{Email, Gap, Half, Live, LiveUser, Role, UserId};

use super::*;

fn emails(review: &Value) -> Vec<&str> {
    review["users"].as_array().unwrap().iter().map(|row| row["email"].as_str().unwrap()).collect()
}

#[test]
fn every_live_user_every_hidden_owner_and_every_missing_entry_has_one_row() {
    let review = json(&Written::new(MANIFEST).review(&live()));
    let names = [
        "boss", "closed", "gone", "guest", "idle", "lead", "left", "new", "odd", "Ops", "robot",
        "root", "sso", "temp", "trainee",
    ];
    let short = |email: &str| email.split('@').next().unwrap().to_owned();
    // An entry that is absent, or whose last day has passed, wants no user: it has a row only if there is one.
    assert_eq!(emails(&review).into_iter().map(short).collect::<Vec<_>>(), names);
    for (name, presence, role) in [
        ("root", "live", json!("owner")),
        ("boss", "hidden", json!("owner")),
        ("guest", "live", json!("sub_user")),
        ("odd", "live", json!("other")),
        ("new", "missing", Value::Null),
    ] {
        let row = row(&review, name);
        assert_eq!((&row["presence"], &row["role"]), (&json!(presence), &role), "{name}");
    }
}

#[test]
fn every_reason_for_doubt_is_named_and_accepted_ones_are_no_doubt() {
    let review = json(&Written::new(MANIFEST).review(&live()));
    for (name, reasons) in [
        ("boss", &[][..]),
        ("closed", &["user_disabled"]),
        ("gone", &["user_missing"]),
        ("guest", &["user_unlisted"]),
        ("idle", &["user_stale"]),
        ("lead", &["group_mismatch", "privileged_group"]),
        ("left", &["absent"]),
        ("new", &[]),
        ("odd", &["status_unknown", "not_compared"]),
        ("ops", &[]),
        ("robot", &[]),
        ("root", &[]),
        ("sso", &["user_bypasses_sso"]),
        ("temp", &[]),
        ("trainee", &["user_unlisted", "until_passed"]),
    ] {
        assert_eq!(row(&review, name)["reasons"], json!(reasons), "{name}");
    }
    let accepted = json!([
        { "code": "user_missing", "until": "2027-02-01", "reason": "invited, not yet joined" }
    ]);
    assert_eq!(row(&review, "new")["accepted"], accepted);
    assert_eq!(row(&review, "temp")["accepted"][0]["code"], "user_unlisted");
    assert_eq!(row(&review, "robot")["accepted"][0]["reason"], Value::Null);
    assert_eq!(row(&review, "ops")["keep"], true);
    assert_eq!(row(&review, "left")["protected"], true);
    assert_eq!(row(&review, "lead")["entry"], json!({ "file": "acme.yaml", "line": 19 }));
    assert_eq!(row(&review, "guest")["entry"], Value::Null);
}

#[test]
fn the_summary_counts_users_entries_and_doubts() {
    let review = json(&Written::new(MANIFEST).review(&live()));
    let summary = json!({
        "users": 13, "owners": 2, "stale": 2, "sso_bypass": 2, "privileged": 1, "unlisted": 3, "missing": 2,
        "expiring": 2, "in_doubt": 9,
    });
    assert_eq!(review["summary"], summary);
    assert_eq!(review["summary"].to_string(), summary.to_string(), "in this order");
}

#[test]
fn a_review_states_the_same_facts_under_every_policy_for_unlisted_and_stale_users() {
    let rows_under = |unlisted: &str, stale: &str| {
        let policy = format!("unlisted_users: {unlisted}\n  stale_users: {stale}\n");
        let text = MANIFEST.replace("unlisted_users: remove\n  stale_users: remove\n", &policy);
        json(&Written::new(&text).review(&live()))["users"].to_string()
    };
    let expected = rows_under("remove", "remove");
    assert_eq!(rows_under("report", "report"), expected);
    assert_eq!(rows_under("ignore", "report"), expected);
}

#[test]
fn without_a_manifest_every_user_is_listed_and_none_is_unlisted() {
    let live = Live { owners: [].into(), ..live() };
    let review = json(&without_manifest(&live, None));
    assert_eq!(review["manifest"], Value::Null);
    assert_eq!(review["organization"], Value::Null);
    assert_eq!(emails(&review).len(), live.users.unwrap().len());
    let summary = json!({
        "users": 12, "owners": 1, "stale": null, "sso_bypass": 2, "privileged": null, "unlisted": null,
        "missing": null, "expiring": null, "in_doubt": 0,
    });
    assert_eq!(review["summary"], summary);
}

#[test]
fn stale_after_on_the_command_line_overrides_the_manifest() {
    let written = Written::new(MANIFEST);
    let review = json(&written.review_with(&live(), Some(91)));
    assert_eq!(review["stale_after"], "91d");
    assert_eq!(row(&review, "idle")["reasons"], json!([]), "90 days ago");
    let review = json(&without_manifest(&live(), Some(90)));
    assert_eq!(row(&review, "idle")["reasons"], json!(["user_stale"]));
    assert_eq!(review["summary"]["stale"], 3);
}

#[test]
fn a_manifest_without_users_calls_no_user_unlisted_or_missing() {
    let text = "version: 1\norganization: acme\naccounts: [{ name: Larry's Cat Food, email: larry@catfood.example }]\n";
    let review = json(&Written::new(text).review_with(&live(), Some(90)));
    assert_eq!(review["summary"]["unlisted"], Value::Null);
    assert_eq!(review["summary"]["missing"], Value::Null);
    assert_eq!(row(&review, "guest")["reasons"], json!([]));
    assert_eq!(row(&review, "idle")["reasons"], json!(["user_stale"]));
}

#[test]
fn a_declared_owner_whom_no_list_shows_is_hidden_and_never_missing() {
    let text =
        "version: 1\norganization: acme\nusers: [{ email: root@acme.example, owner: true }]\n";
    let written = Written::new(text);
    let empty = Live { users: Some(Vec::new()), ..Live::default() };
    let review = json(&written.review(&empty));
    assert_eq!(row(&review, "root")["presence"], "hidden");
    assert_eq!(
        (&review["summary"]["users"], &review["summary"]["missing"]),
        (&json!(1), &json!(0))
    );
    let another = Live { owners: [Email::new("boss@acme.example")].into(), ..empty };
    let review = json(&written.review(&another));
    assert_eq!(row(&review, "root")["reasons"], json!(["identity_conflict"]));
    assert_eq!(row(&review, "root")["presence"], "missing");
    assert_eq!(row(&review, "boss")["presence"], "hidden");
}

#[test]
fn promise_5_from_an_incomplete_read_no_entry_is_called_missing() {
    let gap = Gap::new(Half::Users, "users: read 3 times, two\nlists differ");
    let review = Written::new(MANIFEST).review(&Live { gaps: vec![gap], ..live() });
    assert!(!review.is_complete());
    let review = json(&review);
    assert_eq!(review["complete"], false);
    assert_eq!(review["gaps"], json!(["users: read 3 times, two\nlists differ"]));
    assert_eq!(row(&review, "gone")["presence"], "unread");
    assert_eq!(row(&review, "gone")["reasons"], json!(["inventory_incomplete"]));
    assert_eq!(row(&review, "left")["reasons"], json!(["absent"]));
    assert_eq!(review["summary"]["missing"], 0);
}

#[test]
fn promise_10_the_order_of_the_api_does_not_show() {
    let written = Written::new(MANIFEST);
    let mut live = live();
    // Of two users with the same email, the id decides.
    let twin =
        |id: &str| LiveUser::new(UserId::new(id), Email::new("SSO@acme.example"), Role::SubUser);
    live.users.as_mut().unwrap().extend(["id-b", "id-a"].map(twin));
    let all = |live: &Live| {
        let review = written.review(live);
        let markdown = trunkline::report::review_markdown(&review, 60_000);
        let [table, csv] = [trunkline::report::review_table, trunkline::report::review_csv]
            .map(|render| render(&review));
        [review.json(), markdown, table, csv]
    };
    let first = all(&live);
    for turn in 0..5 {
        let users = live.users.as_mut().unwrap();
        users.rotate_left(4 + turn);
        users.reverse();
        users
            .iter_mut()
            .filter_map(|user| user.groups.as_mut())
            .for_each(|groups| groups.reverse());
        assert_eq!(all(&live), first);
    }
}
