//! Spreadsheets, with any cells.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::entry::spreadsheet::spreadsheet;
use super::mutate::{cases, changes, cut, law};
use crate::support::manifests::{emails, texts};

/// The names of columns, with what is usually in them.
const COLUMNS: &[(&str, &[&str])] = &[
    ("Id", &["", "", "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10", "{7EE4A4693F0C4F5A9C1E2D6A2F1B7C10}"]),
    ("status", &["enabled", "Disabled", "blocked", "unknown", "cancelled", "yes", ""]),
    ("Channel limit", &["30", "0", "", "007", "4294967295"]),
    ("custom_pricing", &["x", "", "true", "No"]),
    ("rollup-billing", &["Y", "n", "1", "0"]),
    ("Min balance", &["10", "", "25.50"]),
    ("keep", &["", "", "x"]),
    ("Groups", &["Sales; a, b", "Sales, On call", "", ";"]),
    ("until", &["2027-01-31", "", ""]),
    ("absent", &["no", "", ""]),
    ("owner", &["", "", "", "", "", "x"]),
    ("role", &["organization_sub_user", "organization_sub_user", "guest"]),
    ("Notes", &["a\nb", "a\u{1b}[2J", "=cmd()", "\"", "; , \t"]),
    ("", &["", "?"]),
];

const ODD: &[&str] = &[
    "",
    " ",
    "bob",
    "a@b.example",
    "A@B.example",
    "ü@b.example",
    "-1",
    "5000000000",
    "31.1.2027",
    "'=1",
    "=cmd()|x",
    "\u{1b}[2J",
    "a\r\nb",
    "\u{202e}",
    "\u{0}",
    "##[error]x",
];

fn quoted(cell: &str, separator: char, always: bool) -> String {
    let special = cell.starts_with('"') || cell.contains([separator, '\n', '\r', '"']);
    if special || always { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// The cells of a sheet. Its first columns are the name and the email.
fn sheets() -> impl Strategy<Value = Vec<Vec<String>>> {
    let columns = vec(select(COLUMNS), 0..5);
    (any::<bool>(), columns).prop_flat_map(|(accounts, columns)| {
        let first = if accounts { "Company" } else { "bypasses_sso" };
        let names = [first, "E-Mail"].into_iter().chain(columns.iter().map(|(name, _)| *name));
        let header: Vec<String> = names.map(str::to_owned).collect();
        let cells: Vec<BoxedStrategy<String>> =
            [texts(), emails().prop_map(|email| email.to_string()).boxed()]
                .into_iter()
                .chain(
                    columns.iter().map(|(_, usual)| select(*usual).prop_map(str::to_owned).boxed()),
                )
                .map(|usual| {
                    prop_oneof![60 => usual, 1 => select(ODD).prop_map(str::to_owned)].boxed()
                })
                .collect();
        vec(cells, 1..5).prop_map(move |rows| [vec![header.clone()], rows].concat())
    })
}

#[test]
fn any_spreadsheet_becomes_a_manifest_or_is_refused_with_positions() {
    let separators = select(&[',', ';', '\t'][..]);
    let ends = select(&["\n", "\r\n", "\r"][..]);
    let documents = (sheets(), separators, ends, any::<bool>(), changes()).prop_map(
        |(rows, separator, end, always, (_, change))| {
            let line = |row: &Vec<String>| {
                let cells: Vec<_> = row.iter().map(|it| quoted(it, separator, always)).collect();
                cells.join(&separator.to_string()) + end
            };
            cut(&rows.iter().map(line).collect::<String>(), &change)
        },
    );
    law(cases(2.0, file!()), spreadsheet, 8, documents);
}
