//! `trunkline review` as its users run it.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline::sandbox::Seed;

use crate::support::proxy::Fault;
use crate::support::site::{KEY, Site, text};

const FORMATS: [&str; 4] = ["table", "csv", "markdown", "json"];

/// The organization of the sandbox with another owner and another access to accounts.
fn seed(owner: &str, accounts: &str) -> Seed {
    let text = include_str!("../../../manifests/example.sandbox.json");
    let mut seed: Value = serde_json::from_str(text).unwrap();
    seed["behavior"] = json!({ "owner": owner, "managed_accounts": accounts });
    Seed::parse(&seed.to_string()).unwrap()
}

async fn site(owner: &str, accounts: &str) -> Site {
    Site::seeded(seed(owner, accounts), Duration::ZERO, |_, _, _| Fault::None).await
}

fn reads_accounts(site: &Site) -> bool {
    site.proxy.passed().iter().any(|line| line.contains("managed_accounts"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_ends_with_0_whatever_it_finds_and_needs_no_state() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    for format in FORMATS {
        let shown = site.ends(&["review", text(&manifest), "--format", format], 0).await;
        assert!(shown.contains("left@acme.example"), "{shown}");
    }
    let review = site.json(&["review", text(&manifest), "--format", "json"], 0).await;
    assert!(review["summary"]["in_doubt"].as_u64() > Some(0), "{review}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    assert!(!site.folder.path().join(".trunkline").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_manifest_must_be_valid_and_without_one_every_user_is_listed() {
    let site = Site::open().await;
    let output = site.run(&["review", "nowhere.yaml"]).await;
    assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));
    let review = site.json(&["review", "--format", "json"], 0).await;
    assert_eq!((&review["manifest"], &review["summary"]["users"]), (&Value::Null, &json!(6)));
    assert!(!reads_accounts(&site), "nothing declares accounts");
    let broken = site.folder.path().join("trunkline.yaml");
    std::fs::write(&broken, "version: 1\nusers: []\n").unwrap();
    let output = site.run(&["review"]).await;
    assert_eq!(output.status.code(), Some(1), "the default manifest is read");
    let mut command = site.command(&["review", "--format", "json"]);
    command.env("TRUNKLINE_MANIFEST", site.manifest(&[]));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let review: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(review["manifest"], "manifest.yaml");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_read_for_the_owner_only_if_declared_and_where_the_key_may() {
    let owner = async |site: &Site, arguments: &[&str]| {
        let review = site.json(&[&["review", "--format=json"], arguments].concat(), 0).await;
        let users = review["users"].as_array().unwrap().clone();
        users.into_iter().find(|row| row["email"] == "root@acme.example")
    };
    let hidden = site("hidden", "available").await;
    let manifest = hidden.manifest(&[]);
    let found = owner(&hidden, &[text(&manifest)]).await.unwrap();
    assert_eq!((&found["presence"], &found["role"]), (&json!("hidden"), &json!("owner")));
    assert!(reads_accounts(&hidden));
    assert_eq!(owner(&hidden, &[]).await, None);
    assert!(!reads_accounts(&hidden));
    for access in ["unauthorized", "forbidden", "no_grant"] {
        let refused = site("listed", access).await;
        let manifest = refused.manifest(&[]);
        let found = owner(&refused, &[text(&manifest)]).await.unwrap();
        assert_eq!((&found["presence"], &found["role"]), (&json!("live"), &json!("owner")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_another_manager_is_refused() {
    let site = Site::open().await;
    let manifest = site.manifest(&[("6ee4a469", "7ee4a469")]);
    assert_eq!(site.ends(&["review", text(&manifest)], 3).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_read_is_printed_says_so_and_ends_with_7() {
    let miscounts = |_: &str, path: &str, _: &str| {
        if path == "/v2/organizations/users" { Fault::Miscounted } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, miscounts).await;
    let manifest = site.manifest(&[]);
    for format in FORMATS {
        let output = site.run(&["review", text(&manifest), "--format", format]).await;
        assert_eq!(output.status.code(), Some(7), "{format}");
        let [out, err] =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(out.contains("ops@acme.example"), "{out}");
        let said = if format == "csv" { &err } else { &out };
        let word = if format == "json" { "\"complete\": false" } else { "ncomplete: users" };
        let said = said.replace("INCOMPLETE: users", "Incomplete: users");
        assert!(said.contains(word) || said.contains("review is incomplete: users: "), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_cannot_be_read_at_all_are_an_error() {
    let refused = |_: &str, path: &str, _: &str| {
        if path.contains("/organizations/") { Fault::Refused(403) } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, refused).await;
    assert_eq!(site.ends(&["review"], 1).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn since_compares_with_an_earlier_review_and_refuses_other_files() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let file = |name: &str, content: &[u8]| {
        std::fs::write(site.folder.path().join(name), content).unwrap();
    };
    let review = site.ends(&["review", text(&manifest), "--format", "json"], 0).await;
    file("earlier.json", review.as_bytes());
    let shown = site.ends(&["review", text(&manifest), "--since", "earlier.json"], 0).await;
    assert!(shown.contains("\nNo changes since 20"), "{shown}");
    // Read again with the changes in it.
    let again = site
        .ends(&["review", text(&manifest), "--since", "earlier.json", "--format", "json"], 0)
        .await;
    file("again.json", again.as_bytes());
    site.ends(&["review", text(&manifest), "--since", "again.json"], 0).await;
    let plan = site.ends(&["plan", text(&manifest), "--format", "json"], 0).await;
    file("plan.json", plan.as_bytes());
    file("newer.json", review.replace("\"format_version\": 1", "\"format_version\": 7").as_bytes());
    file(
        "other.json",
        review.replacen("\"organization\": \"", "\"organization\": \"x", 1).as_bytes(),
    );
    let large = std::fs::File::create(site.folder.path().join("large.json")).unwrap();
    large.set_len((64 << 20) + 1).unwrap();
    for (name, why) in [
        ("plan.json", "is not an access review"),
        ("newer.json", "format_version 7"),
        ("other.json", "of organization x"),
        ("large.json", "larger than 64 MiB"),
        ("nowhere.json", "No such file"),
    ] {
        let output = site.run(&["review", text(&manifest), "--since", name]).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()), "{error}");
        let begin = format!("error: reading the earlier review {name}: ");
        assert!(error.starts_with(&begin) && error.contains(why), "{error}");
        assert!(error.contains("\nhint: "), "{error}");
    }
    site.ends(&["review", "--since", "earlier.json", "--format", "csv"], 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_no_secret_is_in_a_review() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let accounts = site.sandbox.accounts();
    for format in FORMATS {
        let words = ["review", text(&manifest), "--format", format, "-vvv"];
        let output = site.run(&words).await;
        for bytes in [output.stdout, output.stderr] {
            let shown = String::from_utf8(bytes).unwrap();
            assert!(!shown.contains(KEY), "{format}");
            for account in &accounts {
                use secrecy::ExposeSecret as _;
                for secret in [&account.api_key, &account.api_token] {
                    assert!(!shown.contains(secret.expose_secret()), "{format}");
                }
            }
        }
    }
}
