//! Common mistakes in YAML, over the program: each is refused with its position, a caret and a hint.

use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;
use tempfile::TempDir;
use trunkline::model::{AccountId, Email};

use super::{read, with};

/// Runs the program in a folder without a key. Returns its status, stdout and stderr.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.args(arguments).current_dir(folder);
    command.env_remove("TELNYX_API_KEY").env_remove("TELNYX_BASE_URL").env_remove("NO_COLOR");
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Validates a file with these bytes, and returns the problems.
fn refused(bytes: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("m.yaml"), bytes).unwrap();
    let (status, out, err) = run(folder.path(), &["validate", "m.yaml"]);
    assert_eq!((status, out.as_str()), (Some(1), ""), "{err}");
    err
}

/// A manifest with an account whose fields end in the given ones.
fn account(fields: &str) -> String {
    with(&format!("accounts:\n  - email: a@shop.example\n    {fields}\n"))
}

/// Refused fields of an account, the position, and parts of the message.
const REFUSED: [(&str, &str, &[&str]); 33] = [
    ("name: Suite #5 Dental", "5:17", &["`name` ends here", "quotes", "^^^^^^^^^"]),
    ("name: Suite\t#5", "5:17", &["`name` ends here"]),
    ("name: #5 Dental", "5:5", &["`name` has no value", "reads the text after `#` as a comment"]),
    ("name: &Sons Ltd", "5:11", &["reads `&Sons` as an anchor", "quotes"]),
    ("name: &Sons", "5:11", &["reads `&Sons` as an anchor"]),
    ("name: *foo", "5:11", &["no anchor above has this name", "quotes"]),
    ("name: !Big Ltd", "5:", &["YAML tags are not supported", "quotes"]),
    ("name: Foo: Bar", "5:", &["quotes"]),
    ("name: > folded", "5:11", &["begins with `>` or `|` in quotes"]),
    ("name: |\n      Foo", "6:7", &["`name` contains U+000A, a line break", "on one line"]),
    ("name: >\n      Foo", "6:7", &["a line break", "on one line"]),
    ("name: 'A\u{a0}B'", "5:13", &["`name` contains U+00A0, a no-break space", "\\u00a0"]),
    ("name: A\u{3000}B", "5:12", &["U+3000, an ideographic space"]),
    ("name: A\u{200b}B", "5:12", &["U+200B, a zero width space", "Delete"]),
    ("name: A\u{feff}B", "5:12", &["U+FEFF, a byte order mark"]),
    ("name: A\u{ad}B", "5:12", &["U+00AD, a soft hyphen"]),
    ("name: \"A\\u200bB\"", "5:11", &["U+200B, a zero width space"]),
    ("name: “Cat”", "5:11", &["typographic quotes", "straight quotes"]),
    ("name: Cat\n    enabled: “true”", "6:14", &["without quotes"]),
    ("name:\u{a0}Cat", "5:", &["U+00A0, a no-break space"]),
    ("\u{a0}name: Cat", "5:5", &["this field name contains U+00A0, a no-break space"]),
    ("name\u{200b}: Cat", "5:9", &["this field name contains U+200B"]),
    ("name: Cat\n\u{a0}   enabled: true", "6:1", &["U+00A0, a no-break space"]),
    ("name: Cat\n    enabled: true\u{a0}", "6:18", &["`enabled` contains U+00A0", "Delete"]),
    ("name: Cat\n    enabled: true\u{200b}", "6:18", &["`enabled` contains U+200B", "Delete"]),
    ("name: Cat\n    channel_limit: 30\u{200b}", "6:22", &["`channel_limit` contains U+200B"]),
    ("name: Cat\n    channel_limit: \u{202f}30", "6:20", &["U+202F, a narrow no-break space"]),
    ("name: Cat\n\tenabled: true", "6:1", &["tab", "spaces"]),
    ("name: Cat\n<<<<<<< HEAD\n    enabled: true\n=======\n>>>>>>> x", "6:1", &["merge conflict"]),
    ("name: Cat\n    enabled: true\n=======\n", "7:1", &["merge conflict marker"]),
    ("name: Cat\n    id: acc-1", "6:9", &["\"acc-1\" is not an account id", "UUID"]),
    ("name: Cat\n    id: {6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10}", "6:9", &["in quotes"]),
    (
        "name: Cat\nusers: [{ email: zoe\u{308}@x.example }]",
        "6:18",
        &["\"zoe\\u{308}@x.example\"", "ASCII"],
    ),
];

