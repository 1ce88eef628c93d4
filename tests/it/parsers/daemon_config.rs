//! Configurations of the daemon, changed.

use proptest::prelude::*;
use proptest::sample::select;

use super::entry::daemon_config::daemon_config;
use super::mutate::{cases, changes, cut, edited, law};
use super::tree::Tree;

/// One that says everything.
const WHOLE: &str = r#"
version: 1
listen: 127.0.0.1:9464
organizations:
  - manifest: acme.yaml
    api_key_file: acme.key
    base_url: https://api.telnyx.com/v2
    state: state/acme.json
    schedule: "*/5 * * * *"
    timezone: Europe/Berlin
    jitter: 30s
    open_after: 3
    close_after: 1
    heal: [raise_channel_limit, enable_account, update_account]
    freeze_file: freeze
    notify:
      - { name: ops, type: slack, url_file: hook.url }
      - { name: pager, type: webhook, url: "https://hook.example/T0PS3CRET", hmac_key_file: hook.key }
"#;

/// One that says what it must.
const LEAST: &str = r#"
version: 1
organizations:
  - { manifest: acme.yaml, api_key_file: acme.key, schedule: "0 6 * * 1-5" }
"#;

#[test]
fn any_configuration_is_one_or_is_refused_with_places() {
    let documents = (select(&[WHOLE, LEAST][..]), changes(), any::<bool>()).prop_map(
        |(text, (edits, end), block)| {
            let tree = edited(Tree::of(text), &edits);
            cut(&if block { tree.yaml() } else { tree.json() }, &end)
        },
    );
    law(cases(2.0, file!()), daemon_config, 8, documents);
}
