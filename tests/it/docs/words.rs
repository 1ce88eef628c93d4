//! The words of the project.

use regex::Regex;

use super::pages;

/// Words that have another name here, with that name.
const OTHERS: &[(&str, &str)] = &[
    (r"ledgers?", "state"),
    (r"loss(es)?", "destructive"),
    (r"episodes?", "difference"),
    (r"sightings?", "run"),
    (r"budgets?", "safety limits"),
    (r"held back|kept back", "withheld"),
    (r"looks like", "possible rename"),
    (r"kept plans?", "saved plan"),
    (r"telling|tells?|told|announces?", "report, notify"),
    (r"somebody|nobody|whoever", "name the actor"),
    (r"stands by", "standby"),
    (r"simply|just|easily|powerful|seamless(ly)?|robust", "leave it out"),
];

/// The text of a page without code, generated parts and comments.
fn prose(text: &str) -> String {
    let mut kept = String::new();
    let (mut code, mut generated) = (false, false);
    for line in text.lines() {
        match line.trim_start() {
            "<!-- generated -->" => generated = true,
            "<!-- /generated -->" => generated = false,
            line if line.starts_with("```") => code = !code,
            line if !code && !generated => {
                let outside = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
                kept.push_str(&outside);
            }
            _ => {}
        }
        kept.push('\n');
    }
    kept
}

#[test]
fn every_page_uses_the_words_of_the_project() {
    let words: Vec<(Regex, &str)> = OTHERS
        .iter()
        .map(|(word, ours)| (Regex::new(&format!(r"(?i)\b({word})\b")).unwrap(), *ours))
        .collect();
    for page in pages() {
        for (at, line) in prose(&page.text).lines().enumerate() {
            for (word, ours) in &words {
                let found = word.find(line).map(|found| found.as_str());
                assert_eq!(found, None, "{}:{}: {ours}: {line}", page.path, at + 1);
            }
        }
    }
}

#[test]
fn headings_are_in_sentence_case_and_pages_begin_with_their_purpose() {
    let names =
        ["API", "HTTP", "JSON", "YAML", "CSV", "SSO", "Telnyx", "Trunkline", "GitHub", "GitLab"];
    for page in pages().iter().filter(|page| page.path.starts_with("docs/")) {
        let mut lines = page.text.lines().filter(|line| !line.is_empty());
        assert!(lines.next().unwrap().starts_with("# "), "{}", page.path);
        assert!(lines.next().unwrap().starts_with("After this page you can "), "{}", page.path);
        for heading in prose(&page.text).lines().filter(|line| line.starts_with('#')) {
            let numbered = |c: char| c.is_ascii_digit() || matches!(c, '#' | '.' | ' ');
            let title = heading.trim_start_matches(numbered);
            for word in title.split(' ').skip(1).filter(|word| !word.starts_with('`')) {
                let word = word.trim_matches(|c: char| !c.is_alphanumeric());
                let upper = word.starts_with(|c: char| c.is_uppercase());
                let known = names.contains(&word) || PROPER.contains(&word);
                assert!(!upper || known, "{}: {heading}: {word}", page.path);
            }
        }
    }
}

/// Other names in headings.
const PROPER: [&str; 9] =
    ["URL", "Kubernetes", "Terraform", "SDK", "IAM", "Slack", "Prometheus", "Ctrl-C", "PATH"];
