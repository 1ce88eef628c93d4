//! Hostile names in every format, read by parsers that would notice an injection.

use std::path::Path;

use trunkline::manifest::parse;
use trunkline::model::{AccountId, Email, UserId};
use trunkline::plan::{
    AccountTarget, Action, Finding, FindingKind, Inventory, Plan, PlannedAccount,
};
use trunkline::report::{ReportContent, ReportFormat};

use super::readers::{commands, page, results, variables};
use super::written;
use crate::support::plans::{World, outcomes, planned};

pub(crate) const NAMES: [&str; 31] = [
    "plain@shop.example",
    "`tick`",
    "``````",
    "`",
    "ends with \\",
    "a|b||c",
    "a\\|b",
    "</details>",
    "</summary></details><script>alert(1)</script>",
    "<!-- x -->",
    "--> out",
    "@acme/team",
    "https://evil.example/a?b#c",
    "www.evil.example",
    "[text](https://evil.example)",
    "![](https://evil.example/p.png)",
    "**bold** _under_ ~~gone~~ $x$",
    "#123 GH-1 deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    "\u{202e}gnp.exe",
    "\u{1b}[2J\u{1b}]8;;https://evil.example\u{7}",
    "line\n::error::one",
    "line\r\n\r\n# heading",
    "::error file=x::one",
    "\u{3000}::add-mask::x",
    "##[error]one",
    "a ###[add-mask]b",
    "%0A::error::one %25",
    "x=y,z:a;b",
    "=cmd()|x",
    " spaces ",
    "",
];

/// A plan in which every text is the given name.
fn world(name: &str) -> World {
    let email = || Email::new(name);
    let id = || AccountId::new(name);
    let live = || AccountTarget::Live(id());
    let actions = vec![
        Action::RemoveUser { id: UserId::new(name), email: email() },
        Action::DisableAccount { target: live(), email: email() },
        Action::SetChannelLimit { target: live(), email: email(), before: Some(3), after: 1 },
        Action::UpdateAccount { id: id(), email: email(), before: None, after: true },
        Action::CreateAccount(PlannedAccount {
            name: name.to_owned(),
            email: email(),
            custom_pricing: None,
            rollup_billing: None,
            password_from: None,
        }),
    ];
    // Enough for a group, whose names begin a line.
    let alike =
        (0..5).map(|_| Action::EnableAccount { id: id(), email: email(), connections: false });
    let actions = actions.into_iter().chain(alike).map(planned).collect();
    let text = || name.to_owned();
    let mut findings = vec![
        Finding::account(email(), FindingKind::ImmutableName { have: text(), want: text() }),
        Finding::account(email(), FindingKind::ImmutableEmail { have: email() }),
        Finding::user(
            email(),
            FindingKind::GroupMismatch { missing: vec![text()], extra: vec![text()] },
        ),
        Finding::account(email(), FindingKind::AccountGone { id: id() }),
        Finding::account(email(), FindingKind::IdentityConflict { accounts: vec![id()] }),
        Finding::user(email(), FindingKind::PossibleRename { missing: email() }),
        Finding::organization(FindingKind::InventoryIncomplete(text())),
        Finding::user(
            email(),
            FindingKind::Accepted {
                code: trunkline::model::Code::UserMissing,
                until: "2027-02-01".parse().unwrap(),
                reason: Some(text()),
            },
        ),
    ];
    findings
        .extend((0..5).map(|_| Finding::user(email(), FindingKind::UserUnlisted { until: None })));
    let inventory = Inventory { complete: true, ..Inventory::default() };
    let mut world = World::of(Plan { actions, findings, inventory, ..Plan::default() });
    let mut desired = world.desired.clone();
    desired.accounts.insert(email(), wanted(name));
    world = world.with(desired);
    world.live.accounts.push(trunkline::model::LiveAccount {
        id: AccountId::new("other"),
        email: email(),
        name: Some(format!("{name}{name}")),
        manager: None,
        api_user: None,
        custom_pricing: None,
        rollup_billing: None,
        status: None,
    });
    world.bound_to.base_url = text();
    world.state.location = text();
    world
}

fn wanted(name: &str) -> trunkline::model::WantedAccount {
    trunkline::model::WantedAccount {
        name: name.to_owned(),
        email: Email::new(name),
        id: None,
        enabled: Some(true),
        channel_limit: Some(1),
        custom_pricing: None,
        rollup_billing: None,
        min_balance: None,
        reenable_connections: false,
        password_from: None,
    }
}

/// Checks a report of any names.
fn read(form: ReportFormat, text: &str, name: &str) {
    for c in text.chars() {
        assert!(
            c == '\n' || !trunkline::model::is_harmful(c),
            "{c:?} of {name:?} in {}",
            form.name()
        );
    }
    let found = commands(text);
    match form {
        ReportFormat::Github => {
            assert!(found.len() == text.lines().count() && found.len() <= 10, "{text}");
            let known = |key: &String| ["file", "line", "title"].contains(&key.as_str());
            assert!(found.iter().all(|one| one.properties.keys().all(known)), "{found:?}");
        }
        _ => assert_eq!(found, [], "{name:?} in {}", form.name()),
    }
    match form {
        ReportFormat::Json | ReportFormat::GitlabTerraform => {
            serde_json::from_str::<serde_json::Value>(text).unwrap();
        }
        ReportFormat::Markdown | ReportFormat::GithubSummary => markdown(form, text, name),
        ReportFormat::Sarif => _ = results(text),
        ReportFormat::Env => assert!(!variables(text).is_empty()),
        ReportFormat::Diff => diff(text),
        ReportFormat::Text | ReportFormat::Github => {}
    }
}

