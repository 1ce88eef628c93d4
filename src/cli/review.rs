//! `trunkline review PATH`: who has access, and what the manifest says. It holds a reader and cannot change anything.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use clap::builder::RangedU64ValueParser;

use super::exit::{Exit, Failure};
use super::global::{Global, manifest_path_if_any};
use super::plan::today;
use super::progress::Progress;
use super::{connect, private_file, reports, terminal};
use crate::detect::{self, ObserveError};
use crate::manifest::{self, LoadedManifest};
use crate::model::{Desired, Live};
use crate::report::{
    self, EarlierReview, PathBase, Review, ReviewInput, ReviewedManifest, escape_line,
};
use crate::state;

/// The largest earlier review that is read.
const LARGEST: u64 = 64 << 20;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifest: a file or a folder. Without one, users are listed only
    path: Option<PathBuf>,
    /// Output format: table, csv, markdown or json
    #[arg(long, value_name = "FORMAT", default_value = "table", hide_possible_values = true)]
    format: ReviewFormat,
    /// Also show what changed since an earlier review, a file of --format json
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Users without a sign-in for this long are stale; overrides the manifest
    #[arg(long, value_name = "DAYS", value_parser = days)]
    stale_after: Option<u32>,
    /// Most bytes of Markdown; rows in doubt are cut last
    #[arg(long, value_name = "N", default_value_t = 60_000, value_parser = RangedU64ValueParser::<usize>::new().range(1_000..))]
    max_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReviewFormat {
    Table,
    Csv,
    Markdown,
    Json,
}

fn days(text: &str) -> Result<u32, String> {
    manifest::parse_days(text).ok_or_else(|| "use a number of days such as 90d".to_owned())
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let Args { path, format, since, stale_after, max_bytes } = args;
    if since.is_some() && *format == ReviewFormat::Csv {
        let error = anyhow::anyhow!("--format csv cannot show the changes that --since asks for");
        return Err(Failure::new(error, "Use --format table, markdown or json."));
    }
    let earlier = since.as_deref().map(|path| Ok::<_, Failure>((path, load(path)?))).transpose()?;
    let path = manifest_path_if_any(path.as_deref());
    let loaded = path.as_deref().map(manifest::load_with_places).transpose()?;
    reports::warn_of_skipped(loaded.as_ref().map(|loaded| &loaded.skipped[..]).unwrap_or_default());
    let desired = loaded.as_ref().map(|loaded| &loaded.desired);
    let live = read(global, desired).await?;

    let here = std::env::current_dir().context("reading the working directory")?;
    let root = reports::repository(&here);
    let manifest = loaded.as_ref().zip(path.as_deref()).map(|(loaded, path)| {
        let LoadedManifest { desired, places, files: _, skipped: _ } = loaded;
        ReviewedManifest { desired, places, path }
    });
    let base = PathBase { here: &here, root: &root };
    let (stale_after, today) = (*stale_after, today()?);
    let input = ReviewInput { manifest, live: &live, today, stale_after, base: &base };
    let mut review = Review::new(input);
    if let Some((path, earlier)) = earlier {
        review = review.since(earlier).map_err(|error| refused(path, error))?;
    }
    terminal::print(&match format {
        ReviewFormat::Table => report::review_table(&review),
        ReviewFormat::Csv => report::review_csv(&review),
        ReviewFormat::Markdown => report::review_markdown(&review, *max_bytes),
        ReviewFormat::Json => review.json(),
    })?;
    if review.is_complete() {
        return Ok(Exit::Fine);
    }
    // The other formats say so themselves.
    if *format == ReviewFormat::Csv {
        let gaps: Vec<String> = review.gaps().iter().map(|gap| escape_line(gap)).collect();
        terminal::say(&format!("warning: the review is incomplete: {}", gaps.join("; ")));
    }
    Ok(Exit::Incomplete)
}

/// Reads the users, and refuses the key of another manager than the manifest names.
async fn read(global: &Global, desired: Option<&Desired>) -> Result<Live, Failure> {
    let none = Desired::new(String::new());
    let desired = desired.unwrap_or(&none);
    let reader = connect::session(global)?.reader();
    // Boxed: the read is large.
    let reading = Box::pin(detect::users(&reader, desired));
    let live = Progress::reading(global, &reader, reading).await?;
    if let (Some(wanted), Some(found)) = (&desired.manager, detect::wrong_manager(desired, &live)) {
        let (wanted, found) = (wanted.clone(), found.clone());
        return Err(ObserveError::<state::Error>::WrongManager { wanted, found }.into());
    }
    Ok(live)
}

/// Reads an earlier review.
fn load(path: &Path) -> Result<EarlierReview, Failure> {
    let bytes = private_file::read(path, LARGEST).map_err(|error| refused(path, error))?;
    EarlierReview::read(&bytes).map_err(|error| refused(path, error))
}

fn refused(path: &Path, error: impl Into<anyhow::Error>) -> Failure {
    let error = error.into().context(format!("reading the earlier review {}", path.display()));
    Failure::new(
        error,
        "Name a file that `trunkline review --format json` wrote for this organization.",
    )
}
