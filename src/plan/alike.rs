//! Who looks like somebody else: a typing mistake or a change of address must not cost anybody access.
//!
//! Two addresses are alike when their domains are the same and their local parts are within two edits
//! (one if both are shorter than six characters), or when their local parts are the same and their
//! domains are within two edits. An edit is a character more, less, or another, or two neighbours
//! exchanged. Characters that look the same (Unicode TR39) are the same here.

use std::collections::{BTreeMap, BTreeSet};

use unicode_security::skeleton;

use crate::model::Email;

/// From this length on a part may differ in two edits.
const LONG: usize = 6;

/// Addresses, to be asked which of them are like another one.
pub(super) struct Alike<'a> {
    by_domain: BTreeMap<String, Vec<(&'a Email, Part)>>,
    by_local: BTreeMap<String, Vec<(&'a Email, Part)>>,
}

impl<'a> Alike<'a> {
    pub(super) fn new(emails: impl IntoIterator<Item = &'a Email>) -> Self {
        let mut alike = Self { by_domain: BTreeMap::new(), by_local: BTreeMap::new() };
        for email in emails {
            let (local, domain) = parts(email);
            let (by_domain, by_local) = (domain.looks.clone(), local.looks.clone());
            alike.by_domain.entry(by_domain).or_default().push((email, local));
            alike.by_local.entry(by_local).or_default().push((email, domain));
        }
        alike
    }

    /// Those that are like `email`, in order.
    pub(super) fn to(&self, email: &Email) -> BTreeSet<&'a Email> {
        let (local, domain) = parts(email);
        let locals = self.by_domain.get(&domain.looks).into_iter().flatten();
        let near_locals = locals.filter(|(_, other)| {
            local.is_within(other, if local.length.max(other.length) < LONG { 1 } else { 2 })
        });
        let domains = self.by_local.get(&local.looks).into_iter().flatten();
        let near_domains = domains.filter(|(_, other)| domain.is_within(other, 2));
        near_locals.chain(near_domains).map(|(email, _)| *email).collect()
    }
}

/// The local part or the domain of an address.
struct Part {
    written: String,
    /// The same for texts that look the same.
    looks: String,
    length: usize,
    /// Which characters it has, roughly: an edit changes at most two of these bits.
    marks: u64,
}

fn parts(email: &Email) -> (Part, Part) {
    let (local, domain) = email.folded().rsplit_once('@').unwrap_or((email.folded(), ""));
    (Part::new(local), Part::new(domain))
}

impl Part {
    fn new(written: &str) -> Self {
        let looks = skeleton(written).collect::<String>().to_lowercase();
        let length = written.chars().count();
        let marks = looks.chars().fold(0, |marks, c| marks | 1 << (u32::from(c) % 64));
        Self { written: written.to_owned(), looks, length, marks }
    }

    fn is_within(&self, other: &Self, edits: usize) -> bool {
        // An address that looks longer than it is may be one edit away by its characters.
        if self.length.abs_diff(other.length) > edits && self.looks != other.looks {
            return false;
        }
        let near = |one: &str, another: &str| strsim::damerau_levenshtein(one, another) <= edits;
        let marks = (self.marks ^ other.marks).count_ones() as usize;
        // A character may look like two, so the marks of what is written near can be further apart.
        marks <= 4 * edits
            && (near(&self.written, &other.written) || near(&self.looks, &other.looks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, another: &str) -> bool {
        let (one, another) = (Email::new(one), Email::new(another));
        let is = |one: &Email, another: &Email| Alike::new([one]).to(another).contains(one);
        assert_eq!(is(&one, &another), is(&another, &one), "{one} {another}");
        is(&one, &another)
    }

    #[test]
    fn two_edits_in_a_long_local_part_and_one_in_a_short_one() {
        for (one, another) in [
            ("martin@acme.example", "marten@acme.example"),
            ("martin@acme.example", "martinez@acme.example"),
            ("martin@acme.example", "maritn@acme.example"),
            ("anna@acme.example", "ana@acme.example"),
            ("anna@acme.example", "Hanna@acme.example"),
            ("anna@acme.example", "anan@acme.example"),
            ("ops@acme.example", "ops@acne.example"),
            ("ops@acme.example", "ops@acme.exampl"),
        ] {
            assert!(alike(one, another), "{one} {another}");
        }
        for (one, another) in [
            ("martin@acme.example", "martinique@acme.example"),
            ("anna@acme.example", "hannah@other.example"),
            ("bob@acme.example", "rod@acme.example"),
            ("ops@acme.example", "ops@northwind.example"),
            ("martin@acme.example", "marten@acne.example"),
            ("a@acme.example", "bcd@acme.example"),
        ] {
            assert!(!alike(one, another), "{one} {another}");
        }
    }

    #[test]
    fn characters_that_look_the_same_are_the_same() {
        assert!(alike("p\u{430}ul@acme.example", "paul@acme.example"), "a Cyrillic a");
        assert!(alike("ops@acme.example", "ops@\u{430}cm\u{435}.ex\u{430}mple"), "in the domain");
        assert!(alike("b0b@acme.example", "bob@acme.example"), "a zero");
        assert!(
            alike("al1ce.long@acme.example", "alice@acme.example")
                == alike("alice.long@acme.example", "alice@acme.example")
        );
        assert!(
            alike("maria.m@acme.example", "maria.k@acme.example"),
            "m looks like rn and is one character"
        );
    }

    #[test]
    fn what_is_no_address_is_compared_all_the_same() {
        assert!(alike("martin", "marten"));
        assert!(!alike("", "martin"));
    }
}
