//! The plan of an apply: one that is made now, or what is left of a saved one.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Args, saved};
use crate::cli::exit::Failure;
use crate::cli::global::{Global, manifest_path};
use crate::cli::plan::{self, Planned};
use crate::cli::reports::{Files, PlanSource};
use crate::cli::store;
use crate::execute::{Ending, Outcome, SkipReason, Summary};
use crate::model::{AccountId, Desired};
use crate::plan::{Finding, Plan, WithheldReason};
use crate::report::{self, ReportFormat, SavedPlan, StateInfo};
use crate::state::{Journal, Location, StateChange, Store};
use crate::telnyx::Reader;

/// The formats that reviewers read, which therefore show the problems of a manifest too.
const REVIEWED: [ReportFormat; 2] = [ReportFormat::Markdown, ReportFormat::Github];

/// The input of an apply.
pub(super) enum Order {
    /// A manifest.
    Manifest {
        /// The manifest.
        desired: Box<Desired>,
        /// The manifest before the change.
        base: Option<Box<Desired>>,
    },
    /// A saved plan.
    Saved(Box<SavedPlan>),
}

impl Order {
    /// Reads the files that the arguments name, and refuses a plan and a manifest that do not match.
    pub(super) fn read(args: &Args, reports: &mut Files) -> Result<(Self, PlanSource), Failure> {
        match (&args.plan, &args.path) {
            (Some(file), path) => {
                let saved = saved::load(file, args.expect.as_deref())?;
                let mut source = PlanSource::default();
                if let Some(path) = path {
                    let (desired, read) = reports.load(path, args.format, &REVIEWED)?;
                    saved::check_manifest(&saved, &desired, path)?;
                    source = read;
                }
                source.saved = Some(file.clone());
                source.expires_at = Some(saved.expires_at().to_string());
                Ok((Self::Saved(Box::new(saved)), source))
            }
            (None, path) => {
                let path = manifest_path(path.as_deref())?;
                let (desired, source) = reports.load(&path, args.format, &REVIEWED)?;
                let base = args.since.load()?.map(Box::new);
                Ok((Self::Manifest { desired: Box::new(desired), base }, source))
            }
        }
    }

    /// The state that the options name, or the default one of the manifest. A saved plan that is applied without
    /// its manifest uses the state it was made with, if that outlives a run.
    pub(super) fn store(&self, global: &Global, args: &Args) -> Result<Store, Failure> {
        let organization = &self.desired().organization;
        if let (Self::Saved(saved), None, None) = (self, &args.path, store::named(global)?) {
            let folder = args.plan.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
            let location = match &saved.state.path_from_plan {
                Some(path) => Location::File(folder.join(path)),
                None => Location::parse(&saved.state.location)?,
            };
            if !matches!(location, Location::None | Location::Memory) {
                return Ok(Store::new(&location));
            }
        }
        let manifest = manifest_path(args.path.as_deref()).unwrap_or_default();
        store::store(global, &manifest, organization)
    }

    pub(super) fn desired(&self) -> &Desired {
        match self {
            Self::Manifest { desired, base: _ } => desired,
            Self::Saved(saved) => &saved.desired,
        }
    }

    /// The manager of a saved plan. `None` for a manifest: the live accounts name it.
    pub(super) fn manager(&self) -> Option<AccountId> {
        match self {
            Self::Manifest { .. } => None,
            Self::Saved(saved) => saved::manager(saved),
        }
    }

    /// Refuses a saved plan that was made for another base URL.
    pub(super) fn check_base_url(&self, reader: &Reader) -> Result<(), Failure> {
        match self {
            Self::Manifest { .. } => Ok(()),
            Self::Saved(saved) => saved::check_base_url(saved, reader),
        }
    }

    /// Reads the live side and plans.
    pub(super) async fn prepare(
        self,
        global: &Global,
        args: &Args,
        reader: &Reader,
        (journal, state): (&Journal, StateInfo),
    ) -> Result<Prepared, Failure> {
        match self {
            Self::Manifest { desired, base } => {
                let known = async |_| Ok(journal.state());
                let observation = plan::observe(global, None, reader, &desired, known).await?;
                let (base, digest) = (base.as_deref(), report::desired_digest(&desired));
                let desired = (*desired, digest);
                let planned =
                    Planned::make(reader, desired, base, observation, state, &args.targets)?;
                let (planned, expected) =
                    planned.choose(args.only, &args.since, args.expect.as_deref());
                expected?;
                Ok(Prepared::whole(planned))
            }
            Self::Saved(saved) => saved::prepare(global, reader, *saved, (journal, state)).await,
        }
    }
}

/// A plan that is ready to be sent.
pub(super) struct Prepared {
    /// The whole plan.
    pub planned: Planned,
    /// The part that is sent.
    pub todo: Plan,
    /// The outcomes of the other actions, by their places in the plan.
    pub settled: BTreeMap<usize, Outcome>,
    /// The record that the saved plan was applied, for when all of it is done.
    pub used: Option<StateChange>,
}

impl Prepared {
    /// A plan that is sent as a whole.
    pub(super) fn whole(planned: Planned) -> Self {
        Self { todo: planned.plan.clone(), planned, settled: BTreeMap::new(), used: None }
    }

    /// Returns true if a rule withheld something; an incomplete inventory has an exit status of its own.
    pub(super) fn withholds(&self) -> bool {
        let plan = &self.planned.plan;
        let of_rule = plan.withheld > 0
            && (plan.inventory.complete || plan.findings.iter().any(Finding::names_a_rule));
        let withheld = |outcome: &Outcome| match outcome.ending {
            Ending::Skipped(SkipReason::Withheld(WithheldReason::Incomplete)) => false,
            Ending::Skipped(_) => true,
            _ => false,
        };
        of_rule || self.settled.values().any(withheld)
    }

    /// A line about what is not sent, if anything differs.
    pub(super) fn unsent(&self) -> Option<String> {
        let plan = &self.planned.plan;
        if plan.actions.is_empty() && plan.has_drift() {
            return Some("nothing to send: the plan has findings only".to_owned());
        }
        let settled: Vec<Outcome> = self.settled.values().cloned().collect();
        let counts = Summary::of(&settled).counts().into_iter().filter(|(count, _)| *count > 0);
        let name = |name| if name == "skipped" { "withheld" } else { name };
        let parts: Vec<String> =
            counts.map(|(count, ending)| format!("{count} {}", name(ending))).collect();
        let (all, not) = (plan.actions.len(), settled.len());
        (not > 0)
            .then(|| format!("{not} of {all} saved actions are not sent: {}", parts.join(", ")))
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
