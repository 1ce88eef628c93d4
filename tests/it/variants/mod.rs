//! The documented variants of the API, through the whole program, against the sandbox and against a second fake.
//!
//! Each variant runs `plan`, `import` and `apply`. In every one, reading commands send only GET (promise 1), an
//! incomplete half allows no destructive action and no create in it (promise 5), and no output has a secret
//! (promise 11).

mod fake;
mod waits;

use std::panic::AssertUnwindSafe;
use std::process::Output;

use futures_util::FutureExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};

use crate::support::proxy::{Fault, Proxy};
use crate::support::site::KEY;

/// A way in which an organization differs from the usual one, or in which the documentation leaves room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    Usual,
    OwnerInReport,
    OwnerHidden,
    /// The status of every answer about accounts.
    NotAManager(u16),
    PoolForbidden,
    NoChannels,
    WideDisabled,
    NoApiKey,
    NoApiToken,
    RateLimitPolicy,
    RateLimitWindow,
    RateLimitIetf,
    RateLimitResetTime,
    ShortLimitAnswer,
    NullEmail,
    NullRole,
    NullAccountEmail,
    /// The half of the API that is refused.
    NoGrant(&'static str),
    Inactive(&'static str),
    NoTotalResults,
}

/// The manifest: everything but limits, with a limit, or users only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manifest {
    Full,
    WithLimit,
    UsersOnly,
}

