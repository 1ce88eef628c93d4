//! Conflicts between organizations: two must share neither a label nor a state.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::state::Location;

/// Describes the first conflict among pairs of a label and a state location.
pub(in crate::daemon) fn conflict<'a>(
    all: impl IntoIterator<Item = (&'a str, &'a Location)>,
) -> Option<String> {
    let mut seen: BTreeMap<&str, Location> = BTreeMap::new();
    for (label, location) in all {
        if seen.contains_key(label) {
            return Some(format!("two manifests describe the organization {label}"));
        }
        let place = place(location);
        let other = seen.iter().find(|(_, other)| is_shared(&place) && **other == place);
        if let Some((other, _)) = other {
            return Some(format!("{other} and {label} use the same state"));
        }
        seen.insert(label, place);
    }
    None
}

/// Returns true if equal locations are one place.
fn is_shared(location: &Location) -> bool {
    !matches!(location, Location::None | Location::Memory)
}

/// Normalizes a location, whatever its spelling.
fn place(location: &Location) -> Location {
    match location {
        Location::File(path) => Location::File(real(path)),
        other => other.clone(),
    }
}

/// Resolves links in a path. If the file does not exist yet, those of its folder.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let path = std::path::absolute(path).unwrap_or(path.to_owned());
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.zip(path.file_name()).map_or_else(|| path.clone(), |(folder, name)| folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &Path) -> Location {
        Location::File(path.to_owned())
    }

    #[test]
    fn a_shared_label_or_state_is_refused_in_any_spelling() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir(folder.join("below")).unwrap();
        std::os::unix::fs::symlink(folder.join("a.json"), folder.join("link.json")).unwrap();
        let (a, b) = (file(&folder.join("a.json")), file(&folder.join("b.json")));
        assert_eq!(conflict([("x", &a), ("y", &b)]), None);
        let label = conflict([("x", &a), ("x", &b)]).unwrap();
        assert!(label.contains("two manifests describe the organization x"), "{label}");
        let same = "x and y use the same state";
        assert_eq!(conflict([("x", &a), ("y", &a)]).as_deref(), Some(same));
        let around = file(&folder.join("below/../a.json"));
        assert_eq!(conflict([("x", &a), ("y", &around)]).as_deref(), Some(same));
        std::fs::write(folder.join("a.json"), "").unwrap();
        let link = file(&folder.join("link.json"));
        assert_eq!(conflict([("x", &a), ("y", &link)]).as_deref(), Some(same));
        for own in [Location::None, Location::Memory] {
            assert_eq!(conflict([("x", &own), ("y", &own)]), None);
        }
    }

    #[cfg(feature = "object-store")]
    #[test]
    fn a_shared_object_is_refused_and_a_folder_is_not() {
        let of = |text: &str, label| Location::parse(text).unwrap().for_organization(label);
        let (x, y) = (of("s3://b/folder", "x"), of("s3://b/folder/", "y"));
        assert_eq!(conflict([("x", &x), ("y", &y)]), None);
        let y = of("s3://b/folder/x.json", "y");
        assert!(conflict([("x", &x), ("y", &y)]).is_some());
    }
}
