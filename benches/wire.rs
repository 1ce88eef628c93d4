//! Whole processes against a sandbox in another process: `cargo bench --bench wire`.
//!
//! A plan is compared with the ideal that the latency or the rate limit allows, with a minimal client that sends the same
//! requests, and with a script on the vendor's SDK (`npm install --prefix target/sdk telnyx`; it is left out if it is not
//! there). With `TRUNKLINE_WRITE_DOCS=1` the table and the plot go into `docs/`.

#[path = "support/client.rs"]
mod client;
#[path = "support/organization.rs"]
mod organization;
#[path = "support/process.rs"]
mod process;
#[path = "support/table.rs"]
mod table;

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use trunkline::sandbox::{self, SandboxConfig, Seed};

use process::Run;
use table::{Program, Row};

const KEY: &str = "KEY_bench";
/// The runs of each program in a case. The programs take turns, so that they meet the same noise.
const RUNS: usize = 5;

/// One organization behind one network.
#[derive(Clone, Copy)]
struct Case {
    accounts: usize,
    latency: Duration,
    /// Requests a second.
    limit: Option<u32>,
}

const fn case(accounts: usize, milliseconds: u64, limit: Option<u32>) -> Case {
    Case { accounts, latency: Duration::from_millis(milliseconds), limit }
}

const CASES: [Case; 4] = [
    case(1_000, 50, None),
    case(10_000, 0, None),
    case(10_000, 50, None),
    case(10_000, 0, Some(20)),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", seed, latency, limit] => serve(Path::new(seed), latency.parse()?, limit.parse()?),
        ["client", server, accounts] => {
            let plan = client::plan(server.parse()?, accounts.parse()?);
            Ok(tokio::runtime::Runtime::new()?.block_on(plan)?)
        }
        _ => compare(),
    }
}

/// Measures every case, and shows or writes the results.
fn compare() -> Result<(), Box<dyn Error>> {
    let mut rows = Vec::new();
    for case in CASES {
        rows.extend(measure(case)?);
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{}", table::markdown(&rows))?;
    if std::env::var_os("TRUNKLINE_WRITE_DOCS").is_some() {
        table::write(&rows)?;
    }
    Ok(())
}

/// Measures the programs in one case, in turn.
fn measure(case: Case) -> Result<Vec<Row>, Box<dyn Error>> {
    let folder = TempDir::new()?;
    let file = |name: &str, text: String| -> std::io::Result<PathBuf> {
        let path = folder.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    };
    let seed = file("seed.json", organization::seed(case.accounts))?;
    let manifest = file("bench.yaml", organization::manifest(case.accounts))?;
    let wanted = file("wanted.json", wanted(case.accounts))?;
    let mut server = Server::start(&seed, case)?;
    let mut commands = vec![(Program::Trunkline, trunkline(&manifest, &server.url))];
    // A client without pacing is refused.
    if case.limit.is_none() {
        let mut client = Command::new(std::env::current_exe()?);
        client.args(["client", server.address(), &case.accounts.to_string()]);
        commands.push((Program::Minimal, client));
        commands.extend(script(&wanted, &server.url)?.map(|script| (Program::Script, script)));
    }
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); commands.len()];
    let mut requests = vec![0; commands.len()];
    for round in 0..=RUNS {
        for (at, (_, command)) in commands.iter_mut().enumerate() {
            let before = server.requests()?;
            let run = process::run(command)?;
            requests[at] = server.requests()? - before;
            // The first round warms up.
            if round > 0 {
                runs[at].push(run);
            }
            if case.limit.is_some() {
                // The next run must not share a window with this one.
                std::thread::sleep(Duration::from_secs(2));
            }
        }
    }
    let results = commands.iter().zip(runs).zip(requests);
    let row = |(((program, _), runs), requests): ((&(Program, Command), Vec<Run>), u64)| {
        let run = process::median(runs)?;
        Some(Row { case, program: *program, requests, run })
    };
    Ok(results.filter_map(row).collect())
}

/// The accounts of the manifest as JSON, for a script.
fn wanted(accounts: usize) -> String {
    let account = |number| {
        let organization::Shop { email, enabled, custom_pricing, .. } =
            organization::Shop::wanted(number);
        format!(r#"{{"email":"{email}","enabled":{enabled},"custom_pricing":{custom_pricing}}}"#)
    };
    format!("[{}]", (0..accounts).map(account).collect::<Vec<_>>().join(",\n"))
}

fn trunkline(manifest: &Path, url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.arg("plan").arg(manifest).args(["--quiet", "--state", "none", "--base-url", url]);
    command.env("TELNYX_API_KEY", KEY);
    command
}

/// The script on the vendor's SDK, if that is installed.
fn script(wanted: &Path, url: &str) -> Result<Option<Command>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = root.join("target/sdk");
    if !installed.join("node_modules/telnyx").exists() {
        let mut out = std::io::stdout().lock();
        writeln!(out, "left out: the SDK script; run: npm install --prefix target/sdk telnyx")?;
        return Ok(None);
    }
    let script = installed.join("plan.mjs");
    std::fs::copy(root.join("benches/sdk/plan.mjs"), &script)?;
    let mut command = Command::new("node");
    command.arg(script).arg(wanted).arg(url).env("TELNYX_API_KEY", KEY);
    Ok(Some(command))
}

/// Serves an organization until stdin ends. Each line of stdin is answered with the number of requests so far.
fn serve(seed: &Path, latency: u64, limit: u32) -> Result<(), Box<dyn Error>> {
    let config = SandboxConfig {
        latency: Duration::from_millis(latency),
        rate_limit: Some(limit).filter(|limit| *limit > 0),
        ..SandboxConfig::new(KEY.into(), Seed::read(seed)?)
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let running = runtime.block_on(sandbox::start(config))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", running.url())?;
    for _ in std::io::stdin().lock().lines() {
        writeln!(out, "{}", running.requests())?;
    }
    Ok(())
}

/// A sandbox in another process.
struct Server {
    url: String,
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(seed: &Path, case: Case) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        let latency = case.latency.as_millis().to_string();
        command.arg("serve").arg(seed).args([latency, case.limit.unwrap_or(0).to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (ask, answers) = pipes.ok_or("the server has no pipes")?;
        let mut server =
            Self { url: String::new(), process, ask, answers: BufReader::new(answers) };
        server.url = server.line()?;
        Ok(server)
    }

    /// The host and the port.
    fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches("/v2")
    }

    fn requests(&mut self) -> Result<u64, Box<dyn Error>> {
        writeln!(self.ask)?;
        Ok(self.line()?.parse()?)
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
