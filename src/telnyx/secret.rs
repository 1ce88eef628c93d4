//! Reading secrets from files.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use secrecy::SecretString;

/// The maximum length of a secret in a file.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads a file with a secret. It may be a pipe, such as `<(pass show telnyx)`.
///
/// # Errors
///
/// If the file cannot be read, is longer than 64 KiB, or is not UTF-8.
pub fn secret_file(path: &Path) -> io::Result<SecretString> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "longer than 64 KiB"));
    }
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| io::Error::new(ErrorKind::InvalidData, "not UTF-8"))?;
    Ok(SecretString::from(text))
}
