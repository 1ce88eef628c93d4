//! The state file and the files around it. The order of fsync and rename is not tested: only a power loss would show
//! it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use trunkline::model::State;
use trunkline::state::{Error, LockHolder};

use super::{binding, file, keep, sample};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_default_folder_stays_out_of_git_and_reading_creates_nothing() {
    let folder = TempDir::new().unwrap();
    let ours = folder.path().join(".trunkline");
    let store = file(&ours.join("acme.json"));
    store.load(&binding()).await.unwrap();
    store.unlocked().await.unwrap();
    assert!(!ours.exists());
    keep(&store, &binding(), sample()).await;
    assert_eq!(names(&ours), [".gitignore", "acme.json", "acme.lock"]);
    assert_eq!(fs::read_to_string(ours.join(".gitignore")).unwrap(), "*\n");
    // A removed .gitignore is not created again.
    fs::remove_file(ours.join(".gitignore")).unwrap();
    keep(&store, &binding(), sample()).await;
    assert_eq!(names(&ours), ["acme.json", "acme.lock"]);
}

#[tokio::test]
async fn another_folder_gets_only_the_state_and_its_lock() {
    let folder = TempDir::new().unwrap();
    keep(&file(&folder.path().join("states/kept.txt")), &binding(), sample()).await;
    assert_eq!(names(&folder.path().join("states")), ["kept.txt", "kept.txt.lock"]);
}

#[tokio::test]
async fn missing_parent_folders_are_not_created() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("not/there/acme.json"));
    let refused = store.lock(&LockHolder::this("apply"), Duration::ZERO).await;
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[tokio::test]
async fn a_write_keeps_owner_group_and_mode() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let whose = |path: &Path| {
        let found = fs::metadata(path).unwrap();
        (found.uid(), found.gid(), found.permissions().mode() & 0o777)
    };
    let folder = TempDir::new().unwrap();
    // Only a superuser can change owners.
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
async fn no_other_user_can_read_the_state() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = TempDir::new().unwrap();
    let ours = folder.path().join(".trunkline");
    let path = ours.join("acme.json");
    keep(&file(&path), &binding(), sample()).await;
    assert_eq!((mode(&ours), mode(&path), mode(&ours.join("acme.lock"))), (0o700, 0o600, 0o600));
    // A temporary file of a killed process is replaced: other users may have it open.
    let left = ours.join(".acme.json.new");
    fs::write(&left, "half of a sta").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o644)).unwrap();
    keep(&file(&path), &binding(), State::default()).await;
    assert_eq!(mode(&path), 0o600);
    assert!(!left.exists());
    assert_eq!(file(&path).load(&binding()).await.unwrap().serial, 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed_and_a_dangling_link_is_not_an_empty_state() {
    let folder = TempDir::new().unwrap();
    let (real, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let refused = file(&link).load(&binding()).await;
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    keep(&file(&real), &binding(), sample()).await;
    keep(&file(&link), &binding(), State::default()).await;
    assert!(link.is_symlink());
    assert_eq!(file(&real).read().await.unwrap().unwrap().serial, 2);
    // Both paths name one state, so they share its lock.
    let _hold = file(&real).lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    assert!(file(&link).lock(&LockHolder::this("apply"), Duration::ZERO).await.is_err());
}

#[tokio::test]
async fn a_state_is_a_regular_file_of_at_most_64_mib() {
    let folder = TempDir::new().unwrap();
    let (pipe, large) = (folder.path().join("pipe.json"), folder.path().join("large.json"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::fs::File::create(&large).unwrap().set_len((64 << 20) + 1).unwrap();
    let cases = [
        (Path::new("/dev/full"), "a device, not a regular file"),
        (Path::new("/dev/zero"), "a device, not a regular file"),
        (&pipe, "a named pipe, not a regular file"),
        (folder.path(), "a folder, not a regular file"),
        (&large, "larger than 64 MiB"),
    ];
    for (path, reason) in cases {
        let store = file(path);
        let error = store.load(&binding()).await.unwrap_err();
        let Error::Io { source, .. } = &error else { panic!("{}: {error:?}", path.display()) };
        assert_eq!(source.to_string(), reason, "{}", path.display());
        assert!(error.hint().unwrap().contains("regular file of at most 64 MiB"), "{error:?}");
        if path != large {
            let refused = store.lock(&LockHolder::this("apply"), Duration::ZERO).await;
            assert_eq!(refused.unwrap_err().to_string(), error.to_string());
        }
    }
    assert_eq!(names(folder.path()), ["large.json", "pipe.json"], "no lock was created");
}
