//! `import --csv`: a spreadsheet as entries of a manifest.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::json;
use tempfile::TempDir;
use trunkline::manifest::{self, Sheet, SheetKind, SheetProblems, read_sheet};
use trunkline::model::{AccountId, Email, Presence, WantedAccount, WantedUser, is_harmful};
use trunkline::sandbox::Seed;

use crate::support::proxy::Fault;
use crate::support::site::Site;

fn read(text: &str) -> Result<Sheet, SheetProblems> {
    read_sheet(Path::new("a.csv"), text.as_bytes().to_vec(), None)
}

fn accounts(text: &str) -> Vec<WantedAccount> {
    let sheet = read(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    sheet.accounts.into_values().collect()
}

fn users(text: &str) -> Vec<WantedUser> {
    let sheet = read(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    sheet.users.into_values().collect()
}

/// Runs the program in a folder with `a.csv`, without a key.
fn run(folder: &Path, csv: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    std::fs::write(folder.join("a.csv"), csv).unwrap();
    let mut command = std::process::Command::cargo_bin("trunkline").unwrap();
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn columns_are_recognized_in_their_common_spellings() {
    let larry = || Email::new("larry@catfood.example");
    let plain = WantedAccount::new("Larry".to_owned(), larry());
    for email in
        ["email", "E-Mail", "EMAIL ADDRESS", "email_address", "Mail", "User email", " e mail "]
    {
        let found = accounts(&format!("{email},name\nlarry@catfood.example,Larry\n"));
        assert_eq!(found, std::slice::from_ref(&plain), "{email}");
    }
    let names = ["Name", "organization name", "organization_name", "Company", "company-name"];
    for name in names.into_iter().chain(["Business Name", "business_name", "Account name"]) {
        let found = accounts(&format!("{name},email\nLarry,larry@catfood.example\n"));
        assert_eq!(found, std::slice::from_ref(&plain), "{name}");
    }
    let id = "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10";
    let managed = WantedAccount {
        id: Some(AccountId::new(id)),
        enabled: Some(true),
        channel_limit: Some(30),
        custom_pricing: Some(false),
        rollup_billing: Some(true),
        reenable_connections: true,
        ..plain
    };
    let headers = [
        "id,Enabled,Channel limit,Custom pricing,Rollup billing,Reenable connections",
        "Account ID,active,channels,custom_pricing,roll-up billing,reenable_connections",
        "managed_account_id,STATUS,outbound channels,CustomPricing,rollup_billing,reenableConnections",
    ];
    for header in headers {
        let row = format!("Larry,larry@catfood.example,{id},true,30,no,x,1");
        let found = accounts(&format!("name,email,{header}\n{row}\n"));
        assert_eq!(found, std::slice::from_ref(&managed), "{header}");
    }
    for column in ["min_balance", "Minimum balance"] {
        let found = accounts(&format!("name,email,{column}\nL,l@shop.example,25.50\n"));
        assert_eq!(found[0].min_balance, Some("25.5".parse().unwrap()), "{column}");
    }
    for until in ["until", "Expires", "expiry date", "Expiry", "valid until"] {
        let found = users(&format!("email,{until}\nops@acme.example,2027-01-31\n"));
        let until = "2027-01-31".parse().ok();
        assert_eq!(found[0].presence, Presence::Present { groups: None, until }, "{until:?}");
    }
    for (column, presence) in [("Owner", Presence::Owner), ("absent", Presence::Absent)] {
        let found = users(&format!("email,{column}\nops@acme.example,yes\n"));
        assert_eq!(found[0].presence, presence, "{column}");
    }
}

#[test]
fn booleans_and_statuses_have_several_words_and_a_blank_cell_leaves_the_field_out() {
    let enabled = |word: &str| {
        accounts(&format!("name,email,status\nLarry,larry@catfood.example,{word}\n"))[0].enabled
    };
    for word in ["true", "YES", "y", "1", "x", "X", "Enabled", "active"] {
        assert_eq!(enabled(word), Some(true), "{word}");
    }
    for word in ["false", "No", "n", "0", "disabled", "Inactive"] {
        assert_eq!(enabled(word), Some(false), "{word}");
    }
    for word in ["", " ", "blocked", "unknown"] {
        assert_eq!(enabled(word), None, "{word:?}");
    }
    let account =
        accounts("name,email,id,channels,custom pricing\nL,l@shop.example,,,\n").remove(0);
    assert_eq!(account, WantedAccount::new("L".to_owned(), Email::new("l@shop.example")));
    let user = users("email,groups,until,owner,absent\nops@acme.example\n").remove(0);
    assert_eq!(user.presence, Presence::Present { groups: None, until: None });
}

#[test]
fn groups_are_separated_by_semicolons_or_else_by_commas() {
    let groups = |cell: &str| {
        let mut users = users(&format!("email,groups\nops@acme.example,\"{cell}\"\n"));
        let Presence::Present { groups, .. } = users.remove(0).presence else { panic!("{cell}") };
        groups.map(|groups| groups.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(groups("Sales, On call"), Some(vec!["On call".to_owned(), "Sales".to_owned()]));
    assert_eq!(groups("a, b; Sales;"), Some(vec!["Sales".to_owned(), "a, b".to_owned()]));
    assert_eq!(groups("  "), None);
}

#[test]
fn separators_line_ends_quotes_and_a_byte_order_mark_do_not_matter() {
    let plain = "name,email,groups2\nLarry,larry@catfood.example,a\n\nZoë,zoe@shop.example,b\n";
    let expected = read(plain).unwrap();
    assert_eq!(expected.accounts.len(), 2);
    let quoted: String = plain
        .lines()
        .map(|line| {
            if line.is_empty() {
                ",,\n".into()
            } else {
                format!("\"{}\"\n", line.replace(',', "\",\""))
            }
        })
        .collect();
    for text in [plain, plain.trim_end(), &quoted] {
        for separator in [",", ";", "\t"] {
            for end in ["\n", "\r\n", "\r"] {
                for mark in ["", "\u{feff}"] {
                    let text = mark.to_owned() + &text.replace(',', separator).replace('\n', end);
                    assert_eq!(read(&text).as_ref(), Ok(&expected), "{text:?}");
                }
            }
        }
    }
    let text = "Notes;Company;E-Mail\n\"two\nlines; \"\"and\"\" more\";\"Larry \"\"the\"\" Cat; Inc\";larry@catfood.example\n";
    assert_eq!(accounts(text)[0].name, "Larry \"the\" Cat; Inc");
}

#[test]
fn every_problem_is_reported_with_its_row_and_column() {
    let accounts = "\u{feff}Company;E-Mail;ID;Channels;Status;Custom pricing;Password\r\n\
        \"Larry\r\nInc\";larry@catfood.example;1;30;Active;yes;hunter2\r\n\
        ;bob;6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10;x;gone;maybe;hunter2\r\n\
        Harbor;LARRY@catfood.example;{6EE4A469-3F0C-4F5A-9C1E-2D6A2F1B7C10};-1;;;\r\n\
        ;;;;;;\r\n\
        Long;;;5000000000;;;\r\n\
        \u{1b}[2J;\u{fc}@shop.example;;;;;;9\r\n\
        \u{202e}evil;\u{fc}@shop.example\r\n\
        \"open;x@shop.example\r\n";
    let users = "email,groups,until,absent,owner\n\
        a@acme.example,\"Sales, \u{7}\",31.1.2027,,\n\
        b@acme.example,Sales,2027-01-31,x,x\n\
        c@acme.example,,2027-02-29,,yes\n\
        d@acme.example,Sales,,no,yes\n\
        A@acme.example,,,perhaps,\n";
    let mut all = String::new();
    for csv in [
        accounts,
        users,
        "Company,Groups\n",
        "email,status\n",
        "name,e-mail,mail\n",
        "name,channels\n",
        "",
    ] {
        let folder = TempDir::new().unwrap();
        let line = ["import", "--csv", "a.csv", "--out", "a.yaml"];
        let (status, out, err) = run(folder.path(), csv, &line);
        assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
        assert!(!folder.path().join("a.yaml").exists(), "{err}");
        assert!(!err.contains("hunter2"), "{err}");
        assert!(!err.chars().any(|c| is_harmful(c) && c != '\n'), "{err:?}");
        writeln!(all, "{err}").unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_first_problems_are_printed_and_the_others_counted() {
    let rows = "bob,Larry\n".repeat(60);
    let folder = TempDir::new().unwrap();
    let csv = format!("email,name\n{rows}");
    let (status, _, err) = run(folder.path(), &csv, &["import", "--csv", "a.csv"]);
    assert_eq!(status, Some(1), "{err}");
    assert_eq!(err.matches("error: ").count(), 50, "{err}");
    assert!(err.ends_with("50 problems in 1 file, and 10 more\n"), "{err}");
}

#[test]
fn a_file_that_is_not_csv_in_utf_8_is_refused() {
    let refused = |bytes: &[u8]| {
        read_sheet(Path::new("a.csv"), bytes.to_vec(), None).unwrap_err().to_string()
    };
    let latin = refused(b"email,groups\nops@acme.example,B\xfcro secret\n");
    assert!(latin.starts_with("a.csv:2:19: this file is not UTF-8"), "{latin}");
    assert!(latin.contains("hint: Save the sheet as CSV in UTF-8."), "{latin}");
    assert!(refused(b"\xff\xfee\0m\0").contains("this file is UTF-16"));
    for workbook in [&b"PK\x03\x04"[..], b"\xd0\xcf\x11\xe0\xa1"] {
        assert!(refused(workbook).contains("this is a workbook"));
    }
    let large = vec![b'\n'; (64 << 20) + 1];
    assert!(refused(&large).contains("larger than 64 MiB"));
    assert!(refused(&large[1..]).contains("this file is empty"));
    assert!(refused("a,".repeat(2000).as_bytes()).contains("more than 1000 columns"));
}

#[test]
fn hostile_cells_become_harmless_text_or_problems() {
    let csv = "name,email,notes\u{1b}[2J\n=cmd()|x,a@shop.example,\u{1b}]0;x\u{7}\n\
        ##[error]x,b@shop.example,\n\"- x: [y]\n\",c@shop.example,\n'=1+1,d@shop.example,\n'tis,e@shop.example,\n";
    let folder = TempDir::new().unwrap();
    let (status, out, err) = run(folder.path(), csv, &["import", "--csv", "a.csv"]);
    assert_eq!(status, Some(0), "{err}");
    assert_eq!(err, "warning: ignored the column \"notes\\u{1b}[2J\"\n");
    assert!(!out.chars().any(|c| is_harmful(c) && c != '\n') && !out.contains("##["), "{out:?}");
    let read = manifest::parse(Path::new("m.yaml"), &out).unwrap();
    let names: Vec<&str> = read.accounts.values().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["=cmd()|x", "##[error]x", "- x: [y]", "=1+1", "'tis"]);
}

#[test]
fn ignored_columns_and_rows_are_named() {
    let csv = "name,email,status,Notes,Balance\nA,a@shop.example,blocked,x,1\n\
        B,b@shop.example,Cancelled,,\nC,c@shop.example,active,,\n";
    let folder = TempDir::new().unwrap();
    let (status, out, err) = run(folder.path(), csv, &["import", "--csv", "a.csv"]);
    assert_eq!((status, out.contains("b@shop.example")), (Some(0), false), "{out}{err}");
    let csv = "email,role,groups,name,Keep\nops@acme.example,auditor,Sales,Ops,x\nroot@acme.example,owner,,,\n";
    let line = ["import", "--csv", "a.csv", "--kind", "users"];
    let (status, out, other) = run(folder.path(), csv, &line);
    assert_eq!(status, Some(0), "{other}");
    assert!(out.contains("- email: root@acme.example\n    owner: true\n"), "{out}");
    assert!(out.contains("    groups: [Sales]\n    keep: true\n"), "{out}");
    insta::assert_snapshot!(err + &other);
    let (_, out, err) = run(folder.path(), csv, &[&line[..], &["--quiet"]].concat());
    assert!(err.is_empty() && out.contains("ops@acme.example"), "{err}{out}");
}

#[test]
fn the_kind_option_decides_where_the_columns_do_not() {
    let text = b"email,id\nops@acme.example,\n".to_vec();
    let kind = |kind| read_sheet(Path::new("a.csv"), text.clone(), kind);
    assert!(kind(None).unwrap_err().to_string().contains("--kind"));
    assert_eq!(kind(Some(SheetKind::Users)).unwrap().users.len(), 1);
    let both = b"email,name,groups\nops@acme.example,Ops,Sales\n".to_vec();
    let sheet = read_sheet(Path::new("a.csv"), both.clone(), Some(SheetKind::Accounts)).unwrap();
    assert_eq!((sheet.count(), &sheet.left_out.columns[..]), (1, &["groups".to_owned()][..]));
    assert!(read_sheet(Path::new("a.csv"), both, None).is_err());
}

#[test]
fn entries_that_a_manifest_has_are_left_out_and_the_output_joins_it() {
    let folder = TempDir::new().unwrap();
    let id = "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10";
    let mut there =
        "version: 1\norganization: acme\npolicy:\n  max_creates: 7\naccounts:\n".to_owned();
    let mut csv =
        format!("name,email,id\nMoved,new-email@shop.example,{id}\nNew,new@shop.example,\n");
    for n in 10..22 {
        let id = if n == 21 { format!("\n    id: {id}") } else { String::new() };
        writeln!(there, "  - name: N{n}\n    email: n{n}@shop.example{id}").unwrap();
        writeln!(csv, "N{n},N{n}@SHOP.example,").unwrap();
    }
    std::fs::create_dir(folder.path().join("acme")).unwrap();
    std::fs::write(folder.path().join("acme/base.yaml"), &there).unwrap();
    let line = ["import", "--csv", "a.csv", "--manifest", "acme", "--out", "acme/new/n.yaml"];
    let (status, _, err) = run(folder.path(), &csv, &line);
    assert_eq!(status, Some(0), "{err}");
    assert!(err.contains("13 entries are already in acme: N10@SHOP.example, "), "{err}");
    assert!(err.contains(" and 3 more\n") && err.ends_with("Wrote acme/new/n.yaml\n"), "{err}");
    let written = std::fs::read_to_string(folder.path().join("acme/new/n.yaml")).unwrap();
    let expected =
        "version: 1\norganization: acme\n\naccounts:\n  - name: New\n    email: new@shop.example\n";
    assert_eq!(written, expected);
    let joined = manifest::load(&folder.path().join("acme")).unwrap();
    assert_eq!((joined.accounts.len(), joined.policy.budgets.creates), (13, 7));
    assert_eq!(run(folder.path(), &csv, &["fmt", "--check", "acme/new"]).0, Some(0));

    // Nothing is new now; an existing file is never overwritten.
    let (status, out, err) = run(folder.path(), &csv, &line[..5]);
    assert_eq!((status, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.ends_with("No new entries; nothing was written.\n"), "{err}");
    let (status, _, err) =
        run(folder.path(), &csv, &["import", "--csv", "a.csv", "--out", "acme/base.yaml"]);
    assert_eq!(status, Some(1), "{err}");
    assert!(err.contains("acme/base.yaml already exists\nhint: "), "{err}");
    assert_eq!(std::fs::read_to_string(folder.path().join("acme/base.yaml")).unwrap(), there);
}

#[test]
fn a_second_owner_is_refused() {
    let folder = TempDir::new().unwrap();
    let there =
        "version: 1\norganization: acme\nusers:\n  - email: root@acme.example\n    owner: true\n";
    std::fs::write(folder.path().join("base.yaml"), there).unwrap();
    let line = ["import", "--csv", "a.csv", "--manifest", "base.yaml"];
    let csv = "email,role\nroot@acme.example,organization_owner\nops@acme.example,organization_sub_user\n";
    let (status, out, err) = run(folder.path(), csv, &line);
    assert_eq!(status, Some(0), "{err}");
    assert!(out.ends_with("users:\n  - email: ops@acme.example\n"), "{out}");
    let csv = "email,owner\nops@acme.example,x\n";
    let (status, out, err) = run(folder.path(), csv, &line);
    assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
    assert!(
        err.contains("root@acme.example is the owner in base.yaml, and ops@acme.example"),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_accounts_and_of_users_imports_to_in_sync() {
    let names = [
        "=cmd()",
        "- x",
        "+49 30 1",
        "@home",
        "a ###[error] b",
        "::error::x",
        "Zoë \"Z\", Co",
        "'tis",
        " spaced ",
        "yes",
    ];
    let statuses = ["enabled", "disabled", "blocked", "cancelled", "enabled"];
    let account = |(n, name): (usize, &&str)| {
        json!({
            "email": format!("N{n}@shop.example"),
            "organization_name": name,
            "status": statuses[n % 5],
            "managed_account_allow_custom_pricing": n.is_multiple_of(2),
            "rollup_billing": n.is_multiple_of(3),
        })
    };
    let seed = json!({
        "accounts": names.iter().enumerate().map(account).collect::<Vec<_>>(),
        "users": [
            { "email": "root@acme.example", "record_type": "organization_owner", "groups": ["Admin"] },
            { "email": "ops@acme.example", "groups": ["=Sales", "On call"] },
            { "email": "dana@acme.example", "groups": [] },
        ],
    });
    let seed = Seed::parse(&seed.to_string()).unwrap();
    let site = Site::seeded(seed, Duration::ZERO, |_, _, _| Fault::None).await;
    for (what, option, entries) in [("accounts", "--cancelled", 8), ("users", "--quiet", 3)] {
        let csv = site.ends(&["get", what, "--format", "csv", option], 0).await;
        std::fs::write(site.folder.path().join("a.csv"), &csv).unwrap();
        let yaml = format!("{what}.yaml");
        let line = ["import", "--csv", "a.csv", "--organization", "acme", "--out", &yaml];
        let output = site.run(&line).await;
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{err}");
        assert!(!err.contains("ignored the column"), "{err}");
        assert_eq!(
            err.contains("cancelled accounts are left out: N3@shop.example, N8@shop.example\n"),
            what == "accounts"
        );
        let read = manifest::load(&site.folder.path().join(&yaml)).unwrap();
        let users = read.users.as_ref().map_or(0, BTreeMap::len);
        assert_eq!(read.accounts.len() + users, entries);
        let shown = site.ends(&["plan", &yaml, "--detailed-exitcode"], 0).await;
        assert!(shown.contains("In sync: "), "{shown}");
    }
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}
