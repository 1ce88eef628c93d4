//! 120 updates under a limit of 20 requests a second, against the ideal: `cargo bench --bench apply`.
//!
//! A ratio, not a time: the ideal is what the limit allows for the requests that have to be sent, and
//! nothing of it depends on the machine. Fails when an apply takes more than 1.5 times as long, or
//! when a tenth of its requests is refused.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use trunkline::execute::{Ending, Execution, execute, remember};
use trunkline::sandbox::{self, Seed};
use trunkline::state::{Binding, Journal, Location, LockHolder, Store};
use trunkline::telnyx::{BaseUrl, Session, SessionConfig};
use trunkline::{detect, manifest, plan};

const ACCOUNTS: u32 = 120;
const LIMIT: u32 = 20;
const KEY: &str = "KEY_bench";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = sandbox::SandboxConfig {
        rate_limit: Some(LIMIT),
        ..sandbox::SandboxConfig::new(KEY.into(), organization()?)
    };
    let sandbox = sandbox::start(config).await?;
    let session = Session::new(SessionConfig::new(BaseUrl::parse(&sandbox.url())?, KEY.into()))?;
    let reader = session.reader();
    let desired = manifest::parse(Path::new("bench.yaml"), &wanted())?;

    let begun = Instant::now();
    let live = detect::read(&reader, &desired).await?;
    let binding = Binding {
        organization: desired.organization.clone(),
        manager: None,
        base_url: reader.base_url(),
    };
    let store = Store::new(&Location::Memory);
    let journal =
        Journal::open(store, &binding, &LockHolder::this("bench"), Duration::ZERO).await?;
    let plan = plan::plan(&desired, &live, &journal.state(), "2026-03-01".parse()?);
    remember(&journal, &desired, &live, &plan).await?;
    let work = Execution { parallelism: 16, ..Execution::new(&plan, &live, &session, &journal) };
    let (_stop, stopped) = watch::channel(false);
    let outcomes = execute(&work, stopped).await;
    let took = begun.elapsed().as_secs_f64();

    let done = outcomes.iter().filter(|one| matches!(one.ending, Ending::Done)).count();
    // Four lists and counts for the inventory, and one request for each update.
    let needed = 4 + ACCOUNTS;
    let sent = sandbox.requests();
    let refused = sent.saturating_sub(u64::from(needed));
    // A whole window may be sent at once, and another with each second that passes.
    let ideal = f64::from(needed - LIMIT) / f64::from(LIMIT);
    let ratio = took / ideal;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{done} updates, {sent} requests, {refused} refused")?;
    writeln!(out, "{took:.2} s, {ratio:.2} times the ideal of {ideal:.2} s")?;
    sandbox.stop().await;
    let good = done == ACCOUNTS as usize && ratio <= 1.5 && refused * 10 < sent;
    if good { Ok(()) } else { Err("the pace is worse than promised".into()) }
}

fn organization() -> Result<Seed, Box<dyn Error>> {
    let entry = |n: u32| {
        format!(r#"{{ "email": "shop{n}@bench.example", "organization_name": "Shop {n}" }}"#)
    };
    let entries: Vec<String> = (0..ACCOUNTS).map(entry).collect();
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), format!(r#"{{ "accounts": [{}] }}"#, entries.join(",")))?;
    Ok(Seed::read(file.path())?)
}

fn wanted() -> String {
    let mut text = "version: 1\norganization: bench\naccounts:\n".to_owned();
    for n in 0..ACCOUNTS {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  - {{ name: Shop {n}, email: shop{n}@bench.example, custom_pricing: true }}"
        );
    }
    text
}
