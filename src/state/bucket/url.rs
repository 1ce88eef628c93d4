//! URLs of states in buckets.

use std::fmt;

use object_store::path::Path;
use url::Url;

use super::super::Error;
use super::super::location::shown;

/// The URL of an object in a bucket, or of a folder with an object for each organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketUrl {
    pub(super) vendor: Vendor,
    pub(super) name: String,
    /// The object if it ends in `.json`, otherwise the folder.
    key: Path,
}

/// The protocol of the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    S3,
    Google,
    Azure,
}

/// The suffix of a state.
const SUFFIX: &str = ".json";
/// The suffix of its lock.
const LOCK: &str = ".lock";
/// The suffix of its leadership lease. No lock of another state can have this name.
const LEASE: &str = ".lease";
/// The list of replicas in each folder of states. No other object there has this suffix.
const REPLICAS: &str = "trunkline.replicas";

impl BucketUrl {
    /// Parses `s3://bucket/…`, `gs://bucket/…` or `az://container/…`.
    pub(in super::super) fn parse(text: &str) -> Result<Self, Error> {
        let no_place = || Error::NoPlace { place: shown(text) };
        let url = Url::parse(text).map_err(|_| no_place())?;
        let vendor = match url.scheme() {
            "s3" => Vendor::S3,
            "gs" => Vendor::Google,
            "az" => Vendor::Azure,
            _ => return Err(no_place()),
        };
        // A key or an address in the URL would be printed. Both come from the environment.
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.port().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let name = url.host_str().filter(|name| bare && !name.is_empty()).ok_or_else(no_place)?;
        let path = url.path().trim_start_matches('/').trim_end_matches('/');
        let key = Path::from_url_path(path).map_err(|_| no_place())?;
        let named = key.filename().is_none_or(|name| name != SUFFIX);
        let fine = named && key.as_ref().chars().all(|c| !crate::model::is_harmful(c));
        if !fine {
            return Err(no_place());
        }
        Ok(Self { vendor, name: name.to_owned(), key })
    }

    /// The object of an organization. In a folder it has the name of the organization.
    pub(in super::super) fn of(self, organization: &str) -> Self {
        if self.is_object() {
            return self;
        }
        let key = self.key.join(format!("{organization}{SUFFIX}"));
        Self { key, ..self }
    }

    fn is_object(&self) -> bool {
        self.key.as_ref().ends_with(SUFFIX)
    }

    /// The objects of the state, its lock and its leadership lease.
    pub(super) fn objects(&self) -> Result<[Path; 3], Error> {
        if !self.is_object() {
            return Err(Error::NoObject { place: self.to_string() });
        }
        let beside = |suffix| Path::from(beside(self.key.as_ref(), suffix));
        Ok([self.key.clone(), beside(LOCK), beside(LEASE)])
    }

    /// The URL of the lock, for messages.
    pub(super) fn lock_place(&self) -> String {
        beside(&self.to_string(), LOCK)
    }

    /// The list of replicas in the folder of the state, and its URL for messages.
    pub(super) fn replicas(&self) -> Result<(Path, String), Error> {
        let [state, _, _] = self.objects()?;
        let in_folder = |path: &str| match path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{REPLICAS}"),
            None => REPLICAS.to_owned(),
        };
        Ok((Path::from(in_folder(state.as_ref())), in_folder(&self.to_string())))
    }

    /// The URL of the leadership lease, for messages.
    pub(super) fn lease_place(&self) -> String {
        beside(&self.to_string(), LEASE)
    }
}

fn beside(name: &str, suffix: &str) -> String {
    format!("{}{suffix}", name.strip_suffix(SUFFIX).unwrap_or(name))
}

impl fmt::Display for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vendor, name, key } = self;
        let scheme = match vendor {
            Vendor::S3 => "s3",
            Vendor::Google => "gs",
            Vendor::Azure => "az",
        };
        write!(f, "{scheme}://{name}/{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_an_object_or_a_folder_with_an_object_for_each_organization() {
        let cases = [
            ("s3://states/team/acme.json", "s3://states/team/acme.json"),
            ("s3://states", "s3://states/beta.json"),
            ("s3://states/", "s3://states/beta.json"),
            ("gs://states/team/", "gs://states/team/beta.json"),
            ("AZ://states/a/b", "az://states/a/b/beta.json"),
        ];
        for (text, wanted) in cases {
            let bucket = BucketUrl::parse(text).unwrap().of("beta");
            assert_eq!(bucket.to_string(), wanted);
            let [state, lock, lease] = bucket.objects().unwrap();
            let (_, key) = wanted.split_once("//states/").unwrap();
            assert_eq!(state.as_ref(), key);
            assert_eq!(lock.as_ref(), key.replace(".json", ".lock"));
            assert_eq!(lease.as_ref(), key.replace(".json", ".lease"));
            let (replicas, place) = bucket.replicas().unwrap();
            assert_eq!(format!("{}states/{replicas}", &place[..5]), place);
            assert_eq!(replicas.as_ref().rsplit('/').next(), Some("trunkline.replicas"));
        }
        let folder = BucketUrl::parse("s3://states/team").unwrap();
        assert!(matches!(folder.objects(), Err(Error::NoObject { .. })));
    }

    #[test]
    fn a_url_with_a_key_or_an_address_or_without_a_bucket_is_refused() {
        let refused = [
            "s3://",
            "s3:///acme.json",
            "s3://key:s3cr3t@states/acme.json",
            "s3://key@states/acme.json",
            "s3://states:9000/acme.json",
            "s3://states/acme.json?versionId=1",
            "s3://states/acme.json#1",
            "s3://states/.json",
            "s3://states/a//b.json",
            "s3://states/%1b.json",
        ];
        for text in refused {
            let parsed = BucketUrl::parse(text);
            let Err(error @ Error::NoPlace { .. }) = parsed else { panic!("{text}: {parsed:?}") };
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }
}
