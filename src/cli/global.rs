//! The options that several commands share.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args, ValueEnum};

use super::exit::Failure;

/// The options that several commands share.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// File with the API key.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "File with the API key; otherwise TELNYX_API_KEY is read"
    )]
    pub api_key_file: Option<PathBuf>,
    /// URL of the API.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "URL of the API, or TELNYX_BASE_URL [default: https://api.telnyx.com/v2]"
    )]
    pub base_url: Option<String>,
    /// Maximum number of concurrent requests
    #[arg(long, global = true, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallelism: u16,
    /// Time limit for one request
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
    /// State: a file, s3://, gs://, az://, kubernetes:// or none
    #[arg(long, global = true, value_name = "URL")]
    pub state: Option<String>,
    /// Time to wait for the state's lock
    #[arg(long, global = true, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub lock_timeout: Duration,
    /// Log format on stderr: text or json
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub log_format: LogFormat,
    /// Use colors: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: Colour,
    /// Log more; twice to log every request
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Print results and errors only; overrides --verbose
    #[arg(short, long, global = true, value_parser = FalseyValueParser::new())]
    pub quiet: bool,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// When to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

const DEFAULT_MANIFEST: &str = "trunkline.yaml";

/// The manifest to read: the one that is named, else that of `TRUNKLINE_MANIFEST`, else `trunkline.yaml`.
pub(super) fn manifest_path(path: Option<&Path>) -> Result<PathBuf, Failure> {
    manifest_path_if_any(path).ok_or_else(|| {
        let error =
            anyhow::anyhow!("no manifest given, and {DEFAULT_MANIFEST} does not exist here");
        Failure::new(error, "Name a manifest: a file or a folder, or set TRUNKLINE_MANIFEST. To write a first one, run `trunkline init`.")
    })
}

/// The manifests to read: those that are named, or else the default one.
pub(super) fn manifest_paths(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    if paths.is_empty() { Ok(vec![manifest_path(None)?]) } else { Ok(paths.to_vec()) }
}

/// The manifest to read, or `None` if none is named and the default one does not exist.
pub(super) fn manifest_path_if_any(path: Option<&Path>) -> Option<PathBuf> {
    let named = path.map(Path::to_owned);
    let variable = || std::env::var_os("TRUNKLINE_MANIFEST").filter(|value| !value.is_empty());
    let default = || Some(PathBuf::from(DEFAULT_MANIFEST)).filter(|path| path.exists());
    named.or_else(|| variable().map(PathBuf::from)).or_else(default)
}

/// Parses a duration such as `30s`, `500ms` or `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let invalid = || format!("{text:?} is not a duration such as 30s, 500ms or 2m");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| invalid())?;
    Duration::try_from(parsed).map_err(|_| invalid())
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
    fn a_duration_has_a_unit() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for bad in ["30", "-1s", "soon", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
