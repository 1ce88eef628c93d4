//! One run of the program: read, plan, remember, execute, with the real client and a state file in a file, in a
//! runtime of its own that is dropped when the run dies.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tempfile::TempDir;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use trunkline::detect;
use trunkline::execute::{Execution, Outcome, execute, remember};
use trunkline::model::{Live, State};
use trunkline::plan::{Action, FindingKind, Plan, plan};
use trunkline::state::{Binding, Journal, Location, LockHolder, StateChange, Store};
use trunkline::telnyx::{BaseUrl, Session, SessionConfig};

use super::api::{Api, Run};
use super::call::Op;
use super::fault::Script;
use super::world::World;
use crate::support::server::Server;
use crate::support::{KEY, budget};

/// The options of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunOptions {
    pub parallelism: usize,
    pub grace: Duration,
    /// The timeout of a request.
    pub timeout: Duration,
    /// True if every version of the state is looked at. Only one call at a time can come in then.
    pub watched: bool,
}

impl RunOptions {
    /// For a server that answers everything, on a machine that may be busy.
    pub(super) const PATIENT: Self = Self {
        parallelism: 1,
        grace: Duration::ZERO,
        timeout: Duration::from_secs(20),
        watched: false,
    };
    /// For one that does not. A timeout that comes too early is one more fault, and nothing is wrong with that.
    pub(super) const HASTY: Self = Self { timeout: Duration::from_millis(400), ..Self::PATIENT };
}

/// The result of a run.
#[derive(Debug)]
pub(super) struct RunResult {
    pub plan: Option<Plan>,
    pub live: Option<Live>,
    /// One per action, if it came to its end.
    pub outcomes: Option<Vec<Outcome>>,
    /// The number of outcomes that were reported as they happened.
    pub told: usize,
    /// The error that ended the run, if any.
    pub error: Option<String>,
    pub died: bool,
    pub before: State,
    pub after: State,
}

/// The API, and the folder of the state: what outlives a run.
pub(super) struct Site {
    pub api: Arc<Mutex<Api>>,
    server: Server,
    /// The runtime of the API, which outlives runs.
    outside: Handle,
    folder: TempDir,
}

/// The progress of a run.
#[derive(Default)]
struct Shown {
    plan: Option<Plan>,
    live: Option<Live>,
    told: usize,
}

impl Site {
    /// `outside`: the runtime in which the API lives.
    pub(super) fn open(world: World, outside: &Handle) -> Self {
        // In memory where that is possible: it is written very often, and no machine dies here.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let folder = folder.unwrap();
        let (known, seen) = (world.known.clone(), world.seen());
        let api = Arc::new(Mutex::new(Api::new(world, folder.path().join("shop.json"))));
        let answering = Arc::clone(&api);
        let server = outside.block_on(Server::start(move |_, seen| Api::answer(&answering, seen)));
        let site = Self { api, server, outside: outside.clone(), folder };
        if let Some(seen) = seen {
            site.record(vec![seen, StateChange::Limits(known, None)]);
        }
        site
    }

