//! The connection to a bucket, and the meaning of its errors.
//!
//! Address and credentials come from the variables that the vendor's own tools read. Messages contain no text of the
//! server, which may quote a signed request.

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
use super::url::{BucketUrl, Vendor};

/// The time limit of a request with its answer.
const REQUEST: &str = "5s";
/// The time limit of a connection.
const CONNECT: &str = "3s";

/// The retries of the client, which end before a lock could expire.
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

/// Connects to a bucket with the environment and `settings`, which override it. Sends nothing yet.
pub(super) fn connect(
    bucket: &BucketUrl,
    settings: &BTreeMap<String, SecretString>,
) -> Result<Arc<dyn ObjectStore>, Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that another provider is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    // The error may quote an invalid key.
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
    bucket: &BucketUrl,
    settings: &BTreeMap<String, SecretString>,
) -> Result<AmazonS3Builder, Error> {
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(&bucket.name);
    for (key, value) in all::<AmazonS3ConfigKey>(settings, AmazonS3ConfigKey::Client) {
        builder = builder.with_config(key, value);
    }
    http_must_be_allowed(&builder, bucket)?;
    // Not configurable: without conditions two processes could overwrite each other.
    Ok(builder.with_conditional_put(S3ConditionalPut::ETagMatch).with_retry(retries()))
}

/// The time limits, and the settings that the vendor knows.
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

/// Refuses plain http unless it is allowed. The error of the client would not name the reason.
fn http_must_be_allowed(builder: &AmazonS3Builder, bucket: &BucketUrl) -> Result<(), Error> {
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
        hint: "Use https, or set AWS_ALLOW_HTTP=true for a server on this machine.",
    })
}

/// The hint that names the variables of the vendor.
fn variables(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::S3 => {
            "Check AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the role of the machine), AWS_REGION and AWS_ENDPOINT_URL."
        }
        Vendor::Google => {
            "Check GOOGLE_BEARER_TOKEN, GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_SERVICE_ACCOUNT (or the account of the machine). A credentials file of workload identity federation is not supported: set GOOGLE_BEARER_TOKEN to an access token."
        }
        Vendor::Azure => {
            "Check AZURE_STORAGE_ACCOUNT_NAME, and AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE, or AZURE_STORAGE_ACCOUNT_KEY (or the identity of the machine)."
        }
    }
}

/// Explains an error of the client.
pub(super) fn explain(doing: &'static str, place: &str, error: &object_store::Error) -> Error {
    let (why, hint) = match error {
        object_store::Error::NotFound { .. } => {
            ("the bucket does not exist", "Create the bucket first, or correct --state.")
        }
        object_store::Error::PermissionDenied { .. } => (
            "access was denied",
            "Allow the key to get and put objects there, or name another state with --state. Its policy needs s3:GetObject and s3:PutObject, or those of the vendor.",
        ),
        object_store::Error::Unauthenticated { .. } => (
            "the credentials were not accepted",
            "Check that the variables of the vendor are set and the keys have not expired.",
        ),
        object_store::Error::NotImplemented { .. } | object_store::Error::NotSupported { .. } => (
            "it does not support conditional writes",
            "Keep the state in a bucket that honors If-Match and If-None-Match.",
        ),
        other => match transport(other) {
            Some(HttpErrorKind::Connect) => (
                "it cannot be reached",
                "Check the network, AWS_ENDPOINT_URL and AWS_REGION (or those of the vendor). Without keys in the environment the role of the machine is used.",
            ),
            Some(HttpErrorKind::Timeout) => {
                ("it did not answer in time", "Try again. Earlier changes are recorded.")
            }
            Some(_) => ("the connection was closed", "Try again. Earlier changes are recorded."),
            None => (
                "it answered with an error",
                "Check the region, the address and the name of the bucket, or name another state with --state.",
            ),
        },
    };
    let facts: Vec<String> = [status(error).map(|status| format!("HTTP {status}")), code(error)]
        .into_iter()
        .flatten()
        .collect();
    let why = match facts[..] {
        [] => why.to_owned(),
        [..] => format!("{why} ({})", facts.join(", ")),
    };
    Error::Bucket { doing, place: place.to_owned(), why, hint }
}

/// The failure of the connection, if any.
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

/// The HTTP status of the answer, if there was one. The client does not export its type.
fn status(error: &object_store::Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// The error code of all three protocols, such as `AccessDenied`.
pub(super) fn code(error: &object_store::Error) -> Option<String> {
    let text = error.to_string();
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_word.then(|| code.to_owned())
}

/// Returns true if the bucket is missing. A missing object differs only in the code.
pub(super) fn no_bucket(error: &object_store::Error) -> bool {
    matches!(code(error).as_deref(), Some("NoSuchBucket" | "ContainerNotFound"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connects with settings; nothing is sent.
    fn connected(url: &str, settings: &[(&str, &str)]) -> Result<(), Error> {
        let bucket = BucketUrl::parse(url).unwrap();
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        connect(&bucket, &settings.collect()).map(drop)
    }

    #[test]
    fn a_token_of_a_pipeline_signs_in_and_no_key_is_needed() {
        let aws = [
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/trunkline"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "identity"),
        ];
        connected("s3://bucket/acme.json", &aws).unwrap();
        let azure = [
            ("AZURE_STORAGE_ACCOUNT_NAME", "acme"),
            ("AZURE_CLIENT_ID", "id"),
            ("AZURE_TENANT_ID", "tenant"),
            ("AZURE_FEDERATED_TOKEN_FILE", "identity"),
        ];
        connected("az://bucket/acme.json", &azure).unwrap();
    }

    #[test]
    fn a_file_of_workload_identity_federation_needs_an_access_token_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials.json");
        std::fs::write(&file, r#"{"type": "external_account", "audience": "a"}"#).unwrap();
        let file = ("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap());
        let error = connected("gs://bucket/acme.json", &[file]).unwrap_err();
        let Error::Bucket { hint, .. } = error else { panic!("{error}") };
        assert!(hint.contains("set GOOGLE_BEARER_TOKEN to an access token"), "{hint}");
        connected("gs://bucket/acme.json", &[file, ("GOOGLE_BEARER_TOKEN", "token")]).unwrap();
    }
}
