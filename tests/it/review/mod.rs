//! The access review: its rows, formats, changes, and the command.

mod changes;
mod command;
mod formats;
mod rows;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;
use trunkline::manifest::{LoadedManifest, load_with_places};
use trunkline::model::{Day, Email, LastSignIn, Live, LiveUser, Role, UserId, UserStatus};
use trunkline::report::{PathBase, Review, ReviewInput, ReviewedManifest};

/// A manifest with an entry of every kind.
const MANIFEST: &str = "\
version: 1
organization: acme
policy:
  unlisted_users: remove
  stale_users: remove
  stale_after: 90d
  sso_bypass: [root@acme.example]
  privileged_groups: [Admin]
  protected: [root@acme.example, left@acme.example]
accept:
  - { code: user_missing, email: new@acme.example, until: 2027-02-01, reason: \"invited, not yet joined\" }
  - { code: user_stale, email: robot@acme.example, until: 2027-01-31 }
  - { code: user_unlisted, email: temp@acme.example, until: 2026-12-31, reason: handover }
accounts:
  - { name: Larry's Cat Food, email: larry@catfood.example }
users:
  - { email: root@acme.example, owner: true }
  - { email: ops@acme.example, groups: [Engineering, Support], until: 2026-12-28, keep: true }
  - { email: lead@acme.example, groups: [Engineering] }
  - { email: idle@acme.example, until: 2026-11-28 }
  - { email: robot@acme.example, until: 2026-12-29 }
  - { email: sso@acme.example }
  - { email: trainee@acme.example, until: 2026-11-27 }
  - { email: temp@acme.example, until: 2026-10-31 }
  - { email: former@acme.example, until: 2026-10-31 }
  - { email: left@acme.example, absent: true }
  - { email: cleared@acme.example, absent: true }
  - { email: new@acme.example }
  - { email: gone@acme.example }
  - { email: closed@acme.example }
  - { email: odd@acme.example, groups: [Engineering] }
";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A user who was created long ago and signed in recently.
fn user(name: &str) -> LiveUser {
    let (id, email) = (UserId::new(format!("id-{name}")), format!("{name}@acme.example"));
    LiveUser {
        status: Some(UserStatus::Enabled),
        groups: Some(Vec::new()),
        created: Some(day("2024-05-01")),
        last_sign_in: LastSignIn::On(day("2026-11-20")),
        bypasses_sso: Some(false),
        ..LiveUser::new(id, Email::new(email), Role::SubUser)
    }
}

fn groups(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// An organization with a user of every kind. The accounts name an owner whom no list shows.
fn live() -> Live {
    let root = LiveUser { role: Role::Owner, bypasses_sso: Some(true), ..user("root") };
    let ops = LiveUser {
        groups: Some(groups(&["Support", "Engineering"])),
        last_sign_in: LastSignIn::Never,
        ..user("ops")
    };
    let ops = LiveUser { email: Email::new("Ops@Acme.example"), ..ops };
    let lead = LiveUser { groups: Some(groups(&["Engineering", "Admin"])), ..user("lead") };
    let idle = LiveUser { last_sign_in: LastSignIn::On(day("2026-08-30")), ..user("idle") };
    let machine = LiveUser { last_sign_in: LastSignIn::Never, ..user("robot") };
    let sso = LiveUser { bypasses_sso: Some(true), ..user("sso") };
    let guest = LiveUser { groups: Some(groups(&["=cmd()", "Night, \"shift\""])), ..user("guest") };
    let closed = LiveUser { status: Some(UserStatus::Disabled), ..user("closed") };
    let odd = LiveUser {
        role: Role::Other("organization_robot".to_owned()),
        status: Some(UserStatus::Other("half`open".to_owned())),
        groups: None,
        created: None,
        last_sign_in: LastSignIn::Unknown,
        bypasses_sso: None,
        ..user("odd")
    };
    let rest = ["trainee", "temp", "left"].map(user);
    let users = [root, ops, lead, idle, machine, sso, guest, closed, odd].into_iter().chain(rest);
    Live {
        users: Some(users.collect()),
        owners: ["root@acme.example", "boss@acme.example"].map(Email::new).into(),
        ..Live::default()
    }
}

/// A manifest in a folder.
struct Written {
    folder: TempDir,
    path: PathBuf,
    loaded: LoadedManifest,
}

impl Written {
    fn new(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("acme.yaml");
        std::fs::write(&path, text).unwrap();
        let loaded = load_with_places(&path).unwrap_or_else(|problems| panic!("{problems}"));
        Self { folder, path, loaded }
    }

    fn review(&self, live: &Live) -> Review {
        self.review_with(live, None)
    }

    fn review_with(&self, live: &Live, stale_after: Option<u32>) -> Review {
        let LoadedManifest { desired, places, .. } = &self.loaded;
        let manifest = Some(ReviewedManifest { desired, places, path: &self.path });
        let base = PathBase { here: self.folder.path(), root: self.folder.path() };
        let today = day("2026-11-28");
        Review::new(ReviewInput { manifest, live, today, stale_after, base: &base })
    }
}

fn without_manifest(live: &Live, stale_after: Option<u32>) -> Review {
    let base = PathBase { here: Path::new("/"), root: Path::new("/") };
    let today = day("2026-11-28");
    Review::new(ReviewInput { manifest: None, live, today, stale_after, base: &base })
}

fn json(review: &Review) -> Value {
    serde_json::from_str(&review.json()).unwrap()
}

/// The row of a user.
fn row<'a>(review: &'a Value, name: &str) -> &'a Value {
    let email = format!("{name}@acme.example");
    let is_user = |row: &&Value| row["email"].as_str().unwrap().eq_ignore_ascii_case(&email);
    let mut rows = review["users"].as_array().unwrap().iter().filter(is_user);
    let row = rows.next().unwrap_or_else(|| panic!("no row of {name}"));
    assert!(rows.next().is_none(), "two rows of {name}");
    row
}
