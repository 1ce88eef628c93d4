//! Whose a file is that takes the place of another one. A superuser who changes it must not lock out its owner: an
//! `apply` by root would blind the daemon of somebody else.
//!
//! Only a file that was just made, and is still open, is ever given away: a path could be exchanged for another one.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// As many may read it as before.
pub(crate) const EVERYBODY: u32 = 0o777;
/// Its owner and its group may at most.
pub(crate) const NOBODY_ELSE: u32 = 0o770;

/// Gives a new file the owner, the group and the mode of the one that it replaces, as far as that is allowed, and
/// nobody outside of `most`. Where the group cannot be kept, no group may read it.
///
/// # Errors
///
/// When the mode cannot be set.
#[cfg(unix)]
pub(crate) fn keep(new: &File, there: &Metadata, most: u32) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    // Only a superuser may give it away; a group may be kept by who belongs to it.
    let (user, group) = (there.uid(), there.gid());
    let _ = fchown(new, Some(user), Some(group)).or_else(|_| fchown(new, None, Some(group)));
    let mut permissions = there.permissions();
    let kept = new.metadata()?.gid() == group;
    permissions.set_mode(permissions.mode() & most & if kept { EVERYBODY } else { !0o070 });
    new.set_permissions(permissions)
}

/// Gives a new file that a superuser has made to the owner of its folder.
#[cfg(unix)]
pub(crate) fn of_folder(new: &File, folder: &Path) {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let is_root = new.metadata().is_ok_and(|new| new.uid() == 0);
    if let Ok(folder) = folder.metadata()
        && is_root
    {
        // Where even a superuser may not, it stays as it is.
        let _ = fchown(new, Some(folder.uid()), Some(folder.gid()));
    }
}

#[cfg(not(unix))]
pub(crate) fn keep(new: &File, there: &Metadata, _: u32) -> io::Result<()> {
    new.set_permissions(there.permissions())
}

#[cfg(not(unix))]
pub(crate) fn of_folder(_: &File, _: &Path) {}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

    use super::*;

    fn whose(file: &File) -> Option<(u32, u32, u32)> {
        let found = file.metadata().ok()?;
        Some((found.uid(), found.gid(), found.permissions().mode() & 0o7777))
    }

    #[test]
    fn what_takes_the_place_of_a_file_belongs_to_whom_that_belonged() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let old_file = File::create(&old).unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
        // Only a superuser can say that it belongs to somebody else; as anybody else the mode is looked at.
        let _ = chown(&old, Some(4_321), Some(4_322));
        let new = File::create(new).unwrap();
        keep(&new, &old.metadata().unwrap(), EVERYBODY).unwrap();
        assert_eq!(whose(&new), whose(&old_file));
        fs::set_permissions(&old, fs::Permissions::from_mode(0o644)).unwrap();
        keep(&new, &old.metadata().unwrap(), NOBODY_ELSE).unwrap();
        assert_eq!(whose(&new).unwrap().2, 0o640);
    }

    #[test]
    fn what_a_superuser_makes_belongs_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let _ = chown(folder.path(), Some(4_321), Some(4_322));
        let new = File::create(folder.path().join("new")).unwrap();
        of_folder(&new, folder.path());
        let (folder, new) = (folder.path().metadata().unwrap(), whose(&new).unwrap());
        assert_eq!((new.0, new.1), (folder.uid(), folder.gid()));
    }
}
