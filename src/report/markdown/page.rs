//! A page that fits into a budget: sections are shortened step by step, those last that must not be.

use super::super::words::count;

/// A page of Markdown.
pub(super) struct Page {
    /// What stands above everything: how it stands.
    pub head: String,
    /// What it says, in its order.
    pub sections: Vec<Section>,
    /// What stands below everything.
    pub foot: String,
    /// How to see the whole, if it had to be shortened.
    pub whole: String,
}

/// A part of a page.
pub(super) struct Section {
    /// What it is called in a sentence.
    pub name: &'static str,
    /// The ways to write it, the longest first. Each says itself what it leaves out.
    pub shapes: Vec<String>,
    /// Whether it says everything in every shape.
    pub complete: bool,
}

impl Page {
    /// The page in no more than `budget` bytes, if that is possible with all that must not be left out.
    pub(super) fn fit(&self, budget: usize) -> String {
        let mut levels = vec![0; self.sections.len()];
        loop {
            let text = self.written(&levels, budget, false);
            if text.len() <= budget {
                return text;
            }
            match self.next(&levels) {
                Some(section) => levels[section] += 1,
                None => return self.written(&levels, budget, true),
            }
        }
    }

    /// The section whose next shape saves the most; one that stays complete only when no other is left.
    fn next(&self, levels: &[usize]) -> Option<usize> {
        let saving = |place: &usize| {
            let Section { name: _, shapes, complete } = &self.sections[*place];
            let next = shapes.get(levels[*place] + 1)?;
            let saved = shapes[levels[*place]].len().checked_sub(next.len())?;
            (saved > 0).then_some((!complete, saved))
        };
        // Of those that save the same the first.
        (0..levels.len()).rev().filter(|place| saving(place).is_some()).max_by_key(saving)
    }

    fn written(&self, levels: &[usize], budget: usize, over: bool) -> String {
        let Self { head, sections, foot, whole } = self;
        let short: Vec<&str> = sections
            .iter()
            .zip(levels)
            .filter(|(section, level)| **level > 0 && !section.complete)
            .map(|(section, _)| section.name)
            .collect();
        let mut out = head.clone();
        if !short.is_empty() {
            let names = short.join(", ");
            out.extend([format!("Shortened to fit: {names}. {whole}\n\n")]);
        }
        if over {
            out.extend([format!(
                "This is longer than {budget} bytes: what must not be left out is all here.\n\n"
            )]);
        }
        for (section, level) in sections.iter().zip(levels) {
            out += &section.shapes[*level];
        }
        out + foot
    }
}

/// A section below a title that is always open.
pub(super) fn open(title: &str, body: &str) -> String {
    format!("#### {title}\n\n{body}\n")
}

/// A section that is folded. The title is no name of anybody: it stands in HTML.
pub(super) fn folded(title: &str, body: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{body}\n</details>\n\n")
}

/// Lines, one for each of something.
pub(super) fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect()
}

/// What a shape leaves out, counted. Nothing: nothing is said.
pub(super) fn left_out(parts: &[(usize, &str, &str)]) -> String {
    let parts = parts.iter().filter(|(number, _, _)| *number > 0);
    let said: Vec<String> = parts.map(|(number, one, many)| count(*number, one, many)).collect();
    if said.is_empty() {
        String::new()
    } else {
        format!("\nLeft out to fit: {}.\n", said.join(", "))
    }
}
