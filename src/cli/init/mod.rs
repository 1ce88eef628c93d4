//! `trunkline init [DIR]`: the files of a new organization.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as _, FromArgMatches as _};

use super::atomic::Replacement;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::{connect, import, terminal};
use crate::manifest;
use crate::report::{StateInfo, escape_line};
use crate::state::Location;

const MANIFEST: &str = "trunkline.yaml";
/// The schema for editors. Its name keeps it out of a manifest that is the whole folder, and it is not in the folder
/// of the state, which is not in git.
const SCHEMA: &str = ".trunkline.schema.json";
const GITIGNORE: &str = ".gitignore";
/// The comment by which editors find the schema.
const MODELINE: &str = "# yaml-language-server: $schema=./.trunkline.schema.json\n";
const EXAMPLE: &str = include_str!("example.yaml");
const DEFAULT_LABEL: &str = "my-organization";

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Folder for the files, created if it does not exist [default: the working
    /// directory]
    dir: Option<PathBuf>,
    /// Label of the organization in the manifest [default: the name of the folder]
    #[arg(long, value_name = "LABEL")]
    organization: Option<String>,
    /// Write an example, even if there is a key
    #[arg(long)]
    example: bool,
}

/// Writes a manifest, a schema for editors, and a `.gitignore`. No file is overwritten.
pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let folder = args.dir.as_deref().unwrap_or(Path::new(""));
    let path = folder.join(MANIFEST);
    if path.symlink_metadata().is_ok() {
        let error = anyhow::anyhow!("{} already exists; nothing was written", path.display());
        return Err(Failure::new(error, "Name another folder, or move the existing file."));
    }
    let label = match &args.organization {
        Some(label) => label.clone(),
        None => label_of(folder),
    };
    if !manifest::takes_label(&label) {
        let error = anyhow::anyhow!("{label:?} is not a valid organization label");
        let hint = "Use 1 to 64 of a-z, A-Z, 0-9, - _ . and no dot in front.";
        return Err(Failure::new(error, hint));
    }
    if !folder.as_os_str().is_empty() {
        let creating = || format!("creating the folder {}", folder.display());
        let hint = "Name a folder where you may write.";
        let created = fs::create_dir_all(folder).with_context(creating);
        created.map_err(|error| Failure::new(error, hint))?;
    }
    let is_live = !args.example && connect::has_key(global);
    if is_live {
        import(global, &label, &path).await?;
    } else {
        example(global, &label, &path)?;
    }
    if create(&folder.join(SCHEMA), &manifest::schema())? {
        wrote(global, &folder.join(SCHEMA));
    }
    if ignore(&folder.join(GITIGNORE))? {
        wrote(global, &folder.join(GITIGNORE));
    }
    terminal::print(&next(global, args, &path, is_live))?;
    Ok(Exit::Fine)
}

/// Imports the live organization, and adds the comment for editors.
async fn import(global: &Global, label: &str, path: &Path) -> Result<(), Failure> {
    let parser = import::Args::augment_args(clap::Command::new("import"));
    let words: [OsString; 5] =
        ["import".into(), "--organization".into(), label.into(), "--out".into(), path.into()];
    let matches = parser.try_get_matches_from(words);
    let args = matches.and_then(|matches| import::Args::from_arg_matches(&matches));
    import::run(global, &args.map_err(anyhow::Error::from)?).await?;
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let replace = || Replacement::probe(path)?.write(&format!("{MODELINE}{text}"));
    replace().with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}

fn example(global: &Global, label: &str, path: &Path) -> Result<(), Failure> {
    let text = EXAMPLE.replace("ORGANIZATION", label);
    create(path, &format!("{MODELINE}{text}"))?;
    wrote(global, path);
    Ok(())
}

/// The name of the folder, if it can be a label.
fn label_of(folder: &Path) -> String {
    let whole =
        folder.canonicalize().or_else(|_| std::env::current_dir().map(|here| here.join(folder)));
    let name = whole.ok().and_then(|whole| Some(whole.file_name()?.to_str()?.to_owned()));
    name.filter(|name| manifest::takes_label(name)).unwrap_or_else(|| DEFAULT_LABEL.to_owned())
}

/// Creates a file. Returns false if it exists.
fn create(path: &Path, text: &str) -> anyhow::Result<bool> {
    let opened = OpenOptions::new().write(true).create_new(true).open(path);
    let write = |mut file: fs::File| file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    match opened.and_then(write) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("writing {}", path.display())),
    }
}

/// Adds the folder of the state to the files that git ignores. Returns false if it is there.
fn ignore(path: &Path) -> anyhow::Result<bool> {
    let line = format!("{}/", Location::FOLDER);
    if create(path, &format!("{line}\n"))? {
        return Ok(true);
    }
    let add = || -> std::io::Result<bool> {
        let text = String::from_utf8_lossy(&fs::read(path)?).into_owned();
        let pattern = |line: &str| line.trim().trim_matches('/').to_owned();
        if text.lines().any(|line| pattern(line) == Location::FOLDER) {
            return Ok(false);
        }
        let start = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let mut file = OpenOptions::new().append(true).open(path)?;
        file.write_all(format!("{start}{line}\n").as_bytes())?;
        Ok(true)
    };
    add().with_context(|| format!("adding {line} to {}", path.display()))
}

fn wrote(global: &Global, path: &Path) {
    terminal::note(global, &format!("Wrote {}", escape_line(&path.display().to_string())));
}

/// The commands to run next.
fn next(global: &Global, args: &Args, path: &Path, is_live: bool) -> String {
    let named = std::env::var_os("TRUNKLINE_MANIFEST").is_some_and(|value| !value.is_empty());
    // Without PATH, commands read this manifest only if it is the default one.
    let path = (args.dir.is_some() || named).then(|| path.display().to_string());
    let state = StateInfo { option: global.state.clone(), ..StateInfo::default() };
    let command = |state: &StateInfo, name| {
        let words: Vec<&str> = [name].into_iter().chain(path.as_deref()).collect();
        state.command(&words)
    };
    let plan = command(&state, "plan");
    if is_live {
        let apply = command(&state, "apply");
        return format!(
            "\nTo compare the manifest with Telnyx, and to apply what you change in it:\n  {plan}\n  {apply}\n"
        );
    }
    let validate = command(&StateInfo::default(), "validate");
    format!(
        "\nEdit the manifest, check it, set TELNYX_API_KEY, and compare it with Telnyx:\n  {validate}\n  {plan}\n"
    )
}
