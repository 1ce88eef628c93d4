//! Two applies at once on one state in a bucket, as two pipelines would start them.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use trunkline::execute::{Ending, Execution, Outcome, execute, remember};
use trunkline::state::{Binding, Error, Journal, Location, LockHolder, Store};
use trunkline::telnyx::{BaseUrl, Session, SessionConfig};
use trunkline::{detect, manifest, plan};

use crate::support::moto::{Moto, moto, settings, store};
use crate::support::proxy::{Fault, Proxy};
use crate::support::site::{KEY, Site};

/// A sandbox that takes its time, so that two applies meet.
async fn slow() -> Site {
    Site::with(Duration::from_millis(150), |_, _, _| Fault::None).await
}

fn apply(site: &Site, moto: &Moto, key: &str, more: &[&str]) -> Command {
    let state = format!("s3://{key}");
    let manifest = site.manifest(&[]);
    let mut arguments = vec!["apply", manifest.to_str().unwrap(), "--auto-approve"];
    arguments.extend(["--state", &state]);
    arguments.extend(more);
    let mut command = site.command(&arguments);
    command.envs(settings(&moto.origin));
    command
}

fn output(command: Command) -> tokio::task::JoinHandle<Output> {
    let mut command = command;
    tokio::task::spawn_blocking(move || command.output().unwrap())
}

