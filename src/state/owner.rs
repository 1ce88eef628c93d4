//! The owner of a file that replaces another one. A superuser's write must not lock out the owner: an `apply` by root
//! would hide the state from a daemon that runs as another user.
//!
//! Only a new file that is still open changes its owner: a path could be exchanged meanwhile.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// Keeps the mode of the old file.
pub(crate) const ANY_MODE: u32 = 0o777;
/// Limits the mode to the owner and the group.
pub(crate) const OWNER_AND_GROUP: u32 = 0o770;

/// Gives a new file the owner, group and mode of the file that it replaces, as far as the system allows and within
/// `most`. If the group cannot be kept, the file is not readable by any group.
///
/// # Errors
///
/// Fails when the mode cannot be set.
#[cfg(unix)]
pub(crate) fn keep(new: &File, old: &Metadata, most: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    // Only a superuser can change the owner; a member of the group can keep the group.
    let (user, group) = (old.uid(), old.gid());
    let _ = fchown(new, Some(user), Some(group)).or_else(|_| fchown(new, None, Some(group)));
    let mut permissions = old.permissions();
    let kept = new.metadata()?.gid() == group;
    permissions.set_mode(permissions.mode() & most & if kept { ANY_MODE } else { !0o070 });
    new.set_permissions(permissions)
}

/// Gives a new file of a superuser to the owner of its folder.
#[cfg(unix)]
pub(crate) fn of_folder(new: &File, folder: &Path) {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let is_root = new.metadata().is_ok_and(|new| new.uid() == 0);
    if let Ok(folder) = folder.metadata()
        && is_root
    {
        // Some file systems refuse this even to a superuser; then root keeps the file.
        let _ = fchown(new, Some(folder.uid()), Some(folder.gid()));
    }
}

#[cfg(not(unix))]
pub(crate) fn keep(new: &File, old: &Metadata, _: u32) -> io::Result<()> {
    new.set_permissions(old.permissions())
}

#[cfg(not(unix))]
pub(crate) fn of_folder(_: &File, _: &Path) {}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

    use super::*;

    fn owner_and_mode(file: &File) -> Option<(u32, u32, u32)> {
        let found = file.metadata().ok()?;
        Some((found.uid(), found.gid(), found.permissions().mode() & 0o7777))
    }

    #[test]
    fn a_replacement_keeps_owner_group_and_mode() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let old_file = File::create(&old).unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
        // Only a superuser can change the owner; other users test the mode only.
        let _ = chown(&old, Some(4_321), Some(4_322));
        let new = File::create(new).unwrap();
        keep(&new, &old.metadata().unwrap(), ANY_MODE).unwrap();
        assert_eq!(owner_and_mode(&new), owner_and_mode(&old_file));
        fs::set_permissions(&old, fs::Permissions::from_mode(0o644)).unwrap();
        keep(&new, &old.metadata().unwrap(), OWNER_AND_GROUP).unwrap();
        assert_eq!(owner_and_mode(&new).unwrap().2, 0o640);
    }

    #[test]
    fn a_new_file_of_a_superuser_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let _ = chown(folder.path(), Some(4_321), Some(4_322));
        let new = File::create(folder.path().join("new")).unwrap();
        of_folder(&new, folder.path());
        let (folder, new) = (folder.path().metadata().unwrap(), owner_and_mode(&new).unwrap());
        assert_eq!((new.0, new.1), (folder.uid(), folder.gid()));
    }
}
