//! `trunkline state`, as its users run it: without a network and without a key.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt as _;
use tempfile::TempDir;
use trunkline::model::{Create, Email, State};
use trunkline::state::{Binding, Journal, LockHolder, StateChange};

use crate::state::{binding, email, file, id, keep, sample};

/// A folder with states in its `.trunkline`.
struct Site {
    folder: TempDir,
}

impl Site {
    async fn with(state: State) -> Self {
        let site = Self { folder: TempDir::new().unwrap() };
        keep(&file(&site.path("acme")), &binding(), state).await;
        site
    }

    fn path(&self, organization: &str) -> std::path::PathBuf {
        self.folder.path().join(format!(".trunkline/{organization}.json"))
    }

    async fn state(&self) -> State {
        file(&self.path("acme")).read().await.unwrap().unwrap().state
    }

    /// Runs `trunkline state` and returns its exit status, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        run(self.folder.path(), arguments)
    }

    /// Runs a command that must succeed, and returns its stdout.
    fn fine(&self, arguments: &[&str]) -> String {
        let (status, out, err) = self.run(arguments);
        assert_eq!((status, err.as_str()), (0, ""), "{arguments:?}\n{out}");
        out
    }

    /// Runs a command that must be refused and change nothing, and returns its stderr.
    fn refused(&self, arguments: &[&str]) -> String {
        let before = fs::read(self.path("acme")).ok();
        let (status, out, err) = self.run(arguments);
        assert_eq!((status, out.as_str()), (1, ""), "{arguments:?}\n{err}");
        assert!(err.starts_with("error: "), "{err}");
        assert_eq!(fs::read(self.path("acme")).ok(), before, "{arguments:?}");
        err
    }
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.arg("state").args(arguments).current_dir(folder);
    for variable in ["TELNYX_API_KEY", "TELNYX_BASE_URL"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn show_prints_the_whole_state() {
    let site = Site::with(sample()).await;
    insta::assert_snapshot!("show", site.fine(&["show"]));
    insta::assert_snapshot!("show_json", site.fine(&["show", "--format", "json"]));
    let site = Site::with(State::default()).await;
    insta::assert_snapshot!("show_nothing", site.fine(&["show"]));
}

#[tokio::test]
async fn emails_and_ids_cannot_move_the_cursor() {
    let mut state = sample();
    state.emails.insert(id("a\u{1b}[2J"), Email::new("b\u{202e}@acme.example"));
    let site = Site::with(state).await;
    for format in ["text", "json"] {
        let shown = site.fine(&["show", "--format", format]);
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    }
}

#[tokio::test]
async fn adopt_records_the_account_as_created() {
    let site = Site::with(sample()).await;
    let out = site.fine(&["resolve", "SENDING@acme.example", "--adopt", "a-9"]);
    assert_eq!(
        out,
        "SENDING@acme.example: recorded as created with this id; the next plans use the account once a list shows it\n"
    );
    let state = site.state().await;
    assert_eq!(state.creates[&email("sending")], Create::Acknowledged(id("a-9")));
    assert_eq!(state.emails[&id("a-9")], email("sending"));
}

#[tokio::test]
async fn retry_makes_the_create_intended_again_and_forget_removes_it() {
    let site = Site::with(sample()).await;
    site.fine(&["resolve", "sending@acme.example", "--retry"]);
    let state = site.state().await;
    assert_eq!(state.creates[&email("sending")], Create::Intended);
    assert!(state.sent_at.is_empty());

    let site = Site::with(sample()).await;
    site.fine(&["resolve", "sending@acme.example", "--forget"]);
    let state = site.state().await;
    assert!(!state.creates.contains_key(&email("sending")));
    assert_eq!(state.creates.len(), 2, "the others stay");
}

#[tokio::test]
async fn all_settles_every_unknown_create_in_one_write_and_nothing_else() {
    let mut state = sample();
    state.creates.insert(email("sending-2"), Create::Sending);
    let site = Site::with(state).await;
    insta::assert_snapshot!("all", site.fine(&["resolve", "--all", "--retry"]));
    let record = file(&site.path("acme")).read().await.unwrap().unwrap();
    assert_eq!(record.serial, 2);
    assert_eq!(record.state.creates[&email("sending-2")], Create::Intended);
    assert_eq!(record.state.creates[&email("new")], Create::Acknowledged(id("a-3")));
    let out = site.fine(&["resolve", "--all", "--forget"]);
    assert_eq!(out, "No create has an unknown outcome.\n");
}

#[tokio::test]
async fn forget_removes_limit_and_id_of_the_named_accounts_only() {
    let site = Site::with(sample()).await;
    site.fine(&["forget", "larry@catfood.example", "new@acme.example"]);
    let state = site.state().await;
    assert_eq!(state.limits, [(id("a-2"), 0)].into());
    assert_eq!(state.emails, [(id("a-2"), email("two"))].into());
    assert!(!state.creates.contains_key(&email("new")));
}

#[tokio::test]
async fn a_refused_command_changes_nothing_at_all() {
    let site = Site::with(sample()).await;
    let cases: [&[&str]; 9] = [
        &["resolve", "sending@acme.example", "new@acme.example", "--retry"],
        &["resolve", "sending@acme.example", "stranger@acme.example", "--forget"],
        &["resolve", "sending@acme.example", "--adopt", "a-1"],
        &["resolve", "sending@acme.example", "--adopt", "a-3"],
        &["resolve", "sending@acme.example", "--adopt", " "],
        &["forget", "two@acme.example", "sending@acme.example"],
        &["forget", "two@acme.example", "stranger@acme.example"],
        &["unlock", "17"],
        &["show", "--state", "ftp://bucket/acme.json"],
    ];
    let mut messages = String::new();
    for arguments in cases {
        let why = site.refused(arguments);
        messages.extend(["$ trunkline state ", &arguments.join(" "), "\n", &why]);
    }
    insta::assert_snapshot!("refused", messages);
    // Refused by the argument parser.
    for arguments in [
        &["resolve", "--retry"][..],
        &["resolve", "sending@acme.example"],
        &["resolve", "--all", "--adopt", "a-9"],
        &["resolve", "--all", "sending@acme.example", "--retry"],
        &["resolve", "sending@acme.example", "--retry", "--forget"],
        &["forget"],
    ] {
        site.refused(arguments);
    }
}

#[test]
#[cfg(not(feature = "object-store"))]
fn a_bucket_is_refused_in_a_build_without_support() {
    let folder = TempDir::new().unwrap();
    let (status, out, err) = run(folder.path(), &["show", "--state", "s3://bucket/acme.json"]);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("names a bucket, but this build does not support a state in a bucket\nhint: "),
        "{err}"
    );
}

