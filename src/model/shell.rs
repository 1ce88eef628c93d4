/// Returns a word for a shell command, quoted if it needs quotes.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(is_safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_word_stays_one_word_in_a_shell() {
        assert_eq!(shell_word("s3://bucket/acme.json"), "s3://bucket/acme.json");
        assert_eq!(shell_word("my states/o'hare.json"), r"'my states/o'\''hare.json'");
        assert_eq!(shell_word("$(id)"), "'$(id)'");
        assert_eq!(shell_word(""), "''");
    }
}
