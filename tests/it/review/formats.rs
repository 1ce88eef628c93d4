//! The formats of a review: golden files, hostile names, and the number of bytes.

use serde_json::Value;
use trunkline::model::{Email, Gap, Half, LastSignIn, Live, LiveUser, Role, UserId, UserStatus};
use trunkline::report::{review_csv, review_markdown, review_schema, review_table};

use super::*;
use crate::formats::names::NAMES;
use crate::formats::readers::{commands, page};
use crate::report::misfits;

#[test]
fn a_review_of_everything_in_every_format() {
    let review = Written::new(MANIFEST).review(&live());
    insta::assert_snapshot!("everything_as_table", review_table(&review));
    insta::assert_snapshot!("everything_as_csv", review_csv(&review));
    insta::assert_snapshot!("everything_as_markdown", review_markdown(&review, 60_000));
    insta::assert_snapshot!("everything_as_json", review.json());
}

#[test]
fn a_review_without_a_manifest_and_from_an_incomplete_read() {
    let review = without_manifest(&live(), None);
    insta::assert_snapshot!("without_a_manifest_as_table", review_table(&review));
    let gap = Gap::new(Half::Users, "users: read 3 times, two lists differ");
    let review = Written::new(MANIFEST).review(&Live { gaps: vec![gap], ..live() });
    let head = |text: String| text.split("\n\n").next().unwrap().to_owned();
    insta::assert_snapshot!("incomplete_as_table", head(review_table(&review)));
    let markdown = review_markdown(&review, 60_000);
    let above = markdown.find("INCOMPLETE: users may be absent").unwrap();
    assert!(above < markdown.find("#### ").unwrap(), "{markdown}");
}

#[test]
fn a_review_matches_its_schema_and_every_field_is_described() {
    let schema: Value = serde_json::from_str(&review_schema()).unwrap();
    let mut review = json(&Written::new(MANIFEST).review(&live()));
    assert_eq!(misfits(&schema, &schema, &review, "review"), Vec::<String>::new());
    review["users"][0]["role"] = "king".into();
    review["summary"]["colour"] = 1.into();
    assert_eq!(misfits(&schema, &schema, &review, "review").len(), 2);
}

#[test]
fn a_cell_that_begins_like_a_formula_is_text_to_a_spreadsheet() {
    let called = |name: &str| LiveUser {
        groups: Some(groups(&[name])),
        status: Some(UserStatus::Other(name.to_owned())),
        ..LiveUser::new(UserId::new(name), Email::new(name), Role::SubUser)
    };
    let names = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "=\"a\",\"b\""];
    let users = names.map(called).into();
    let csv = review_csv(&without_manifest(&Live { users: Some(users), ..Live::default() }, None));
    for line in csv.lines().skip(1) {
        assert!(line.starts_with('\'') || line.starts_with("\"'"), "{line}");
        for begin in [",=", ",+", ",-", ",@", ",\"=", ",\"@", ",\"\""] {
            assert!(!line.contains(begin) || line.contains("\"\"b"), "{begin}: {line}");
        }
    }
    assert!(csv.contains("'=1+1,live,'=1+1,sub-user,'=1+1,'=1+1,"), "{csv}");
    assert_eq!(
        csv.lines().next().unwrap().split(',').collect::<Vec<_>>(),
        [
            "id",
            "presence",
            "email",
            "role",
            "status",
            "groups",
            "bypasses_sso",
            "created",
            "last_sign_in",
            "manifest",
            "until",
            "reason",
            "remark",
        ]
    );
}

/// An organization in which every text has this name.
fn hostile(name: &str) -> Live {
    let user = LiveUser {
        status: Some(UserStatus::Other(name.to_owned())),
        groups: Some(vec![name.to_owned(), format!("x{name}")]),
        last_sign_in: LastSignIn::Never,
        ..LiveUser::new(UserId::new(name), Email::new(name), Role::Other(name.to_owned()))
    };
    Live {
        users: Some(vec![user]),
        owners: [Email::new(format!("{name}x"))].into(),
        gaps: vec![Gap::new(Half::Users, name)],
        ..Live::default()
    }
}