/// A variant, and what the program must do in it.
struct Case {
    row: &'static str,
    variant: Variant,
    manifest: Manifest,
    /// Exit status of `plan`, and words in its output.
    plan: (i32, &'static str),
    apply: (i32, &'static str),
    import: (i32, &'static str),
    /// The writes of `apply`.
    writes: &'static [&'static str],
}

const ALL: &[&str] = &["create", "disable", "remove"];
const ALL_AND_LIMIT: &[&str] = &["create", "disable", "limit", "remove"];
const ACCOUNTS: &str = "managed_accounts";
const USERS: &str = "organizations";
const BOTH: &str = "both";

/// A case in which nothing differs from the usual.
const fn usual(row: &'static str, variant: Variant) -> Case {
    Case {
        row,
        variant,
        manifest: Manifest::Full,
        plan: (0, "6 in sync"),
        apply: (0, "3 done"),
        import: (0, "users:"),
        writes: ALL,
    }
}

/// A case in which reading fails with this hint.
const fn refused(
    row: &'static str,
    variant: Variant,
    manifest: Manifest,
    hint: &'static str,
) -> Case {
    Case { manifest, plan: (1, hint), apply: (1, hint), writes: &[], ..usual(row, variant) }
}

/// A case in which one half of the inventory is incomplete.
const fn incomplete(
    row: &'static str,
    variant: Variant,
    reason: &'static str,
    done: &'static str,
    writes: &'static [&'static str],
) -> Case {
    Case { plan: (7, reason), apply: (7, done), import: (7, reason), writes, ..usual(row, variant) }
}

const FUNDS: &str = "inactive or out of funds";
const GRANT: &str = "Grant it under Identity and Access Management";

const CASES: [Case; 28] = [
    usual("usual", Variant::Usual),
    usual("a", Variant::OwnerInReport),
    usual("b", Variant::OwnerHidden),
    Case {
        manifest: Manifest::UsersOnly,
        plan: (0, "1 to remove"),
        apply: (0, "1 done"),
        import: (0, "No accounts could be read"),
        writes: &["remove"],
        ..usual("c", Variant::NotAManager(401))
    },
    Case {
        manifest: Manifest::UsersOnly,
        plan: (0, "1 to remove"),
        apply: (0, "1 done"),
        import: (0, "No accounts could be read"),
        writes: &["remove"],
        ..usual("c", Variant::NotAManager(403))
    },
    refused("c", Variant::NotAManager(401), Manifest::Full, "is not a manager of accounts"),
    refused("c", Variant::NotAManager(403), Manifest::Full, "is not a manager of accounts"),
    usual("d", Variant::PoolForbidden),
    refused("d", Variant::PoolForbidden, Manifest::WithLimit, "Remove `channel_limit`"),
    Case {
        manifest: Manifest::WithLimit,
        plan: (0, "global outbound channels are not enabled"),
        apply: (4, "3 done"),
        ..usual("d", Variant::NoChannels)
    },
    usual("e", Variant::WideDisabled),
    Case {
        apply: (5, "returned no api_key; see `trunkline get account"),
        ..usual("f", Variant::NoApiKey)
    },
    Case {
        apply: (5, "returned no api_token; see `trunkline get account"),
        ..usual("f", Variant::NoApiToken)
    },
    usual("g", Variant::RateLimitPolicy),
    usual("g", Variant::RateLimitWindow),
    usual("g", Variant::RateLimitIetf),
    usual("h", Variant::RateLimitResetTime),
    Case {
        manifest: Manifest::WithLimit,
        plan: (0, "5 in sync"),
        apply: (0, "4 done"),
        writes: ALL_AND_LIMIT,
        ..usual("i", Variant::ShortLimitAnswer)
    },
    incomplete(
        "j",
        Variant::NullEmail,
        "data[3].email is null (id",
        "2 done",
        &["create", "disable"],
    ),
    incomplete(
        "j",
        Variant::NullRole,
        "data[3].record_type is null (id",
        "2 done",
        &["create", "disable"],
    ),
    incomplete("j", Variant::NullAccountEmail, ".email is null (id", "1 done", &["remove"]),
    Case { import: (1, FUNDS), ..refused("k", Variant::Inactive(ACCOUNTS), Manifest::Full, FUNDS) },
    Case { import: (1, FUNDS), ..refused("k", Variant::Inactive(USERS), Manifest::Full, FUNDS) },
    Case {
        import: (0, "users:"),
        ..refused("k", Variant::NoGrant(ACCOUNTS), Manifest::Full, GRANT)
    },
    Case {
        import: (0, "No users could be read"),
        ..refused("k", Variant::NoGrant(USERS), Manifest::Full, GRANT)
    },
    Case { import: (1, GRANT), ..refused("k", Variant::NoGrant(BOTH), Manifest::Full, GRANT) },
    usual("m", Variant::NoTotalResults),
    Case {
        manifest: Manifest::UsersOnly,
        plan: (0, "1 to remove"),
        apply: (0, "1 done"),
        writes: &["remove"],
        ..usual("m", Variant::NoTotalResults)
    },
];

impl Manifest {
    fn text(self) -> String {
        let limit = if self == Self::WithLimit { ", channel_limit: 20" } else { "" };
        let accounts = format!(
            "accounts:
  - {{ name: larry, email: larry@shop.example, enabled: true{limit} }}
  - {{ name: mona, email: mona@shop.example, enabled: false }}
  - {{ name: 'off', email: off@shop.example, enabled: false }}
  - {{ name: blocked, email: blocked@shop.example }}
  - {{ name: New, email: new@shop.example, enabled: true }}
"
        );
        let accounts = if self == Self::UsersOnly { "" } else { &accounts };
        format!(
            "version: 1
organization: acme
{accounts}users:
  - email: root@acme.example
    {owner}
  - email: ops@acme.example
  - email: odd@acme.example
  - {{ email: dev@acme.example, absent: true }}
",
            owner = "groups: []"
        )
    }
}

impl Variant {
    /// The same variant of the sandbox, as a seed's `behavior`.
    fn behavior(self) -> Value {
        match self {
            Self::Usual => json!({}),
            Self::OwnerInReport => json!({ "owner": "report_only" }),
            Self::OwnerHidden => json!({ "owner": "hidden" }),
            Self::NotAManager(401) => json!({ "managed_accounts": "unauthorized" }),
            Self::NotAManager(_) => json!({ "managed_accounts": "forbidden" }),
            Self::PoolForbidden => json!({ "channels": "forbidden" }),
            Self::NoChannels => json!({ "channels": "not_enabled" }),
            Self::WideDisabled => json!({ "disabled_filter": "wide" }),
            Self::NoApiKey => json!({ "api_key": "never" }),
            Self::NoApiToken => json!({ "api_token": "never" }),
            // The sandbox has windows of one second only.
            Self::RateLimitPolicy | Self::RateLimitWindow => {
                json!({ "rate_limit_fields": "policy" })
            }
            Self::RateLimitIetf => json!({ "rate_limit_fields": "ietf" }),
            Self::RateLimitResetTime => json!({ "rate_limit_fields": "reset_time" }),
            Self::ShortLimitAnswer => json!({ "limit_answer": "without_channel_limit" }),
            Self::NullEmail => json!({ "null_fields": { "odd@acme.example": ["email"] } }),
            Self::NullRole => json!({ "null_fields": { "odd@acme.example": ["record_type"] } }),
            Self::NullAccountEmail => json!({ "null_fields": { "off@shop.example": ["email"] } }),
            Self::NoGrant(ACCOUNTS) => json!({ "managed_accounts": "no_grant" }),
            Self::NoGrant(BOTH) => json!({ "managed_accounts": "no_grant", "users": "no_grant" }),
            Self::NoGrant(_) => json!({ "users": "no_grant" }),
            Self::Inactive(ACCOUNTS) => json!({ "managed_accounts": "inactive" }),
            Self::Inactive(_) => json!({ "users": "inactive" }),
            Self::NoTotalResults => json!({ "totals": "pages_only" }),
        }
    }

