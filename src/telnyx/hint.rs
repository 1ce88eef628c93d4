//! Hints: how to fix a failed request.

use super::error::{AnswerFault, Detail, Error, ErrorKind};

const NO_GRANT: &str = "The key's user lacks the permission. Grant it under Identity and Access Management in the portal.";
const EMAIL_TAKEN: &str = "Any Telnyx user may have this email already, in this organization or another. Use another email.";

impl Error {
    /// The hint: how to fix it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.hint_for(false)
    }

    /// The hint for a command that reads a manifest, which may ask for less.
    #[must_use]
    pub fn hint_with_manifest(&self) -> Option<&'static str> {
        self.hint_for(true)
    }

    fn hint_for(&self, manifest: bool) -> Option<&'static str> {
        // A collection always exists, so its 404 means another path.
        let collection = self.path.split('/').filter(|segment| !segment.is_empty()).count()
            == usize::from(self.path.starts_with("/organizations")) + 1;
        let elsewhere = match self.kind {
            ErrorKind::NotFound => self.unversioned || collection,
            // The API itself would have named a code.
            ErrorKind::Unauthorized
            | ErrorKind::Rejected(405 | 410)
            | ErrorKind::Answer(AnswerFault::Html) => self.unversioned && self.code().is_none(),
            _ => false,
        };
        if elsewhere {
            return Some(
                "The path of --base-url (or TELNYX_BASE_URL) must end in /v2, as in https://api.telnyx.com/v2.",
            );
        }
        self.hint_by_code(manifest).or_else(|| self.kind.hint())
    }

    /// The hint for a documented code, by the half of the API.
    fn hint_by_code(&self, manifest: bool) -> Option<&'static str> {
        let accounts = self.path.starts_with("/managed_accounts");
        let grant = |detail: &Detail| {
            detail.detail.to_ascii_lowercase().contains("no grant allows")
                || detail.title.to_ascii_lowercase().contains("no grant allows")
        };
        let refused = matches!(self.kind, ErrorKind::Unauthorized | ErrorKind::Forbidden);
        if refused && self.details.iter().any(grant) {
            return Some(NO_GRANT);
        }
        let about_email = matches!(self.kind, ErrorKind::Invalid(_))
            && self.details.iter().any(Detail::is_about_email);
        Some(match () {
            () if self.has_code(&["20012"]) => {
                "The organization is inactive or out of funds. Check its balance and status in the portal."
            }
            () if self.has_code(&["20013"]) => {
                "Telnyx has blocked the organization. Contact Telnyx support."
            }
            () if self.has_code(&["10007", "10009", "20002"]) => {
                "The key is invalid or revoked. Check TELNYX_API_KEY or --api-key-file, and create a key in the portal."
            }
            () if self.has_code(&["20015"]) => {
                "The feature is not enabled for this organization. Contact Telnyx support to enable it."
            }
            () if about_email || self.has_code(&["10019"]) => EMAIL_TAKEN,
            () if refused && !accounts && self.has_code(&["10010"]) => NO_GRANT,
            () if self.path.ends_with("/allocatable_global_outbound_channels")
                && self.kind == ErrorKind::Forbidden =>
            {
                if manifest {
                    "The key may not read the channel pool. Remove `channel_limit` from the manifest, or grant the permission in the portal."
                } else {
                    "The key may not read the channel pool. Grant the permission in the portal."
                }
            }
            () if accounts && self.kind == ErrorKind::Unauthorized => {
                if manifest {
                    "The key is invalid, or its organization is not a manager of accounts. Check TELNYX_API_KEY or --api-key-file with `trunkline get users`, which works with every valid key. If it works, remove `accounts` from the manifest to manage users only."
                } else {
                    "The key is invalid, or its organization is not a manager of accounts. Check TELNYX_API_KEY or --api-key-file. `trunkline get users` needs no manager."
                }
            }
            () if accounts && self.kind == ErrorKind::Forbidden => {
                if manifest {
                    "The key's organization is not a manager of accounts, which needs a commit plan, or its user lacks the permission. Remove `accounts` from the manifest to manage users only."
                } else {
                    "The key's organization is not a manager of accounts, which needs a commit plan, or its user lacks the permission. `trunkline get users` needs no manager."
                }
            }
            () => return None,
        })
    }
}

