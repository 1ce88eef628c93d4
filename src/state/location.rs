//! The location of a state: what `--state` means, and the default.

use std::path::{Path, PathBuf};

use url::Url;

#[cfg(feature = "object-store")]
use super::BucketUrl;
use super::Error;
#[cfg(feature = "kubernetes")]
use super::KubernetesUrl;
use super::error::plain;

/// The location of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// No state: every run starts empty.
    None,
    /// The memory of this process.
    Memory,
    /// A file.
    File(PathBuf),
    /// An object in a bucket.
    #[cfg(feature = "object-store")]
    Bucket(BucketUrl),
    /// A Secret in Kubernetes.
    #[cfg(feature = "kubernetes")]
    Kubernetes(KubernetesUrl),
}

impl Location {
    /// The folder of the default state.
    pub const FOLDER: &'static str = ".trunkline";

    /// The default location: `.trunkline/ORGANIZATION.json` beside the manifest file, or in the manifest folder.
    /// It does not depend on the working directory. `organization` is a label that is valid in a file name.
    #[must_use]
    pub fn beside(manifest: &Path, organization: &str) -> Self {
        Self::File(Self::folder_beside(manifest).join(format!("{organization}.json")))
    }

    /// The folder of the default state for a manifest.
    ///
    /// Links are not resolved: a mounted `ConfigMap` links its files into a folder that every update replaces.
    #[must_use]
    pub fn folder_beside(manifest: &Path) -> PathBuf {
        let folder = if manifest.is_dir() { Some(manifest) } else { manifest.parent() };
        folder.unwrap_or(Path::new("")).join(Self::FOLDER)
    }

    /// Completes a location: in a folder of a bucket and in a namespace, each organization has an object of its own.
    #[must_use]
    #[cfg_attr(not(feature = "leases"), expect(unused_variables, reason = "for buckets"))]
    pub fn for_organization(self, organization: &str) -> Self {
        match self {
            #[cfg(feature = "object-store")]
            Self::Bucket(bucket) => Self::Bucket(bucket.of(organization)),
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(url) => Self::Kubernetes(url.of(organization)),
            Self::None | Self::Memory | Self::File(_) => self,
        }
    }

    /// Parses `none`, `memory:`, `file:///…`, a path, a bucket: `s3://bucket/folder`, `gs://…`, `az://…`, or a
    /// namespace: `kubernetes://namespace`. A bucket URL that ends in `.json` names the object itself, and one of
    /// Kubernetes may name the Secret.
    ///
    /// # Errors
    ///
    /// [`Error::NoPlace`] for any other URL and an empty text, [`Error::NoBucket`] for a bucket in a build without
    /// the feature `object-store`, [`Error::NoKubernetes`] in one without the feature `kubernetes`.
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
                #[cfg(feature = "object-store")]
                Some("s3" | "gs" | "az") => BucketUrl::parse(text).map(Self::Bucket),
                #[cfg(not(feature = "object-store"))]
                Some("s3" | "gs" | "az") => Err(Error::NoBucket { place: shown(text) }),
                #[cfg(feature = "kubernetes")]
                Some("kubernetes") => KubernetesUrl::parse(text).map(Self::Kubernetes),
                #[cfg(not(feature = "kubernetes"))]
                Some("kubernetes") => Err(Error::NoKubernetes { place: shown(text) }),
                Some(_) => Err(no_place()),
            },
        }
    }
}

/// An invalid location for a message, unless it may contain a password or a key.
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
    fn default_location_is_beside_a_manifest_file_and_in_a_manifest_folder() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join(".trunkline/acme.json");
        assert_eq!(Location::beside(folder.path(), "acme"), Location::File(state.clone()));
        let manifest = folder.path().join("acme.yaml");
        assert_eq!(Location::beside(&manifest, "acme"), Location::File(state));
        let relative = Location::File(PathBuf::from(".trunkline/acme.json"));
        assert_eq!(Location::beside(Path::new("acme.yaml"), "acme"), relative);
    }

    #[test]
    fn unknown_schemes_are_refused_and_never_taken_for_a_path() {
        for bucket in ["s3://bucket/acme.json", "GS://b", "az://b/c"] {
            let parsed = Location::parse(bucket);
            #[cfg(feature = "object-store")]
            assert!(matches!(parsed, Ok(Location::Bucket(_))), "{bucket}: {parsed:?}");
            #[cfg(not(feature = "object-store"))]
            assert!(matches!(parsed, Err(Error::NoBucket { .. })), "{bucket}: {parsed:?}");
        }
        let parsed = Location::parse("kubernetes://telnyx/acme");
        #[cfg(feature = "kubernetes")]
        assert!(matches!(parsed, Ok(Location::Kubernetes(_))), "{parsed:?}");
        #[cfg(not(feature = "kubernetes"))]
        assert!(matches!(parsed, Err(Error::NoKubernetes { .. })), "{parsed:?}");
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
    fn a_url_that_may_contain_a_secret_is_not_printed() {
        for url in [
            "ftp://user:T0PS3CRET@store.example/acme.json",
            "s3://user:T0PS3CRET@bucket/acme.json",
            "https://store.example/acme.json?sig=T0PS3CRET",
            "az://container/acme.json?sig=T0PS3CRET",
            "gs://bucket/acme.json#T0PS3CRET",
            "file://T0PS3CRET@host/acme.json",
        ] {
            let error = Location::parse(url).unwrap_err();
            let message = format!("{error} {error:?}");
            assert!(!message.contains("T0PS3CRET"), "{message}");
        }
    }
}
