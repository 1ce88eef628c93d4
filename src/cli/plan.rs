//! `trunkline plan PATH`

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::apply::Approval;
use super::exit::{Exit, Failure};
use super::global::{Global, digest, manifest_path};
use super::progress::Progress;
use super::reports::{PlanSource, Reports, one_of};
use super::{connect, private_file, store, terminal};
use crate::detect::{self, EarlyRead, Needs, Observation, ObserveError};
use crate::manifest::{ManifestFiles, Outline};
use crate::model::{AccountId, Day, Desired, Email, Live, State};
use crate::plan::{Guard, Plan};
use crate::report::{
    self, BoundTo, PlanContext, PlanReport, ReportContent, ReportFormat, StateInfo,
};
use crate::state::{self, Location};
use crate::telnyx::Reader;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifest: a file or a folder
    path: Option<PathBuf>,
    /// Exit with 2 if something differs
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    since: Since,
    /// With --base, show only this-change, or only the drift from before it, in
    /// every report; the exit status follows
    #[arg(long, value_name = "WHICH", requires = "base", hide_possible_values = true)]
    only: Option<Only>,
    /// Exit with 4 unless the plan has this digest
    #[arg(long, value_name = "sha256:…", value_parser = digest)]
    expect: Option<String>,
    #[command(flatten)]
    targets: Targets,
    /// Save the plan to FILE (mode 0600), for apply --plan within 24 hours
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMS))]
    format: ReportFormat,
    #[command(flatten)]
    reports: Reports,
}

/// The actions of `--only`, by origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Only {
    /// Differences from before the change.
    Drift,
    /// Differences made by the change from --base to PATH.
    ThisChange,
}

impl Only {
    /// Parses the one choice that apply has.
    pub(super) fn this_change() -> impl TypedValueParser<Value = Self> {
        PossibleValuesParser::new(["this-change"]).map(|_| Self::ThisChange)
    }
}

/// The manifest before a change.
#[derive(clap::Args, Debug, Default)]
pub(super) struct Since {
    /// Manifest before the change: each action gets an origin, and the stricter
    /// policy of the two applies
    #[arg(long, value_name = "PATH")]
    base: Option<PathBuf>,
}

/// The formats of `--format`.
const FORMS: [ReportFormat; 5] = [
    ReportFormat::Text,
    ReportFormat::Json,
    ReportFormat::Markdown,
    ReportFormat::Diff,
    ReportFormat::Github,
];
/// The formats that reviewers read, which therefore show the problems of a manifest too.
const REVIEWED: [ReportFormat; 2] = [ReportFormat::Markdown, ReportFormat::Github];

/// The accounts and users to leave in a plan.
#[derive(clap::Args, Debug, Default)]
pub(super) struct Targets {
    /// Only this account or user (repeatable); safety limits still apply to the
    /// whole plan
    #[arg(long = "target", value_name = "EMAIL")]
    emails: Vec<String>,
}

/// A plan with its inputs.
pub(super) struct Planned {
    pub desired: Desired,
    pub live: Live,
    pub plan: Plan,
    pub bound_to: BoundTo,
    pub state: StateInfo,
}

impl Args {
    /// The manifest, if it was named.
    pub(super) fn manifest(&self) -> Option<String> {
        self.path.as_ref()?.to_str().map(str::to_owned)
    }

    /// The options that select a part of the plan.
    pub(super) fn selection(&self) -> Vec<String> {
        selection(self.only, &self.since, &self.targets)
    }
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let mut reports = args.reports.open()?;
    let path = manifest_path(args.path.as_deref())?;
    let files = ManifestFiles::read(&path);
    let session = connect::session(global);
    // Telnyx answers while the manifest is parsed. An invalid base must be reported before anything is sent.
    let session_if_early = session.as_ref().ok().filter(|_| args.since.base.is_none());
    let begun = session_if_early.map(|session| begin(session.reader(), files.outline()));
    let (desired, mut source) = reports.parse(&path, files, args.format, &REVIEWED)?;
    let base = args.since.load()?;
    let reader = session?.reader();
    let store = store::store(global, &path, &desired.organization)?;
    let mut info = None;
    let state = async |manager: Option<AccountId>| {
        let binding = store::binding(&desired, &reader, manager.as_ref());
        let (state, found) = store::read(global, &store, &binding).await?;
        info = Some(found);
        Ok(state)
    };
    // Before the answers are waited for: the digest of a large manifest takes as long as its plan.
    let digest = report::desired_digest(&desired);
    let observation = observe(global, begun, &reader, &desired, state).await?;
    let info = info.unwrap_or_default();
    let info = StateInfo { manifest: args.manifest(), selection: args.selection(), ..info };
    let planned =
        Planned::make(&reader, (desired, digest), base.as_ref(), observation, info, &args.targets)?;
    let (planned, expected) = planned.choose(args.only, &args.since, args.expect.as_deref());
    if let Some(path) = args.out.as_ref().filter(|_| expected.is_ok()) {
        source.expires_at = Some(save(global, &planned, path)?);
        source.saved = Some(path.clone());
    }
    let body = ReportContent::Plan(planned.context(&source));
    reports.print(args.format, body, terminal::style(global))?;
    reports.write(body)?;
    expected?;
    Ok(match &planned.plan {
        plan if !plan.inventory.complete => Exit::Incomplete,
        plan if args.detailed_exitcode && plan.has_drift() => Exit::Drift,
        _ => Exit::Fine,
    })
}

