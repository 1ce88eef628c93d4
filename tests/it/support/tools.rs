//! External programs that some tests need.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Finds a program on the PATH. Without it the test reports that it was skipped.
#[expect(clippy::print_stderr, reason = "a skipped test must not look like one that passed")]
pub(crate) fn find(program: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: {program} is not installed (Debian: apt-get install {package})");
    }
    found
}

/// Makes a private CA (`ca.pem`) and a certificate of it for 127.0.0.1 (`s.pem`, `s.key`).
pub(crate) fn certificate(openssl: &Path, folder: &Path) {
    let run = |arguments: &str| {
        let mut command = Command::new(openssl);
        command.args(arguments.split(' ')).current_dir(folder);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca");
    run("req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj /CN=server");
    std::fs::write(folder.join("s.ext"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    run("x509 -req -in s.csr -CA ca.pem -CAkey ca.key -days 2 -extfile s.ext -out s.pem");
}
