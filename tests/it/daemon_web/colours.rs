//! The colours of the stylesheet against the contrast that WCAG AA asks for.

const STYLE: &str = include_str!("../../../src/daemon/web/page/style.css");

fn colour(theme: &str, name: &str) -> [f64; 3] {
    let value = theme.split(&format!("--{name}: #")).nth(1).unwrap().split(';').next().unwrap();
    let long = if value.len() == 3 {
        value.chars().flat_map(|digit| [digit, digit]).collect()
    } else {
        value.to_owned()
    };
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&long[at..at + 2], 16).unwrap()) / 255.0)
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear =
        colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn every_text_contrasts_with_its_background_in_light_and_dark_mode() {
    let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
    for (name, theme) in [("light", light), ("dark", dark)] {
        for front in ["text", "quiet", "link", "sync", "drift", "unknown"] {
            for back in ["page", "card", "unknown-soft"] {
                let ratio = contrast(colour(theme, front), colour(theme, back));
                assert!(ratio >= 4.5, "{name}: {front} on {back} is {ratio:.2}");
            }
        }
        let code = contrast(colour(theme, "text"), colour(theme, "code"));
        assert!(code >= 4.5, "{name}: code is {code:.2}");
    }
}