#[test]
#[cfg(not(feature = "kubernetes"))]
fn kubernetes_is_refused_in_a_build_without_support() {
    let folder = TempDir::new().unwrap();
    let (status, out, err) = run(folder.path(), &["show", "--state", "kubernetes://telnyx"]);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    let parts =
        ["this build does not support a state in Kubernetes\nhint: ", "--features kubernetes"];
    assert!(parts.iter().all(|part| err.contains(part)), "{err}");
}

#[test]
#[cfg(feature = "object-store")]
fn a_bucket_url_with_a_key_is_refused() {
    let folder = TempDir::new().unwrap();
    let (status, out, err) = run(folder.path(), &["show", "--state", "s3://key@bucket/acme.json"]);
    assert_eq!((status, out.as_str()), (1, ""), "{err}");
    assert!(err.contains("is not a location of a state\nhint: "), "{err}");
    let (_, _, err) = run(folder.path(), &["show", "--state", "s3://bucket/acme"]);
    assert!(err.contains("s3://bucket/acme names a folder of states, not a state"), "{err}");
}

#[tokio::test]
async fn a_single_state_is_found_and_several_must_be_named() {
    let empty = TempDir::new().unwrap();
    let mut messages = run(empty.path(), &["show"]).2;
    messages += &run(empty.path(), &["forget", "two@acme.example", "--state", "acme.json"]).2;
    messages += &run(empty.path(), &["show", "--state", "none"]).2;
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "nothing was created");
    let site = Site::with(sample()).await;
    let other = Binding { organization: "other".to_owned(), ..binding() };
    keep(&file(&site.path("other")), &other, State::default()).await;
    messages += &site.run(&["show"]).2;
    insta::assert_snapshot!("which", messages);
    let shown = site.fine(&["show", "--state", ".trunkline/other.json"]);
    assert!(shown.contains("organization  other\n"), "{shown}");
    let url = format!("file://{}", site.path("other").display());
    assert!(site.fine(&["--state", &url, "show"]).contains("organization  other\n"));
}

#[tokio::test]
async fn a_damaged_state_is_refused_by_every_command() {
    let site = Site::with(sample()).await;
    let whole = fs::read(site.path("acme")).unwrap();
    fs::write(site.path("acme"), &whole[..whole.len() - 1]).unwrap();
    for arguments in [
        &["show"][..],
        &["show", "--format", "json"],
        &["resolve", "--all", "--retry"],
        &["forget", "two@acme.example"],
    ] {
        let messages = site.refused(arguments);
        assert!(messages.contains(".trunkline/acme.json is damaged: "), "{messages}");
        assert!(messages.contains("\nhint: Restore it from a backup. "), "{messages}");
    }
}

#[tokio::test]
async fn the_holder_of_the_lock_is_named_and_waited_for() {
    let site = Site::with(sample()).await;
    let wanted = ".trunkline/acme.json is not locked.\n";
    assert_eq!(site.fine(&["unlock"]), wanted);
    let holder =
        LockHolder { since: "2026-10-17T09:00:00Z".to_owned(), ..LockHolder::this("apply") };
    let store = file(&site.path("acme"));
    let journal = Journal::open(store, &binding(), &holder, Duration::ZERO).await.unwrap();
    let settled = |text: String| text.replace(&std::process::id().to_string(), "PID");
    let mut messages = settled(site.refused(&["unlock"]));
    messages += &settled(site.refused(&["resolve", "--all", "--retry"]));
    insta::assert_snapshot!("held", messages);
    insta::assert_snapshot!("show_held", settled(site.fine(&["show"])));
    // A waiting command acquires the lock as soon as it is free.
    let folder = site.folder.path().to_owned();
    let waiting = tokio::task::spawn_blocking(move || {
        run(&folder, &["resolve", "--all", "--retry", "--lock-timeout", "60s"])
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    journal.record(StateChange::Limit(id("a-1"), 31)).await.unwrap();
    journal.close().await.unwrap();
    assert_eq!(waiting.await.unwrap().0, 0);
    let state = site.state().await;
    assert_eq!(state.limits[&id("a-1")], 31, "a change recorded meanwhile is kept");
    assert_eq!(state.creates[&email("sending")], Create::Intended);
}

#[test]
fn help_fits_a_narrow_terminal() {
    let folder = TempDir::new().unwrap();
    for command in
        [&["-h"][..], &["show", "-h"], &["resolve", "-h"], &["forget", "-h"], &["unlock", "-h"]]
    {
        let (status, out, _) = run(folder.path(), command);
        assert_eq!(status, 0);
        let wide: Vec<_> = out.lines().filter(|line| line.chars().count() > 80).collect();
        assert_eq!(wide, Vec::<&str>::new(), "{command:?}");
    }
}
