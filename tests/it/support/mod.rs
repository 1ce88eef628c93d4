//! Shared by tests of several subjects: a server that misbehaves on demand, and sessions for it.

pub(crate) mod bodies;
#[cfg(feature = "kubernetes")]
pub(crate) mod kube;
#[cfg(feature = "kubernetes")]
pub(crate) mod kube_proxy;
pub(crate) mod manifests;
#[cfg(feature = "object-store")]
pub(crate) mod moto;
pub(crate) mod plans;
pub(crate) mod proxy;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod tools;
pub(crate) mod world;

use std::time::Duration;

use trunkline::telnyx::{AccountRequest, BaseUrl, RetryBudget, Session, SessionConfig};

/// The key of every session in these tests.
pub(crate) const KEY: &str = "KEY0123_of_the_tests";
/// The password of every account that these tests create.
pub(crate) const PASSWORD: &str = "3jVjLq!tMuWKyWx4NN*CvhnB";

/// The timeout of a [`hasty`] session.
pub(crate) const HASTE: Duration = Duration::from_millis(1500);

/// This many retries after a failure or a 429, with waits of milliseconds.
pub(crate) fn budget(attempts: u32) -> RetryBudget {
    RetryBudget {
        first_wait: Duration::from_millis(2),
        longest_wait: Duration::from_millis(10),
        attempts,
        total: Duration::from_secs(60),
        rate_limited: attempts,
    }
}

/// A session that does not retry.
pub(crate) fn once(origin: &str) -> Session {
    patient(origin, budget(0))
}

/// A session that retries within a budget. `origin` is without the `/v2`.
pub(crate) fn patient(origin: &str, retry: RetryBudget) -> Session {
    session(origin, retry, Duration::from_secs(20))
}

/// The same with a short timeout, for servers that do not answer. Elsewhere a busy machine would make it flaky.
pub(crate) fn hasty(origin: &str, retry: RetryBudget) -> Session {
    session(origin, retry, HASTE)
}

fn session(origin: &str, retry: RetryBudget, timeout: Duration) -> Session {
    let base_url = BaseUrl::parse(&format!("{origin}/v2")).unwrap();
    Session::new(SessionConfig { timeout, retry, ..SessionConfig::new(base_url, KEY.into()) })
        .unwrap()
}

/// A request for an account with every field.
pub(crate) fn larry() -> AccountRequest {
    AccountRequest {
        name: "Larry's Cat Food".to_owned(),
        email: "larry@catfood.example".to_owned(),
        password: Some(PASSWORD.into()),
        custom_pricing: Some(true),
        rollup_billing: Some(false),
    }
}
