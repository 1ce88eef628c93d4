//! `trunkline import`

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::plan::today;
use super::progress::Progress;
use super::{connect, import_csv, store, terminal};
use crate::detect;
use crate::manifest;
use crate::model::{Day, Live, State};
use crate::plan::plan;
use crate::report::{Import, escape_line};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Label of the organization in the manifest
    #[arg(long, value_name = "LABEL", default_value = "my-organization")]
    pub(super) organization: String,
    /// Write to this file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Read a spreadsheet saved as CSV instead of Telnyx; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Kind of its rows, if the columns do not show it: accounts or users
    #[arg(long, value_name = "KIND", requires = "csv", hide_possible_values = true)]
    pub(super) kind: Option<Kind>,
    /// Leave out the entries of this manifest, and use its organization
    #[arg(long, value_name = "PATH", requires = "csv", conflicts_with = "organization")]
    pub(super) manifest: Option<PathBuf>,
}

/// The kind of the rows of a spreadsheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Accounts,
    Users,
}

/// Reads the live organization, and writes a manifest of it.
pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    if !manifest::takes_label(&args.organization) {
        let error = anyhow::anyhow!("{:?} is not a valid organization label", args.organization);
        return Err(Failure::new(
            error,
            "Use 1 to 64 of a-z, A-Z, 0-9, - _ . and no dot in front.",
        ));
    }
    if let Some(csv) = &args.csv {
        return import_csv::run(global, args, csv);
    }
    let reader = connect::session(global)?.reader();
    let read = Box::pin(detect::whole(&reader));
    let live = Progress::reading(global, &reader, read).await?;
    whole(&live)?;
    let store =
        store::store(global, args.out.as_deref().unwrap_or(Path::new("")), &args.organization)?;
    let today = today()?;
    let bare = Import::new(&args.organization, &live, &BTreeMap::new(), end_of_next_year(today)?);
    let binding = store::binding(&bare.desired, &reader, live.manager.as_ref());
    let (known, _) = store::read(global, &store, &binding).await?;
    let text = text(&bare, &live, &known, today)?;
    write(args.out.as_deref(), &text)?;
    Ok(Exit::Fine)
}

/// Refuses an incomplete inventory: an account that a manifest lacks would count as unlisted.
fn whole(live: &Live) -> Result<(), Failure> {
    if live.gaps.is_empty() {
        return Ok(());
    }
    let gaps: Vec<String> = live.gaps.iter().map(|gap| escape_line(&gap.to_string())).collect();
    let why = format!("the inventory is incomplete: {}", gaps.join("; "));
    Err(Failure::incomplete(why, "Nothing was written. Run `trunkline import` again."))
}

/// Returns the manifest with the known channel limits, after checking that it reads back and plans to in sync.
fn text(bare: &Import, live: &Live, known: &State, today: Day) -> Result<String, Failure> {
    let import = bare.complete(live, known, today);
    let text = import.yaml();
    let read = manifest::parse(Path::new("import"), &text)
        .context("reading back the generated manifest")?;
    let actions = plan(&read, &import.seen(live), known, today).actions;
    if read != import.desired || !actions.is_empty() {
        return Err(anyhow::Error::msg(
            "the generated manifest would not be in sync; nothing was written",
        )
        .into());
    }
    Ok(text)
}

fn end_of_next_year(today: Day) -> Result<Day, Failure> {
    let year = today.to_string().split('-').next().and_then(|year| year.parse::<u16>().ok());
    let day = year.map(|year| Day::new(year.saturating_add(1), 12, 31));
    Ok(day.and_then(Result::ok).context("reading the clock")?)
}

/// Writes a manifest to a new file and creates its folder, or prints the manifest.
pub(super) fn write(out: Option<&Path>, text: &str) -> Result<(), Failure> {
    let Some(path) = out else { return terminal::print(text) };
    if let Some(folder) = path.parent() {
        let name = escape_line(&folder.display().to_string());
        fs::create_dir_all(folder).with_context(|| format!("creating the folder {name}"))?;
    }
    let name = escape_line(&path.display().to_string());
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).open(path) {
        Ok(mut file) => file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(|| format!("writing {name}"))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let error = anyhow::anyhow!("{name} already exists");
            return Err(Failure::new(
                error,
                "Name another file with --out, or move the existing one.",
            ));
        }
        Err(error) => {
            return Err(anyhow::Error::from(error).context(format!("writing {name}")).into());
        }
    }
    terminal::say(&format!("Wrote {name}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::*;
    use crate::cli::exit;
    use crate::model::{Gap, Half};
    use crate::report::{StateInfo, Style};

    #[test]
    fn an_incomplete_inventory_is_not_written() {
        let live = Live {
            gaps: vec![Gap::new(Half::Users, "users: two\nlists differ")],
            ..Live::default()
        };
        let failure = whole(&live).unwrap_err();
        let said = failure.to_string();
        assert!(said.contains(r"users: two\u{a}lists differ") && said.contains("hint: "), "{said}");
        assert_eq!(
            exit::report(Err(failure), Style::default(), &StateInfo::default()),
            ExitCode::from(7)
        );
        assert!(whole(&Live::default()).is_ok());
    }
}
