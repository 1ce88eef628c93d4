//! What every command understands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum};

/// What every command understands.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// The file with the API key.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "File with the API key (or variable TELNYX_API_KEY)"
    )]
    pub api_key_file: Option<PathBuf>,
    /// Where the API is, if not at Telnyx.
    #[arg(long, global = true, value_name = "URL", env = "TELNYX_BASE_URL")]
    #[arg(
        help = "Where the API is (or variable TELNYX_BASE_URL)",
        hide_env = true,
        hide_env_values = true
    )]
    pub base_url: Option<String>,
    /// Requests under way at once
    #[arg(long, global = true, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallelism: u16,
    /// How long one request may take
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
    /// The state, or none [default: .trunkline/NAME.json]
    #[arg(long, global = true, value_name = "URL")]
    pub state: Option<String>,
    /// How long to wait for its lock
    #[arg(long, global = true, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub lock_timeout: Duration,
    /// Log on stderr: text or json
    #[arg(
        long,
        global = true,
        value_name = "FORM",
        default_value = "text",
        hide_possible_values = true
    )]
    pub log_format: LogFormat,
    /// Colours: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: Colour,
    /// Say more; twice: requests too
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Say less: errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Reads a time such as `30s`, `500ms` or `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time; it looks like 30s, 500ms or 2m");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

/// Parses a digest as a plan prints it.
pub(super) fn digest(text: &str) -> Result<String, String> {
    let hexadecimal = |digits: &str| {
        digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match text.strip_prefix("sha256:") {
        Some(digits) if hexadecimal(digits) => Ok(text.to_owned()),
        Some(_) | None => Err("a digest is sha256: and 64 hexadecimal digits".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for bad in ["30", "-1s", "soon", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
