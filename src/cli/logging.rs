//! The log, on stderr.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::global::{Global, LogFormat};
use crate::report::{escape_json, escape_lines};

/// Starts the log. It takes events of this crate only, since a library's might hold a header or a body,
/// and escapes every line. `service` raises the default level to info.
pub(super) fn init(global: &Global, service: bool) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) if !service => LevelFilter::WARN,
        (false, 0 | 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_target("trunkline", level);
    let layer = fmt::layer().with_target(false);
    let layer = match global.log_format {
        LogFormat::Text => {
            layer.with_ansi(false).with_writer(|| Escaped { escape: escape_lines }).boxed()
        }
        LogFormat::Json => layer.json().with_writer(|| Escaped { escape: escape_json }).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(ours)).init();
}

/// Stderr, with each line escaped as its format requires.
struct Escaped {
    escape: fn(&str) -> String,
}

impl Write for Escaped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = (self.escape)(&String::from_utf8_lossy(bytes));
        io::stderr().lock().write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().lock().flush()
    }
}
