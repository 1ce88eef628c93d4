//! Promise 11: no secret in any output, log, panic, plan, state, metric, notification or file. Each place that can
//! hold a secret gets one of its own, and every byte that is written is searched for all of them.

#[cfg(feature = "object-store")]
mod bucket;
mod forms;
pub(crate) mod matrix;
mod panics;
mod watch;

use std::path::Path;

use serde_json::{Value, json};
use trunkline::sandbox::Seed;

use crate::support::proxy::COOKIE;
use crate::support::site::text;

const API_KEY: &str = "KEYcanary0Authorization";
const PASSWORD: &str = "canary-password/with+signs=";
const ACCOUNT_KEY: &str = "KEYcanary1OfTheAccount";
const ACCOUNT_TOKEN: &str = "canary2TokenOfTheAccount";
const PROXY_PASSWORD: &str = "canary3ProxyPassword";
const LITERAL: &str = "canary4LiteralInAManifest";
const USERINFO: &str = "canary5OfABaseUrl";
const HOOK_PATH: &str = "canary6PathOfAWebhook";
const HOOK_QUERY: &str = "canary7QueryOfAWebhook";
const SLACK_PATH: &str = "T0canary8/B0canary8/canary8OfSlack";
const HMAC_KEY: &str = "canary9KeyThatSignsWebhooks";
const BUCKET_KEY: &str = "canary10SecretAccessKey/of+a=Bucket";
const BUCKET_TOKEN: &str = "canary11SessionTokenOfABucket";
const WRONG_KEY: &str = "KEYcanary12ThatNobodyTakes";

const ALL: [&str; 15] = [
    API_KEY,
    PASSWORD,
    ACCOUNT_KEY,
    ACCOUNT_TOKEN,
    PROXY_PASSWORD,
    LITERAL,
    USERINFO,
    HOOK_PATH,
    HOOK_QUERY,
    SLACK_PATH,
    HMAC_KEY,
    BUCKET_KEY,
    BUCKET_TOKEN,
    WRONG_KEY,
    COOKIE,
];

/// Fails if these bytes contain a secret, in any encoding.
fn search(what: &str, bytes: &[u8], allowed: &[&str]) {
    for secret in ALL.iter().filter(|secret| !allowed.contains(secret)) {
        if let Some(form) = forms::found(secret, bytes) {
            let shown = String::from_utf8_lossy(bytes);
            panic!("{what} has {secret} as {:?}:\n{shown}", String::from_utf8_lossy(&form));
        }
    }
}

/// Searches every file of a folder, except those that hold secrets on purpose.
fn search_files(folder: &Path, except: &[&str]) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search_files(&path, except);
        } else if !except.iter().any(|name| path.ends_with(name)) {
            search(text(&path), &std::fs::read(&path).unwrap(), &[]);
        }
        search("a name of a file", text(&path).as_bytes(), &[]);
    }
}

/// The organization of the example, with secrets in every account.
fn seed() -> Seed {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/example.sandbox.json");
    let mut seed: Value = serde_json::from_slice(&std::fs::read(example).unwrap()).unwrap();
    for account in seed["accounts"].as_array_mut().unwrap() {
        account["api_key"] = json!(ACCOUNT_KEY);
        account["api_token"] = json!(ACCOUNT_TOKEN);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), seed.to_string()).unwrap();
    Seed::read(file.path()).unwrap()
}
