//! The program as its users run it: the binary, a sandbox, and a proxy between them.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt as _;
use secrecy::SecretString;
use serde_json::Value;
use tempfile::TempDir;
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};

use super::proxy::{Fault, Proxy};

/// The key of these sandboxes.
pub(crate) const KEY: &str = "KEY_cli";
const EXAMPLE: &str = include_str!("../../../manifests/example.yaml");

/// Changes an account as a person would in the portal: `enable` or `disable`.
pub(crate) async fn by_hand(sandbox: &Running, email: &str, what: &str) {
    let id = sandbox.account(email).unwrap().id;
    let url = format!("{}/managed_accounts/{id}/actions/{what}", sandbox.url());
    let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
    let body = if what == "enable" { r#"{"reenable_all_connections":false}"# } else { "" };
    let request = client.post(url).bearer_auth(KEY).header("content-type", "application/json");
    let answer = request.body(body).send().await.unwrap();
    assert!(answer.status().is_success(), "{what} {email}: {}", answer.status());
}

/// A sandbox with the example's organization, and a proxy in front of it.
pub(crate) struct Site {
    pub(crate) sandbox: Running,
    pub(crate) proxy: Proxy,
    pub(crate) folder: TempDir,
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::with(Duration::ZERO, |_, _, _| Fault::None).await
    }

    pub(crate) async fn with(
        latency: Duration,
        faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self::seeded(Seed::small(), latency, faults).await
    }

    pub(crate) async fn seeded(
        seed: Seed,
        latency: Duration,
        faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self::keyed(KEY, seed, latency, faults).await
    }

    /// With another key than the tests' usual one.
    pub(crate) async fn keyed(
        key: &str,
        seed: Seed,
        latency: Duration,
        faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let config = SandboxConfig { latency, ..SandboxConfig::new(SecretString::from(key), seed) };
        let sandbox = start(config).await.unwrap();
        let proxy = Proxy::start(&sandbox.url(), faults).await;
        Self { sandbox, proxy, folder: TempDir::new().unwrap() }
    }

    /// Another organization than the example's.
    pub(crate) async fn of(seed: &str, latency: Duration) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(seed);
        Self::seeded(Seed::read(&path).unwrap(), latency, |_, _, _| Fault::None).await
    }

    /// The example's manifest, with some text replaced.
    pub(crate) fn manifest(&self, changes: &[(&str, &str)]) -> PathBuf {
        let mut text = EXAMPLE.to_owned();
        for (from, to) in changes {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        let path = self.folder.path().join("manifest.yaml");
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::cargo_bin("trunkline").unwrap();
        command.args(arguments).current_dir(self.folder.path());
        command.env("TELNYX_API_KEY", KEY).env("TELNYX_BASE_URL", &self.proxy.url);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// Runs a command that must end with `status`: what it printed to stdout.
    pub(crate) async fn ends(&self, arguments: &[&str], status: i32) -> String {
        let output = self.run(arguments).await;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{out}\n{err}");
        if status == 1 || status == 3 {
            assert!(err.starts_with("error: ") && err.contains("hint: "), "{err}");
        }
        out
    }

    pub(crate) async fn json(&self, arguments: &[&str], status: i32) -> Value {
        serde_json::from_str(&self.ends(arguments, status).await).unwrap()
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
