//! Plans a manifest from a program of your own: `cargo run --example plan`.
//!
//! The example brings its own sandbox; against Telnyx, use `BaseUrl::TELNYX` and your manager's key.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;

use trunkline::model::State;
use trunkline::sandbox::{self, Seed};
use trunkline::telnyx::{BaseUrl, Session, SessionConfig};
use trunkline::{detect, manifest, plan};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox =
        sandbox::start(sandbox::SandboxConfig::new("KEY_example".into(), Seed::small())).await?;
    let base_url = BaseUrl::parse(&sandbox.url())?;
    let session = Session::new(SessionConfig::new(base_url, "KEY_example".into()))?;

    let desired = manifest::load(Path::new("manifests/example.yaml"))?;
    // A reader can only look: whoever holds no writer cannot change anything.
    let live = detect::read(&session.reader(), &desired).await?;
    // Without a state file less is known of channel limits; the day decides who has left by now.
    let today = "2026-03-01".parse()?;
    let plan = plan::plan(&desired, &live, &State::default(), today);

    let mut out = std::io::stdout().lock();
    for action in plan.requested() {
        let destructive = if action.is_destructive() { " (destructive)" } else { "" };
        writeln!(out, "{:?} {}{destructive}", action.subject(), action.email())?;
    }
    sandbox.stop().await;
    Ok(())
}
