//! The time of each step, at 1,000, 10,000 and 100,000 accounts: `cargo bench --bench cpu`. `cargo bench --bench cpu
//! plan/10000` runs a part.
//!
//! Every step should take ten times as long for ten times the accounts.

#[path = "support/organization.rs"]
mod organization;
#[path = "support/pages.rs"]
mod pages;

use std::error::Error;
use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput};
use trunkline::detect;
use trunkline::manifest;
use trunkline::model::{Day, Desired, Live, State};
use trunkline::plan::{Plan, plan};
use trunkline::report::{
    BoundTo, PathBase, PlanContext, PlanReport, RenderOptions, ReportContent, ReportFormat,
    StateInfo, Style, desired_digest, render,
};
use trunkline::telnyx::{BaseUrl, Session, SessionConfig};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for size in SIZES {
        steps(&mut criterion, size)?;
    }
    criterion.final_summary();
    Ok(())
}

/// The steps of a plan, in order.
fn steps(criterion: &mut Criterion, size: usize) -> Result<(), Box<dyn Error>> {
    let path = Path::new("bench.yaml");
    let text = organization::manifest(size);
    let desired = manifest::parse(path, &text)?;
    let today: Day = "2026-03-01".parse()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(pages::Server::start(size))?;
    let config = SessionConfig::new(BaseUrl::parse(&server.url())?, "KEY_bench".into());
    let reader = Session::new(config)?.reader();
    let live = runtime.block_on(detect::read(&reader, &desired))?;
    let planned = plan(&desired, &live, &State::default(), today);

    let mut measure = |step: &str, run: &mut dyn FnMut()| {
        let mut group = criterion.benchmark_group(step);
        group.throughput(Throughput::Elements(u64::try_from(size).unwrap_or(u64::MAX)));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| bencher.iter(&mut *run));
        group.finish();
    };
    measure("load", &mut || drop(black_box(manifest::parse(path, &text))));
    measure("fmt", &mut || {
        drop(black_box(manifest::format_bytes(path, text.clone().into_bytes())));
    });
    measure("decode", &mut || {
        drop(black_box(runtime.block_on(detect::read(&reader, &desired))));
    });
    measure("plan", &mut || drop(black_box(plan(&desired, &live, &State::default(), today))));
    measure("digest", &mut || drop(black_box(desired_digest(&desired))));
    reports(&mut measure, &desired, &live, &planned);
    Ok(())
}

/// Each report of a plan.
fn reports(
    measure: &mut dyn FnMut(&str, &mut dyn FnMut()),
    desired: &Desired,
    live: &Live,
    plan: &Plan,
) {
    let bound_to = BoundTo {
        desired: desired_digest(desired),
        manager_account_id: None,
        base_url: String::new(),
    };
    let (state, places) = (StateInfo::default(), manifest::Places::default());
    let report = PlanReport {
        organization: &desired.organization,
        bound_to: &bound_to,
        plan,
        state: &state,
    };
    let context = PlanContext {
        report,
        desired,
        live,
        places: &places,
        path: None,
        saved: None,
        expires_at: None,
    };
    let base = PathBase { here: Path::new("/"), root: Path::new("/") };
    for format in ReportFormat::ALL {
        measure(&format!("report/{}", format.name()), &mut || {
            let options = RenderOptions { style: Style::default(), max_bytes: 60_000, base: &base };
            drop(black_box(render(format, ReportContent::Plan(context), options)));
        });
    }
}