/// Waits until an apply holds the lock.
async fn held(moto: &Moto, key: &str) {
    let store = store(&moto.origin, key);
    for _ in 0..600 {
        if let Err(Error::Locked { .. }) = store.unlocked().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the lock was not taken");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_applies_at_once_one_is_refused_and_told_who_and_until_when() {
    let Some(moto) = moto() else { return };
    let (site, key) = (slow().await, Moto::new_key());
    let first = apply(&site, moto, &key, &[]);
    let first = output(first);
    held(moto, &key).await;
    let second = output(apply(&site, moto, &key, &[])).await.unwrap();
    let told = text(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{told}");
    for part in [
        "is locked by process ",
        " (apply) on ",
        " since 2",
        ", lease expires at 2",
        "--lock-timeout",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("secret_of_the_tests"), "{told}");
    let first = first.await.unwrap();
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    let (sent, wanted) = (sorted(&site), alone().await);
    assert_eq!(sent, wanted, "the second has sent nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_applies_at_once_one_waits_and_finds_everything_done() {
    let Some(moto) = moto() else { return };
    let (site, key) = (slow().await, Moto::new_key());
    let first = output(apply(&site, moto, &key, &[]));
    held(moto, &key).await;
    let second = output(apply(&site, moto, &key, &["--lock-timeout", "60s"]));
    for one in [first, second] {
        let ended = one.await.unwrap();
        assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    }
    assert_eq!(sorted(&site), alone().await, "nothing is sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn state_shows_the_lock_of_a_bucket_and_breaks_it_by_its_id() {
    let Some(moto) = moto() else { return };
    let (site, key) = (slow().await, Moto::new_key());
    let mut killed = apply(&site, moto, &key, &[]).spawn().unwrap();
    held(moto, &key).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let state = format!("s3://{key}");
    let unlock = |id: Option<String>| {
        let mut arguments = vec!["state", "unlock", "--state", &state];
        arguments.extend(id.as_deref());
        let mut command = site.command(&arguments);
        command.envs(settings(&moto.origin));
        output(command)
    };
    let told = unlock(None).await.unwrap();
    assert_eq!(told.status.code(), Some(1));
    let told = text(&told.stderr);
    let id = told.split_once("; lock id ").unwrap().1.lines().next().unwrap().to_owned();
    let other = unlock(Some("17".to_owned())).await.unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stderr).contains("has another id: it is held by process "), "{other:?}");
    let broken = unlock(Some(id)).await.unwrap();
    assert!(text(&broken.stdout).contains("was released. It was held by process "), "{broken:?}");
    let free = unlock(None).await.unwrap();
    assert_eq!(text(&free.stdout), format!("{state} is not locked.\n"));
    let next = output(apply(&site, moto, &key, &[])).await.unwrap();
    assert!(matches!(next.status.code(), Some(0 | 6)), "{}", text(&next.stderr));
}

/// An apply in this process that holds its lock for `lease`. `between` runs when the plan is made.
async fn apply_here(
    url: &str,
    manifest: &Path,
    store: Store,
    between: impl AsyncFnOnce(),
) -> Vec<Outcome> {
    let desired = manifest::load(manifest).unwrap();
    let session =
        Session::new(SessionConfig::new(BaseUrl::parse(url).unwrap(), KEY.into())).unwrap();
    let reader = session.reader();
    let binding = Binding {
        organization: desired.organization.clone(),
        manager: None,
        base_url: reader.base_url(),
    };
    let holder = LockHolder::this("apply");
    let journal = Journal::open(store, &binding, &holder, Duration::ZERO).await.unwrap();
    let live = detect::read(&reader, &desired).await.unwrap();
    let plan = plan::plan(&desired, &live, &journal.state(), "2026-03-01".parse().unwrap());
    remember(&journal, &desired, &live, &plan).await.unwrap();
    between().await;
    let work = Execution { parallelism: 4, ..Execution::new(&plan, &live, &session, &journal) };
    let (_stop, stopped) = watch::channel(false);
    let outcomes = execute(&work, stopped).await;
    let _ = journal.close().await;
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_whose_lock_was_force_released_sends_nothing_more() {
    let Some(moto) = moto() else { return };
    let site = Site::open().await;
    let store = moto.store();
    let outcomes = apply_here(&site.proxy.url, &site.manifest(&[]), store.clone(), async || {
        let Err(Error::OtherLock { holder, .. }) = store.unlock("?").await else { panic!() };
        store.unlock(&holder.lease.unwrap().id).await.unwrap();
    })
    .await;
    assert!(outcomes.len() > 2);
    for outcome in &outcomes {
        let sent_nothing = matches!(&outcome.ending, Ending::Failed(_) | Ending::Skipped(_));
        assert!(sent_nothing, "{:?}", outcome.ending);
    }
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_whose_lock_file_was_removed_sends_nothing_more() {
    let site = Site::open().await;
    let state = site.folder.path().join("acme.json");
    let store = Store::new(&Location::File(state.clone()));
    let outcomes = apply_here(&site.proxy.url, &site.manifest(&[]), store, async || {
        std::fs::remove_file(state.with_extension("lock")).unwrap();
    })
    .await;
    assert!(outcomes.iter().all(|outcome| !outcome.ending.is_good()), "{outcomes:?}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

/// Names API, manifest, bucket and key to the process that is started.
const STOPPED: &str = "STOPPED_APPLY_OF_THE_TEST";
const LEASE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by another test"]
async fn apply_that_is_started_to_be_stopped() {
    let Ok(arguments) = std::env::var(STOPPED) else { return };
    let [url, manifest, origin, key] = arguments.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{arguments}")
    };
    apply_here(url, Path::new(manifest), store(origin, key).leased_for(LEASE), async || ()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_that_was_stopped_past_its_lease_sends_nothing_when_it_goes_on() {
    let Some(moto) = moto() else { return };
    let (site, key) = (slow().await, Moto::new_key());
    let manifest = site.manifest(&[]);
    let arguments = [&site.proxy.url, manifest.to_str().unwrap(), &moto.origin, &key].join(" ");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["shared::apply_that_is_started_to_be_stopped", "--exact", "--ignored"])
        .env(STOPPED, arguments)
        .spawn()
        .unwrap();
    while site.proxy.changes().is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it sent anything");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let signal = |signal: &str| {
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    };
    signal("-STOP");
    // Requests in flight arrive.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let sent = site.proxy.changes();
    let next = store(&moto.origin, &key);
    let held = next.lock(&LockHolder::this("apply"), LEASE * 4).await.unwrap();
    signal("-CONT");
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(ended.success());
    assert!(sent.len() < alone().await.len(), "it had everything sent before: {sent:?}");
    assert_eq!(site.proxy.changes(), sent);
    held.release().await;
}

async fn signalled(child: std::process::Child, signal: &str) -> Output {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_end_while_it_looks_leaves_no_lock_behind() {
    let Some(moto) = moto() else { return };
    let (site, key) = (slow().await, Moto::new_key());
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        site.proxy.passed();
        let child = apply(&site, moto, &key, &[]).spawn().unwrap();
        while site.proxy.passed().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let output = signalled(child, signal).await;
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{error}");
        assert!(error.contains("interrupted; nothing was sent"), "{error}");
        store(&moto.origin, &key).unlocked().await.unwrap();
        assert_eq!(site.proxy.changes(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_12_a_bucket_that_does_not_answer_any_more_holds_up_no_end() {
    let Some(moto) = moto() else { return };
    let (site, key) = (slow().await, Moto::new_key());
    let hangs = Arc::new(AtomicBool::new(false));
    let hang = Arc::clone(&hangs);
    let bucket = Proxy::start(&moto.origin, move |_, _, _| {
        if hang.load(Ordering::Relaxed) { Fault::Silence } else { Fault::None }
    })
    .await;
    let mut command = apply(&site, moto, &key, &[]);
    command.env("AWS_ENDPOINT_URL", bucket.url.trim_end_matches("/v2"));
    let child = command.spawn().unwrap();
    while site.proxy.changes().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    hangs.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    let output = signalled(child, "-TERM").await;
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert_eq!(output.status.code(), Some(143), "{}", text(&output.stderr));
}

/// The writes that were sent, in order, with the ids of the sandbox.
fn sorted(site: &Site) -> Vec<String> {
    let word = |line: String| {
        let is_id = |part: &&str| part.len() == 36;
        line.split('/').filter(|part| !is_id(part)).collect::<Vec<_>>().join("/")
    };
    let mut sent: Vec<_> = site.proxy.changes().into_iter().map(word).collect();
    sent.sort();
    sent
}

/// The writes of a single apply.
async fn alone() -> Vec<String> {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    site.ends(&["apply", manifest.to_str().unwrap(), "--auto-approve"], 0).await;
    let sent = sorted(&site);
    assert!(sent.len() > 2, "{sent:?}");
    sent
}