    pub(super) fn api(&self) -> MutexGuard<'_, Api> {
        self.api.lock().unwrap()
    }

    /// One run of the program.
    pub(super) fn run(&self, script: Script, options: RunOptions) -> RunResult {
        let before = self.state();
        let (mut death, desired) = {
            let mut api = self.api();
            let number = api.run.number + 1;
            api.run = Run::new(number, script);
            api.run.versions =
                options.watched.then(|| vec![fs::read(&api.state).unwrap_or_default()]);
            api.figures.runs += 1;
            (api.run.death(), api.world.desired.clone())
        };
        let shown = Mutex::new(Shown::default());
        let runtime = runtime();
        let ended = runtime.block_on(async {
            let program = async {
                let session = self.session(options);
                let journal = self.journal(&session).await?;
                let reader = session.reader();
                let live =
                    detect::read(&reader, &desired).await.map_err(|error| error.to_string())?;
                let today = "2026-03-01".parse().unwrap();
                let plan = plan(&desired, &live, &journal.state(), today);
                self.register(&plan);
                {
                    let mut shown = shown.lock().unwrap();
                    (shown.plan, shown.live) = (Some(plan.clone()), Some(live.clone()));
                }
                remember(&journal, &desired, &live, &plan)
                    .await
                    .map_err(|error| error.to_string())?;
                let work = Execution {
                    parallelism: options.parallelism,
                    create_grace: options.grace,
                    on_outcome: &|_| shown.lock().unwrap().told += 1,
                    ..Execution::new(&plan, &live, &session, &journal)
                };
                let (_stop, stopped) = watch::channel(false);
                let outcomes = execute(&work, stopped).await;
                // That it could not be written was told by the outcomes.
                let _ = journal.close().await;
                Ok::<_, String>(outcomes)
            };
            tokio::select! {
                ended = program => Some(ended),
                _ = death.wait_for(|died| *died) => None,
            }
        });
        // Every task, connection and lock of the run dies with it.
        drop(runtime);
        drop(fs::remove_dir(self.api().in_the_way()));
        let (died, outcomes, error) = match ended {
            Some(Ok(outcomes)) => (false, Some(outcomes), None),
            Some(Err(error)) => (false, None, Some(error)),
            None => (true, None, None),
        };
        let Shown { plan, live, told } = shown.into_inner().unwrap();
        self.api().figures.crashes += usize::from(died);
        RunResult { plan, live, outcomes, told, error, died, before, after: self.state() }
    }

    /// Records what the run may send.
    fn register(&self, plan: &Plan) {
        let mut api = self.api();
        for action in plan.requested() {
            let email = action.email().as_str().to_owned();
            let op = op(action);
            let takes = op == Op::Create || action.is_destructive() || action.is_assertion();
            if takes && lacks(plan, op == Op::Remove) {
                api.wrong.push(format!("{action:?} from an incomplete inventory"));
            }
            if action.is_destructive() {
                api.run.destructive.insert((op, email.clone()));
            }
            api.planned.insert((op, email));
        }
    }

    fn session(&self, options: RunOptions) -> Session {
        let base_url = BaseUrl::parse(&format!("{}/v2", self.server.origin)).unwrap();
        let config = SessionConfig {
            timeout: options.timeout,
            parallelism: options.parallelism,
            retry: budget(2),
            ..SessionConfig::new(base_url, KEY.into())
        };
        Session::new(config).unwrap()
    }

    fn store(&self) -> Store {
        Store::new(&Location::File(self.folder.path().join("shop.json")))
    }

    async fn journal(&self, session: &Session) -> Result<Journal, String> {
        let base_url = session.reader().base_url();
        let binding = Binding { organization: "shop".to_owned(), manager: None, base_url };
        // The lock must be free: its holder is dead.
        Journal::open(self.store(), &binding, &LockHolder::this("apply"), Duration::ZERO)
            .await
            .map_err(|error| error.to_string())
    }

    /// Records what a person says.
    pub(super) fn record(&self, changes: Vec<StateChange>) {
        self.outside.block_on(async {
            let journal = self.journal(&self.session(RunOptions::PATIENT)).await.unwrap();
            journal.record_all(changes).await.unwrap();
            journal.close().await.unwrap();
        });
    }

    /// The state on disk. It must always be readable.
    pub(super) fn state(&self) -> State {
        let record = self.outside.block_on(self.store().read());
        record.unwrap().map(|record| record.state).unwrap_or_default()
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The operation that an action is.
pub(super) fn op(action: &Action) -> Op {
    match action {
        Action::RemoveUser { .. } => Op::Remove,
        Action::DisableAccount { .. } => Op::Disable,
        Action::SetChannelLimit { .. } => Op::Limit,
        Action::UpdateAccount { .. } => Op::Update,
        Action::EnableAccount { .. } => Op::Enable,
        Action::CreateAccount(_) => Op::Create,
    }
}

/// Returns true if a plan names a gap in the half of its inventory.
fn lacks(plan: &Plan, users: bool) -> bool {
    plan.findings.iter().any(|finding| match &finding.what {
        FindingKind::InventoryIncomplete(reason) => reason.starts_with("users") == users,
        _ => false,
    })
}
