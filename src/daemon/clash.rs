//! Whether two organizations would share what each needs for itself: a label, or a state file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::state::Location;

/// What two of these share, in words; each is a label and where its state is.
pub(super) fn clash<'a>(all: impl IntoIterator<Item = (&'a str, &'a Location)>) -> Option<String> {
    let mut seen: BTreeMap<&str, Location> = BTreeMap::new();
    for (label, location) in all {
        if seen.contains_key(label) {
            return Some(format!("two manifests are of the organization {label}"));
        }
        let place = place(location);
        let other = seen.iter().find(|(_, other)| is_shared(&place) && **other == place);
        if let Some((other, _)) = other {
            return Some(format!("{other} and {label} have the same state"));
        }
        seen.insert(label, place);
    }
    None
}

/// Whether two of this location are the same place.
fn is_shared(location: &Location) -> bool {
    match location {
        Location::File(_) | Location::Bucket(_) => true,
        // Each has its own.
        Location::None | Location::Memory => false,
    }
}

/// A location by what it is, not by how it is written.
fn place(location: &Location) -> Location {
    match location {
        Location::File(path) => Location::File(real(path)),
        other @ (Location::None | Location::Memory | Location::Bucket(_)) => other.clone(),
    }
}

/// A file's own path. It may not be there yet; then that of its folder counts, if that is.
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
    fn a_label_or_a_state_of_two_is_refused_however_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::create_dir(folder.join("below")).unwrap();
        std::os::unix::fs::symlink(folder.join("a.json"), folder.join("link.json")).unwrap();
        let (a, b) = (file(&folder.join("a.json")), file(&folder.join("b.json")));
        assert_eq!(clash([("x", &a), ("y", &b)]), None);
        let label = clash([("x", &a), ("x", &b)]).unwrap();
        assert!(label.contains("two manifests are of the organization x"), "{label}");
        let same = "x and y have the same state";
        assert_eq!(clash([("x", &a), ("y", &a)]).as_deref(), Some(same));
        let around = file(&folder.join("below/../a.json"));
        assert_eq!(clash([("x", &a), ("y", &around)]).as_deref(), Some(same));
        std::fs::write(folder.join("a.json"), "").unwrap();
        let link = file(&folder.join("link.json"));
        assert_eq!(clash([("x", &a), ("y", &link)]).as_deref(), Some(same));
        for own in [Location::None, Location::Memory] {
            assert_eq!(clash([("x", &own), ("y", &own)]), None);
        }
    }

    #[cfg(feature = "object-store")]
    #[test]
    fn an_object_of_two_is_refused_and_a_folder_holds_one_for_each() {
        let of = |text: &str, label| Location::parse(text).unwrap().for_organization(label);
        let (x, y) = (of("s3://b/folder", "x"), of("s3://b/folder/", "y"));
        assert_eq!(clash([("x", &x), ("y", &y)]), None);
        let y = of("s3://b/folder/x.json", "y");
        assert!(clash([("x", &x), ("y", &y)]).is_some());
    }
}
