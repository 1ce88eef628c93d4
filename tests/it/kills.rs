//! The real binary, killed at random moments of an apply of 30 creates, until one run ends by itself.
//!
//! A few kills here; `TRUNKLINE_KILLS=200 cargo test --test it kills:: -- --nocapture` for more, which
//! prints the figures. `TRUNKLINE_SEED` makes the moments those of an earlier run.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use trunkline::sandbox::Seed;

use crate::support::proxy::Fault;
use crate::support::site::{Site, text};

const CREATES: usize = 30;
const LATENCY: Duration = Duration::from_millis(15);

#[derive(Debug, Default)]
struct Figures {
    kills: usize,
    rounds: usize,
    creates: usize,
    /// Entries of unknown outcome that a person had to settle.
    settled: usize,
    duplicates: usize,
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A manifest of 30 accounts, none of which is there.
fn manifest(site: &Site) -> String {
    let entry = |n: usize| format!("  - {{ name: Shop {n}, email: shop{n:02}@kills.example }}\n");
    let entries: String = (0..CREATES).map(entry).collect();
    let path = site.folder.path().join("kills.yaml");
    std::fs::write(&path, format!("version: 1\norganization: kills\naccounts:\n{entries}"))
        .unwrap();
    text(&path).to_owned()
}

fn duplicates(site: &Site) -> usize {
    let accounts = site.sandbox.accounts();
    let emails: BTreeSet<&str> = accounts.iter().map(|one| one.email.as_str()).collect();
    accounts.len() - emails.len()
}

/// Settles what is of unknown outcome, as a person would who has looked: says how many entries.
async fn settle(site: &Site) -> usize {
    let shown = site.run(&["state", "show", "--format", "json"]).await;
    let Ok(state) = serde_json::from_slice::<serde_json::Value>(&shown.stdout) else { return 0 };
    let sending = state["creates"].to_string().matches("sending").count();
    if sending > 0 {
        site.ends(&["state", "resolve", "--all", "--retry"], 0).await;
    }
    sending
}

/// Kills applies until one ends by itself.
async fn round(moments: &mut fastrand::Rng, most: usize, figures: &mut Figures) {
    let site = Site::seeded(Seed::empty(), LATENCY, |_, _, _| Fault::None).await;
    let manifest = manifest(&site);
    let apply =
        ["apply", &manifest, "--auto-approve", "--create-grace", "0s", "--parallelism", "4"];
    figures.rounds += 1;
    for _ in 0..most {
        let mut child = site.command(&apply).spawn().unwrap();
        let moment = Duration::from_millis(moments.u64(20..320));
        tokio::time::sleep(moment).await;
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        figures.kills += 1;
        // What was on its way to the server may still arrive.
        tokio::time::sleep(LATENCY * 3).await;
    }
    // A plan adopts what a list shows; what is left needs a person.
    let mut ended = site.run(&apply).await;
    if ended.status.code() == Some(6) {
        figures.settled += settle(&site).await;
        ended = site.run(&apply).await;
    }
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stdout));
    site.ends(&["plan", &manifest, "--detailed-exitcode"], 0).await;
    figures.duplicates += duplicates(&site);
    figures.creates += site.sandbox.accounts().len();
    assert_eq!(site.sandbox.accounts().len(), CREATES);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_3_an_apply_that_is_killed_at_any_moment_never_makes_two_accounts_of_one() {
    let kills = usize::try_from(number("TRUNKLINE_KILLS", 6)).unwrap();
    let seed = number("TRUNKLINE_SEED", fastrand::u64(..));
    writeln!(std::io::stdout(), "TRUNKLINE_SEED={seed}").unwrap();
    let mut moments = fastrand::Rng::with_seed(seed);
    let mut figures = Figures::default();
    while figures.kills < kills {
        let left = kills - figures.kills;
        round(&mut moments, left.min(8), &mut figures).await;
        assert!(figures.rounds <= kills + 5, "hardly any apply was killed: {figures:?}");
    }
    writeln!(
        std::io::stdout(),
        "{} kills in {} applies of {CREATES} creates: {} accounts, {} duplicates, {} settled by a person",
        figures.kills, figures.rounds, figures.creates, figures.duplicates, figures.settled
    )
    .unwrap();
    assert_eq!(figures.duplicates, 0);
}