#[test]
fn promise_11_a_name_is_only_text_in_every_format_of_a_review() {
    let earlier = json(&without_manifest(&live(), None)).to_string();
    let review = |name: &str| {
        let earlier = trunkline::report::EarlierReview::read(earlier.as_bytes()).unwrap();
        let review = without_manifest(&hostile(name), None).since(earlier).unwrap();
        // The same names as earlier ones, whose groups and status changed.
        let before = json(&review).to_string().replace("\"never\"", "null");
        let mut before: Value = serde_json::from_str(&before).unwrap();
        for row in before["users"].as_array_mut().unwrap() {
            row["status"] = "enabled".into();
            row["groups"] = Value::Array(Vec::new());
        }
        let before = before.to_string();
        let before = trunkline::report::EarlierReview::read(before.as_bytes()).unwrap();
        [review, without_manifest(&hostile(name), None).since(before).unwrap()]
    };
    for name in NAMES {
        for (review, plain) in review(name).into_iter().zip(review("plain")) {
            let texts = [review.json(), review_table(&review), review_markdown(&review, 60_000)];
            for text in &texts {
                let harmful = text.chars().find(|c| *c != '\n' && trunkline::model::is_harmful(*c));
                assert_eq!(harmful, None, "{name:?}\n{text}");
                assert_eq!(commands(text), [], "{name:?}\n{text}");
            }
            assert_eq!(commands(&review_csv(&review)), [], "{name:?}");
            let [json, _, markdown] = texts;
            serde_json::from_str::<Value>(&json).unwrap();
            let (read, plain) = (page(&markdown), page(&review_markdown(&plain, 60_000)));
            assert_eq!(read.strange, Vec::<String>::new(), "{name:?}\n{markdown}");
            assert_eq!(read.html, Vec::<String>::new(), "{name:?}\n{markdown}");
            assert_eq!((read.rows, read.shape), (plain.rows, plain.shape), "{name:?}\n{markdown}");
            for act in ["@", "evil", "alert", "::", "gone"] {
                assert!(!read.text.contains(act), "{act:?} of {name:?} in {}", read.text);
            }
        }
    }
}

/// A review with this many more users, of whom the first `listed` have an entry.
fn large(users: usize, listed: usize) -> Review {
    let mut live = live();
    live.users.as_mut().unwrap().extend((0..users).map(|n| user(&format!("extra{n:04}"))));
    let entry = |n: usize| format!("  - {{ email: extra{n:04}@acme.example }}\n");
    let entries = (0..listed).map(entry).collect::<Vec<_>>().concat();
    Written::new(&format!("{MANIFEST}{entries}")).review(&live)
}

#[test]
fn markdown_fits_cuts_rows_in_doubt_last_and_names_what_it_cuts_and_the_command() {
    // Of the rows in doubt there are more, or fewer, than others.
    for (users, listed, max_bytes) in [(400, 150, 36_000), (2_000, 1_900, 60_000)] {
        let review = large(users, listed);
        let text = review_markdown(&review, max_bytes);
        assert!(text.len() <= max_bytes && text.len() > max_bytes * 3 / 4, "{}", text.len());
        let shown = page(&text);
        let has = |n: usize| shown.code.contains(&format!("extra{n:04}@acme.example"));
        assert!((listed..users).all(has), "unlisted, so in doubt");
        let rows = text.matches("@acme.example` |").count();
        let left = text.split("Left out to fit: ").nth(1).unwrap();
        let left: usize = left.split(" rows").next().unwrap().parse().unwrap();
        assert_eq!(rows + left, review.json().matches("\"email\"").count());
        let cut = "Shortened to fit: other users. Everything: `trunkline review acme.yaml`.";
        assert!(text.contains(cut), "{text}");
    }
    for max_bytes in [1_000, 3_000, 20_000] {
        let text = review_markdown(&large(400, 150), max_bytes);
        assert!(text.len() <= max_bytes && text.contains("in doubt"), "{}", text.len());
    }
}
