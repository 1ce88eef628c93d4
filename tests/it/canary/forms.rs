//! The encodings in which a secret might be written.

/// Returns the first encoding of a secret that these bytes contain.
pub(super) fn found(secret: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    forms(secret).into_iter().find(|form| bytes.windows(form.len()).any(|part| part == *form))
}

/// Plain, percent-encoded, reversed, in hexadecimal, escaped for JSON, as numbers, and in base64.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let percent = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            (byte as char).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    let url = each(bytes, percent);
    let hex = each(bytes, |byte| format!("{byte:02x}"));
    let units = each(bytes, |byte| format!("\\u{byte:04x}"));
    let texts = [
        secret.to_owned(),
        url.to_lowercase(),
        url,
        secret.chars().rev().collect(),
        secret.replace('/', "\\/"),
        secret.replace('/', "\\u002f"),
        hex.to_uppercase(),
        hex,
        units,
        format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
    ];
    let mut forms = texts.map(String::into_bytes).to_vec();
    // Inside a text, base64 depends on the offset: the part that does not is searched for.
    for lead in ["", "x", "xx"] {
        let coded = base64(format!("{lead}{secret}").as_bytes());
        let coded = &coded[4..coded.len() - 4];
        forms.push(coded.as_bytes().to_vec());
        forms.push(coded.replace('+', "-").replace('/', "_").into_bytes());
    }
    forms
}

fn each(bytes: &[u8], shown: impl Fn(u8) -> String) -> String {
    bytes.iter().copied().map(shown).collect::<Vec<_>>().concat()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunk = |chunk: &[u8]| {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        let digit = |place: u32| DIGITS[(bits >> (18 - 6 * place) & 63) as usize] as char;
        let shown = |(place, digits)| if place <= chunk.len() { digit(digits) } else { '=' };
        (0..4).zip(0..4).map(shown).collect::<String>()
    };
    bytes.chunks(3).map(chunk).collect()
}

#[test]
fn a_secret_is_found_in_every_form() {
    const SECRET: &str = super::PASSWORD;
    assert_eq!(base64(b"canary"), "Y2FuYXJ5");
    for lead in ["", "a", "bc", "def"] {
        let coded = base64(format!("{lead}{SECRET} and more").as_bytes());
        assert!(found(SECRET, coded.as_bytes()).is_some(), "{coded}");
    }
    let debug = format!("{:?}", format!(" {SECRET} ").as_bytes());
    for text in [
        SECRET,
        "canary-password%2Fwith%2Bsigns%3D",
        r"canary-password\/with+signs=",
        "63616e6172792d70617373776f72642f776974682b7369676e733d",
        &debug,
    ] {
        assert!(found(SECRET, format!("a {text} b").as_bytes()).is_some(), "{text}");
    }
    assert_eq!(found(SECRET, b"canary-password, without what follows"), None);
}
