//! Promise 10, of the program as a whole: what must not show in its output. (Of the planner alone it is
//! a law: see `plan::laws`.)

use std::fs;
use std::path::Path;

use crate::support::site::{Site, text};

/// The parts of one manifest, each a file of a folder.
const PARTS: [(&str, &str); 3] = [
    (
        "b.yaml",
        "version: 1\naccounts: [{ name: Larry's Cat Food, email: larry@catfood.example, channel_limit: 7 }]\n",
    ),
    ("a.yaml", "version: 1\naccounts: [{ name: New, email: new@shop.example }]\n"),
    (
        "c/top.yaml",
        "version: 1\norganization: acme\npolicy: { unlisted_users: remove, max_removals: 100% }\n",
    ),
];

/// Users whose last day is today, in UTC, and was yesterday: in some time zone the day is another now.
fn users(site: &Site) -> String {
    let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    let days = [today, today.yesterday().unwrap()];
    let users = site.sandbox.users();
    let entry = |(user, until): (&trunkline::sandbox::User, jiff::civil::Date)| {
        format!("  - {{ email: {}, until: {until} }}\n", user.email)
    };
    let entries: String = users.iter().skip(1).zip(days).map(entry).collect();
    format!("version: 1\nusers:\n{entries}")
}

/// Writes a folder of files, one after the other in this order.
fn write<'a>(folder: &Path, parts: impl Iterator<Item = &'a (&'a str, String)>) {
    for (name, text) in parts {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_10_neither_the_order_of_files_nor_threads_nor_the_time_zone_show() {
    let site = Site::open().await;
    let mut parts: Vec<_> = PARTS.map(|(name, text)| (name, text.to_owned())).to_vec();
    parts.push(("d.yaml", users(&site)));
    for format in ["json", "markdown", "text", "diff", "github"] {
        let mut outputs = Vec::new();
        for (zone, parallelism) in [("UTC", "16"), ("Pacific/Kiritimati", "1"), ("Etc/GMT+12", "3")]
        {
            let folder = site.folder.path().join("manifest");
            let _ = fs::remove_dir_all(&folder);
            if zone == "UTC" {
                write(&folder, parts.iter());
            } else {
                write(&folder, parts.iter().rev());
            }
            let mut command = site.command(&["plan", text(&folder), "--format", format]);
            command.args(["--parallelism", parallelism]).env("TZ", zone);
            let output =
                tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            assert_eq!(
                output.status.code(),
                Some(0),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            outputs.push(String::from_utf8(output.stdout).unwrap());
        }
        assert!(outputs[0].contains("billing@acme.example"), "{}", outputs[0]);
        assert_eq!(outputs[0], outputs[1], "{format}");
        assert_eq!(outputs[0], outputs[2], "{format}");
    }
}