    async fn sandbox(self) -> Running {
        let account = |name: &str, status: &str| json!({ "email": format!("{name}@shop.example"), "organization_name": name, "status": status });
        let seed = json!({
            "accounts": [
                account("larry", "enabled"), account("mona", "enabled"), account("off", "disabled"),
                account("blocked", "blocked"), account("gone", "cancelled"),
            ],
            "users": [
                { "email": "root@acme.example", "record_type": "organization_owner" },
                { "email": "ops@acme.example" },
                { "email": "dev@acme.example" },
                { "email": "odd@acme.example" },
            ],
            "behavior": self.behavior(),
        });
        let seed = Seed::parse(&seed.to_string()).unwrap();
        let config = SandboxConfig::new(SecretString::from(KEY), seed);
        start(SandboxConfig { rate_limit: Some(1000), ..config }).await.unwrap()
    }
}

/// A folder with a manifest, and a proxy that counts writes.
struct Run {
    folder: TempDir,
    proxy: Proxy,
    outputs: String,
}

impl Run {
    async fn new(target: &str, manifest: Manifest) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("trunkline.yaml"), manifest.text()).unwrap();
        let proxy = Proxy::start(target, |_, _, _| Fault::None).await;
        Self { folder, proxy, outputs: String::new() }
    }

    async fn command(&mut self, arguments: &[&str], base_url: &str) -> (Option<i32>, String) {
        let mut command = assert_cmd::Command::cargo_bin("trunkline").unwrap();
        command.args(arguments).current_dir(self.folder.path());
        command.env("TELNYX_API_KEY", KEY).env("TELNYX_BASE_URL", base_url);
        let run = move || command.output().unwrap();
        let Output { status, stdout, stderr } = tokio::task::spawn_blocking(run).await.unwrap();
        let text = String::from_utf8([stdout, stderr].concat()).unwrap();
        self.outputs.push_str(&text);
        (status.code(), text)
    }

    async fn expect(&mut self, name: &str, arguments: &[&str], (status, words): (i32, &str)) {
        let url = self.proxy.url.clone();
        let (ended, text) = self.command(arguments, &url).await;
        assert_eq!(ended, Some(status), "{name}: {arguments:?}\n{text}");
        assert!(text.contains(words), "{name}: {arguments:?} lacks {words:?}\n{text}");
    }
}

/// The name of a write that the proxy passed on.
fn write_name(request: &str) -> &'static str {
    match request.rsplit('/').next().unwrap() {
        "managed_accounts" => "create",
        "disable" => "disable",
        "update_global_channel_limit" => "limit",
        "remove" => "remove",
        _ => panic!("{request} is not expected"),
    }
}

impl Case {
    fn name(&self) -> String {
        format!("row {}, {:?}, {:?}", self.row, self.variant, self.manifest)
    }
}

/// Runs a case against a server whose accounts have these secrets. Returns the name of a case that fails.
async fn failure(case: &Case, url: &str, secrets: impl Fn() -> Vec<String>) -> Option<String> {
    let checked = AssertUnwindSafe(check(case, url, secrets)).catch_unwind().await;
    checked.is_err().then(|| case.name())
}

async fn check(case: &Case, url: &str, secrets: impl Fn() -> Vec<String>) {
    let name = case.name();
    let mut run = Run::new(url, case.manifest).await;
    run.expect(&name, &["plan"], case.plan).await;
    run.expect(&name, &["import"], case.import).await;
    assert_eq!(run.proxy.changes(), Vec::<String>::new(), "{name}: promise 1");
    let apply = ["apply", "--auto-approve", "--new-credentials", "new.json"];
    run.expect(&name, &apply, case.apply).await;
    let mut writes: Vec<&str> = run.proxy.changes().iter().map(|write| write_name(write)).collect();
    writes.sort_unstable();
    assert_eq!(writes, case.writes, "{name}: promise 5");
    for secret in secrets().iter().map(String::as_str).chain([KEY]) {
        assert!(!run.outputs.contains(secret), "{name}: promise 11\n{}", run.outputs);
    }
    if case.writes.contains(&"create") {
        let written = std::fs::read_to_string(run.folder.path().join("new.json")).unwrap();
        let written: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written["api_key"].is_null(), case.variant == Variant::NoApiKey, "{name}");
        assert_eq!(written["api_token"].is_null(), case.variant == Variant::NoApiToken, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_1_5_and_11_hold_in_every_variant_of_the_sandbox() {
    let mut failures = Vec::new();
    for case in &CASES {
        let sandbox = case.variant.sandbox().await;
        let secrets = || {
            let accounts = sandbox.accounts().into_iter();
            let secrets = accounts.flat_map(|account| [account.api_key, account.api_token]);
            secrets.map(|secret| secret.expose_secret().to_owned()).collect()
        };
        failures.extend(failure(case, &sandbox.url(), secrets).await);
    }
    assert_eq!(failures, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_1_5_and_11_hold_in_every_variant_of_a_second_fake() {
    let secrets = || vec![fake::API_KEY.to_owned(), fake::API_TOKEN.to_owned()];
    let mut failures = Vec::new();
    for case in &CASES {
        let url = fake::start(case.variant).await;
        failures.extend(failure(case, &url, secrets).await);
    }
    assert_eq!(failures, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_url_of_another_version_is_an_error_that_names_the_flag() {
    let sandbox = Variant::Usual.sandbox().await;
    for server in [sandbox.url(), fake::start(Variant::Usual).await] {
        let mut run = Run::new(&server, Manifest::Full).await;
        for version in ["", "/v1"] {
            let base_url = server.replace("/v2", version);
            for command in ["plan", "import"] {
                let (status, text) = run.command(&[command], &base_url).await;
                assert_eq!(status, Some(1), "{base_url}: {text}");
                assert!(text.contains("404") && text.contains("--base-url"), "{base_url}: {text}");
            }
        }
    }
}
