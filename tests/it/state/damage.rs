//! A damaged file is refused and never read as an empty state.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use trunkline::state::{Damage, Error, Journal, LockHolder};

use super::{binding, file, keep, sample};

async fn written() -> (TempDir, PathBuf, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    keep(&file(&path), &binding(), sample()).await;
    let bytes = fs::read(&path).unwrap();
    (folder, path, bytes)
}

#[tokio::test]
async fn a_file_cut_at_any_byte_is_refused() {
    let (_folder, path, whole) = written().await;
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let read = file(&path).load(&binding()).await;
        assert!(matches!(read, Err(Error::Damaged { .. })), "{length}: {read:?}");
    }
}

#[tokio::test]
async fn a_file_with_any_byte_flipped_or_added_is_refused() {
    let (_folder, path, whole) = written().await;
    for place in 0..whole.len() {
        // Another digit, another case, and a byte that is not ASCII.
        for bit in [0x01, 0x20, 0x80] {
            let mut bytes = whole.clone();
            bytes[place] ^= bit;
            fs::write(&path, &bytes).unwrap();
            let read = file(&path).load(&binding()).await;
            assert!(read.is_err(), "{place} ^ {bit}");
        }
        let mut bytes = whole.clone();
        bytes.insert(place, b' ');
        fs::write(&path, &bytes).unwrap();
        assert!(file(&path).load(&binding()).await.is_err(), "{place}");
    }
    fs::write(&path, [&whole[..], b"\n"].concat()).unwrap();
    assert!(file(&path).load(&binding()).await.is_err());
}

#[tokio::test]
async fn the_message_names_the_damage_and_the_fix() {
    let (_folder, path, whole) = written().await;
    let text = String::from_utf8(whole).unwrap();
    let edited = text.replace("\"channel_limit\": 30", "\"channel_limit\": 31");
    assert_ne!(edited, text);
    let cases = [
        (String::new(), Damage::Empty),
        (text[..text.len() / 2].to_owned(), Damage::Torn),
        ("version: 1\n".to_owned(), Damage::Torn),
        (edited, Damage::Check),
        ("{ \"format_version\": 1 }".to_owned(), Damage::Check),
    ];
    for (text, wanted) in cases {
        fs::write(&path, text).unwrap();
        let error = file(&path).load(&binding()).await.unwrap_err();
        assert!(matches!(&error, Error::Damaged { why, .. } if *why == wanted), "{error:?}");
        assert!(error.to_string().contains("acme.json is damaged: "), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("Restore it")));
    }
}

#[tokio::test]
async fn a_state_of_a_newer_version_is_refused() {
    let (_folder, path, _) = written().await;
    fs::write(&path, "{ \"format_version\": 2, \"state\": [] }").unwrap();
    let error = file(&path).load(&binding()).await.unwrap_err();
    assert!(matches!(error, Error::Newer { version: 2, .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("newer")));
}

#[tokio::test]
async fn a_damaged_state_is_not_overwritten() {
    let (_folder, path, whole) = written().await;
    fs::write(&path, &whole[..100]).unwrap();
    let holder = LockHolder::this("apply");
    let opened = Journal::open(file(&path), &binding(), &holder, Duration::ZERO).await;
    assert!(matches!(opened, Err(Error::Damaged { .. })));
    assert_eq!(fs::read(&path).unwrap(), whole[..100]);
}

#[tokio::test]
async fn the_text_is_the_same_for_the_same_state_and_in_a_fixed_order() {
    let (_folder, _, one) = written().await;
    let (_folder, _, other) = written().await;
    assert_eq!(one, other);
    insta::with_settings!({ snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(String::from_utf8(one).unwrap());
    });
}