/// Checks that names are only in code, and that no table, fold or list is broken.
fn markdown(form: ReportFormat, text: &str, name: &str) {
    let read = page(text);
    let plain = page(&written(form, ReportContent::Plan(world("plain").context())).unwrap());
    assert_eq!(read.strange, Vec::<String>::new(), "{name:?}\n{text}");
    for html in &read.html {
        let ours = html.starts_with("<!-- trunkline")
            || html.starts_with("<details><summary><b>")
            || html == "</details>";
        assert!(ours, "{html:?} from {name:?}");
    }
    for act in ["@", "evil", "alert", "::", "gone"] {
        assert!(!read.text.contains(act), "{act:?} of {name:?} in {}", read.text);
    }
    if text.contains("#### 3 destructive actions") {
        assert_eq!(read.rows, plain.rows, "{name:?}\n{text}");
        let at = read.shape.iter().zip(&plain.shape).position(|(one, other)| one != other);
        assert_eq!(at, None, "{name:?} is not read like another name\n{text}");
    }
}

/// Checks that every line of a diff is of a known kind.
fn diff(text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let fine = |line: &&str| line.starts_with(['-', '+', ' ', '@', '#']);
    assert!(lines.iter().all(fine), "{text}");
    let heads = lines.iter().filter(|line| line.starts_with("@@ -")).count();
    assert!(heads > 0, "{text}");
}

#[test]
fn promise_11_a_name_is_only_text_in_every_format() {
    for name in NAMES {
        let world = world(name);
        let ended = outcomes(&world.plan, name);
        for form in ReportFormat::ALL {
            for body in [
                ReportContent::Plan(world.context()),
                ReportContent::Outcomes(world.context(), &ended),
            ] {
                let text = written(form, body).unwrap();
                read(form, &text, name);
                assert_eq!(written(form, body), Some(text), "equal input, equal output");
            }
        }
    }
}

#[test]
fn every_name_is_shown_as_code_and_unchanged_if_it_is_harmless() {
    for name in NAMES.iter().filter(|name| !name.is_empty()) {
        let context = world(name);
        let text = written(ReportFormat::Markdown, ReportContent::Plan(context.context())).unwrap();
        let shown = trunkline::report::escape_line(name);
        let code = page(&text).code;
        assert!(code.contains(&shown), "{name:?} as {shown:?} in {code:?}");
    }
}

#[test]
fn promise_11_the_runner_reads_names_in_annotations_as_text() {
    for name in NAMES {
        let context = world(name);
        let text = written(ReportFormat::Github, ReportContent::Plan(context.context())).unwrap();
        let shown = trunkline::report::escape_line(name);
        let removal = commands(&text).into_iter().next().unwrap();
        assert_eq!(removal.properties["title"], "Destructive: remove user");
        assert!(removal.data.contains(shown.trim_start()), "{name:?}: {removal:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_name_is_code_in_markdown(name in r"[`|\\ <>!\-\[\]()*_~$#@:/&;=a\n\t\u{202e}]{0,24}") {
        let context = world(&name);
        let text = written(ReportFormat::Markdown, ReportContent::Plan(context.context())).unwrap();
        read(ReportFormat::Markdown, &text, &name);
        let shown = trunkline::report::escape_line(&name);
        proptest::prop_assert!(shown.is_empty() || page(&text).code.contains(&shown), "{}", text);
    }
}

#[test]
fn promise_11_a_text_of_a_broken_manifest_is_only_text_in_every_format() {
    for name in NAMES {
        let quoted = serde_json::to_string(name).unwrap();
        let manifest =
            format!("version: 1\norganization: {quoted}\n{quoted}: 1\naccounts: {quoted}\n");
        let path = format!("manifests/{}.yaml", name.replace('\0', ""));
        let problems = parse(Path::new(&path), &manifest).unwrap_err();
        for form in ReportFormat::ALL {
            if let Some(text) = written(form, ReportContent::Problems(&problems)) {
                read(form, &text, name);
            }
        }
        // A `/` would make it another path.
        if !name.contains('/') {
            let log = written(ReportFormat::Github, ReportContent::Problems(&problems)).unwrap();
            let file = &commands(&log)[0].properties["file"];
            assert_eq!(*file, trunkline::report::escape_line(&path));
        }
    }
}

#[test]
fn a_fingerprint_is_stable_when_lines_move_and_distinguishes_problems() {
    let fingerprints = |text: &str| -> Vec<String> {
        let problems = parse(Path::new("acme.yaml"), text).unwrap_err();
        let sarif = written(ReportFormat::Sarif, ReportContent::Problems(&problems)).unwrap();
        let print =
            |one: &serde_json::Value| one["partialFingerprints"]["trunkline/v1"].to_string();
        results(&sarif).iter().map(print).collect()
    };
    let broken = "version: 1\norganization: acme\naccounts:\n  - { name: A, email: a }\n  - { name: A, email: a }\n";
    let first = fingerprints(broken);
    assert_eq!(first, fingerprints(&format!("# one more line\n\n{broken}")));
    let different: std::collections::BTreeSet<_> = first.iter().collect();
    assert_eq!(different.len(), first.len(), "{first:?}");
}
