//! The Dockerfile: what `.ci/static` builds and runs in an empty root, here as text.

use assert_cmd::Command;

use super::file;

/// The instructions, without comments, with continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = file("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').unwrap())
        .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
        .collect()
}

fn all(name: &str) -> Vec<String> {
    let named = instructions().into_iter().filter(|(one, _)| one == name);
    named.map(|(_, rest)| rest).collect()
}

#[test]
fn the_image_has_the_binary_and_certificates_and_runs_no_command_as_root() {
    assert_eq!(all("FROM"), ["scratch"]);
    assert!(all("RUN").is_empty() && all("ADD").is_empty());
    let copies = all("COPY");
    assert_eq!(copies.len(), 2);
    // Standard places: the program on the path of an image, and the file that every TLS library looks for.
    assert!(copies[0].ends_with("/trunkline /usr/local/bin/trunkline"), "{}", copies[0]);
    assert!(copies[1].ends_with(" /etc/ssl/certs/ca-certificates.crt"), "{}", copies[1]);
    assert!(copies.iter().all(|copy| copy.contains(" target/image/")), "{copies:?}");
    assert_eq!(file(".dockerignore"), "*\n!target/image\n");
    // The user of the Deployment, too: a number, because there is no /etc/passwd.
    assert_eq!(all("USER"), ["65532:65532"]);
    assert_eq!(all("ENTRYPOINT"), [r#"["/usr/local/bin/trunkline"]"#]);
}

#[test]
fn the_health_check_of_the_image_is_a_command_of_the_program() {
    let check = &all("HEALTHCHECK")[0];
    let words: Vec<String> = serde_json::from_str(check.split_once("CMD ").unwrap().1).unwrap();
    assert_eq!(words[..2], ["/usr/local/bin/trunkline", "daemon"]);
    // Another port, so that no other test answers.
    let port = words[3].split_once(':').unwrap().1;
    assert_eq!(all("EXPOSE"), [port]);
    let unused = words[3].replace(port, "1");
    let mut command = Command::cargo_bin("trunkline").unwrap();
    let output = command.env_clear().args(&words[1..3]).arg(unused).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("error: checking the daemon at 127.0.0.1:1: "), "{text}");
}