/// The options that select a part of a plan, as they were given.
pub(super) fn selection(only: Option<Only>, since: &Since, targets: &Targets) -> Vec<String> {
    let only = only.map(|only| match only {
        Only::Drift => "drift",
        Only::ThisChange => "this-change",
    });
    // Without --only, a base changes no action.
    let base = since.option().filter(|_| only.is_some());
    let only = only.map(|which| ["--only".to_owned(), which.to_owned()]);
    base.into_iter().chain(only).flatten().chain(targets.options()).collect()
}

/// Saves a plan, and returns the time until which it can be applied.
fn save(global: &Global, planned: &Planned, path: &Path) -> Result<String, Failure> {
    let now = jiff::Timestamp::now();
    let path_from_plan = path_between(path, &planned.state.location)?;
    let state = StateInfo { path_from_plan, ..planned.state.clone() };
    let content = PlanReport { state: &state, ..planned.report() };
    let text = report::save(content, &planned.desired, now).map_err(anyhow::Error::from)?;
    let place = path.display();
    private_file::write(path, &text)
        .with_context(|| format!("saving the plan in {place}"))
        .map_err(|error| Failure::new(error, "Name a file in a folder where you may write."))?;
    let digest = report::digest(planned.report());
    let hours = report::LIFETIME.as_secs() / 3600;
    let words = ["apply", "--plan", &place.to_string(), "--expect", &digest].map(str::to_owned);
    let words: Vec<String> = words.into_iter().chain(Approval::needed(&planned.plan)).collect();
    let command = planned.state.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let refused = planned.plan.guards.iter().any(Guard::refused);
    let over = if refused { ", over its safety limits" } else { "" };
    terminal::note(global, &format!("saved for {hours} hours{over}: {command}"));
    Ok(report::expiry(now).to_string())
}

