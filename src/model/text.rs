//! Characters that must not reach a terminal or a log unescaped.

/// Returns true if a character moves the cursor, ends a line, is invisible, or changes the writing direction.
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
