//! A file that is not byte for byte as it was saved is refused before anything is sent.

use trunkline::report::{SavedPlanError, read_saved};

use super::{apply, read, save, status, stderr};
use crate::support::site::Site;

/// The example's plan, as saved.
async fn example() -> (Site, std::path::PathBuf) {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    site.proxy.passed();
    (site, plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_8_every_byte_flipped_one_at_a_time_is_refused() {
    let (_site, plan) = example().await;
    let mut bytes = read(&plan).into_bytes();
    assert!(bytes.len() > 5000 && read_saved(&bytes).is_ok());
    for place in 0..bytes.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            bytes[place] ^= flip;
            let refused = read_saved(&bytes);
            bytes[place] ^= flip;
            let fits = matches!(
                refused,
                Err(SavedPlanError::Seal | SavedPlanError::Incomplete | SavedPlanError::Version(_))
            );
            assert!(fits, "byte {place} by {flip:#x}: {refused:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_at_any_byte_or_longer_by_some_it_is_refused() {
    let (_site, plan) = example().await;
    let bytes = read(&plan).into_bytes();
    for length in 0..bytes.len() {
        let refused = read_saved(&bytes[..length]);
        assert!(
            matches!(refused, Err(SavedPlanError::Incomplete | SavedPlanError::Seal)),
            "{length}"
        );
    }
    for more in ["\n", " ", "{}", "\0"] {
        assert!(read_saved(&[&bytes, more.as_bytes()].concat()).is_err(), "{more:?}");
    }
    // The same JSON in another layout is another file.
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert!(read_saved(value.to_string().as_bytes()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_refuses_it_without_a_request() {
    let (site, plan) = example().await;
    let whole = read(&plan);
    let middle = whole.len() / 2;
    let files = [
        ("", "the seal at its end is missing"),
        ("version: 1\n", "To apply a manifest, leave out --plan."),
        (&whole[..middle], "the seal at its end is missing"),
        (&whole[..whole.len() - 1], "the seal at its end is missing"),
        (&whole.replacen("\"after\": 30", "\"after\": 31", 1), "the seal is broken"),
        (
            &whole.replacen("\"destructive\": true", "\"destructive\": false", 1),
            "the seal is broken",
        ),
        (&whole.replacen("max_removals: 25", "max_removals: 99", 1), "the seal is broken"),
        (&whole.replacen("\"format_version\": 1", "\"format_version\": 9", 1), "format_version 9"),
        (&whole.replacen("left@acme", "root@acme", 1), "the seal is broken"),
    ];
    for (file, says) in files {
        assert_ne!(file, whole);
        std::fs::write(&plan, file).unwrap();
        let output = site.run(&apply(&plan, &[])).await;
        let error = stderr(&output);
        assert_eq!(status(&output), Some(1), "{error}");
        assert!(error.contains(says) && error.contains("hint: Nothing was sent"), "{error}");
        assert!(!site.folder.path().join(".trunkline").exists());
    }
    assert_eq!(site.proxy.passed(), Vec::<String>::new());
    std::fs::write(&plan, &whole).unwrap();
    site.ends(&apply(&plan, &[]), 0).await;
}