impl Detail {
    /// Returns true if the source of the error is the email of the request.
    fn is_about_email(&self) -> bool {
        matches!(self.source.rsplit('/').next(), Some("email"))
    }
}

impl ErrorKind {
    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unauthorized => {
                "The key is unknown to this base URL. Check TELNYX_API_KEY or --api-key-file, and --base-url."
            }
            Self::Forbidden => {
                "The key is valid, but its user may not do this. Check the user's permissions in the portal."
            }
            Self::NotFound => "It does not exist, or it belongs to another organization.",
            Self::Invalid(_) => "Telnyx rejects a value; the detail in the message names it.",
            Self::RateLimited => {
                "Other clients may use up the rate limit of this key. Try again later, or lower --parallelism."
            }
            Self::Redirected(_) => "Redirects are not followed. Check --base-url.",
            Self::Server(_) => "Telnyx failed to process the request. Try again later.",
            Self::Connect(why) if why.contains("InvalidContentType") => {
                "The server does not speak TLS. For the sandbox, use a base URL with http://."
            }
            Self::Connect(why) if why.starts_with("127.0.0.1") || why.starts_with("localhost") => {
                "Start the sandbox on that port with `trunkline sandbox --port PORT`, or correct --base-url or TELNYX_BASE_URL."
            }
            Self::Connect(_) => {
                "Check --base-url or TELNYX_BASE_URL, the network, and HTTPS_PROXY."
            }
            Self::Certificate(_) => {
                "If a private CA or a proxy signs the certificate, set SSL_CERT_FILE to a PEM file of that CA, for example SSL_CERT_FILE=ca.pem."
            }
            Self::Timeout => "Telnyx did not answer in time. Try again, or raise --timeout.",
            Self::Broken(_) | Self::Answer(AnswerFault::Cut) => {
                "The connection was interrupted. Try again."
            }
            Self::Answer(AnswerFault::Html) => {
                "A proxy or a gateway may have answered. Check --base-url and HTTPS_PROXY."
            }
            Self::Answer(_) => "Telnyx does not document such an answer. Check --base-url.",
            Self::BadId => {
                "Use an id that `trunkline get accounts` or `trunkline get users` prints."
            }
            Self::Fenced { .. } => {
                "Another run may be active now. Run `trunkline plan` to see what is left to do."
            }
            Self::Rejected(405 | 406 | 410) => {
                "The base URL does not offer this request. Check --base-url, which is usually https://api.telnyx.com/v2."
            }
            Self::Rejected(423) => "It is locked. Try again later, or contact Telnyx support.",
            Self::Rejected(451) => {
                "Telnyx may not answer this for legal reasons. Contact Telnyx support."
            }
            Self::Rejected(_) | Self::Stopped => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_an_answer_counts_and_not_only_the_first() {
        let details =
            ["10015", "20012"].map(|code| Detail { code: code.to_owned(), ..Detail::default() });
        let error = Error {
            method: "GET",
            path: "/managed_accounts".into(),
            kind: ErrorKind::Forbidden,
            details: details.into(),
            request_id: None,
            earlier_lost: false,
            attempts: 1,
            unversioned: false,
        };
        assert!(!error.is_refusal());
        assert!(error.hint().is_some_and(|hint| hint.contains("out of funds")));
    }

