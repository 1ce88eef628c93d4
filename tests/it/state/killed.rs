//! Killed and concurrent processes, which are this test binary, started again.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
#[cfg(feature = "object-store")]
use trunkline::state::Error;
use trunkline::state::{Journal, LockHolder, StateChange, Store};

use super::{binding, file, id, journal};

/// The state for a started process: a path, or the address and the key of one in a bucket.
const STATE: &str = "STATE_OF_THE_TEST";
/// The lease time of locks in a bucket.
#[cfg(feature = "object-store")]
const LEASE: Duration = Duration::from_secs(5);

fn start(state: &OsStr) -> Child {
    start_as("the_process_that_is_started", state)
}

fn start_as(process: &str, state: &OsStr) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([&format!("state::killed::{process}"), "--exact", "--ignored", "--nocapture"])
        .env(STATE, state)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The state that [`STATE`] names.
fn named(state: &OsStr) -> Store {
    #[cfg(feature = "object-store")]
    if let Some((origin, key)) = state.to_str().and_then(|state| state.split_once(' ')) {
        return crate::support::moto::store(origin, key).leased_for(LEASE);
    }
    file(Path::new(state))
}

/// States that processes can share: a file, and a bucket if there is one. Also the folder of the file.
fn places() -> (TempDir, Vec<OsString>) {
    let folder = TempDir::new().unwrap();
    let mut places = vec![folder.path().join("acme.json").into_os_string()];
    #[cfg(feature = "object-store")]
    places.extend(bucket());
    #[cfg(not(feature = "object-store"))]
    places.extend([]);
    (folder, places)
}

#[cfg(feature = "object-store")]
fn bucket() -> Option<OsString> {
    use crate::support::moto::{Moto, moto};
    Some(format!("{} {}", moto()?.origin, Moto::new_key()).into())
}

/// The next line that the process printed itself, without its prefix.
fn said(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<String> {
    lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("| ").map(|(_, said)| said.to_owned()))
}

/// Acquires the lock and records increasing limits, printing each.
#[test]
#[ignore = "a process for the other tests, which start it"]
fn the_process_that_is_started() {
    let Some(path) = env::var_os(STATE) else { return };
    let say = |text: &str| {
        let mut out = std::io::stdout().lock();
        // The reader may have ended.
        let _ = writeln!(out, "| {text}").and_then(|()| out.flush());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let holder = LockHolder::this("apply");
        match Journal::open(named(&path), &binding(), &holder, Duration::ZERO).await {
            Err(error) => say(&error.to_string()),
            Ok(journal) => {
                say("held");
                let first = journal.state().limits.get(&id("1")).copied().unwrap_or(0);
                for number in first + 1.. {
                    journal.record(StateChange::Limit(id("1"), number)).await.unwrap();
                    say(&number.to_string());
                }
            }
        }
    });
}

/// Acquires the lock and increments the count, [`COUNTS`] times.
#[test]
#[ignore = "a process for the other tests, which start it"]
fn the_process_that_counts() {
    let Some(state) = env::var_os(STATE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..COUNTS {
            let (binding, holder) = (binding(), LockHolder::this("apply"));
            let wait = Duration::from_secs(120);
            let journal = Journal::open(named(&state), &binding, &holder, wait).await.unwrap();
            let count = journal.state().limits.get(&id("1")).copied().unwrap_or(0);
            journal.record(StateChange::Limit(id("1"), count + 1)).await.unwrap();
            journal.close().await.unwrap();
        }
    });
}

/// The number of increments of each process.
const COUNTS: u64 = 6;

#[tokio::test]
async fn concurrent_processes_lose_no_increment() {
    let (_folder, places) = places();
    for place in places {
        let mut children: Vec<_> =
            (0..4).map(|_| start_as("the_process_that_counts", &place)).collect();
        for child in &mut children {
            assert!(child.wait().unwrap().success());
        }
        let record = named(&place).read().await.unwrap().unwrap();
        assert_eq!((record.serial, record.state.limits[&id("1")]), (4 * COUNTS, 4 * COUNTS));
        named(&place).unlocked().await.unwrap();
    }
}

#[cfg(feature = "object-store")]
#[tokio::test]
async fn a_killed_process_leaves_a_lock_in_a_bucket_that_expires_and_a_complete_state() {
    let Some(place) = bucket() else { return };
    let mut child = start(&place);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(said(&mut lines).as_deref(), Some("held"));
    for _ in 0..3 {
        said(&mut lines).unwrap();
    }
    // While it runs, it renews the lock, so no other process acquires it.
    let store = named(&place);
    let refused = store.lock(&LockHolder::this("apply"), LEASE + LEASE / 2).await;
    let Err(Error::Locked { holder: Some(holder), .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(holder.pid, child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = std::time::Instant::now();
    let mut recorded = 0;
    while let Some(number) = said(&mut lines) {
        recorded = number.parse().unwrap();
    }
    let (binding, holder) = (binding(), LockHolder::this("apply"));
    let wait = Duration::from_secs(60);
    let next = Journal::open(store.clone(), &binding, &holder, wait).await.unwrap();
    assert!(killed.elapsed() >= LEASE / 2, "{:?}", killed.elapsed());
    let limit = next.state().limits[&id("1")];
    assert!(limit == recorded || limit == recorded + 1, "{limit}, {recorded}");
    next.record(StateChange::Limit(id("1"), limit + 1)).await.unwrap();
    next.close().await.unwrap();
}

#[tokio::test]
async fn a_killed_process_leaves_a_free_lock_and_every_recorded_change() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    let mut before = 0;
    for round in 0..12 {
        let mut child = start(path.as_os_str());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(said(&mut lines).as_deref(), Some("held"));
        // Kill it during a write.
        said(&mut lines).unwrap();
        std::thread::sleep(Duration::from_micros(1700 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut recorded = 0;
        while let Some(number) = said(&mut lines) {
            recorded = number.parse().unwrap();
        }
        // The lock is free at once, and the state is complete.
        let next = journal(&file(&path)).await;
        let limit = next.state().limits[&id("1")];
        assert!(limit >= recorded && limit > before, "{limit}, {recorded}, {before}");
        before = limit;
        next.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_reader_during_writes_sees_complete_states_in_order() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    let mut child = start(path.as_os_str());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(said(&mut lines).as_deref(), Some("held"));
    said(&mut lines).unwrap();
    // Its output must be read, or it blocks.
    let listening = std::thread::spawn(move || lines.map_while(Result::ok).count());
    let (store, mut before, mut different) = (file(&path), 0, 0);
    while different < 100 {
        let serial = store.load(&binding()).await.unwrap().serial;
        assert!(serial >= before, "{serial} after {before}");
        different += u32::from(serial > before);
        before = serial;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    listening.join().unwrap();
}

#[test]
fn a_second_process_is_refused_the_lock_and_names_the_holder() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    for _ in 0..5 {
        let mut children = [start(path.as_os_str()), start(path.as_os_str())];
        // Kept open, as the processes keep writing to them.
        let mut outputs =
            children.each_mut().map(|child| BufReader::new(child.stdout.take().unwrap()).lines());
        let said = outputs.each_mut().map(|lines| said(lines).unwrap());
        let winner = said.iter().position(|said| said == "held").unwrap();
        let told = &said[1 - winner];
        let who = format!("is locked by process {} (apply) since 2", children[winner].id());
        assert!(told.contains(&who), "{told}");
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
