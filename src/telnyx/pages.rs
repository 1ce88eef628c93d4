//! Checks that pages form one complete list. Pure, and the only place that decides it.
//!
//! Accounts may be created and cancelled between two pages, and servers make mistakes. A list is complete if its
//! pages have equal and consistent totals, every page has the length that follows from them, and no item
//! repeats. Totals cannot reveal one item that disappears and another that appears between the same two pages.

use std::collections::HashSet;
use std::hash::Hash;

use super::read::Listing;
use super::wire::{Meta, WireRecord};

/// A page as it was read: its items and its `meta`.
pub(super) type RawPage<W> = (Vec<WireRecord<W>>, Meta);

/// Returns true if the first page has the total number of items.
pub(super) fn is_counted<W>(pages: &[RawPage<W>]) -> bool {
    pages.first().is_some_and(|(_, meta)| meta.total_results.is_some())
}

/// The maximum number of pages. A larger number is a server error.
const MOST_PAGES: u64 = 40_000;

/// The number of the last page to read: 1 if the first page contradicts itself.
pub(super) fn last<W>((items, meta): &RawPage<W>) -> u64 {
    let total_pages = total_pages(count(items.len()), *meta);
    total_pages.filter(|_| first_fault(items.len(), *meta).is_none()).unwrap_or(1)
}

/// The number of pages: as the first page says, or as follows from its length.
fn total_pages(items: u64, meta: Meta) -> Option<u64> {
    let counted = meta.total_results.map(|total| total.div_ceil(items.max(1)));
    meta.total_pages.or(counted)
}

/// Combines pages: each item once, and the first contradiction.
pub(super) fn assemble<W, T, K: Eq + Hash>(
    pages: Vec<RawPage<W>>,
    id: impl Fn(&T) -> K,
    model: impl Fn(W) -> T,
) -> Listing<T> {
    let odd =
        pages.iter().flat_map(|(items, _)| items).find_map(|item| item.as_ref().err().cloned());
    let gap = fault(&pages).or(odd);
    let mut seen = HashSet::new();
    let mut items = Vec::new();
    let mut repeated = 0_usize;
    for item in pages.into_iter().flat_map(|(items, _)| items).flatten().map(model) {
        if seen.insert(id(&item)) {
            items.push(item);
        } else {
            repeated += 1;
        }
    }
    let gap = gap.or_else(|| (repeated > 0).then(|| format!("{repeated} of its items came twice")));
    Listing { items, gap }
}

fn fault<W>(pages: &[RawPage<W>]) -> Option<String> {
    let (first, rest) = pages.split_first()?;
    let first = (first.0.len(), first.1);
    first_fault(first.0, first.1).or_else(|| {
        (2..)
            .zip(rest)
            .find_map(|(number, (items, meta))| later_fault(first, number, items.len(), *meta))
    })
}

/// The fault of the first page, if any. A server may return smaller pages than requested.
fn first_fault(items: usize, meta: Meta) -> Option<String> {
    let items = count(items);
    if let Some(fault) = another_page(1, meta) {
        return Some(fault);
    }
    let Some(total_pages) = total_pages(items, meta) else {
        return Some("its meta has neither total_pages nor total_results".to_owned());
    };
    let total_results = meta.total_results;
    let Some(total_results) = total_results else {
        return (items == 0 && total_pages > 1)
            .then(|| format!("page 1 is empty, of {}", many(total_pages, "page")))
            .or_else(|| too_many(total_pages));
    };
    if total_results == 0 && items == 0 {
        return (total_pages > 1).then(|| format!("it counts no items on {total_pages} pages"));
    }
    if items == 0 {
        return Some(format!("page 1 is empty, of {}", many(total_results, "item")));
    }
    if total_pages != total_results.div_ceil(items) || items > total_results {
        return Some(format!(
            "it counts {} on {}, and page 1 has {items}",
            many(total_results, "item"),
            many(total_pages, "page"),
        ));
    }
    too_many(total_pages)
}

fn too_many(total_pages: u64) -> Option<String> {
    (total_pages > MOST_PAGES)
        .then(|| format!("it counts {total_pages} pages, more than the {MOST_PAGES} that are read"))
}

/// The fault of a later page, if any. The first page has none.
fn later_fault(first: (usize, Meta), number: u64, items: usize, meta: Meta) -> Option<String> {
    let (length, Meta { total_results, .. }) = first;
    let (length, items) = (count(length), count(items));
    let total_pages = total_pages(length, first.1).unwrap_or(1);
    if meta.total_results != total_results {
        let [first, other] = [total_results, meta.total_results]
            .map(|total| total.map_or("no total".to_owned(), |total| many(total, "item")));
        return Some(format!("it counts {first} on page 1 and {other} on page {number}"));
    }
    if let Some(other) = meta.total_pages.filter(|other| *other != total_pages) {
        return Some(format!(
            "it counts {} on page 1 and {other} on page {number}",
            many(total_pages, "page")
        ));
    }
    if let Some(fault) = another_page(number, meta) {
        return Some(fault);
    }
    let due = match total_results {
        Some(total) if number == total_pages => total.saturating_sub(length * (total_pages - 1)),
        None if number == total_pages => items.clamp(1, length),
        Some(_) | None => length,
    };
    let has =
        if items == 0 { "is empty".to_owned() } else { format!("has {}", many(items, "item")) };
    (items != due).then(|| format!("page {number} {has} and should have {due}"))
}

