//! Email addresses.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// An email address that keeps its spelling and is compared without regard to case.
///
/// The filters of Telnyx differ in how they treat case, so emails are always compared here, in lower case.
/// Clones share their text.
#[derive(Clone, Debug)]
pub struct Email {
    written: Arc<str>,
    /// `None` if it is written in lower case.
    folded: Option<Arc<str>>,
}

impl Email {
    /// Creates an address from any text. The manifest validates its own addresses.
    #[must_use]
    pub fn new(written: impl AsRef<str>) -> Self {
        let written = written.as_ref();
        let folded = written.to_lowercase();
        let folded = (folded != written).then(|| folded.into());
        Self { written: written.into(), folded }
    }

    /// The address in its original spelling.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The address in lower case, which is compared.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.written)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Email {}

impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Email {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(other.folded())
    }
}

impl Hash for Email {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_equal_in_any_case_and_keep_their_spelling() {
        let email = Email::new("Larry@CatFood.example");
        assert_eq!(email, Email::new("larry@catfood.EXAMPLE"));
        assert_eq!(email.as_str(), "Larry@CatFood.example");
        assert_eq!(email.folded(), "larry@catfood.example");
    }
}