/// The path of a state's file from the folder of a plan's file. `None` if the state is not a file.
fn path_between(plan: &Path, state: &str) -> anyhow::Result<Option<String>> {
    let Ok(Location::File(state)) = Location::parse(state) else { return Ok(None) };
    let absolute = |path: &Path| std::path::absolute(path).context("reading the working directory");
    let (plan, state) = (absolute(plan)?, absolute(&state)?);
    let folder = plan.parent().unwrap_or(Path::new("/"));
    let shared = folder.components().zip(state.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(state.components().skip(shared)).collect();
    Ok(path.to_str().map(str::to_owned))
}

/// Begins to read what a manifest of this outline needs.
fn begin(reader: Reader, outline: Outline) -> EarlyRead {
    let Outline { accounts, users, channel_limits } = outline;
    EarlyRead::begin(reader, Needs::new(accounts, users, channel_limits))
}

/// Reads the live side and the state. It holds a reader and cannot change anything.
pub(super) async fn observe<Loading>(
    global: &Global,
    begun: Option<EarlyRead>,
    reader: &Reader,
    desired: &Desired,
    state: impl FnOnce(Option<AccountId>) -> Loading,
) -> Result<Observation, Failure>
where
    Loading: Future<Output = Result<State, state::Error>>,
{
    // Boxed: the read is large, and every future that awaits it would carry it.
    let observing = Box::pin(detect::observe_after(begun, reader, desired, state));
    Ok(Progress::reading(global, reader, observing).await?)
}

impl From<ObserveError<state::Error>> for Failure {
    fn from(error: ObserveError<state::Error>) -> Self {
        match error {
            ObserveError::Telnyx(error) => match error.hint_with_manifest() {
                Some(hint) => Self::new(error, hint),
                None => Self::from(error),
            },
            ObserveError::State(error) => Self::from(error),
            ObserveError::WrongManager { .. } => Self::refused(
                error.to_string(),
                "Nothing was sent. Use a key of the expected manager, or correct manager_account_id and plan again.",
            ),
            ObserveError::Clock(_) => Self::from(anyhow::Error::from(error)),
        }
    }
}

/// Returns today's date in UTC.
pub(super) fn today() -> anyhow::Result<Day> {
    detect::today().context("reading the clock")
}

impl Since {
    /// Loads the base, if one is named.
    pub(super) fn load(&self) -> Result<Option<Desired>, Failure> {
        let base = self.base.as_deref().map(crate::manifest::load).transpose();
        base.map_err(Failure::from)
    }

    /// The option as it was given, for a printed command.
    pub(super) fn option(&self) -> Option<[String; 2]> {
        self.base.as_ref().map(|base| ["--base".to_owned(), base.display().to_string()])
    }
}

impl Targets {
    /// The options as they were given, for a printed command.
    pub(super) fn options(&self) -> impl Iterator<Item = String> {
        self.emails.iter().flat_map(|email| ["--target".to_owned(), email.clone()])
    }

    /// Leaves the chosen accounts and users of a plan, or all of it if none is chosen.
    fn choose(&self, plan: Plan, desired: &Desired, live: &Live) -> Result<Plan, Failure> {
        if self.emails.is_empty() {
            return Ok(plan);
        }
        let targets: BTreeSet<Email> = self.emails.iter().map(Email::new).collect();
        if let Some(stranger) = Plan::unmatched_targets(desired, live, &targets).first() {
            let error =
                anyhow::anyhow!("--target {stranger} is neither in the manifest nor in Telnyx");
            return Err(Failure::new(error, "Use the email of an account or a user."));
        }
        Ok(plan.choose(desired, live, &targets))
    }
}

impl Planned {
    /// Plans for a manifest with this digest, and leaves the chosen targets.
    pub(super) fn make(
        reader: &Reader,
        (desired, digest): (Desired, String),
        base: Option<&Desired>,
        observation: Observation,
        state: StateInfo,
        targets: &Targets,
    ) -> Result<Self, Failure> {
        let plan = observation.plan(&desired, base);
        let live = observation.live;
        let plan = targets.choose(plan, &desired, &live)?;
        let bound_to = BoundTo {
            desired: digest,
            manager_account_id: detect::manager(&live).map(|id| id.as_str().to_owned()),
            base_url: reader.base_url(),
        };
        Ok(Self { desired, live, plan, bound_to, state })
    }

    /// Leaves the actions of one origin, and refuses a plan with another digest than the expected one.
    /// The digest may be of the whole plan or of what is left of it.
    pub(super) fn choose(
        self,
        only: Option<Only>,
        since: &Since,
        expected: Option<&str>,
    ) -> (Self, Result<(), Failure>) {
        let whole = report::digest(self.report());
        let plan = match only {
            None => self.plan,
            Some(Only::ThisChange) => self.plan.only_this_change(),
            Some(Only::Drift) => self.plan.only_drift(),
        };
        let chosen = Self { plan, ..self };
        let digest = report::digest(chosen.report());
        let matches = expected.is_none_or(|expected| expected == whole || expected == digest);
        let checked = if matches {
            Ok(())
        } else {
            let expected = expected.unwrap_or_default();
            let why = format!("the plan has digest {digest}, but --expect is {expected}");
            let again = chosen.again(since);
            let hint = format!("Nothing was sent. Run `{again}` to review what has changed.");
            Err(Failure::stale(why, hint))
        };
        (chosen, checked)
    }

    /// The command that shows this plan.
    fn again(&self, since: &Since) -> String {
        let StateInfo { manifest, selection, .. } = &self.state;
        // The stricter policy of a base may have changed the actions.
        let base = since.option().filter(|[option, _]| !selection.contains(option));
        let words = ["plan".to_owned()].into_iter().chain(manifest.clone());
        let words: Vec<String> =
            words.chain(base.into_iter().flatten()).chain(selection.iter().cloned()).collect();
        self.state.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The plan as a report.
    pub(super) fn report(&self) -> PlanReport<'_> {
        let Self { desired, live: _, plan, bound_to, state } = self;
        PlanReport { organization: &desired.organization, bound_to, plan, state }
    }

    /// The plan with its context, for reports that point into files.
    pub(super) fn context<'a>(&'a self, source: &'a PlanSource) -> PlanContext<'a> {
        let Self { desired, live, .. } = self;
        let PlanSource { path, places, files: _, saved, expires_at } = source;
        PlanContext {
            report: self.report(),
            desired,
            live,
            places,
            path: path.as_deref(),
            saved: saved.as_deref(),
            expires_at: expires_at.as_deref(),
        }
    }
}
