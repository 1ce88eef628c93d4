//! What stands for a state file in a bucket in a build without the feature `object-store`: there is none, as
//! there is no way to name one.

#![expect(clippy::unused_async, reason = "it stands for what waits for a network")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;

use super::location::shown;
use super::{Error, Holder};

/// An object in a bucket: none exists in this build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket(Infallible);

#[derive(Clone, Debug)]
pub(super) struct BucketState(Infallible);

#[derive(Debug)]
pub(super) struct BucketHold(Infallible);

impl Bucket {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        Err(Error::NoBucket { place: shown(text) })
    }

    pub(super) fn of(self, _: &str) -> Self {
        self
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl BucketState {
    pub(super) fn new(bucket: &Bucket) -> Self {
        match bucket.0 {}
    }

    pub(super) fn leased_for(self, _: Duration) -> Self {
        self
    }

    pub(super) fn with_settings(self, _: BTreeMap<String, SecretString>) -> Self {
        self
    }

    pub(super) fn place(&self) -> String {
        match self.0 {}
    }

    pub(super) async fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        match self.0 {}
    }

    pub(super) async fn replace(
        &self,
        _: &BucketHold,
        _: &[u8],
        _: Option<&str>,
    ) -> Result<(), Error> {
        match self.0 {}
    }

    pub(super) async fn lock(&self, _: &Holder, _: Duration) -> Result<BucketHold, Error> {
        match self.0 {}
    }

    pub(super) async fn stand_by(
        &self,
        _: &Holder,
        _: &watch::Sender<Option<Holder>>,
    ) -> Result<BucketHold, Error> {
        match self.0 {}
    }

    pub(super) async fn holder(&self) -> Result<Option<Holder>, Error> {
        match self.0 {}
    }

    pub(super) async fn unlock(&self, _: &str) -> Result<Holder, Error> {
        match self.0 {}
    }
}

#[derive(Clone, Debug)]
pub(super) struct BucketLockCheck(Infallible);

impl BucketLockCheck {
    pub(super) fn holds(&self) -> bool {
        match self.0 {}
    }

    pub(super) async fn confirm(&self) -> Result<bool, Error> {
        match self.0 {}
    }
}

impl BucketHold {
    pub(super) fn check(&self) -> BucketLockCheck {
        match self.0 {}
    }

    pub(super) async fn release(self) {
        match self.0 {}
    }
}
