//! Answers of the API, changed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::entry::answers::{NEXT_PAGE, answers};
use super::mutate::{cases, changes, cut, edited, law};
use super::tree::Tree;
use crate::support::bodies::{account, account_with_secrets, one, page, user_in_groups};

/// A whole list of so many items on pages of this length.
fn pages(items: &[Value], length: usize) -> Vec<String> {
    if items.is_empty() {
        return vec![page(&[], 1, 1, 0)];
    }
    let total = u64::try_from(items.len().div_ceil(length)).unwrap();
    (1..)
        .zip(items.chunks(length))
        .map(|(number, chunk)| page(chunk, number, total, items.len()))
        .collect()
}

/// A request and a complete answer to it.
fn whole() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    let lists = (select(&["accounts", "cancelled", "users"][..]), 0..7_usize, 1..4_usize).prop_map(
        |(asked, count, length)| {
            let item = |n: usize| {
                if asked == "users" {
                    user_in_groups(&format!("u{n}"))
                } else {
                    account(&format!("a{n}"))
                }
            };
            (asked, pages(&(0..count).map(item).collect::<Vec<_>>(), length))
        },
    );
    let body = |asked: &'static str| match asked {
        "channels" => one(
            &json!({ "allocatable_global_outbound_channels": 500, "total_global_channels_allocated": 30, "record_type": "x" }),
        ),
        "limit" => one(
            &json!({ "channel_limit": 7, "managed_account_id": "a1", "email": "a1@customer.example" }),
        ),
        "user" | "remove" => one(&user_in_groups("u1")),
        "report" => one(&json!([user_in_groups("u1"), user_in_groups("u2")])),
        "count" => page(&[account("a1")], 1, 40, 40),
        "csv" => "id,email\nu1,u1@acme.example\n".to_owned(),
        _ => one(&account_with_secrets("a1")),
    };
    let ones = select(
        &[
            "channels",
            "limit",
            "user",
            "remove",
            "report",
            "count",
            "csv",
            "account",
            "credentials",
            "create",
            "disable",
            "pricing",
        ][..],
    );
    prop_oneof![lists, ones.prop_map(move |asked| (asked, vec![body(asked)]))]
}

#[test]
fn any_answer_is_what_it_says_or_an_error_and_never_a_shorter_list() {
    let status = prop_oneof![6 => Just(200_u16), 1 => Just(201), 1 => select(&[302_u16, 400, 401, 404, 408, 422, 429, 503][..])];
    let documents = (whole(), status, vec(any::<prop::sample::Index>(), 1), changes()).prop_map(
        |((asked, mut pages), status, which, (edits, end))| {
            // One page is changed, the others are as they should be.
            let which = which[0].index(pages.len());
            let changed = if asked == "csv" {
                pages[which].clone()
            } else {
                edited(Tree::of(&pages[which]), &edits).json()
            };
            pages[which] = String::from_utf8_lossy(&cut(&changed, &end)).into_owned();
            let separator = format!("\n{NEXT_PAGE}\n");
            format!("{asked} {status}\n{}", pages.join(&separator)).into_bytes()
        },
    );
    law(cases(2.0, file!()), answers, 8, documents);
}

#[test]
fn a_refusal_is_repeated_without_what_was_sent_in_confidence() {
    let words = select(
        &["KEY0123_of_the_parsers", "3jVjLq-of-the-parsers", "taken", "\u{1b}[2J", "", "x\u{202e}"]
            [..],
    );
    let entry = (words.clone(), words.clone(), words).prop_map(|(code, title, detail)| json!({ "code": code, "title": title, "detail": format!("it says {detail}, {title}"), "source": { "pointer": title } }));
    let documents = (
        vec(entry, 0..4),
        select(&["create", "account", "limit"][..]),
        select(&[400_u16, 401, 403, 422, 429, 503][..]),
    )
        .prop_map(|(errors, asked, status)| {
            format!("{asked} {status}\n{}", json!({ "errors": errors })).into_bytes()
        });
    let mut runner = proptest::test_runner::TestRunner::new(cases(0.5, file!()));
    let run = runner.run(&documents, |bytes| {
        prop_assert_eq!(answers(&bytes), super::entry::Taken::Refused);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
