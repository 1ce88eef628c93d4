//! Where a state file is kept: what `--state` means.

use std::path::{Path, PathBuf};

use url::Url;

use super::error::plain;
use super::{Bucket, Error};

/// Where a state file is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Nowhere: every run begins with nothing.
    None,
    /// In this process.
    Memory,
    /// In a file.
    File(PathBuf),
    /// In a bucket of objects.
    Bucket(Bucket),
}

impl Location {
    /// The folder of the state files that nobody gave another place, below the working directory.
    pub const FOLDER: &'static str = ".trunkline";

    /// Where the state of an organization is when nothing else is said. `organization` is a label that
    /// can stand in a file name, as those of manifests can.
    #[must_use]
    pub fn of(organization: &str) -> Self {
        Self::File(Path::new(Self::FOLDER).join(format!("{organization}.json")))
    }

    /// This location for an organization: in a folder of a bucket, which may hold several, the object with its name.
    #[must_use]
    pub fn for_organization(self, organization: &str) -> Self {
        match self {
            Self::Bucket(bucket) => Self::Bucket(bucket.of(organization)),
            Self::None | Self::Memory | Self::File(_) => self,
        }
    }

    /// Reads `none`, `memory:`, `file:///…`, a path, or a bucket: `s3://bucket/folder`, `gs://…`, `az://…`. There
    /// what ends in `.json` is the object itself.
    ///
    /// # Errors
    ///
    /// [`Error::NoPlace`] for any other URL and for nothing, [`Error::NoBucket`] for a bucket in a build without
    /// the feature `object-store`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let no_place = || Error::NoPlace { place: shown(text) };
        match text {
            "" => Err(no_place()),
            "none" => Ok(Self::None),
            "memory:" => Ok(Self::Memory),
            _ => match scheme(text).map(str::to_ascii_lowercase).as_deref() {
                None => Ok(Self::File(PathBuf::from(text))),
                Some("file") => {
                    let url = Url::parse(text).map_err(|_| no_place())?;
                    let whole = text.len() > "file:///".len() && text[5..].starts_with("//");
                    let path = url.to_file_path().ok().filter(|_| whole);
                    path.map(Self::File).ok_or_else(no_place)
                }
                Some("s3" | "gs" | "az") => Bucket::parse(text).map(Self::Bucket),
                Some(_) => Err(no_place()),
            },
        }
    }
}

/// What is no place for a state file, unless there may be a password or a key in it.
pub(super) fn shown(text: &str) -> String {
    if text.contains(['@', '?', '#']) {
        return "this (not shown: it may hold a secret)".to_owned();
    }
    format!("{:?}", plain(text))
}

/// The scheme of a URL. A single letter is a drive, and a slash before the colon makes it a path.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_one = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(letters);
    is_one.then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_none_memory_a_file_url_or_a_path() {
        let file = |path: &str| Location::File(PathBuf::from(path));
        assert_eq!(Location::of("acme"), file(".trunkline/acme.json"));
        let cases = [
            ("none", Location::None),
            ("memory:", Location::Memory),
            ("file:///var/lib/a%20b.json", file("/var/lib/a b.json")),
            ("acme.json", file("acme.json")),
            ("./memory:", file("./memory:")),
            ("states/a:b.json", file("states/a:b.json")),
            ("C:\\state.json", file("C:\\state.json")),
        ];
        for (text, wanted) in cases {
            assert_eq!(Location::parse(text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn buckets_are_known_and_what_is_not_known_is_no_file() {
        for bucket in ["s3://bucket/acme.json", "GS://b", "az://b/c"] {
            let parsed = Location::parse(bucket);
            if cfg!(feature = "object-store") {
                assert!(matches!(parsed, Ok(Location::Bucket(_))), "{bucket}: {parsed:?}");
            } else {
                assert!(matches!(parsed, Err(Error::NoBucket { .. })), "{bucket}: {parsed:?}");
            }
        }
        for other in [
            "",
            "https://a.example/x",
            "memory:x",
            "file:acme.json",
            "file://",
            "file:///",
            "None:",
        ] {
            let refused = Location::parse(other);
            assert!(matches!(refused, Err(Error::NoPlace { .. })), "{other}: {refused:?}");
        }
    }

    #[test]
    fn what_may_hold_a_secret_is_not_repeated() {
        for url in [
            "ftp://user:T0PS3CRET@store.example/acme.json",
            "s3://user:T0PS3CRET@bucket/acme.json",
            "https://store.example/acme.json?sig=T0PS3CRET",
            "az://container/acme.json?sig=T0PS3CRET",
            "gs://bucket/acme.json#T0PS3CRET",
            "file://T0PS3CRET@host/acme.json",
        ] {
            let error = Location::parse(url).unwrap_err();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("T0PS3CRET"), "{said}");
        }
    }
}
