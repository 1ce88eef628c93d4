//! The organization of a sandbox as JSON, for seeds and data files.
//!
//! ```json
//! {
//!   "manager":  { "email": "root@acme.example", "custom_pricing": true },
//!   "channels": { "allocatable": 500, "default_allotment": 10 },
//!   "accounts": [ { "email": "larry@catfood.example", "organization_name": "Larry's Cat Food", "channel_limit": 30 } ],
//!   "users":    [ { "email": "ops@acme.example", "groups": ["Engineering"] } ]
//! }
//! ```
//!
//! Only emails are required. A time is absolute, or like `90d ago`. Ids, keys and times that are left out are derived from the email and the position, so
//! that the same seed gives the same organization in every run. An unknown field is an error.
//! `behavior` selects variants of the API; [`super::behavior`] lists them.

mod derive;
mod document;
mod problems;
mod resolve;
mod strict;

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::state::SandboxState;
pub(super) use derive::{api_key, api_token};
use document::SeedDocument;
use strict::SeedObject;

/// The maximum length of a seed in a file.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The organization that a sandbox starts with; always valid.
#[derive(Debug, Clone)]
pub struct Seed(SandboxState);

/// An invalid seed.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file could not be read.
    #[error("reading {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is not JSON, or not a seed.
    #[error("{0}")]
    Json(serde_json::Error),
    /// It contradicts itself.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The file is not a valid seed.
    #[error("{} is not a sandbox seed: {source}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// The problem.
        source: Box<SeedError>,
    },
}

impl Seed {
    /// A manager without accounts or users, and 500 channels.
    #[must_use]
    pub fn empty() -> Self {
        Self::built_in(r#"{ "channels": { "allocatable": 500, "default_allotment": 10 } }"#)
    }

    /// The small organization that `manifests/example.yaml` is written for.
    #[must_use]
    pub fn small() -> Self {
        Self::built_in(include_str!("../../../manifests/example.sandbox.json"))
    }

    /// Reads the JSON of a seed.
    ///
    /// # Errors
    /// If it is not JSON, has unknown fields, or contradicts itself.
    pub fn parse(json: &str) -> Result<Self, SeedError> {
        let SeedObject(document) =
            serde_json::from_str::<SeedObject<SeedDocument>>(json).map_err(SeedError::Json)?;
        resolve::resolve(document).map(Self).map_err(SeedError::Invalid)
    }

    /// Reads a seed from a file.
    ///
    /// # Errors
    /// As [`Seed::parse`], or if the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, SeedError> {
        let json = read_bounded(path)
            .map_err(|source| SeedError::Read { path: path.to_owned(), source })?;
        Self::parse(&json)
            .map_err(|source| SeedError::In { path: path.to_owned(), source: Box::new(source) })
    }

    /// The JSON of this seed with nothing left out, keys included.
    ///
    /// # Errors
    /// None in practice: everything in a seed can be written as JSON.
    pub fn to_json(&self) -> Result<String, SeedError> {
        to_json(&self.0).map_err(SeedError::Json)
    }

    pub(super) fn into_state(self) -> SandboxState {
        self.0
    }

    #[expect(clippy::expect_used, reason = "a test parses each text that comes with the program")]
    fn built_in(json: &str) -> Self {
        Self::parse(json).expect("a seed that comes with the program is valid")
    }
}

/// Reads a text of at most 64 MiB. A device may never end.
fn read_bounded(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 64 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// A state in the format of a seed.
pub(super) fn to_json(state: &SandboxState) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&SeedDocument::from(state)).map(|json| json + "\n")
}

#[cfg(test)]
mod tests;
