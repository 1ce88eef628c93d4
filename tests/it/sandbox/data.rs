//! The data file: what was answered is in it.

use std::path::Path;

use trunkline::sandbox::{AccountStatus, Error, SandboxConfig, Seed, start};

use super::support::{Api, KEY, small};

fn config(data: &Path) -> SandboxConfig {
    SandboxConfig {
        data: Some(data.to_owned()),
        ..SandboxConfig::new(KEY.to_owned().into(), small())
    }
}

/// Makes one change of each kind.
async fn change(api: &Api) {
    let larry =
        format!("/managed_accounts/{}", api.running.account("larry@catfood.example").unwrap().id);
    let user = format!("/organizations/users/{}/actions/remove", api.user("ops@acme.example"));
    for (method, path, body) in [
        ("POST", "/managed_accounts".to_owned(), r#"{"business_name":"N","email":"n@n.example"}"#),
        ("PATCH", larry.clone(), r#"{"managed_account_allow_custom_pricing":true}"#),
        ("PATCH", format!("{larry}/update_global_channel_limit"), r#"{"channel_limit":77}"#),
        ("POST", format!("{larry}/actions/disable"), ""),
        ("POST", user, ""),
    ] {
        let _ = api.send(method, &path, body).await.data();
    }
}

#[tokio::test]
async fn every_answered_change_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.json");
    let before = Api::start(config(&file)).await;
    change(&before).await;
    let secrets =
        before.get("/managed_accounts?sort=email&include_cancelled_accounts=true").await.text;
    let id = before.running.account("n@n.example").unwrap().id;
    let made = before.get(&format!("/managed_accounts/{id}")).await.text;
    drop(before);

    // The seed doesn't matter once there is a file.
    let after = Api::start(SandboxConfig { seed: Seed::empty(), ..config(&file) }).await;
    let larry = after.running.account("larry@catfood.example").unwrap();
    assert_eq!(
        (larry.status, larry.channel_limit, larry.custom_pricing),
        (AccountStatus::Disabled, 77, true)
    );
    assert!(!larry.connections_enabled);
    assert_eq!(after.running.users().len(), 4);
    assert_eq!(
        after.get("/managed_accounts?sort=email&include_cancelled_accounts=true").await.text,
        secrets
    );
    assert_eq!(after.get(&format!("/managed_accounts/{id}")).await.text, made);
}

#[tokio::test]
async fn after_each_answer_the_file_is_a_seed_that_has_the_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.json");
    let api = Api::start(config(&file)).await;
    for n in 0..10 {
        let _ = api
            .create(&format!(r#"{{"business_name":"N","email":"n{n}@n.example"}}"#))
            .await
            .data();
        let json = Seed::read(&file).unwrap().to_json().unwrap();
        assert!(json.contains(&format!("n{n}@n.example")));
        assert_eq!(json, std::fs::read_to_string(&file).unwrap());
    }
}

#[tokio::test]
async fn many_writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.json");
    let api = Api::start(config(&file)).await;
    let bodies: Vec<_> =
        (0..40).map(|n| format!(r#"{{"business_name":"N","email":"n{n}@n.example"}}"#)).collect();
    let answers = futures_util::future::join_all(bodies.iter().map(|body| api.create(body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    drop(api);
    assert_eq!(Api::start(config(&file)).await.running.accounts().len(), 46);
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.json");
    let whole = small().to_json().unwrap();
    for damaged in ["", "[]", "null", &whole[..whole.len() / 2], r#"{"account":[]}"#] {
        std::fs::write(&file, damaged).unwrap();
        let error = start(config(&file)).await.unwrap_err();
        assert!(matches!(error, Error::Load(_)), "{damaged:.20}");
        assert!(error.to_string().contains("data.json is not a sandbox seed"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = start(config(&folder.path().join("none/data.json"))).await.unwrap_err();
    assert!(error.to_string().starts_with("writing the sandbox's data to "), "{error}");
}

#[tokio::test]
async fn a_change_that_cannot_be_saved_is_not_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let api = Api::start(config(&inner.join("data.json"))).await;
    std::fs::remove_dir_all(&inner).unwrap();
    assert_eq!(api.create(r#"{"business_name":"N"}"#).await.status, 500);
    assert_eq!(api.running.accounts().len(), 6);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_file_and_no_temporary_file_remains() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.json");
    let api = Api::start(config(&file)).await;
    change(&api).await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_seed_is_read_up_to_64_mib() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("long.json");
    std::fs::File::create(&long).unwrap().set_len(64 * 1024 * 1024 + 1).unwrap();
    for path in [long.as_path(), Path::new("/dev/zero")] {
        let seed = Seed::read(path).unwrap_err().to_string();
        let data = start(config(path)).await.unwrap_err().to_string();
        for error in [seed, data] {
            assert!(error.contains(path.to_str().unwrap()), "{error}");
            assert!(error.contains("longer than 64 MiB"), "{error}");
        }
    }
}
