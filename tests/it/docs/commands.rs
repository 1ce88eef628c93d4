//! The commands that documents show.

use assert_cmd::Command;

use super::{Page, pages};

/// The arguments of every call of the program in a block of shell code.
fn calls(code: &str) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    let code = code.replace("\\\n", " ");
    let mut heredoc: Option<String> = None;
    for line in code.lines() {
        if let Some(end) = &heredoc {
            if line == end {
                heredoc = None;
            }
            continue;
        }
        heredoc = line.split("<<").nth(1).map(|end| end.trim_matches([' ', '\'', '"']).to_owned());
        for words in simple_commands(line) {
            let assigned = |word: &&String| {
                word.split_once('=').is_some_and(|(name, _)| {
                    name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                })
            };
            let keywords = ["until", "while", "if", "!", "do", "then", "env"];
            let words: Vec<String> = words
                .iter()
                .skip_while(|word| assigned(word) || keywords.contains(&word.as_str()))
                .cloned()
                .collect();
            let cargo = ["cargo", "run", "--release", "--"];
            if words.first().is_some_and(|word| word == "trunkline") {
                calls.push(words[1..].to_vec());
            } else if words.len() > 4 && words[..4] == cargo {
                calls.push(words[4..].to_vec());
            }
        }
    }
    calls
}

/// Splits a line of shell code into commands, and those into words without redirections.
fn simple_commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, '>' | '<') => {
                // Neither the number of a descriptor nor its target is an argument.
                if word.as_ref().is_some_and(|word| word.bytes().all(|b| b.is_ascii_digit())) {
                    word = None;
                }
                commands.last_mut().unwrap().extend(word.take());
                while chars.next_if(|c| matches!(c, '>' | '<' | '&' | ' ')).is_some() {}
                while chars.next_if(|c| !c.is_whitespace() && *c != ';').is_some() {}
            }
            (None, '|' | ';' | '&' | '(' | ')') => {
                commands.last_mut().unwrap().extend(word.take());
                commands.push(Vec::new());
            }
            (None, _) if c.is_whitespace() => commands.last_mut().unwrap().extend(word.take()),
            (Some(_) | None, _) => word.get_or_insert_default().push(c),
        }
    }
    commands.last_mut().unwrap().extend(word);
    commands
}

/// Parses a call as the program does. Help is printed once everything before it has been parsed.
fn problem(arguments: &[String]) -> Option<String> {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    let digest = format!("sha256:{}", "0".repeat(64));
    let arguments = arguments.iter().map(|word| if word == "$digest" { &digest } else { word });
    let output = command.args(arguments).arg("--help").output().unwrap();
    (!output.status.success()).then(|| String::from_utf8(output.stderr).unwrap())
}

#[test]
fn every_command_of_the_documents_parses() {
    let mut checked = 0;
    for page in pages() {
        // A command that is wrong on purpose is marked as such.
        for block in
            page.blocks().iter().filter(|block| block.info == "sh" || block.info == "sh no-run")
        {
            for call in calls(&block.code) {
                let place = format!("{}:{}", page.path, block.start);
                assert_eq!(problem(&call), None, "{place}: {call:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn a_call_that_does_not_parse_is_found() {
    let code = "A=b trunkline plan 'acme x.yaml' --only \\\n  drift > out.txt 2>&1 && trunkline fmt - < x # y\n";
    let found = calls(code);
    let plan: [&str; 4] = ["plan", "acme x.yaml", "--only", "drift"];
    assert_eq!(found, [plan.to_vec(), vec!["fmt", "-"]]);
    assert_eq!(problem(&found[0]), None);
    assert!(problem(&["plan".to_owned(), "--dry-run".to_owned()]).is_some());
    assert!(problem(&["plna".to_owned()]).is_some());
}

#[test]
fn the_readme_shows_the_two_commands() {
    let readme = Page::read("README.md");
    let commands = readme.blocks();
    assert!(commands.iter().any(|block| block.code == "cargo run --release -- demo\ncargo test\n"));
}
