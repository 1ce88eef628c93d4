//! Similar addresses: a typing mistake or a change of address must not cost a person access.
//!
//! Two addresses are alike when their domains are the same and their local parts are within two edits
//! (one if both are shorter than six characters), or when their local parts are the same and their
//! domains are within two edits. An edit inserts, deletes or replaces a character, or swaps two neighbours.
//! Confusable characters (Unicode TR39) are equal. Addresses that differ only in digits are not alike: numbered
//! shops are not typing mistakes. Nor is an address alike to a missing one that is just as close to another
//! listed address: among many similar addresses, similarity proves nothing.
//!
//! Comparing each address with all others would take minutes for ten thousand, so only the first few are. A further one
//! is compared with those that have a remainder in common: what is left after up to two deletions. Two texts within two
//! edits always have one.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use unicode_security::skeleton;

use crate::model::Email;

/// From this length on a part may differ in two edits.
const LONG: usize = 6;

/// The number of searches that compare a part with its whole group. Preparing the remainders takes about as long.
const FEW: usize = 16;

/// The characters of a part that its remainders are made of: the last ones of a local part, because many begin the same,
/// and the first ones of a domain. The remainders of a whole part can be thousands.
const SOME: usize = 12;

/// The missing addresses of a manifest, among all that it lists.
pub(super) struct Alike<'a> {
    missing: AddressIndex<'a>,
    listed: Vec<&'a Email>,
    /// The index of `listed`, made for the first address that is near a missing one: most plans have none.
    listed_index: OnceCell<AddressIndex<'a>>,
    /// The answers of `has_neighbor`.
    neighbors: RefCell<HashMap<(&'a Email, usize), bool>>,
    few: usize,
}

impl<'a> Alike<'a> {
    pub(super) fn new(
        missing: impl IntoIterator<Item = &'a Email>,
        listed: impl IntoIterator<Item = &'a Email>,
    ) -> Self {
        let (missing, listed) = (AddressIndex::new(missing), listed.into_iter().collect());
        let (listed_index, neighbors) = (OnceCell::new(), RefCell::default());
        Self { missing, listed, listed_index, neighbors, few: FEW }
    }

    /// The missing addresses that are alike to `email`, in order.
    pub(super) fn to(&self, email: &Email) -> BTreeSet<&'a Email> {
        let differs = |missing: &Email| differs_beyond_digits(missing.folded(), email.folded());
        let is_hopeless = |missing: &'a Email| {
            self.neighbors.borrow().get(&(missing, 1)) == Some(&true) || !differs(missing)
        };
        let parts = parts(email);
        let near = self.missing.near(&parts, self.few, is_hopeless);
        let alike = near
            .filter(|(missing, edits)| differs(missing) && !self.is_dense_around(missing, *edits));
        alike.map(|(missing, _)| missing).collect()
    }

    /// Returns true if another listed address is at most as many edits away from a missing one.
    fn is_dense_around(&self, missing: &'a Email, edits: usize) -> bool {
        // An address with a close neighbor, which is common among numbered ones, is skipped from then on.
        (edits.min(1)..=edits).any(|edits| self.has_neighbor(missing, edits))
    }

    fn has_neighbor(&self, missing: &'a Email, edits: usize) -> bool {
        if let Some(known) = self.neighbors.borrow().get(&(missing, edits)) {
            return *known;
        }
        let listed =
            self.listed_index.get_or_init(|| AddressIndex::new(self.listed.iter().copied()));
        let parts = parts(missing);
        let near = listed.near(&parts, self.few, |listed| listed == missing);
        let mut near = near.filter(|(listed, _)| *listed != missing);
        let has_neighbor = near.any(|(_, distance)| distance <= edits);
        self.neighbors.borrow_mut().insert((missing, edits), has_neighbor);
        has_neighbor
    }
}

/// Returns true if two names are equal, or as close as the local parts of alike addresses.
pub(super) fn near_names(one: &str, other: &str) -> bool {
    let near = AddressPart::new(one).local_edits(&AddressPart::new(other)).is_some();
    one == other || near && differs_beyond_digits(one, other)
}

fn differs_beyond_digits(one: &str, other: &str) -> bool {
    let letters = |c: &char| !c.is_numeric();
    one.chars().filter(letters).ne(other.chars().filter(letters))
}

/// Addresses by their domains and by their local parts.
#[derive(Default)]
struct AddressIndex<'a> {
    by_domain: BTreeMap<String, Group<'a>>,
    by_local: BTreeMap<String, Group<'a>>,
}

/// The other part of each address in a group.
#[derive(Default)]
struct Group<'a> {
    parts: Vec<(&'a Email, AddressPart)>,
    /// The number of searches so far.
    searches: Cell<usize>,
    /// Each remainder with the places of its parts, in order.
    by_remainder: OnceCell<Vec<(u32, u32)>>,
}

impl<'a> AddressIndex<'a> {
    fn new(emails: impl IntoIterator<Item = &'a Email>) -> Self {
        let mut index = Self::default();
        for email in emails {
            let (local, domain) = parts(email);
            let (by_domain, by_local) = (domain.looks.clone(), local.looks.clone());
            index.by_domain.entry(by_domain).or_default().parts.push((email, local));
            index.by_local.entry(by_local).or_default().parts.push((email, domain));
        }
        index
    }

