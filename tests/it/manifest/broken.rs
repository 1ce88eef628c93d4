//! The invalid manifests of `data/broken`, and their problems.

use std::fs;

use trunkline::manifest::load;

use super::{read, repository, shown};

/// The invalid manifests with their numbers of problems.
const BROKEN: [(&str, usize); 44] = [
    ("alias_bomb", 1),
    ("alias_within_itself", 1),
    ("bad_absent_users", 6),
    ("bad_accept", 6),
    ("bad_budgets", 5),
    ("bad_channel_limits", 9),
    ("bad_days", 4),
    ("bad_emails", 7),
    ("bad_ids", 3),
    ("bad_indentation", 1),
    ("bad_label", 1),
    ("bad_policy_words", 2),
    ("colon_in_a_text", 1),
    ("deep", 1),
    ("disable_everything", 1),
    ("duplicate_email", 2),
    ("duplicate_id", 1),
    ("duplicate_key", 1),
    ("duplicate_section", 2),
    ("empty", 1),
    ("empty_users", 1),
    ("harmful_characters", 3),
    ("just_a_text", 1),
    ("missing_dash", 1),
    ("missing_fields", 9),
    ("no_such_anchor", 1),
    ("not_a_manifest", 1),
    ("nothing_where_a_value_should_be", 7),
    ("only_comments", 1),
    ("open_bracket", 1),
    ("open_quote", 1),
    ("password", 1),
    ("password_as_source", 5),
    ("password_in_a_file_that_is_no_yaml", 1),
    ("password_on_one_line", 6),
    ("password_sources", 6),
    ("tab", 1),
    ("tag", 1),
    ("two_documents", 1),
    ("unknown_field", 1),
    ("unknown_fields_everywhere", 16),
    ("unknown_version", 1),
    ("wide_characters", 3),
    ("wrong_types", 18),
];

/// The problems of an invalid manifest.
fn problems(name: &str) -> trunkline::manifest::Problems {
    let text =
        fs::read_to_string(repository(&format!("tests/it/data/broken/{name}.yaml"))).unwrap();
    read(&text).unwrap_err()
}

#[test]
fn every_invalid_manifest_is_refused_with_all_its_problems() {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository("tests/it/data/broken")).unwrap() {
        names.push(entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, BROKEN.map(|(name, _)| name), "every file is in the list");
    for (name, count) in BROKEN {
        let problems = problems(name);
        assert_eq!(problems.0.len(), count, "{name}:\n{}", shown(&problems));
        insta::with_settings!({ snapshot_suffix => name, description => name, omit_expression => true }, {
            insta::assert_snapshot!("broken", shown(&problems));
        });
    }
    let many = BROKEN.iter().filter(|(_, count)| *count >= 3).count();
    assert!(many >= 5, "{many}");
}

#[test]
fn every_problem_has_a_position_and_an_excerpt() {
    for (name, _) in BROKEN {
        for problem in problems(name).0 {
            let place = problem.place.unwrap_or_else(|| panic!("{name}: {}", problem.message));
            assert!(place.line > 0 && place.column > 0, "{name}");
            let secret = name == "password_in_a_file_that_is_no_yaml";
            assert_eq!(place.excerpt.is_none(), secret, "{name}: {}", problem.message);
        }
    }
}

#[test]
fn problems_are_in_the_order_of_lines() {
    for (name, _) in BROKEN {
        let problems = problems(name);
        let places = problems.0.iter().map(|problem| problem.place.as_ref().unwrap());
        let lines: Vec<_> = places.map(|place| (place.line, place.column)).collect();
        assert!(lines.is_sorted(), "{name}: {lines:?}");
    }
}

#[test]
fn a_problem_names_the_path_as_given() {
    let path = repository("tests/it/data/broken/tag.yaml");
    assert_eq!(load(&path).unwrap_err().0[0].file, path);
}

#[test]
fn in_a_terminal_problems_have_colours() {
    let colour = trunkline::report::Style { colour: true };
    insta::assert_snapshot!(trunkline::report::problems(&problems("duplicate_key"), colour));
}

#[test]
fn harmful_characters_are_escaped() {
    for (name, _) in BROKEN {
        let problems = problems(name);
        for text in [shown(&problems), problems.to_string()] {
            let harmful = text.chars().find(|c| *c != '\n' && trunkline::model::is_harmful(*c));
            assert_eq!(harmful, None, "{name}");
        }
    }
}

#[test]
fn a_very_long_line_is_cut() {
    let accounts: Vec<_> = (0..2_000)
        .map(|number| format!("{{ name: Shop, email: shop{number}@reseller.example, on: true }}"))
        .collect();
    let text = format!("version: 1\norganization: acme\naccounts: [{}]\n", accounts.join(", "));
    let problems = read(&text).unwrap_err();
    assert_eq!(problems.0.len(), 2_000);
    for problem in &problems.0 {
        let excerpt = problem.place.as_ref().unwrap().excerpt.as_ref().unwrap();
        assert!(excerpt.text.len() < 300 && excerpt.text[excerpt.mark.clone()] == *"on");
    }
}
