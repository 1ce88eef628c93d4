//! The connection to a bucket, and what its errors mean.
//!
//! Where it is and who we are comes from the variables that the vendor's own tools read. No text of the
//! other side gets into a message: it may hold what was signed.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::Error;
use super::place::{Bucket, Vendor};

/// How long one request may take, its answer included. A state file is small.
const REQUEST: &str = "5s";
/// How long a connection may take to be made.
const CONNECT: &str = "3s";

/// What goes wrong is tried again by the client, but never for so long that a lock expires meanwhile.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(10),
    }
}

/// The bucket, as the environment says how to reach it, and `settings`, which win. Nothing is sent yet.
pub(super) fn connect(
    bucket: &Bucket,
    settings: &BTreeMap<String, SecretString>,
) -> Result<Arc<dyn ObjectStore>, Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that another provider is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    // Its text could quote a key that it could not read.
    let unusable = |_| Error::Bucket {
        doing: "preparing the connection to",
        place: bucket.to_string(),
        why: "the settings in the environment cannot be used".to_owned(),
        hint: variables(bucket.vendor),
    };
    Ok(match bucket.vendor {
        Vendor::S3 => Arc::new(s3(bucket, settings)?.build().map_err(unusable)?),
        Vendor::Google => {
            let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(&bucket.name);
            for (key, value) in all::<GoogleConfigKey>(settings, GoogleConfigKey::Client) {
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.with_retry(retries()).build().map_err(unusable)?)
        }
        Vendor::Azure => {
            let mut builder = MicrosoftAzureBuilder::from_env().with_container_name(&bucket.name);
            for (key, value) in all::<AzureConfigKey>(settings, AzureConfigKey::Client) {
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.with_retry(retries()).build().map_err(unusable)?)
        }
    })
}

fn s3(
    bucket: &Bucket,
    settings: &BTreeMap<String, SecretString>,
) -> Result<AmazonS3Builder, Error> {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&bucket.name);
    for (key, value) in all::<AmazonS3ConfigKey>(settings, AmazonS3ConfigKey::Client) {
        builder = builder.with_config(key, value);
    }
    http_must_be_allowed(&builder, bucket)?;
    // Whatever the environment says: without conditions two could write over each other.
    Ok(builder.with_conditional_put(S3ConditionalPut::ETagMatch).with_retry(retries()))
}

/// The times that a request may take, and the settings that the vendor knows, in the vendor's words.
fn all<K: FromStr>(
    settings: &BTreeMap<String, SecretString>,
    client: impl Fn(ClientConfigKey) -> K,
) -> Vec<(K, String)> {
    let times = [(ClientConfigKey::ConnectTimeout, CONNECT), (ClientConfigKey::Timeout, REQUEST)];
    let times = times.map(|(key, time)| (client(key), time.to_owned()));
    let known = settings.iter().filter_map(|(name, value)| {
        let key = name.to_ascii_lowercase().parse().ok()?;
        Some((key, value.expose_secret().to_owned()))
    });
    times.into_iter().chain(known).collect()
}

/// The client would say no more than that it cannot build a request.
fn http_must_be_allowed(builder: &AmazonS3Builder, bucket: &Bucket) -> Result<(), Error> {
    let value = |key| builder.get_config_value(&key);
    let address = value(AmazonS3ConfigKey::S3Endpoint).or(value(AmazonS3ConfigKey::Endpoint));
    let plain = address.is_some_and(|address| address.starts_with("http://"));
    let allowed = value(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    if !plain || allowed.is_some_and(|allowed| allowed == "true") {
        return Ok(());
    }
    Err(Error::Bucket {
        doing: "preparing the connection to",
        place: bucket.to_string(),
        why: "AWS_ENDPOINT_URL is plain http".to_owned(),
        hint: "use https, or say AWS_ALLOW_HTTP=true for a server on this machine",
    })
}

/// The variables that the vendor's tools read.
fn variables(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::S3 => {
            "see AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or a role of the machine), AWS_REGION, AWS_ENDPOINT_URL"
        }
        Vendor::Google => {
            "see GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT (or the account of the machine)"
        }
        Vendor::Azure => {
            "see AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY (or an identity of the machine)"
        }
    }
}

/// What an error of the client means; `doing` to `place`.
pub(super) fn explain(doing: &'static str, place: &str, error: &object_store::Error) -> Error {
    let (why, hint) = match error {
        object_store::Error::NotFound { .. } => (
            "there is no such bucket",
            "make it first, or correct --state; a state file is never looked for elsewhere",
        ),
        object_store::Error::PermissionDenied { .. } => (
            "access was denied",
            "the key needs to get and put objects there; see that it is the right one, and its policy",
        ),
        object_store::Error::Unauthenticated { .. } => (
            "the credentials were not accepted",
            "see that the variables of the cloud are set and the keys have not expired",
        ),
        object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. } => (
            "it has no conditional writes",
            "keep the state in a bucket that honours If-Match and If-None-Match",
        ),
        other => match transport(other) {
            Some(HttpErrorKind::Connect) => (
                "it cannot be reached",
                "see the network, AWS_ENDPOINT_URL and AWS_REGION (or their like); without keys in the environment the machine's role is asked for",
            ),
            Some(HttpErrorKind::Timeout) => {
                ("it did not answer in time", "try again; what was recorded before is safe")
            }
            Some(_) => ("the connection broke off", "try again; what was recorded before is safe"),
            None => (
                "it answered with an error",
                "see the region, the address and the name of the bucket; --state names another place",
            ),
        },
    };
    let why = match code(error) {
        Some(code) => format!("{why} ({code})"),
        None => why.to_owned(),
    };
    Error::Bucket { doing, place: place.to_owned(), why, hint }
}

/// How the connection failed, if it did.
fn transport(error: &object_store::Error) -> Option<HttpErrorKind> {
    let mut cause = error.source();
    while let Some(one) = cause {
        if let Some(http) = one.downcast_ref::<HttpError>() {
            return Some(http.kind());
        }
        cause = one.source();
    }
    None
}

/// The word that stands for an answer in all three protocols, such as `AccessDenied`.
pub(super) fn code(error: &object_store::Error) -> Option<String> {
    let text = error.to_string();
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

/// Whether it is the bucket that is missing: an object that is missing looks alike but for that word.
pub(super) fn no_bucket(error: &object_store::Error) -> bool {
    matches!(code(error).as_deref(), Some("NoSuchBucket" | "ContainerNotFound"))
}
