//! `trunkline explain [CODE]`

use clap::ValueEnum;
use clap::builder::{PossibleValue, StringValueParser};

use super::exit::{Exit, Failure};
use super::terminal;
use super::values::Completed;
use crate::report::{self, Topic, topics};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Finding, safety limit, outcome, exit status or error code of Telnyx; without
    /// CODE, list all
    #[arg(value_parser = parser(), hide_possible_values = true)]
    code: Option<String>,
    /// Explain everything
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// Output format: text or markdown
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    format: ExplainFormat,
}

/// The output format of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// Text of 80 columns.
    Text,
    /// Markdown, with headings.
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Args { code, all, format } = args;
    let topic = code.as_deref().map(find).transpose()?;
    match (topic, format) {
        (Some(topic), ExplainFormat::Text) => terminal::print_wrapped(&topic.text()),
        (topic, ExplainFormat::Markdown) => {
            terminal::print(&report::topics_markdown(topic.as_ref()))
        }
        (None, ExplainFormat::Text) if *all => {
            terminal::print_wrapped(&report::topics_text(&topics()))
        }
        (None, ExplainFormat::Text) => terminal::print_wrapped(&report::topic_list()),
    }?;
    Ok(Exit::Fine)
}

fn find(code: &str) -> Result<Topic, Failure> {
    Topic::find(code).ok_or_else(|| {
        let hint = match Topic::nearest(code) {
            Some(near) => format!("Did you mean `trunkline explain {near}`?"),
            None => "To list all codes, run `trunkline explain`.".to_owned(),
        };
        Failure::new(anyhow::anyhow!("{code:?} is not a code that Trunkline can explain"), hint)
    })
}

/// Accepts any text, so that a near miss can be suggested.
fn parser() -> Completed<StringValueParser> {
    let values = || {
        let values = topics().into_iter();
        values.map(|topic| PossibleValue::new(topic.name).help(topic.summary())).collect()
    };
    Completed { parser: StringValueParser::new(), values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::help;

    #[test]
    fn every_command_of_an_explanation_parses() {
        let markdown = report::topics_markdown(None);
        let inline = markdown.split('`').filter(|code| !code.contains('\n'));
        let inline =
            inline.filter(|code| code.starts_with("trunkline ") && !code.ends_with(" CODE"));
        let all = topics();
        let mut commands: Vec<&str> = inline.collect();
        for topic in &all {
            commands.extend(topic.command());
        }
        assert!(commands.len() > 20);
        for command in commands {
            match help::command().try_get_matches_from(command.split(' ')) {
                Ok(_) => {}
                Err(error) => {
                    // A command that is named without its arguments.
                    let kind = clap::error::ErrorKind::MissingRequiredArgument;
                    assert_eq!(error.kind(), kind, "{command}: {error}");
                }
            }
        }
    }
}
