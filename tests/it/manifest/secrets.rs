//! A password in a manifest never appears in any output.

use super::{read, shown, with};

/// The problems of a manifest in every format.
fn every_output(text: &str) -> String {
    let problems = read(text).unwrap_err();
    let colour = trunkline::report::Style { colour: true };
    format!(
        "{problems}\n{problems:?}\n{}\n{}",
        shown(&problems),
        trunkline::report::problems(&problems, colour)
    )
}

/// A word that occurs in no message.
const WORD: &str = "Xyzzy-Plugh";

#[test]
fn promise_11_a_password_is_never_repeated_wherever_it_stands() {
    let account = |rest: &str| with(&format!("accounts:\n  - name: A\n    email: a\n{rest}"));
    for text in [
        account("    password: Xyzzy-Plugh\n"),
        account("    password: 'Xyzzy-Plugh' # Why not\n"),
        account("    Password: [1, Xyzzy-Plugh]\n"),
        account("    password:\n      is: Xyzzy-Plugh\n"),
        account("    password:\n      Xyzzy-Plugh: is\n"),
        account("    password: |\n      Xyzzy-Plugh\n"),
        account("    password: >-\n      begins\n      Xyzzy-Plugh\n"),
        account("    password: \"begins\n      Xyzzy-Plugh\"\n"),
        account("    password_from: Xyzzy-Plugh\n"),
        account("    password_from: [Xyzzy-Plugh]\n"),
        account("    password_from: { Xyzzy-Plugh }\n"),
        account("    password_from: { env: Xyzzy-Plugh }\n"),
        account("    password_from: { value: Xyzzy-Plugh }\n"),
        account("    password_from: { env: [Xyzzy-Plugh] }\n"),
        account("    password_from: { env: TRUNKLINE_SECRET_A, env: Xyzzy-Plugh }\n"),
        account("    pasword: Xyzzy-Plugh\n"),
        account("    passphrase: Xyzzy-Plugh\n"),
        account("    api-key: Xyzzy-Plugh\n"),
        account("    secret_token: Xyzzy-Plugh\n"),
        account("    ? password\n    : Xyzzy-Plugh\n"),
        // Next to another problem, or within one.
        with("accounts:\n  - { email: a, password: Xyzzy-Plugh, enabled: 1 }\n"),
        with("accounts: { password: Xyzzy-Plugh }\n"),
        with("password: Xyzzy-Plugh\n"),
        with("users:\n  - { email: a, password: Xyzzy-Plugh }\n"),
        with("defaults: { account: { password: Xyzzy-Plugh } }\n"),
        // The same text elsewhere.
        with("accounts:\n  - { name: A, email: Xyzzy-Plugh, password: Xyzzy-Plugh }\n"),
        with("accounts:\n  - { name: &p Xyzzy-Plugh, email: *p, password: *p }\n"),
        with(
            "accounts:\n  - { name: [], email: a@b.example, password: &p Xyzzy-Plugh, id: [*p] }\n",
        ),
        with("users: [{ email: Xyzzy-Plugh }]\npolicy: { token: Xyzzy-Plugh }\n"),
        // In a file that is not valid YAML.
        account("    password: Xyzzy-Plugh: x\n"),
        account("    password: \"Xyzzy-Plugh\n"),
        account("    password Xyzzy-Plugh\n"),
        account("    password: *Xyzzy-Plugh\n"),
        account("    password: &Xyzzy-Plugh\n     - x\n    - y\n"),
        account("    password: !Xyzzy-Plugh x\n"),
        account("    password: |\n      one\n     Xyzzy-Plugh: [\n"),
        account("    password_from: \"Xyzzy-Plugh\" [\n"),
        with("accounts: [{ password: Xyzzy-Plugh ]\n"),
    ] {
        let said = every_output(&text);
        assert!(!said.contains(WORD), "{text}\n{said}");
        assert!(!said.contains("Xyzzy"), "{text}\n{said}");
    }
}

#[test]
fn a_password_in_a_file_that_is_not_utf8_is_not_repeated() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, b"version: 1\npassword: Xyzzy-Plugh \xff\n").unwrap();
    let said = shown(&trunkline::manifest::load(&path).unwrap_err());
    assert!(said.contains("a.yaml:2:23") && !said.contains(WORD), "{said}");
}

#[test]
fn the_name_of_a_valid_source_is_shown() {
    let text = with(
        "accounts:\n  - { name: A, email: a, password_from: { env: TRUNKLINE_SECRET_A } }\n  - { name: B, email: b, password_from: { file: b.txt } }\n",
    );
    let said = shown(&read(&text).unwrap_err());
    assert!(said.contains("TRUNKLINE_SECRET_A }") && said.contains("b.txt"), "{said}");
}
