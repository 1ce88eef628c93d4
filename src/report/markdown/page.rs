//! A page with a maximum length: sections are shortened step by step, the most important last.

use super::super::words::count;

/// A page of Markdown.
pub(super) struct MarkdownPage {
    /// The mark, the title and the result, above every section.
    pub head: String,
    /// The sections, in their order.
    pub sections: Vec<Section>,
    /// The text below every section.
    pub foot: String,
    /// A sentence that names where everything is listed, for a page that had to be shortened.
    pub everything: String,
}

/// A part of a page.
pub(super) struct Section {
    /// The name in the sentence that lists what was shortened.
    pub name: &'static str,
    /// The ways to write it, the longest first. Each names what it leaves out.
    pub shapes: Vec<String>,
    /// The number of leading shapes that leave nothing out.
    pub complete: usize,
    /// Cut only when no other section can be shortened any further.
    pub cut_last: bool,
}

impl Section {
    /// The text at a level. The level after the last shape leaves the section out.
    fn at(&self, level: usize) -> &str {
        self.shapes.get(level).map_or("", String::as_str)
    }
}

impl MarkdownPage {
    /// Returns the page in at most `max_bytes`, always: a forge refuses a longer comment, and the comment of
    /// an older plan would stay.
    pub(super) fn fit(&self, max_bytes: usize) -> String {
        let mut levels = vec![0; self.sections.len()];
        loop {
            let text = self.write(&levels);
            if text.len() <= max_bytes {
                return text;
            }
            match self.next(&levels) {
                Some((section, level)) => levels[section] = level,
                None => return cut(&text, max_bytes),
            }
        }
    }

    /// The section to shorten next, with its new level. Leaving a section out comes after every shorter
    /// shape, and `cut_last` after the other sections. Among equals, the one that saves the most goes first.
    fn next(&self, levels: &[usize]) -> Option<(usize, usize)> {
        let steps = levels.iter().enumerate().rev().filter_map(|(place, &level)| {
            let section = &self.sections[place];
            let length = section.at(level).len();
            let shorter =
                (level + 1..=section.shapes.len()).find(|&next| section.at(next).len() < length)?;
            let left_out = shorter == section.shapes.len();
            let saved = length - section.at(shorter).len();
            Some(((!left_out, !section.cut_last, saved), (place, shorter)))
        });
        steps.max_by_key(|(rank, _)| *rank).map(|(_, step)| step)
    }

    fn write(&self, levels: &[usize]) -> String {
        let Self { head, sections, foot, everything } = self;
        let leveled = || sections.iter().zip(levels);
        let short: Vec<&str> = leveled()
            .filter(|(section, level)| **level >= section.complete)
            .map(|(section, _)| section.name)
            .collect();
        let mut out = head.clone();
        if !short.is_empty() {
            out.extend([format!("Shortened to fit: {}. {everything}\n\n", short.join(", "))]);
        }
        out.extend(leveled().map(|(section, level)| section.at(*level)));
        out + foot
    }
}

/// The leading whole lines of a text that fit.
fn cut(text: &str, max_bytes: usize) -> String {
    let mut left = max_bytes;
    let fits = |line: &&str| {
        let fits = line.len() <= left;
        left = left.saturating_sub(line.len());
        fits
    };
    text.split_inclusive('\n').take_while(fits).collect()
}

/// A section that is always open.
pub(super) fn open(title: &str, body: &str) -> String {
    format!("#### {title}\n\n{body}\n")
}

/// A folded section. The title is HTML, so it must not contain names.
pub(super) fn folded(title: &str, body: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{body}\n</details>\n\n")
}

/// Joins lines.
pub(super) fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect()
}

/// The counts of what a shape leaves out. Empty if it leaves out nothing.
pub(super) fn left_out(parts: &[(usize, &str, &str)]) -> String {
    let parts = parts.iter().filter(|(number, _, _)| *number > 0);
    let counts: Vec<String> = parts.map(|(number, one, many)| count(*number, one, many)).collect();
    if counts.is_empty() {
        String::new()
    } else {
        format!("\nLeft out to fit: {}.\n", counts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &'static str, shapes: &[usize], complete: usize, cut_last: bool) -> Section {
        let shapes =
            shapes.iter().map(|length| format!("{}\n", &name[..1].repeat(*length))).collect();
        Section { name, shapes, complete, cut_last }
    }

    fn page() -> MarkdownPage {
        let sections = vec![
            // The second shape saves nothing: the third is still found.
            section("destructive", &[2_000, 2_000, 100], 2, true),
            section("updates", &[3_000, 1_000, 50], 1, false),
        ];
        let (head, foot) = ("head\n".to_owned(), "foot\n".to_owned());
        MarkdownPage { head, sections, foot, everything: "Run plan.".to_owned() }
    }

    #[test]
    fn no_number_of_bytes_is_exceeded() {
        for max_bytes in 0..6_000 {
            let text = page().fit(max_bytes);
            assert!(text.len() <= max_bytes, "{} for {max_bytes}", text.len());
        }
    }

    #[test]
    fn the_most_important_section_is_cut_last_and_every_cut_is_named() {
        let all = page().fit(6_000);
        assert!(!all.contains("Shortened"));
        let some = page().fit(3_500);
        assert!(some.contains(&"d".repeat(2_000)) && some.contains("fit: updates. Run plan.\n"));
        let fewer = page().fit(1_000);
        assert!(fewer.contains("fit: destructive, updates. Run plan.\n"), "{fewer}");
        assert!(fewer.contains(&"d".repeat(100)) && fewer.ends_with("foot\n"));
        assert_eq!(page().fit(7), "head\n");
    }
}
