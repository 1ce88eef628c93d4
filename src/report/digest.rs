//! The inputs that a plan is bound to, and digests.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::canonical;
use crate::model::Desired;

/// The inputs that a plan is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoundTo {
    /// The digest of the manifest.
    pub desired: String,
    /// The manager of the accounts; null if no account names it.
    pub manager_account_id: Option<String>,
    /// The base URL of the API.
    pub base_url: String,
}

/// The SHA-256 digest of a text, as `sha256:` and 64 hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    let mut out = "sha256:".to_owned();
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The digest of a manifest's canonical text.
#[must_use]
pub fn desired_digest(desired: &Desired) -> String {
    sha256(&canonical::canonical(desired))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_digest_is_sha256_in_hexadecimal() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(super::sha256(""), empty);
    }
}
