//! Links lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Page, file, pages};

/// The anchors and the links of a page.
#[derive(Default)]
struct Outline {
    anchors: BTreeSet<String>,
    links: Vec<String>,
}

fn outline(page: &Page) -> Outline {
    let mut outline = Outline::default();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(&page.text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap());
                let count = seen.entry(slug.clone()).or_default();
                let anchor = if *count == 0 { slug } else { format!("{slug}-{count}") };
                *count += 1;
                outline.anchors.insert(anchor);
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                outline.links.push(dest_url.into_string());
            }
            _ => {}
        }
    }
    outline
}

/// The anchor of a heading, as a forge makes it.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ => c.is_alphanumeric().then_some(c),
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// The path of a link, without `.` and `..`.
fn resolved(page: &str, link: &str) -> PathBuf {
    let mut path = Path::new(page).parent().unwrap().to_owned();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{page}: {link} leaves the repository"),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[test]
fn every_link_and_anchor_leads_somewhere() {
    let pages = pages();
    let outlines: BTreeMap<&str, Outline> =
        pages.iter().map(|page| (page.path.as_str(), outline(page))).collect();
    let mut checked = 0;
    for (page, outline) in &outlines {
        for link in &outline.links {
            if link.starts_with("https://") {
                continue;
            }
            assert!(!link.contains("://"), "{page}: {link}");
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { PathBuf::from(page) } else { resolved(page, path) };
            let path = path.to_str().unwrap();
            assert!(file(path).exists(), "{page}: {link} does not exist");
            if !anchor.is_empty() {
                let target = outlines.get(path).unwrap_or_else(|| panic!("{page}: {link}"));
                assert!(target.anchors.contains(anchor), "{page}: {link} has no such heading");
            }
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn anchors_are_those_of_a_forge() {
    assert_eq!(slug("What Telnyx doesn't allow"), "what-telnyx-doesnt-allow");
    assert_eq!(slug("trunkline get groups-report"), "trunkline-get-groups-report");
    assert_eq!(slug("user_stale"), "user_stale");
}
