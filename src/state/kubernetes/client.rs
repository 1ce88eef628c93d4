//! The connection to an API server, and the meaning of its errors.
//!
//! Outside of a cluster the kubeconfig describes it, inside the `ServiceAccount` of the pod.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Once;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Status;
use kube::{Client, Config};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use super::super::Error;
use super::super::error::plain;

/// The time limit of a request with its answer.
const REQUEST: Duration = Duration::from_secs(5);
/// The time limit of a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// The longest silence of a connection, which is longer than any watch.
const SILENCE: Duration = Duration::from_secs(295);
/// The variable that names a kubeconfig.
pub(crate) const KUBECONFIG: &str = "KUBECONFIG";
/// The longest text of the server in a message.
const SHOWN: usize = 300;

const NO_CLUSTER: &str = "Outside of a cluster, set KUBECONFIG or check `kubectl config view`. In a pod, check that its ServiceAccount is mounted.";

/// A request that has failed.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// The server has answered with an error.
    Rejected(Box<Status>),
    /// The credentials could not be obtained. The cause may quote them.
    Credentials,
    /// There was no answer in time.
    Timeout,
    /// The server could not be reached, or its answer not be read.
    Failed(String),
}

/// Connects to the API server that `settings` or the environment describe. Sends nothing yet.
pub(crate) async fn connect(
    settings: &BTreeMap<String, SecretString>,
    place: &str,
) -> Result<Client, Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that another provider is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    // The error may quote the kubeconfig, which holds keys.
    let unusable = |why: &str| Error::Kubernetes {
        doing: "preparing the connection to",
        place: place.to_owned(),
        why: why.to_owned(),
        status: None,
        hint: NO_CLUSTER,
    };
    let mut config = match settings.get(KUBECONFIG) {
        Some(path) => {
            let file = Kubeconfig::read_from(path.expose_secret())
                .map_err(|_| unusable("the kubeconfig cannot be read"))?;
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                .await
                .map_err(|_| unusable("the kubeconfig cannot be used"))?
        }
        None => Config::infer()
            .await
            .map_err(|_| unusable("neither a kubeconfig nor a ServiceAccount was found"))?,
    };
    // Retries have a pace of their own. The limit between two reads only ends a watch whose server vanished: a live
    // server ends each watch earlier.
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    config.write_timeout = Some(REQUEST);
    config.default_retry = false;
    Client::try_from(config).map_err(|_| unusable("its certificates or keys cannot be used"))
}

/// Sends a request with a time limit.
pub(crate) async fn send<T>(
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, RequestError> {
    match timeout(REQUEST, request).await {
        Ok(answer) => answer.map_err(RequestError::from),
        Err(_) => Err(RequestError::Timeout),
    }
}

impl From<kube::Error> for RequestError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Rejected(status),
            kube::Error::Auth(_) => Self::Credentials,
            other => {
                // The innermost cause says what has happened to the connection.
                let mut cause = other.source();
                let mut text = "the answer is invalid".to_owned();
                while let Some(one) = cause {
                    text = one.to_string();
                    cause = one.source();
                }
                Self::Failed(bounded(&text))
            }
        }
    }
}

/// A text of another program on one line, not too long.
fn bounded(text: &str) -> String {
    plain(text).chars().take(SHOWN).collect()
}

impl RequestError {
    /// The HTTP status of the answer, if there was one.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Rejected(status) => Some(status.code),
            Self::Credentials | Self::Timeout | Self::Failed(_) => None,
        }
    }

    /// Returns true if a retry is useless and nothing was written.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Credentials)
            || matches!(self.code(), Some(400 | 401 | 403 | 404 | 413 | 422))
    }

    /// The reason, in words of our own where there are any.
    pub(crate) fn why(&self) -> String {
        match self {
            Self::Rejected(status) => match status.code {
                401 => "the credentials were not accepted (HTTP 401)".to_owned(),
                code => format!("{} (HTTP {code})", bounded(&status.message)),
            },
            Self::Credentials => "the credentials could not be obtained".to_owned(),
            Self::Timeout => "it did not answer in time".to_owned(),
            Self::Failed(why) => format!("it cannot be reached: {why}"),
        }
    }

    /// The fix.
    pub(crate) fn hint(&self) -> &'static str {
        match self.code() {
            Some(401) => {
                "Check that the credentials of the kubeconfig or of the ServiceAccount have not expired."
            }
            Some(403) => {
                "Allow get, create and patch of secrets and of leases (coordination.k8s.io) in that namespace: see docs/kubernetes.md."
            }
            Some(404) => "Create the namespace first, or correct --state.",
            Some(413 | 422) => "Keep a state of this size in a bucket: --state s3://bucket/folder.",
            Some(_) => "Try again. Earlier changes are recorded.",
            None if matches!(self, Self::Credentials) => NO_CLUSTER,
            None => {
                "Check the network and the address of the API server, then try again. Earlier changes are recorded."
            }
        }
    }

    /// The error of a step.
    pub(super) fn explain(&self, doing: &'static str, place: &str) -> Error {
        let (place, status) = (place.to_owned(), self.code());
        Error::Kubernetes { doing, place, why: self.why(), status, hint: self.hint() }
    }
}
