//! What an apply is about to do: all of a plan that was just made, or what is left of a saved one.

use std::collections::BTreeMap;

use super::{Args, Only, saved};
use crate::cli::exit::Failure;
use crate::cli::global::Global;
use crate::cli::plan::{self, Planned};
use crate::cli::reports::{Files, Source};
use crate::execute::{Ending, Outcome, Summary};
use crate::model::{AccountId, Desired};
use crate::plan::Plan;
use crate::report::{self, Form, Saved};
use crate::state::{Change, Journal};
use crate::telnyx::Reader;

/// The forms of outcomes that are read by people where the change is made, who see there what is wrong.
const REVIEWED: [Form; 2] = [Form::Markdown, Form::Github];

/// What is to be applied.
pub(super) enum Order {
    /// What a manifest says.
    Manifest {
        /// What is wanted.
        desired: Box<Desired>,
        /// What was wanted before the change.
        base: Option<Box<Desired>>,
    },
    /// A plan that was saved.
    Saved(Box<Saved>),
}

impl Order {
    /// Reads the files that the arguments name, and refuses what does not fit together.
    pub(super) fn read(args: &Args, reports: &mut Files) -> Result<(Self, Source), Failure> {
        match (&args.plan, &args.path) {
            (Some(file), path) => {
                let saved = saved::load(file, args.expect.as_deref())?;
                let mut source = Source::default();
                if let Some(path) = path {
                    let (desired, read) = reports.load(path, args.format, &REVIEWED)?;
                    saved::fits_manifest(&saved, &desired, path)?;
                    source = read;
                }
                source.saved = Some(file.clone());
                source.expires_at = Some(saved.expires_at().to_string());
                Ok((Self::Saved(Box::new(saved)), source))
            }
            (None, Some(path)) => {
                let (desired, source) = reports.load(path, args.format, &REVIEWED)?;
                let base = args.since.load()?.map(Box::new);
                Ok((Self::Manifest { desired: Box::new(desired), base }, source))
            }
            (None, None) => {
                let error = anyhow::Error::msg("there is nothing to apply");
                Err(Failure::new(error, "name a manifest, or a saved plan with --plan"))
            }
        }
    }

    pub(super) fn desired(&self) -> &Desired {
        match self {
            Self::Manifest { desired, base: _ } => desired,
            Self::Saved(saved) => &saved.desired,
        }
    }

    /// The manager that it is for, if that is known before anything is read.
    pub(super) fn manager(&self) -> Option<AccountId> {
        match self {
            Self::Manifest { .. } => None,
            Self::Saved(saved) => saved::manager(saved),
        }
    }

    /// Refuses to work somewhere else than where it was made for.
    pub(super) fn fits(&self, reader: &Reader) -> Result<(), Failure> {
        match self {
            Self::Manifest { .. } => Ok(()),
            Self::Saved(saved) => saved::fits_base_url(saved, reader),
        }
    }

    /// Looks at what is there, and says what is to be done.
    pub(super) async fn prepare(
        self,
        global: &Global,
        args: &Args,
        reader: &Reader,
        journal: &Journal,
    ) -> Result<Prepared, Failure> {
        match self {
            Self::Manifest { desired, base } => {
                let live = plan::look(global, reader, &desired).await?;
                let (known, base) = (journal.state(), base.as_deref());
                let planned = Planned::make(reader, *desired, base, live, &known, &args.targets)?;
                // What was looked at is the whole.
                expected(&planned, args.expect.as_deref())?;
                let planned = match args.only {
                    Some(Only::ThisChange) => planned.only_this_change(),
                    None => planned,
                };
                Ok(Prepared::whole(planned))
            }
            Self::Saved(saved) => saved::prepare(global, reader, *saved, journal).await,
        }
    }
}

/// Refuses a plan that is not the one that was looked at.
fn expected(planned: &Planned, expected: Option<&str>) -> Result<(), Failure> {
    let digest = report::digest(planned.report());
    match expected {
        Some(expected) if digest != expected => {
            let why =
                format!("a plan made now has the digest {digest}, and --expect is {expected}");
            Err(Failure::stale(why, "nothing was sent; look at the plan again"))
        }
        Some(_) | None => Ok(()),
    }
}

/// What an apply is about to do.
pub(super) struct Prepared {
    /// The whole plan.
    pub planned: Planned,
    /// What of it is sent.
    pub todo: Plan,
    /// What became of the others, by their places in the plan.
    pub settled: BTreeMap<usize, Outcome>,
    /// What the state learns when all of the plan is done.
    pub used: Option<Change>,
}

impl Prepared {
    /// All of a plan is sent.
    pub(super) fn whole(planned: Planned) -> Self {
        Self { todo: planned.plan.clone(), planned, settled: BTreeMap::new(), used: None }
    }

    /// Whether something is held back that was planned, though nothing is missing in the inventory.
    pub(super) fn holds_back(&self) -> bool {
        let held = |outcome: &Outcome| matches!(outcome.ending, Ending::Skipped);
        self.planned.plan.inventory.complete && self.settled.values().any(held)
    }

    /// What is not sent, in words. `None`: everything is.
    pub(super) fn unsent(&self) -> Option<String> {
        let settled: Vec<Outcome> = self.settled.values().cloned().collect();
        let Summary { done: _, satisfied, failed: _, stale, unknown: _, skipped } =
            Summary::of(&settled);
        let (all, not) = (self.planned.plan.actions.len(), settled.len());
        (not > 0).then(|| {
            format!(
                "{not} of the {all} saved actions are not sent: {satisfied} satisfied, {stale} stale, {skipped} held back"
            )
        })
    }

    /// One outcome per action of the whole plan, in its order.
    pub(super) fn outcomes(&self, sent: Vec<Outcome>) -> Vec<Outcome> {
        let mut sent = sent.into_iter();
        let places = 0..self.planned.plan.actions.len();
        places
            .filter_map(|place| self.settled.get(&place).cloned().or_else(|| sent.next()))
            .collect()
    }
}
