//! `trunkline man`: a manual page for each command, generated from the command line.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::PossibleValue;
use clap::{Arg, Command};
use clap_mangen::Man;

use super::exit::{Exit, Failure};
use super::help::{self, CommandHelp};
use super::terminal;
use crate::report::topics;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Write one file per command to this folder, instead of all pages to stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let command = help::command();
    let mut pages = Vec::new();
    add(&mut pages, &command, &[])?;
    let Some(folder) = &args.out else {
        let all: String = pages.into_iter().map(|(_, text)| text).collect();
        terminal::print(&all)?;
        return Ok(Exit::Fine);
    };
    fs::create_dir_all(folder)
        .with_context(|| format!("creating the folder {}", folder.display()))?;
    for (name, text) in pages {
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(Exit::Fine)
}

/// Adds the pages of a command and of the commands below it.
fn add(
    pages: &mut Vec<(String, String)>,
    part: &Command,
    path: &[&'static str],
) -> anyhow::Result<()> {
    let name = [&["trunkline"], path].concat().join("-");
    pages.push((name.clone(), page(part, &name, help::of(&path.join(" ")))?));
    for (part, name) in help::names(part) {
        add(pages, part, &[path, &[name]].concat())?;
    }
    Ok(())
}

fn page(part: &Command, name: &str, help: &CommandHelp) -> anyhow::Result<String> {
    let mut out = Vec::new();
    out.extend_from_slice(title(name).as_bytes());
    let man = Man::new(part.clone().mut_args(with_values));
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut text = String::from_utf8(out)?;
    let below: Vec<(String, String)> = help::names(part)
        .map(|(part, below)| {
            let about = part.get_about().map(ToString::to_string).unwrap_or_default();
            (format!("{name}-{below}(1)"), about)
        })
        .collect();
    section(&mut text, "COMMANDS", &below);
    section(&mut text, "ENVIRONMENT", &environment(part, help));
    section(&mut text, "FILES", &files(part, help));
    section(&mut text, "EXIT STATUS", &exits(help));
    text.push_str(".SH EXAMPLES\n.nf\n");
    for example in help.examples {
        let _ = writeln!(text, "{}", roff(example));
    }
    text.push_str(".fi\n");
    if !help.path.is_empty() {
        let above = help.path.rsplit_once(' ').map(|(above, _)| format!("-{above}"));
        let above = format!("trunkline{}", above.unwrap_or_default());
        let _ = writeln!(text, ".SH \"SEE ALSO\"\n\\fB{}\\fR(1)", roff(&above));
    }
    Ok(text)
}

/// The first lines. The generator's would lose an empty date, and every build has its own date. It writes an
/// apostrophe as `Aq`.
fn title(name: &str) -> String {
    let (name, version) = (roff(&name.to_uppercase()), env!("CARGO_PKG_VERSION"));
    format!(
        ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH {name} 1 \"\" \"trunkline {version}\" \"Trunkline manual\"\n"
    )
}

/// An option with its values in its description.
fn with_values(arg: Arg) -> Arg {
    let values = arg.get_possible_values();
    let values: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    let takes_values = arg.get_action().takes_values();
    match (values.split_last(), arg.get_help()) {
        (Some((last, rest)), Some(help)) if takes_values && !arg.is_hide_possible_values_set() => {
            let help = format!("{help}: {} or {last}", rest.join(", "));
            arg.help(help).hide_possible_values(true)
        }
        _ => arg,
    }
}

/// Adds a section with a list of terms, if there are any.
fn section(text: &mut String, title: &str, terms: &[(String, String)]) {
    if terms.is_empty() {
        return;
    }
    let _ = writeln!(text, ".SH \"{title}\"");
    for (term, meaning) in terms {
        let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", roff(term), roff(meaning));
    }
}

fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

/// Returns true if the command reads the default manifest where it gets no PATH.
fn reads_manifest(part: &Command) -> bool {
    part.get_positionals().any(|arg| arg.get_value_names().is_some_and(|names| names == ["PATH"]))
}

fn environment(part: &Command, help: &CommandHelp) -> Vec<(String, String)> {
    let mut terms = Vec::new();
    let is_root = help.path.is_empty();
    if is_root || reads_manifest(part) {
        terms.push(("TRUNKLINE_MANIFEST", "The manifest to read where no PATH is given."));
    }
    let reads_telnyx = help.uses("base_url");
    if reads_telnyx {
        terms.push(("TELNYX_API_KEY", "The API key, unless --api-key-file names a file."));
    }
    let mut terms = pairs(terms);
    for (option, names) in help::VARIABLES.iter().filter(|(option, _)| help.uses(option)) {
        for name in *names {
            let option = option.replace('_', "-");
            terms.push(((*name).to_owned(), format!("Sets --{option}, unless it is given.")));
        }
    }
    if help.uses("color") {
        terms.extend(pairs([("NO_COLOR", "Disables colors, unless --color is always.")]));
    }
    if reads_telnyx {
        terms.extend(pairs([
            ("HTTPS_PROXY, NO_PROXY", "The proxy for requests, and the hosts without one."),
            ("SSL_CERT_FILE", "A file of certificate authorities to trust."),
        ]));
    }
    terms
}

fn files(part: &Command, help: &CommandHelp) -> Vec<(String, String)> {
    let mut terms = Vec::new();
    if reads_manifest(part) || matches!(help.path, "" | "init") {
        terms.push(("trunkline.yaml", "The default manifest, in the working directory."));
    }
    if help.uses("state") {
        let state = "The state, beside the manifest, unless --state names another place.";
        terms.push((".trunkline/ORGANIZATION.json", state));
    }
    if help.path == "init" {
        terms.push((".trunkline.schema.json", "The schema of the manifest, for editors."));
        terms.push((".gitignore", "The folder of the state is added to it."));
    }
    pairs(terms)
}

fn exits(help: &CommandHelp) -> Vec<(String, String)> {
    let topics = topics()
        .into_iter()
        .filter(|topic| topic.exit_status().is_some_and(|status| help.exits.contains(&status)));
    topics.map(|topic| (topic.name.to_owned(), topic.summary().to_owned())).collect()
}

/// A text as one line of roff.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    // A line that begins with one of these would be a request.
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
