//! One object: read whole, and replaced only when it is still the one that was read.

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

/// Who wrote the object, as metadata beside it: a name that all three vendors allow.
const WRITE: Attribute = Attribute::Metadata(std::borrow::Cow::Borrowed("trunklinewrite"));
/// How long a write is tried that is neither done nor refused.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first wait before it is tried again; it doubles.
const AGAIN: Duration = Duration::from_millis(100);

/// An object, which may be there or not.
#[derive(Clone)]
pub(super) struct Object {
    store: Arc<dyn ObjectStore>,
    path: Path,
    place: String,
}

/// What was there.
#[derive(Debug)]
pub(super) struct Found {
    pub bytes: Vec<u8>,
    pub version: UpdateVersion,
    /// When it was written, by the clock of the bucket.
    pub modified: Timestamp,
    /// Which write it is of.
    write: Option<String>,
}

/// What became of a write.
#[derive(Debug)]
pub(super) enum Swap {
    /// It is there, as this version.
    Written(UpdateVersion),
    /// Somebody else has written meanwhile.
    Refused,
}

impl Object {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, place: String) -> Self {
        Self { store, path, place }
    }

    /// Where it is, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// What is there. `None`: nothing, in a bucket that is there.
    pub(super) async fn get(&self) -> Result<Option<Found>, Error> {
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
        Ok(Some(Found { bytes, version, modified, write }))
    }

    /// Writes over the version `over`; `None`: over nothing.
    ///
    /// A refusal (412), a collision (409) and an answer that was lost look alike here: the client may have
    /// sent the request more than once. What is there afterwards tells them apart. Each write has a name
    /// of its own beside the content, for others could have written the same content.
    pub(super) async fn swap(
        &self,
        bytes: &[u8],
        over: Option<&UpdateVersion>,
    ) -> Result<Swap, Error> {
        let write = uuid::Uuid::new_v4().to_string();
        let end = Instant::now() + PATIENCE;
        let mut wait = AGAIN;
        loop {
            let error = match self.put(bytes, over, &write).await {
                Ok(version) if version.e_tag.is_some() => return Ok(Swap::Written(version)),
                Ok(_) => self.no_etag(),
                Err(error) if is_final(&error) => {
                    return Err(explain("writing", &self.place, &error));
                }
                Err(error) => explain("writing", &self.place, &error),
            };
            match self.get().await? {
                Some(found) if found.write.as_ref() == Some(&write) => {
                    return Ok(Swap::Written(found.version));
                }
                found if !is_same(found.as_ref().map(|found| &found.version), over) => {
                    return Ok(Swap::Refused);
                }
                // Nothing has happened. Should the request still be on its way, then only one of both can win.
                Some(_) | None => {}
            }
            if Instant::now() + wait >= end {
                return Err(error);
            }
            sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(2));
        }
    }

    /// Proves that the bucket honours conditions: two writes that it has to refuse are tried. `bytes` are what is
    /// there already, so that a bucket which accepts them changes nothing.
    ///
    /// # Errors
    ///
    /// When it accepts one of them, and when it cannot be reached.
    pub(super) async fn prove_conditions(&self, bytes: &[u8]) -> Result<(), Error> {
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
                        hint: "Two applies could run at once there. Name a bucket that honours If-Match and If-None-Match with --state.",
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
            hint: "keep the state in a bucket that honours If-Match and If-None-Match",
        }
    }
}

/// Without the connection, which knows the key.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Whether two versions have the same `ETag`. Not all vendors tell the rest each time.
pub(super) fn is_same(one: Option<&UpdateVersion>, other: Option<&UpdateVersion>) -> bool {
    one.map(|one| &one.e_tag) == other.map(|other| &other.e_tag)
}

/// Whether trying again is of no use, and nothing was written.
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
