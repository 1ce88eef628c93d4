//! Similar addresses: a typing mistake or a change of address must not cost a person access.
//!
//! Two addresses are alike when their domains are the same and their local parts are within two edits
//! (one if both are shorter than six characters), or when their local parts are the same and their
//! domains are within two edits. An edit inserts, deletes or replaces a character, or swaps two neighbours.
//! Confusable characters (Unicode TR39) are equal. Addresses that differ only in digits are not alike: numbered
//! shops are not typing mistakes. Nor is an address alike to a missing one that is just as close to another
//! listed address: among many similar addresses, similarity proves nothing.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use unicode_security::skeleton;

use crate::model::Email;

/// From this length on a part may differ in two edits.
const LONG: usize = 6;

/// The missing addresses of a manifest, among all that it lists.
pub(super) struct Alike<'a> {
    missing: AddressIndex<'a>,
    listed: Vec<&'a Email>,
    /// The index of `listed`, made for the first address that is near a missing one: most plans have none.
    listed_index: OnceCell<AddressIndex<'a>>,
}

impl<'a> Alike<'a> {
    pub(super) fn new(
        missing: impl IntoIterator<Item = &'a Email>,
        listed: impl IntoIterator<Item = &'a Email>,
    ) -> Self {
        let (missing, listed) = (AddressIndex::new(missing), listed.into_iter().collect());
        Self { missing, listed, listed_index: OnceCell::new() }
    }

    /// The missing addresses that are alike to `email`, in order.
    pub(super) fn to(&self, email: &Email) -> BTreeSet<&'a Email> {
        let near = self.missing.near(email).into_iter();
        let alike = near.filter(|(missing, edits)| {
            differs_beyond_digits(missing.folded(), email.folded())
                && !self.is_dense_around(missing, *edits)
        });
        alike.map(|(missing, _)| missing).collect()
    }

    /// Returns true if another listed address is at most as many edits away from a missing one.
    fn is_dense_around(&self, missing: &Email, edits: usize) -> bool {
        let listed =
            self.listed_index.get_or_init(|| AddressIndex::new(self.listed.iter().copied()));
        let near = listed.near(missing);
        near.iter().any(|(listed, distance)| *listed != missing && *distance <= edits)
    }
}

/// Returns true if two names are equal, or as close as the local parts of alike addresses.
pub(super) fn near_names(one: &str, other: &str) -> bool {
    let near = AddressPart::new(one).local_edits(&AddressPart::new(other)).is_some();
    one == other || near && differs_beyond_digits(one, other)
}

fn differs_beyond_digits(one: &str, other: &str) -> bool {
    let letters = |text: &str| text.chars().filter(|c| !c.is_numeric()).collect::<String>();
    letters(one) != letters(other)
}

/// Addresses by their domains and by their local parts.
struct AddressIndex<'a> {
    by_domain: BTreeMap<String, Vec<(&'a Email, AddressPart)>>,
    by_local: BTreeMap<String, Vec<(&'a Email, AddressPart)>>,
}

impl<'a> AddressIndex<'a> {
    fn new(emails: impl IntoIterator<Item = &'a Email>) -> Self {
        let mut index = Self { by_domain: BTreeMap::new(), by_local: BTreeMap::new() };
        for email in emails {
            let (local, domain) = parts(email);
            let (by_domain, by_local) = (domain.looks.clone(), local.looks.clone());
            index.by_domain.entry(by_domain).or_default().push((email, local));
            index.by_local.entry(by_local).or_default().push((email, domain));
        }
        index
    }

    /// The addresses within the allowed number of edits of `email`, each with that number.
    fn near(&self, email: &Email) -> Vec<(&'a Email, usize)> {
        let (local, domain) = parts(email);
        let locals = self.by_domain.get(&domain.looks).into_iter().flatten();
        let locals = locals.filter_map(|(email, other)| Some((*email, local.local_edits(other)?)));
        let domains = self.by_local.get(&local.looks).into_iter().flatten();
        let domains = domains.filter_map(|(email, other)| Some((*email, domain.edits(other, 2)?)));
        locals.chain(domains).collect()
    }
}

/// The local part or the domain of an address, or a name.
struct AddressPart {
    written: String,
    /// Its skeleton, which is equal for texts that look the same.
    looks: String,
    length: usize,
    /// A rough set of its characters: an edit changes at most two of these bits.
    marks: u64,
}

fn parts(email: &Email) -> (AddressPart, AddressPart) {
    let (local, domain) = email.folded().rsplit_once('@').unwrap_or((email.folded(), ""));
    (AddressPart::new(local), AddressPart::new(domain))
}

impl AddressPart {
    fn new(written: &str) -> Self {
        let looks = skeleton(written).collect::<String>().to_lowercase();
        let length = written.chars().count();
        let marks = looks.chars().fold(0, |marks, c| marks | 1 << (u32::from(c) % 64));
        Self { written: written.to_owned(), looks, length, marks }
    }

    /// The edits between two local parts, if their length allows that many.
    fn local_edits(&self, other: &Self) -> Option<usize> {
        self.edits(other, if self.length.max(other.length) < LONG { 1 } else { 2 })
    }

    /// The edits between two parts, if they are at most `most`.
    fn edits(&self, other: &Self, most: usize) -> Option<usize> {
        // A confusable character may stand for two, so lengths of equal skeletons can differ more.
        if self.length.abs_diff(other.length) > most && self.looks != other.looks {
            return None;
        }
        let marks = (self.marks ^ other.marks).count_ones() as usize;
        // A confusable character may stand for two, so the marks of near texts can differ more.
        if marks > 4 * most {
            return None;
        }
        let written = strsim::damerau_levenshtein(&self.written, &other.written);
        let looks = strsim::damerau_levenshtein(&self.looks, &other.looks);
        Some(written.min(looks)).filter(|edits| *edits <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, another: &str) -> bool {
        let (one, another) = (Email::new(one), Email::new(another));
        let is = |one: &Email, another: &Email| Alike::new([one], [one]).to(another).contains(one);
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
    fn texts_without_an_at_sign_are_compared() {
        assert!(alike("martin", "marten"));
        assert!(!alike("", "martin"));
    }

    #[test]
    fn addresses_that_differ_only_in_digits_are_not_alike() {
        assert!(!alike("store101@chain.example", "store102@chain.example"));
        assert!(!alike("shop@chain.example", "shop2@chain.example"));
        assert!(!alike("desk@chain1.example", "desk@chain2.example"));
        assert!(alike("store101@chain.example", "stone101@chain.example"));
        assert!(!near_names("store 101", "store 102"));
        assert!(near_names("north wind", "north wynd"));
    }

    #[test]
    fn a_missing_address_that_is_as_close_to_another_listed_one_proves_nothing() {
        let [missing, live, listed] =
            ["maria.k@acme.example", "maria.s@acme.example", "maria.t@acme.example"]
                .map(Email::new);
        assert_eq!(Alike::new([&missing], [&missing]).to(&live), [&missing].into());
        assert_eq!(Alike::new([&missing], [&missing, &listed]).to(&live), [].into());
        let further = Email::new("maria.kap@acme.example");
        assert_eq!(Alike::new([&missing], [&missing, &further]).to(&live), [&missing].into());
    }
}