#[test]
fn every_common_mistake_is_named_with_its_position_and_a_fix() {
    for (fields, position, parts) in REFUSED {
        let error = refused(account(fields).as_bytes());
        assert!(error.contains(&format!("m.yaml:{position}")), "{fields}\n{error}");
        assert!(error.contains('^') && error.contains("help: "), "{fields}\n{error}");
        for part in parts {
            // A hint is wrapped.
            let flat = error.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(part), "{fields}: {part}\n{error}");
        }
    }
}

#[test]
fn each_mistake_is_reported_once() {
    for (fields, _, _) in REFUSED {
        let no_name = ["name: &Sons", "\u{a0}name: Cat", "name\u{200b}: Cat"].contains(&fields);
        let expected = if no_name { 2 } else { 1 };
        let problems = read(&account(fields)).unwrap_err();
        assert_eq!(problems.0.len(), expected, "{fields}\n{problems}");
    }
}

#[test]
fn values_that_only_resemble_a_mistake_are_accepted() {
    for (name, expected) in [
        ("Larry # the owner", "Larry"),
        ("Larry ## the owner", "Larry"),
        ("Larry #", "Larry"),
        ("Suite#5", "Suite#5"),
        ("'Suite #5'", "Suite #5"),
        ("'Suite' #5", "Suite"),
        ("'&Sons Ltd'", "&Sons Ltd"),
        ("Cat & Sons", "Cat & Sons"),
        ("'“Cat”'", "“Cat”"),
        ("’t Hof", "’t Hof"),
        ("\"A\\u00a0B\"", "A\u{a0}B"),
        ("Zoë", "Zoë"),
        ("|-\n      Foo", "Foo"),
        ("'======='", "======="),
    ] {
        let desired = read(&account(&format!("name: {name}")))
            .unwrap_or_else(|problems| panic!("{name}: {problems}"));
        assert_eq!(desired.accounts[&Email::new("a@shop.example")].name, expected);
    }
    let text = account("name: Cat\n    enabled: true #TODO\n    channel_limit: 30 #was 20");
    assert!(read(&text).is_ok());
}

#[test]
fn an_id_is_a_uuid_in_any_spelling() {
    for id in [
        "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10",
        "6EE4A469-3F0C-4F5A-9C1E-2D6A2F1B7C10",
        "6ee4a4693f0c4f5a9c1e2d6a2f1b7c10",
        "'{6EE4A469-3f0c-4f5a-9c1e-2d6a2f1b7c10}'",
        "urn:uuid:6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10",
    ] {
        let desired = read(&account(&format!("name: Cat\n    id: {id}"))).unwrap();
        let expected = AccountId::new("6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10");
        assert_eq!(desired.accounts[&Email::new("a@shop.example")].id, Some(expected), "{id}");
    }
    let text = with(
        "accounts:\n  - { name: A, email: a@x.example, id: 6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10 }\n  - { name: B, email: b@x.example, id: 6EE4A4693F0C4F5A9C1E2D6A2F1B7C10 }\n",
    );
    assert!(read(&text).unwrap_err().to_string().contains("two accounts have the id"));
}

#[test]
fn an_address_that_the_api_refuses_is_refused() {
    for email in [
        "zoë@acme.example",
        "ops@bücher.example",
        "ops@acme_shop.example",
        "ops@-acme.example",
        "a..b@acme.example",
        ".a@acme.example",
        "ops@аcme.example",
    ] {
        let problems = read(&with(&format!("users: [{{ email: {email} }}]\n"))).unwrap_err();
        assert!(problems.0[0].message.is_ascii(), "{problems}");
    }
    assert!(read(&with("users: [{ email: o'neil+x@xn--bcher-kva.example }]\n")).is_ok());
}

#[test]
fn other_files_are_recognized() {
    for (bytes, parts) in [
        (
            &b"{ \"format_version\": 1, \"actions\": [], \"seal\": \"x\" }"[..],
            &["this is a saved plan", "trunkline apply --plan m.yaml"][..],
        ),
        (
            b"{ \"format_version\": 1, \"serial\": 3, \"check\": \"x\" }",
            &["this is a state file", "--state m.yaml"],
        ),
        (b"{ \"format_version\": 1, \"summary\": {} }", &["this is a report"]),
        (
            b"{ \"name\": \"x\", \"dependencies\": {} }",
            &["this is not a manifest", "trunkline init", "1 problem in 1 file"],
        ),
        (b"", &["this file is empty", "version: 1"]),
        (b"\x7fELF\0\0\xff", &["this is a binary file"]),
        (
            b"version: 1\norganization: \x93acme\x94\n",
            &["m.yaml:2:15", "byte 0x93 is '\u{201c}' in Windows-1252", "UTF-8"],
        ),
        (b"version: 1\norganization: caf\xe9\n", &["byte 0xE9 is '\u{e9}' in Windows-1252"]),
    ] {
        let error = refused(bytes);
        for part in parts {
            assert!(error.contains(part), "{part}\n{error}");
        }
    }
}

