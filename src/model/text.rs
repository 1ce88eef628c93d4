//! Which characters of a name must not reach a terminal or a log as they are.

/// Whether a character moves a cursor, ends a line, hides, or turns the writing direction.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    let hides_or_turns = matches!(
        c,
        '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    );
    c.is_control() || hides_or_turns
}
