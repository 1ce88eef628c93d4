//! Files that end with a digest of what stands before it: no mutation would ever hit the right one, so it is put there.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

/// The text with a digest that fits, in the last field. `domain` is digested before the text.
pub(crate) fn sealed(text: &str, field: &str, domain: &str) -> String {
    let end = text.rfind(&format!(",\n  \"{field}\"")).or_else(|| text.rfind("\n}"));
    let body = &text[..end.unwrap_or(text.len())];
    let mut seal = String::new();
    for byte in digest(&SHA256, format!("{domain}{body}").as_bytes()).as_ref() {
        write!(seal, "{byte:02x}").unwrap();
    }
    format!("{body},\n  \"{field}\": \"sha256:{seal}\"\n}}\n")
}

/// The bytes with one of them changed, whose place follows from all of them.
pub(crate) fn flipped(bytes: &[u8]) -> Vec<u8> {
    let sum = bytes
        .iter()
        .fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let mut flipped = bytes.to_vec();
    flipped[sum % bytes.len()] ^= [0x01, 0x20, 0x80][sum / bytes.len() % 3];
    flipped
}