#[test]
fn files_that_are_not_read_are_named() {
    let folder = TempDir::new().unwrap();
    let one = |name: &str| {
        format!("version: 1\naccounts: [{{ name: {name}, email: {name}@x.example }}]\n")
    };
    let skipped = [".hidden.yaml", "d.yaml.bak", "e.yml~", "f.json", "sub/users.yaml.txt"];
    fs::create_dir(folder.path().join("sub")).unwrap();
    for name in skipped {
        fs::write(folder.path().join(name), "not: [a manifest").unwrap();
    }
    fs::write(folder.path().join("a.yaml"), with("")).unwrap();
    fs::write(folder.path().join("B.YAML"), one("b")).unwrap();
    fs::write(folder.path().join("sub/c.Yml"), one("c")).unwrap();
    fs::write(folder.path().join("README.md"), "not a manifest").unwrap();
    // What Trunkline wrote itself is not mistaken for a part of the manifest.
    fs::write(folder.path().join("plan.json"), "{\n  \"format_version\": 1,\n").unwrap();
    let (status, out, err) = run(folder.path(), &["validate", "."]);
    assert_eq!(
        (status, out.as_str()),
        (Some(0), "Valid: acme, 2 accounts, users not managed\nRead 3 files\n")
    );
    let warnings: Vec<&str> = err.lines().collect();
    assert_eq!(warnings.len(), skipped.len(), "{err}");
    for (warning, name) in warnings.iter().zip(skipped) {
        assert!(
            warning.starts_with(&format!("warning: ./{name} is not part of the manifest")),
            "{err}"
        );
    }
}

#[test]
fn an_invisible_character_behind_a_value_of_any_kind_is_named() {
    for text in [
        "version: 1\u{a0}\norganization: acme\n",
        "version: 1\norganization: acme\npolicy: { unlisted_users: remove\u{a0} }\n",
        "version: 1\norganization: acme\npolicy: { max_removals: 25%\u{a0} }\n",
        "version: 1\norganization: acme\npolicy: { max_removals: 3\u{a0} }\n",
        "version: 1\norganization: acme\nusers: [{ email: a@b.example, until: 2099-01-31\u{a0} }]\n",
        "version: 1\norganization: acme\nusers: [{ email: a@b.example, absent: true\u{a0} }]\n",
    ] {
        for c in ["\u{a0}", "\u{200b}", "\u{3000}"] {
            let error = refused(text.replace('\u{a0}', c).as_bytes());
            let name = format!("contains U+{:04X}", u32::from(c.chars().next().unwrap()));
            assert!(error.contains(&name), "{text}\n{error}");
            assert_eq!(error.matches("error: ").count(), 1, "{error}");
        }
    }
}

#[test]
fn a_printed_command_quotes_the_path_for_a_shell() {
    let folder = TempDir::new().unwrap();
    for (text, option) in [
        ("{ \"format_version\": 1, \"actions\": [], \"seal\": \"x\" }", "--plan"),
        ("{ \"format_version\": 1, \"serial\": 3, \"check\": \"x\" }", "--state"),
    ] {
        fs::write(folder.path().join("my file;x.yaml"), text).unwrap();
        let (_, _, error) = run(folder.path(), &["validate", "my file;x.yaml"]);
        assert!(error.contains(&format!("{option} 'my file;x.yaml'")), "{error}");
    }
}

#[test]
fn validate_and_fmt_without_a_path_read_the_default_manifest() {
    let folder = TempDir::new().unwrap();
    for command in [&["validate"][..], &["fmt", "--check"]] {
        let (status, _, error) = run(folder.path(), command);
        assert_eq!(status, Some(1), "{error}");
        assert!(error.contains("TRUNKLINE_MANIFEST"), "{error}");
    }
    fs::write(folder.path().join("trunkline.yaml"), "version: 1\norganization: acme\n").unwrap();
    for command in [&["validate"][..], &["fmt", "--check"]] {
        let (status, _, error) = run(folder.path(), command);
        assert_eq!(status, Some(0), "{error}");
    }
}