    /// The addresses within the allowed number of edits of another one, each with that number. Hopeless ones are only
    /// found if they look the same.
    fn near<'s>(
        &'s self,
        (local, domain): &'s (AddressPart, AddressPart),
        few: usize,
        is_hopeless: impl Fn(&'a Email) -> bool + Copy + 's,
    ) -> impl Iterator<Item = (&'a Email, usize)> + 's {
        let candidates = move |group: &'s Group<'a>, part: &'s AddressPart| {
            let found = group.candidates(part, few).into_iter();
            found.filter(move |(email, other)| part.looks == other.looks || !is_hopeless(email))
        };
        let locals = self.by_domain.get(&domain.looks).into_iter();
        let locals = locals.flat_map(move |group| candidates(group, local));
        let locals = locals.filter_map(|(email, other)| Some((*email, local.local_edits(other)?)));
        let domains = self.by_local.get(&local.looks).into_iter();
        let domains = domains.flat_map(move |group| candidates(group, domain));
        let domains = domains.filter_map(|(email, other)| Some((*email, domain.edits(other, 2)?)));
        locals.chain(domains)
    }
}

impl<'a> Group<'a> {
    /// The parts that may be within two edits of another one.
    fn candidates(&self, part: &AddressPart, few: usize) -> Vec<&(&'a Email, AddressPart)> {
        self.searches.set(self.searches.get() + 1);
        if self.searches.get() <= few {
            return self.parts.iter().collect();
        }
        let by_remainder = self.by_remainder.get_or_init(|| {
            let places = (0..).zip(&self.parts);
            let remainders = places.flat_map(|(place, (_, part))| {
                part.remainders().into_iter().map(move |remainder| (remainder, place))
            });
            let mut by_remainder: Vec<(u32, u32)> = remainders.collect();
            by_remainder.sort_unstable();
            by_remainder
        });
        let mut places: Vec<u32> = Vec::new();
        for remainder in part.remainders() {
            let begin = by_remainder.partition_point(|(one, _)| *one < remainder);
            let same = by_remainder[begin..].iter().take_while(|(one, _)| *one == remainder);
            places.extend(same.map(|(_, place)| place));
        }
        places.sort_unstable();
        places.dedup();
        let part_at = |place: u32| self.parts.get(usize::try_from(place).ok()?);
        places.into_iter().filter_map(part_at).collect()
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
    is_domain: bool,
}

fn parts(email: &Email) -> (AddressPart, AddressPart) {
    let (local, domain) = email.folded().rsplit_once('@').unwrap_or((email.folded(), ""));
    (AddressPart::new(local), AddressPart { is_domain: true, ..AddressPart::new(domain) })
}

impl AddressPart {
    fn new(written: &str) -> Self {
        let looks = skeleton(written).collect::<String>().to_lowercase();
        let length = written.chars().count();
        let marks = looks.chars().fold(0, |marks, c| marks | 1 << (u32::from(c) % 64));
        Self { written: written.to_owned(), looks, length, marks, is_domain: false }
    }

    /// The hashes of what is left of each spelling after up to two deletions. An edit inserts, deletes or replaces a
    /// character, or swaps two, and each of these is undone by at most one deletion on each side; so is the shift of
    /// the characters that are left out.
    fn remainders(&self) -> Vec<u32> {
        let mut remainders = Vec::new();
        for text in [&self.written, &self.looks] {
            let mut chars = text.chars().map(u32::from);
            let next = |_| if self.is_domain { chars.next() } else { chars.next_back() };
            let some: Vec<u32> = (0..SOME).map_while(next).collect();
            // The place after the last character deletes none.
            for first in 0..=some.len() {
                for second in first..=some.len() {
                    let left = (0..).zip(&some).filter(|(at, _)| ![first, second].contains(at));
                    // FNV-1a. Equal hashes of different remainders only cost a comparison.
                    let hash = |hash: u32, c: &u32| (hash ^ c).wrapping_mul(0x0100_0193);
                    remainders.push(left.map(|(_, c)| c).fold(0x811c_9dc5, hash));
                }
            }
        }
        remainders.sort_unstable();
        remainders.dedup();
        remainders
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
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Compares each address with all others.
    fn by_comparison<'a>(
        missing: &'a [Email],
        listed: &[Email],
        email: &Email,
    ) -> BTreeSet<&'a Email> {
        let distance = |one: &Email, other: &Email| {
            let ((local, domain), (other_local, other_domain)) = (parts(one), parts(other));
            let locals = (domain.looks == other_domain.looks)
                .then(|| local.local_edits(&other_local))
                .flatten();
            let domains = (local.looks == other_local.looks)
                .then(|| domain.edits(&other_domain, 2))
                .flatten();
            locals.into_iter().chain(domains).min()
        };
        let within = |one: &Email, other: &Email, edits: usize| {
            distance(one, other).is_some_and(|distance| distance <= edits)
        };
        let is_alike = |missing: &&Email| {
            distance(missing, email).is_some_and(|edits| {
                differs_beyond_digits(missing.folded(), email.folded())
                    && !listed.iter().any(|one| one != *missing && within(missing, one, edits))
            })
        };
        missing.iter().filter(is_alike).collect()
    }

    /// Addresses of which many are near each other, some of them only by their looks or beyond `SOME` characters.
    fn address() -> impl Strategy<Value = Email> {
        let address = "(a-long-name-of-a-branch)?[abcm0l1-]{0,8}(-of-a-long-name)?@[ab1]{1,4}(-of-a-long-name)?[.]x";
        address.prop_map(Email::new)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn remainders_find_what_a_comparison_with_all_finds(
            missing in vec(address(), 1..12),
            also_listed in vec(address(), 0..3),
            unlisted in vec(address(), 1..12),
        ) {
            let listed = [&missing[..], &also_listed[..]].concat();
            let alike = Alike { few: 0, ..Alike::new(&missing, &listed) };
            for email in &unlisted {
                prop_assert_eq!(alike.to(email), by_comparison(&missing, &listed, email));
            }
        }
    }

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
