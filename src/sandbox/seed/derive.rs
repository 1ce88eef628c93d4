//! Ids and keys for what a seed leaves out: the same seed gives the same ones in every run.

use uuid::{Builder, Uuid};

/// FNV-1a of 128 bits: small, and fixed for all time, unlike the hasher of the standard library.
const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// A UUID made from what a thing is (`account`, `group`, …) and what names it. Letters' case doesn't matter.
pub(super) fn uuid(kind: &str, name: &str) -> Uuid {
    let text = format!("{kind}\u{0}{}", name.to_lowercase());
    let hash =
        text.bytes().fold(OFFSET, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    Builder::from_random_bytes(hash.to_be_bytes()).into_uuid()
}

/// A V2 key in the form of the real ones: `KEY`, hexadecimal digits, an underscore, a secret.
pub(in crate::sandbox) fn api_key(id: Uuid, secret: Uuid) -> String {
    let (id, secret) = (id.simple().to_string().to_uppercase(), secret.simple().to_string());
    format!("KEY{id}_{}", &secret[..22])
}

/// A V1 token: 22 characters.
pub(in crate::sandbox) fn api_token(secret: Uuid) -> String {
    secret.simple().to_string()[..22].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_in_every_run_and_differ_by_kind() {
        assert_eq!(uuid("account", "A@b.example"), uuid("account", "a@b.example"));
        assert_ne!(uuid("account", "a@b.example"), uuid("user", "a@b.example"));
        assert_eq!(uuid("account", "a@b.example").get_version_num(), 4);
    }
}
