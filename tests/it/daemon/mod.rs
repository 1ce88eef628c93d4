//! The daemon as its users run it: the binary, a sandbox, and a webhook that listens.

mod balance;
mod config;
mod day;
mod drift;
mod end;
mod heal;
mod hook;
mod incomplete;
#[cfg(feature = "kubernetes")]
mod kubernetes;
#[cfg(feature = "object-store")]
mod lease;
mod life;
mod reload;
#[cfg(feature = "object-store")]
mod replicas;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tempfile::TempDir;
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};

use crate::support::proxy::{Fault, Proxy};
use crate::support::site::{KEY, Site, by_hand, text};

use hook::Hook;

/// An account of the example, enabled and with custom pricing.
pub(crate) const LARRY: &str = "larry@catfood.example";

/// A daemon that looks each second, and what it needs.
pub(crate) struct Watch {
    pub(crate) site: Site,
    pub(crate) hook: Hook,
    pub(crate) manifest: PathBuf,
}

impl Watch {
    /// An organization that is in sync with its manifest, and has a state file.
    pub(crate) async fn open() -> Self {
        Self::with(|_, _, _| Fault::None).await
    }

    pub(crate) async fn with(
        faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self::at(Site::with(Duration::ZERO, faults).await).await
    }

    /// One whose API takes so long for each answer.
    pub(crate) async fn slow(latency: Duration) -> Self {
        Self::at(Site::with(latency, |_, _, _| Fault::None).await).await
    }

    async fn at(site: Site) -> Self {
        let manifest = site.manifest(&[]);
        site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
        let accepted = Self::accepting(&site, &manifest).await;
        std::fs::write(&manifest, accepted).unwrap();
        site.proxy.passed();
        Self { site, hook: Hook::start().await, manifest }
    }

    /// The manifest, accepting every finding that an apply cannot end.
    async fn accepting(site: &Site, manifest: &Path) -> String {
        let plan = site.json(&["plan", text(manifest), "--format", "json"], 0).await;
        assert_eq!(plan["actions"], serde_json::json!([]), "{plan}");
        let mut entries = String::new();
        for finding in plan["findings"].as_array().unwrap() {
            if finding["level"] == "drift" {
                let (code, email) = (&finding["code"], &finding["email"]);
                let entry = format!("  - {{ code: {code}, email: {email}, until: 2099-12-31 }}\n");
                entries.push_str(&entry);
            }
        }
        let text = std::fs::read_to_string(manifest).unwrap();
        match text.contains("\naccept:\n") {
            _ if entries.is_empty() => text,
            true => text.replace("\naccept:\n", &format!("\naccept:\n{entries}")),
            false => format!("{text}\naccept:\n{entries}"),
        }
    }

    /// The daemon with flags, looking each second, and more flags.
    pub(crate) fn daemon(&self, more: &[&str]) -> Daemon {
        self.daemon_with(more, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn daemon_with(&self, more: &[&str], environment: &[(&str, String)]) -> Daemon {
        let mut arguments = vec!["daemon", text(&self.manifest), "--schedule", "* * * * * *"];
        arguments.extend(["--webhook", &self.hook.url, "--log-format", "json"]);
        arguments.extend(more);
        let mut command = self.site.command(&arguments);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        Daemon::start(command)
    }

    /// Changes an account behind the daemon's back.
    pub(crate) async fn by_hand(&self, email: &str, what: &str) {
        by_hand(&self.site.sandbox, email, what).await;
    }

    /// Waits until the daemon has read the accounts so many times more.
    pub(crate) async fn runs(&self, count: usize) {
        self.site.proxy.passed();
        let mut seen = 0;
        until("runs", || {
            let lists = self.site.proxy.passed();
            // One of these is in each run, however many pages there are.
            seen += lists
                .iter()
                .filter(|line| line.ends_with("/allocatable_global_outbound_channels"))
                .count();
            seen > count
        })
        .await;
    }
}

/// A daemon that runs. It is killed with this value.
pub(crate) struct Daemon {
    child: Child,
    log: std::sync::Arc<std::sync::Mutex<String>>,
}

impl Daemon {
    pub(crate) fn start(mut command: Command) -> Self {
        use std::io::BufRead as _;
        let mut child = command.spawn().unwrap();
        let errors = std::io::BufReader::new(child.stderr.take().unwrap());
        let log = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let into = std::sync::Arc::clone(&log);
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                *into.lock().unwrap() += &(line + "\n");
            }
        });
        Self { child, log }
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) async fn logs(&self, words: &str) {
        until(words, || self.log().contains(words)).await;
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Tells it to end, and waits.
    pub(crate) async fn end(mut self, signal: &str) -> (ExitStatus, Duration, String) {
        self.signal(signal);
        let begun = Instant::now();
        let mut status = None;
        until("the end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        (status.unwrap(), begun.elapsed(), self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for something, but not for ever.
pub(crate) async fn until(what: &str, mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(60), "waiting for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A second organization, in a sandbox of its own.
pub(crate) async fn other() -> (Running, Proxy, TempDir) {
    seeded(Seed::small()).await
}

/// A second organization, of this kind.
pub(crate) async fn seeded(seed: Seed) -> (Running, Proxy, TempDir) {
    let sandbox = start(SandboxConfig::new(SecretString::from(KEY), seed)).await.unwrap();
    let proxy = Proxy::start(&sandbox.url(), |_, _, _| Fault::None).await;
    (sandbox, proxy, TempDir::new().unwrap())
}