    #[test]
    fn only_a_hint_with_a_manifest_mentions_it() {
        for (path, kind) in [
            ("/managed_accounts", ErrorKind::Unauthorized),
            ("/managed_accounts", ErrorKind::Forbidden),
            (POOL, ErrorKind::Forbidden),
        ] {
            let error = Error {
                method: "GET",
                path: path.into(),
                kind,
                details: Box::default(),
                request_id: None,
                earlier_lost: false,
                attempts: 1,
                unversioned: false,
            };
            assert!(error.hint().is_some_and(|hint| !hint.contains("manifest")), "{error}");
            let hint = error.hint_with_manifest();
            assert!(hint.is_some_and(|hint| hint.contains("from the manifest")), "{error}");
        }
    }

    #[test]
    fn a_base_url_without_its_version_is_named() {
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::Unauthorized,
            ErrorKind::Rejected(405),
            ErrorKind::Answer(AnswerFault::Html),
        ] {
            let error = |unversioned| Error {
                method: "GET",
                path: POOL.into(),
                kind: kind.clone(),
                details: Box::default(),
                request_id: None,
                earlier_lost: false,
                attempts: 1,
                unversioned,
            };
            let names =
                |error: Error| error.hint().is_some_and(|hint| hint.contains("must end in /v2"));
            assert!(names(error(true)) && !names(error(false)), "{kind:?}");
        }
    }

    const POOL: &str = "/managed_accounts/allocatable_global_outbound_channels";

    #[test]
    fn a_hint_follows_the_code_and_the_half() {
        let hint = |path: &str, kind: ErrorKind, code: &str, detail: &str, source: &str| {
            let detail = Detail {
                code: code.to_owned(),
                detail: detail.to_owned(),
                source: source.to_owned(),
                ..Detail::default()
            };
            let error = Error {
                method: "GET",
                path: path.into(),
                kind,
                details: [detail].into(),
                request_id: None,
                earlier_lost: false,
                attempts: 1,
                unversioned: false,
            };
            error.hint().unwrap_or_default()
        };
        assert!(
            hint("/managed_accounts", ErrorKind::NotFound, "", "", "").contains("must end in /v2")
        );
        assert!(!hint(POOL, ErrorKind::NotFound, "", "", "").contains("must end in /v2"));
        for status in [405, 406, 410, 423, 451] {
            assert_ne!(hint(POOL, ErrorKind::Rejected(status), "", "", ""), "", "{status}");
        }
        let (accounts, users) = ("/managed_accounts", "/organizations/users");
        for (path, kind, code, detail, source, words) in [
            (accounts, ErrorKind::Unauthorized, "10009", "", "", "invalid or revoked"),
            (users, ErrorKind::Unauthorized, "20002", "", "", "invalid or revoked"),
            (users, ErrorKind::Forbidden, "10010", "", "", "permission"),
            (accounts, ErrorKind::Forbidden, "", "No grant allows it", "", "permission"),
            (accounts, ErrorKind::Forbidden, "20012", "", "", "out of funds"),
            (accounts, ErrorKind::Forbidden, "20013", "", "", "blocked"),
            (accounts, ErrorKind::Forbidden, "20015", "", "", "not enabled"),
            (accounts, ErrorKind::Invalid(422), "10015", "", "/email", "Any Telnyx user"),
            (accounts, ErrorKind::Invalid(400), "10019", "", "", "Any Telnyx user"),
            (accounts, ErrorKind::Invalid(422), "", "", "#/email", "Any Telnyx user"),
            (accounts, ErrorKind::Invalid(422), "", "", "/data/attributes/email", "Any Telnyx"),
            (accounts, ErrorKind::Invalid(422), "", "", "email", "Any Telnyx user"),
            (accounts, ErrorKind::Unauthorized, "", "", "", "not a manager"),
            (accounts, ErrorKind::Forbidden, "", "", "", "not a manager"),
            (accounts, ErrorKind::Forbidden, "10010", "", "", "not a manager"),
            (POOL, ErrorKind::Forbidden, "", "", "", "channel pool"),
            (users, ErrorKind::Forbidden, "", "", "", "permissions"),
        ] {
            let hint = hint(path, kind.clone(), code, detail, source);
            assert!(hint.contains(words), "{path} {kind:?} {code}: {hint}");
        }
    }
}
