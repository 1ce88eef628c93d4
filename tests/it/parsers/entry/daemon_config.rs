//! The configuration of the daemon.

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use trunkline::daemon::config::{self, Address, DaemonConfig};

use super::problems::assert_sound;
use super::{Taken, file, schema};

/// The files that a configuration may name.
const FILES: [&str; 4] = ["acme.yaml", "acme.key", "hook.url", "hook.key"];

static SCHEMA: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&config::schema()).unwrap());

/// Takes the configuration of a daemon, beside the files that it may name.
///
/// One that is accepted watches something, heals no loss, and fits the schema; no address of it is ever shown.
pub(crate) fn daemon_config(bytes: &[u8]) -> Taken {
    for name in FILES {
        file(name, b"x");
    }
    let path = file("daemon.yaml", bytes);
    match config::load(&path) {
        Ok(config) => {
            assert_fits(&config);
            let misfits = schema::misfits(&SCHEMA, std::str::from_utf8(bytes).unwrap());
            assert_eq!(misfits, Vec::<String>::new(), "the schema refuses what is accepted");
            let again = config::load(&path).unwrap();
            assert_eq!(format!("{again:?}"), format!("{config:?}"));
            Taken::Accepted
        }
        Err(problems) => {
            assert_sound(&problems, &path, bytes);
            Taken::Refused
        }
    }
}

fn assert_fits(config: &DaemonConfig) {
    let DaemonConfig { listen: _, hosts, organizations } = config;
    assert!(!organizations.is_empty());
    assert!(hosts.iter().all(|host| config::host(host).as_ref() == Ok(host)));
    for one in organizations {
        assert!(one.thresholds.open_after >= 1 && one.thresholds.close_after >= 1);
        assert!(one.jitter <= Duration::from_secs(86_400));
        for target in &one.notify {
            match &target.url {
                Address::File(path) => assert!(path.exists()),
                // The same text in another field, such as `freeze_file`, is not an address.
                given @ Address::Given(_) => {
                    let shown = format!("{given:?}");
                    assert!(shown.contains("SecretBox") && !shown.contains("://"), "{shown}");
                }
            }
        }
    }
}
