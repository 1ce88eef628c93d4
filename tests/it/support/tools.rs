//! External programs that some tests need.

use std::path::PathBuf;

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
