//! The file and what lies around it. That a write is on disk in the right order before anybody hears of it
//! (fsync, rename, fsync of the folder) only a loss of power could show: no test here does.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use trunkline::model::State;
use trunkline::state::{Error, Holder};

use super::{binding, file, keep, sample};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn our_own_folder_is_made_and_stays_out_of_git_and_reading_makes_nothing() {
    let folder = TempDir::new().unwrap();
    let ours = folder.path().join(".trunkline");
    let store = file(&ours.join("acme.json"));
    store.load(&binding()).await.unwrap();
    store.unlocked().await.unwrap();
    assert!(!ours.exists());
    keep(&store, &binding(), sample()).await;
    assert_eq!(names(&ours), [".gitignore", "acme.json", "acme.lock"]);
    assert_eq!(fs::read_to_string(ours.join(".gitignore")).unwrap(), "*\n");
    // Who takes it away wants it so.
    fs::remove_file(ours.join(".gitignore")).unwrap();
    keep(&store, &binding(), sample()).await;
    assert_eq!(names(&ours), ["acme.json", "acme.lock"]);
}

#[tokio::test]
async fn in_a_folder_of_somebody_else_there_is_only_the_state_and_its_lock() {
    let folder = TempDir::new().unwrap();
    keep(&file(&folder.path().join("states/kept.txt")), &binding(), sample()).await;
    assert_eq!(names(&folder.path().join("states")), ["kept.txt", "kept.txt.lock"]);
}

#[tokio::test]
async fn a_path_that_is_mostly_missing_is_not_made() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("not/there/acme.json"));
    let refused = store.lock(&Holder::this("apply"), Duration::ZERO).await;
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn it_stays_readable_for_whom_it_belonged_to_whoever_writes_it() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let whose = |path: &Path| {
        let found = fs::metadata(path).unwrap();
        (found.uid(), found.gid(), found.permissions().mode() & 0o777)
    };
    let folder = TempDir::new().unwrap();
    // Only a superuser can give it away, and only a superuser can lock others out.
    let _ = chown(folder.path(), Some(4_321), Some(4_322));
    let (user, group, _) = whose(folder.path());
    let path = folder.path().join("acme.json");
    keep(&file(&path), &binding(), sample()).await;
    assert_eq!(whose(&path), (user, group, 0o600));
    assert_eq!(whose(&folder.path().join("acme.lock")), (user, group, 0o600));
    let _ = chown(&path, Some(5_321), Some(5_322));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let before = whose(&path);
    keep(&file(&path), &binding(), State::default()).await;
    assert_eq!(whose(&path), before);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = TempDir::new().unwrap();
    let ours = folder.path().join(".trunkline");
    let path = ours.join("acme.json");
    keep(&file(&path), &binding(), sample()).await;
    assert_eq!((mode(&ours), mode(&path), mode(&ours.join("acme.lock"))), (0o700, 0o600, 0o600));
    // What a killed process has left is not written into, as others may have it open.
    let left = ours.join(".acme.json.new");
    fs::write(&left, "half of a led").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
    keep(&file(&path), &binding(), State::default()).await;
    assert_eq!(mode(&path), 0o600);
    assert!(!left.exists());
    assert_eq!(file(&path).load(&binding()).await.unwrap().serial, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed_and_one_to_nowhere_is_no_empty_state() {
    let folder = TempDir::new().unwrap();
    let (real, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let refused = file(&link).load(&binding()).await;
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    keep(&file(&real), &binding(), sample()).await;
    keep(&file(&link), &binding(), State::default()).await;
    assert!(link.is_symlink());
    assert_eq!(file(&real).read().await.unwrap().unwrap().serial, 2);
    // Both names are of one state, so there is one lock.
    let _hold = file(&real).lock(&Holder::this("apply"), Duration::ZERO).await.unwrap();
    assert!(file(&link).lock(&Holder::this("apply"), Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn state_that_is_a_device_a_pipe_or_larger_than_64_mib_is_refused() {
    let folder = TempDir::new().unwrap();
    let (pipe, large) = (folder.path().join("pipe.json"), folder.path().join("large.json"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::File::create(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    for path in [Path::new("/dev/full"), Path::new("/dev/zero"), &pipe, &large] {
        let read = file(path).load(&binding()).await;
        assert!(matches!(read, Err(Error::Io { .. })), "{}: {read:?}", path.display());
    }
}
