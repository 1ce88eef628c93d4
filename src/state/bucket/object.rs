//! One object, read whole and replaced only if it still has the version that was read.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
    UpdateVersion,
};
use tokio::time::{Instant, sleep};

use super::super::Error;
use super::super::file::LARGEST;
use super::client::{explain, no_bucket};

/// The metadata that identifies a write, with a name that all three vendors allow.
const WRITE: Attribute = Attribute::Metadata(std::borrow::Cow::Borrowed("trunklinewrite"));
/// The time limit for a write whose result is unknown.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first wait before a retry; each further one doubles.
const RETRY: Duration = Duration::from_millis(100);

/// An object, which may not exist.
#[derive(Clone)]
pub(in crate::state) struct BucketObject {
    store: Arc<dyn ObjectStore>,
    path: Path,
    place: String,
}

/// An object as it was read.
#[derive(Debug)]
pub(in crate::state) struct StoredObject {
    pub bytes: Vec<u8>,
    pub version: UpdateVersion,
    /// The time of the write, by the clock of the bucket.
    pub modified: Timestamp,
    /// The id of the write.
    write: Option<String>,
}

/// The result of a write.
#[derive(Debug)]
pub(in crate::state) enum WriteResult {
    /// The object has this version.
    Written(UpdateVersion),
    /// Another process wrote the object meanwhile.
    Conflict,
}

impl BucketObject {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, place: String) -> Self {
        Self { store, path, place }
    }

    /// The URL, for messages.
    pub(in crate::state) fn place(&self) -> &str {
        &self.place
    }

    /// Reads the object. `None` if it does not exist; a missing bucket is an error.
    pub(in crate::state) async fn get(&self) -> Result<Option<StoredObject>, Error> {
        let failed = |error| explain("reading", &self.place, &error);
        let found = match self.store.get(&self.path).await {
            Ok(found) => found,
            Err(error @ object_store::Error::NotFound { .. }) if !no_bucket(&error) => {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        let write = found.attributes.get(&WRITE).map(|write| (**write).to_owned());
        let etag = found.meta.e_tag.clone().ok_or_else(|| self.no_etag())?;
        let version = UpdateVersion { e_tag: Some(etag), version: found.meta.version.clone() };
        let modified = found.meta.last_modified.timestamp_millis();
        let modified = Timestamp::from_millisecond(modified).unwrap_or(Timestamp::UNIX_EPOCH);
        if found.meta.size > LARGEST {
            return Err(Error::Bucket {
                doing: "reading",
                place: self.place.clone(),
                why: "it is larger than 64 MiB".to_owned(),
                hint: "This is not a state file. Name another place with --state.",
            });
        }
        let bytes = found.bytes().await.map_err(failed)?.to_vec();
        Ok(Some(StoredObject { bytes, version, modified, write }))
    }

    /// Replaces the version `over`. With `None` the object must not exist.
    ///
    /// The client may have sent the request more than once, so a rejection (412), a collision (409) and a lost answer
    /// look alike. Reading the object afterwards distinguishes them: each write has a unique id in the metadata, as
    /// another process could have written the same content.
    pub(in crate::state) async fn swap(
        &self,
        bytes: &[u8],
        over: Option<&UpdateVersion>,
    ) -> Result<WriteResult, Error> {
        let write = uuid::Uuid::new_v4().to_string();
        let end = Instant::now() + PATIENCE;
        let mut wait = RETRY;
        loop {
            let error = match self.put(bytes, over, &write).await {
                Ok(version) if version.e_tag.is_some() => return Ok(WriteResult::Written(version)),
                Ok(_) => self.no_etag(),
                Err(error) if is_final(&error) => {
                    return Err(explain("writing", &self.place, &error));
                }
                Err(error) => explain("writing", &self.place, &error),
            };
            match self.get().await? {
                Some(found) if found.write.as_ref() == Some(&write) => {
                    return Ok(WriteResult::Written(found.version));
                }
                found if !is_same(found.as_ref().map(|found| &found.version), over) => {
                    return Ok(WriteResult::Conflict);
                }
                // Not written yet. If the request is still in flight, only one of the two can win.
                Some(_) | None => {}
            }
            if Instant::now() + wait >= end {
                return Err(error);
            }
            sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(2));
        }
    }

    /// Proves that the bucket honors conditions, with two writes that it must reject. `bytes` are the current content,
    /// so a bucket that accepts them changes nothing.
    ///
    /// # Errors
    ///
    /// Fails when the bucket accepts one of them, and when it cannot be reached.
    pub(in crate::state) async fn prove_conditions(&self, bytes: &[u8]) -> Result<(), Error> {
        let foreign = UpdateVersion {
            e_tag: Some("\"00000000000000000000000000000000\"".to_owned()),
            version: Some("1".to_owned()),
        };
        for (over, condition) in [(None, "If-None-Match"), (Some(&foreign), "If-Match")] {
            match self.put(bytes, over, "probe").await {
                Err(
                    object_store::Error::AlreadyExists { .. }
                    | object_store::Error::Precondition { .. },
                ) => {}
                Err(error) => return Err(explain("locking", &self.place, &error)),
                Ok(_) => {
                    return Err(Error::Bucket {
                        doing: "locking",
                        place: self.place.clone(),
                        why: format!("the bucket ignores the condition {condition}"),
                        hint: "Two applies could run at once there. Name a bucket that honors If-Match and If-None-Match with --state.",
                    });
                }
            }
        }
        Ok(())
    }

    async fn put(
        &self,
        bytes: &[u8],
        over: Option<&UpdateVersion>,
        write: &str,
    ) -> Result<UpdateVersion, object_store::Error> {
        let mode = match over {
            None => PutMode::Create,
            Some(version) => PutMode::Update(version.clone()),
        };
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, "application/json".into());
        attributes.insert(WRITE, write.to_owned().into());
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        let payload = PutPayload::from(bytes.to_vec());
        Ok(self.store.put_opts(&self.path, payload, options).await?.into())
    }

    fn no_etag(&self) -> Error {
        Error::Bucket {
            doing: "reading",
            place: self.place.clone(),
            why: "it has no ETag".to_owned(),
            hint: "Keep the state in a bucket that honors If-Match and If-None-Match",
        }
    }
}

/// Omits the connection, which contains the key.
impl fmt::Debug for BucketObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketObject").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Returns true if two versions have the same `ETag`. Not all vendors return the rest each time.
fn is_same(one: Option<&UpdateVersion>, other: Option<&UpdateVersion>) -> bool {
    one.map(|one| &one.e_tag) == other.map(|other| &other.e_tag)
}

/// Returns true if a retry is useless and nothing was written.
fn is_final(error: &object_store::Error) -> bool {
    matches!(
        error,
        object_store::Error::NotFound { .. }
            | object_store::Error::PermissionDenied { .. }
            | object_store::Error::Unauthenticated { .. }
            | object_store::Error::NotImplemented { .. }
            | object_store::Error::NotSupported { .. }
    )
}