fn another_page(number: u64, meta: Meta) -> Option<String> {
    let said = meta.page_number.filter(|said| *said != number)?;
    Some(format!("page {number} has the page number {said}"))
}

/// `1 item`, `2 items`.
fn many(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u64, ids: &[&str], total_pages: u64, total_results: u64) -> RawPage<String> {
        let meta = Meta {
            total_pages: Some(total_pages),
            total_results: Some(total_results),
            page_number: Some(number),
        };
        (ids.iter().map(|id| Ok((*id).to_owned())).collect(), meta)
    }

    fn gap(pages: Vec<RawPage<String>>) -> Option<String> {
        assemble(pages, Clone::clone, |id| id).gap
    }

    #[test]
    fn a_list_is_whole_only_when_all_its_pages_agree() {
        assert_eq!(gap(vec![page(1, &["a", "b"], 2, 3), page(2, &["c"], 2, 3)]), None);
        assert_eq!(gap(vec![page(1, &["a", "b"], 2, 4), page(2, &["c", "d"], 2, 4)]), None);
        assert_eq!(gap(vec![page(1, &[], 1, 0)]), None);
        assert_eq!(gap(vec![page(1, &[], 0, 0)]), None);
        let broken = [
            (
                vec![page(1, &["a"], 3, 3), page(2, &[], 3, 3), page(3, &["c"], 3, 3)],
                "page 2 is empty and should have 1",
            ),
            (
                vec![page(1, &["a", "b"], 2, 4), page(2, &["c"], 2, 4)],
                "page 2 has 1 item and should have 2",
            ),
            (
                vec![page(1, &["a", "b"], 3, 5), page(2, &["c"], 3, 5), page(3, &["d", "e"], 3, 5)],
                "page 2 has 1 item and should have 2",
            ),
            (
                vec![page(1, &["a", "b"], 2, 4), page(2, &["b", "c"], 2, 4)],
                "1 of its items came twice",
            ),
            (
                vec![page(1, &["a", "b"], 2, 3), page(2, &["c"], 2, 4)],
                "it counts 3 items on page 1 and 4 items on page 2",
            ),
            (
                vec![page(1, &["a", "b"], 2, 3), page(2, &["c"], 3, 3)],
                "it counts 2 pages on page 1 and 3 on page 2",
            ),
            (
                vec![page(1, &["a", "b"], 2, 3), page(1, &["c"], 2, 3)],
                "page 2 has the page number 1",
            ),
            (vec![page(1, &["a", "b"], 1, 1)], "it counts 1 item on 1 page, and page 1 has 2"),
            (vec![page(1, &["a"], 1, 2)], "it counts 2 items on 1 page, and page 1 has 1"),
            (vec![page(1, &["a", "b"], 2, 2)], "it counts 2 items on 2 pages, and page 1 has 2"),
            (vec![page(1, &[], 1, 3)], "page 1 is empty, of 3 items"),
            (vec![page(1, &[], 3, 0)], "it counts no items on 3 pages"),
            (
                vec![page(1, &["a"], 50_000, 50_000)],
                "it counts 50000 pages, more than the 40000 that are read",
            ),
        ];
        for (pages, words) in broken {
            assert_eq!(gap(pages).as_deref(), Some(words));
        }
    }

    #[test]
    fn only_page_1_is_read_of_a_list_whose_first_page_contradicts_itself() {
        assert_eq!(last(&page(1, &["a"], 3, 3)), 3);
        assert_eq!(last(&page(1, &["a"], u64::MAX, 3)), 1);
        assert_eq!(last(&page(1, &["a"], u64::MAX, u64::MAX)), 1);
        assert_eq!(last(&page(1, &[], 0, 0)), 0);
    }

    #[test]
    fn the_number_of_pages_follows_from_the_number_of_items() {
        let page = |number: u64, ids: &[&str]| {
            let (items, meta) = page(number, ids, 0, 3);
            (items, Meta { total_pages: None, ..meta })
        };
        assert_eq!(last(&page(1, &["a", "b"])), 2);
        assert_eq!(gap(vec![page(1, &["a", "b"]), page(2, &["c"])]), None);
        let short = gap(vec![page(1, &["a", "b"]), page(2, &[])]);
        assert_eq!(short.as_deref(), Some("page 2 is empty and should have 1"));
        let neither = gap(vec![(vec![Ok("a".to_owned())], Meta::default())]);
        assert_eq!(neither.as_deref(), Some("its meta has neither total_pages nor total_results"));
    }
}
