//! The results as a table in Markdown and as a plot.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Command;

use super::Case;
use super::client::CONNECTIONS;
use super::process::Run;

/// A program that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Trunkline,
    Minimal,
    Script,
}

/// A program in a case.
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) program: Program,
    pub(crate) requests: u64,
    pub(crate) run: Run,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Trunkline => "`trunkline plan`",
            Self::Minimal => "minimal client",
            Self::Script => "script on the vendor's SDK",
        }
    }

    fn color(self) -> &'static str {
        match self {
            Self::Trunkline => "#0a7d5a",
            Self::Minimal => "#8a8f98",
            Self::Script => "#c2571a",
        }
    }
}

/// The requests that do not wait for the number of pages.
const FIRST_WAVE: u64 = 5;

/// The marks around the table in the document.
const MARKS: [&str; 2] = ["<!-- wire -->\n", "<!-- end of wire -->\n"];

impl Row {
    /// The least time that the latency or the rate limit allows for a plan. `None` if there is neither.
    fn ideal(&self, needed: u64) -> Option<f64> {
        let number = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        if let Some(limit) = self.case.limit {
            return Some((number(needed) / f64::from(limit) - 1.0).max(0.0));
        }
        let at_once = u64::try_from(CONNECTIONS).unwrap_or(u64::MAX);
        let rounds = 1 + needed.saturating_sub(FIRST_WAVE).div_ceil(at_once);
        let ideal = number(rounds) * self.case.latency.as_secs_f64();
        (ideal > 0.0).then_some(ideal)
    }

    fn network(&self) -> String {
        match self.case.limit {
            Some(limit) => format!("{limit} requests a second"),
            None => format!("{} ms a request", self.case.latency.as_millis()),
        }
    }
}

/// The requests that a plan of a case needs: those without a rate limit.
fn needed(rows: &[Row], case: Case) -> u64 {
    let plan = rows.iter().find(|row| {
        row.program == Program::Trunkline
            && row.case.accounts == case.accounts
            && row.case.limit.is_none()
    });
    plan.map_or(0, |row| row.requests)
}

/// The seconds of another program in the same case.
fn seconds(rows: &[Row], row: &Row, program: Program) -> Option<f64> {
    let same = |other: &&Row| {
        let (one, two) = (row.case, other.case);
        other.program == program
            && (one.accounts, one.latency, one.limit) == (two.accounts, two.latency, two.limit)
    };
    rows.iter().find(same).map(|row| row.run.seconds)
}

/// The results as a table.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut text =
        "| accounts | network | program | requests | 429s | seconds | to the ideal | to the minimal client | to the script | peak MiB |\n"
            .to_owned();
    text.push_str("|---:|---|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for row in rows {
        let Row { case, program, requests, run: Run { seconds: took, memory } } = row;
        let needed = needed(rows, *case);
        let refused = case.limit.map_or(0, |_| requests.saturating_sub(needed));
        let ratio = |other: Option<f64>| {
            other.map_or("–".to_owned(), |other| format!("{:.2}", took / other))
        };
        let ratios = [
            ratio(row.ideal(needed).filter(|_| *program != Program::Script)),
            ratio(seconds(rows, row, Program::Minimal).filter(|_| *program != Program::Minimal)),
            ratio(seconds(rows, row, Program::Script).filter(|_| *program != Program::Script)),
        ];
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {requests} | {refused} | {took:.3} | {} | {memory:.0} |",
            case.accounts,
            row.network(),
            program.name(),
            ratios.join(" | "),
        );
    }
    text
}

/// The results as a plot: a bar for each row.
fn svg(rows: &[Row]) -> String {
    const HEIGHT: usize = 22;
    let longest = rows.iter().map(|row| row.run.seconds).fold(0.0, f64::max);
    let height = rows.len() * HEIGHT + 20;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 {height}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"800\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (at, row) in rows.iter().enumerate() {
        let (y, seconds) = (10 + at * HEIGHT, row.run.seconds);
        let width = (seconds / longest * 320.0).max(1.0);
        let label =
            format!("{} accounts, {}: {}", row.case.accounts, row.network(), row.program.name());
        let _ = writeln!(
            text,
            "<text x=\"390\" y=\"{}\" text-anchor=\"end\" fill=\"#1d2129\">{}</text>\
             <rect x=\"400\" y=\"{y}\" width=\"{width:.0}\" height=\"16\" fill=\"{}\"/>\
             <text x=\"{:.0}\" y=\"{}\" fill=\"#1d2129\">{seconds:.2} s</text>",
            y + 13,
            label.replace('`', ""),
            row.program.color(),
            406.0 + width,
            y + 13,
        );
    }
    text + "</svg>\n"
}

/// The machine in general terms.
fn machine() -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    let kernel = said("uname", &["-sr"]).unwrap_or_default();
    let kernel = kernel.split('-').next().unwrap_or_default().to_owned();
    let rustc = said("rustc", &["--version"]).unwrap_or_default();
    let rustc: Vec<&str> = rustc.split(' ').take(2).collect();
    let node = said("node", &["--version"]).map_or(String::new(), |node| format!(", Node {node}"));
    format!("{cores} cores, {kernel}, {}{node}", rustc.join(" "))
}

/// Writes the table and the plot into the documents.
pub(crate) fn write(rows: &[Row]) -> io::Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = docs.join("performance.md");
    let text = std::fs::read_to_string(&page)?;
    let [begin, end] = MARKS;
    let parts = text.split_once(begin).and_then(|(before, rest)| {
        rest.split_once(end).map(|(_, after)| (before.to_owned(), after.to_owned()))
    });
    let (before, after) = parts.ok_or_else(|| io::Error::other("the marks are missing"))?;
    let plot = "![The seconds of each program in each case](performance.svg)";
    let table = format!("Measured on {}.\n\n{}\n{plot}\n", machine(), markdown(rows));
    std::fs::write(&page, format!("{before}{begin}{table}{end}{after}"))?;
    std::fs::write(docs.join("performance.svg"), svg(rows))
}
