//! `trunkline import --csv FILE`: a spreadsheet as entries of a manifest, without a network, a key or a state.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context as _;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::import::{self, Args, Kind};
use super::terminal;
use crate::manifest::{self, LeftOut, MAX_BYTES, Sheet, SheetKind};
use crate::model::{Desired, Email};
use crate::report::escape_line;

/// The number of entries that a line names.
const NAMED: usize = 10;

/// Reads a spreadsheet, and writes a manifest of its entries. Everything that is left out is named on stderr.
pub(super) fn run(global: &Global, args: &Args, csv: &Path) -> Result<Exit, Failure> {
    let Args { organization, out, csv: _, kind, manifest } = args;
    let listed = manifest.as_deref().map(|path| Ok::<_, Failure>((path, manifest::load(path)?)));
    let listed = listed.transpose()?;
    let kind = kind.map(|kind| match kind {
        Kind::Accounts => SheetKind::Accounts,
        Kind::Users => SheetKind::Users,
    });
    let (name, bytes) = read(csv)?;
    let mut sheet = manifest::read_sheet(name, bytes, kind)?;
    report(global, &sheet.left_out);
    let organization = match &listed {
        Some((path, desired)) => {
            leave_out_listed(global, &mut sheet, path, desired)?;
            &desired.organization
        }
        None => organization,
    };
    if sheet.count() == 0 {
        terminal::say("No new entries; nothing was written.");
        return Ok(Exit::Fine);
    }
    import::write(out.as_deref(), &text(&sheet, organization)?)?;
    Ok(Exit::Fine)
}

/// Leaves out the entries that a manifest has, so that both can be in one folder.
fn leave_out_listed(
    global: &Global,
    sheet: &mut Sheet,
    path: &Path,
    listed: &Desired,
) -> Result<(), Failure> {
    let path = escape_line(&path.display().to_string());
    let emails: Vec<String> = sheet.remove_listed(listed).iter().map(Email::to_string).collect();
    if !emails.is_empty() {
        let (verb, count) =
            (if emails.len() == 1 { "entry is" } else { "entries are" }, emails.len());
        terminal::note(global, &format!("{count} {verb} already in {path}: {}", named(&emails)));
    }
    let owner = listed.users.iter().flat_map(BTreeMap::values).find(|user| user.is_owner());
    let other = sheet.users.values().find(|user| user.is_owner());
    if let (Some(owner), Some(other)) = (owner, other) {
        let error = anyhow::anyhow!(
            "{} is the owner in {path}, and {} in the spreadsheet",
            owner.email,
            other.email
        );
        return Err(Failure::new(
            error,
            "An organization has only one owner: correct one of them.",
        ));
    }
    Ok(())
}

/// Reads a file or stdin, up to one byte more than is accepted, and returns its name in messages.
fn read(csv: &Path) -> Result<(&Path, Vec<u8>), Failure> {
    fn all(source: impl Read) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
    let (name, bytes) = if csv == Path::new("-") {
        (Path::new("stdin"), all(io::stdin().lock()))
    } else {
        (csv, File::open(csv).and_then(all))
    };
    let reading = || format!("reading {}", escape_line(&name.display().to_string()));
    let bytes = bytes.with_context(reading).map_err(|error| {
        Failure::new(error, "Name a spreadsheet that was saved as CSV, or - for stdin.")
    })?;
    Ok((name, bytes))
}

/// Returns the manifest of the entries, after checking that it reads back.
fn text(sheet: &Sheet, organization: &str) -> Result<String, Failure> {
    let text = sheet.yaml(organization);
    let read = manifest::parse(Path::new("import"), &text)
        .context("reading back the generated manifest")?;
    if read != sheet.desired(organization) {
        let error = "the generated manifest has other entries; nothing was written";
        return Err(anyhow::Error::msg(error).into());
    }
    Ok(text)
}

/// Names what the entries lack.
fn report(global: &Global, left_out: &LeftOut) {
    let LeftOut { columns, cancelled, enabled, roles } = left_out;
    for column in columns {
        terminal::note(global, &format!("warning: ignored the column {}", quoted(column)));
    }
    let roles: Vec<String> = roles.iter().map(|role| quoted(role)).collect();
    let lines = [
        ("roles other than that of the owner are left out", &roles),
        ("cancelled accounts are left out", cancelled),
        ("`enabled` is left out for accounts that are blocked or whose status is unknown", enabled),
    ];
    for (why, what) in lines {
        if !what.is_empty() {
            terminal::note(global, &format!("warning: {why}: {}", named(what)));
        }
    }
}

/// The first names, and the number of the others.
fn named(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(NAMED).map(|name| escape_line(name)).collect();
    let more = names.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", first.join(", "))
}

/// A text in quotes, for one line.
fn quoted(text: &str) -> String {
    escape_line(&format!("\"{text}\""))
}
