//! Saved plans: what is refused, what goes stale, and what is sent.

mod broken;
mod file;
mod many;
mod others;
mod refused;
mod replay;

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::support::site::{Site, text};

/// Saves the plan of a manifest in `plan.json` beside it.
async fn save(site: &Site, manifest: &Path) -> PathBuf {
    let path = site.folder.path().join("plan.json");
    site.ends(&["plan", text(manifest), "--out", text(&path)], 0).await;
    path
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

fn digest(path: &Path) -> String {
    json(path)["digest"].as_str().unwrap().to_owned()
}

/// Arguments that apply a saved plan, and others.
fn apply<'a>(plan: &'a Path, others: &[&'a str]) -> Vec<&'a str> {
    [&["apply", "--plan", text(plan), "--auto-approve"], others].concat()
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
