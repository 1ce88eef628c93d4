//! Parsing of the configuration file. Every problem is reported at once.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use secrecy::SecretString;

use super::{
    Address, DaemonConfig, HealClass, KeySource, NotificationTarget, OrganizationConfig,
    TargetFormat, webhook_url,
};
use crate::daemon::drift::Thresholds;
use crate::daemon::schedule::{Schedule, ScheduleError};
use crate::manifest::{
    self, BEGIN, FieldReader, Node, Problems, Reading, TreeKind, Written, looks_secret, nearest,
};
use crate::state::Location;
use crate::telnyx::BaseUrl;

/// The largest threshold.
pub(super) const MAX_THRESHOLD: u32 = 1_000;

/// Reads a configuration file. Paths in it are relative to its folder.
///
/// # Errors
///
/// With every problem of the file.
pub fn load(path: &Path) -> Result<DaemonConfig, Problems> {
    let folder = path.parent().unwrap_or(Path::new(""));
    manifest::read_one(path, hides, |reading, root| config(reading, root, folder))
}

/// Returns true if the value of a field must not be shown: an address may be or contain a secret.
fn hides(key: &manifest::TreeKey<'_>, value: &Node<'_>) -> bool {
    let Some(name) = &key.name else { return false };
    let may_have_one = match &value.kind {
        TreeKind::Text(text) => text.contains("://") && text.contains(['@', '?', '#']),
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Whole(_)
        | TreeKind::Negative(_)
        | TreeKind::Fraction(_)
        | TreeKind::List(_)
        | TreeKind::Map(_) => false,
    };
    name == "url"
        || name.contains("webhook")
        || (looks_secret(name) || name.ends_with("key")) && !name.ends_with("_file")
        || may_have_one
}

fn config(reading: &mut Reading<'_>, root: &Node<'_>, folder: &Path) -> Option<DaemonConfig> {
    let mut fields = FieldReader::of(reading, root, "a configuration")?;
    fields.required(reading, "version", BEGIN, manifest::version);
    let listen = fields.optional(reading, "listen", listen);
    let hosts =
        fields.optional(reading, "hosts", |reading, node| reading.items(node, "a list", host));
    let hint = "list the organizations to check, each after `- `";
    let organizations = fields.required(reading, "organizations", hint, |reading, node| {
        if matches!(&node.kind, TreeKind::List(entries) if entries.is_empty()) {
            reading.problem(node.span, "the list of organizations is empty".to_owned());
        }
        reading.items(node, "a list", |reading, node| organization(reading, node, folder))
    });
    fields.finish(reading);
    let organizations = organizations?.value.into_iter().map(|one| one.value).collect();
    let hosts = value(hosts).into_iter().flatten().map(|one| one.value).collect();
    Some(DaemonConfig { listen: value(listen), hosts, organizations })
}

fn host(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let text = manifest::text(reading, node)?;
    match super::host(&text) {
        Ok(name) => Some(name),
        Err(message) => {
            reading.problem(node.span, message.to_owned());
            None
        }
    }
}

fn listen(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<SocketAddr> {
    let text = manifest::text(reading, node)?;
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let problem = reading.problem(node.span, "expected an address and a port".to_owned());
    problem.hint = Some("for example 127.0.0.1:9464".into());
    None
}

fn organization(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
    folder: &Path,
) -> Option<OrganizationConfig> {
    let mut fields = FieldReader::of(reading, node, "an organization")?;
    let file = |reading: &mut Reading<'_>, node: &Node<'_>| existing(reading, node, folder);
    let manifest = fields.required(reading, "manifest", "the manifest of the organization", file);
    let key = fields.required(reading, "api_key_file", "the file with its API key", file);
    let base_url = fields.optional(reading, "base_url", base_url);
    let state = fields.optional(reading, "state", |reading, node| state(reading, node, folder));
    let zone = fields.optional(reading, "timezone", zone);
    let zone_name = zone.as_ref().map_or("UTC", |zone| zone.value.as_str());
    let often = "add a cron expression, such as `schedule: \"*/5 * * * *\"`";
    let schedule = fields
        .required(reading, "schedule", often, |reading, node| schedule(reading, node, zone_name));
    let jitter = fields.optional(reading, "jitter", time);
    let open_after = fields.optional(reading, "open_after", count);
    let close_after = fields.optional(reading, "close_after", count);
    let heal =
        fields.optional(reading, "heal", |reading, node| reading.items(node, "a list", class));
    let freeze_file =
        fields.optional(reading, "freeze_file", |reading, node| path(reading, node, folder));
    let notify = fields.optional(reading, "notify", |reading, node| {
        let targets =
            reading.items(node, "a list", |reading, node| target(reading, node, folder))?;
        names_once(reading, &targets);
        Some(targets)
    });
    fields.finish(reading);
    Some(OrganizationConfig {
        manifest: manifest?.value,
        key: KeySource::File(key?.value),
        base_url: value(base_url),
        state: value(state),
        schedule: schedule?.value,
        jitter: value(jitter).unwrap_or_default(),
        thresholds: Thresholds {
            open_after: value(open_after).unwrap_or(2),
            close_after: value(close_after).unwrap_or(2),
        },
        heal: value(heal).into_iter().flatten().map(|one| one.value).collect(),
        freeze_file: value(freeze_file),
        notify: value(notify).into_iter().flatten().map(|one| one.value).collect(),
    })
}

fn value<T>(written: Option<Written<T>>) -> Option<T> {
    written.map(|written| written.value)
}

fn names_once(reading: &mut Reading<'_>, targets: &[Written<NotificationTarget>]) {
    let mut names = BTreeSet::new();
    for target in targets {
        if !names.insert(&target.value.name) {
            let message = format!("two targets have the name {:?}", target.value.name);
            reading.problem(target.location.span, message);
        }
    }
}

fn path(reading: &mut Reading<'_>, node: &Node<'_>, folder: &Path) -> Option<PathBuf> {
    Some(folder.join(manifest::text(reading, node)?))
}

/// Parses the path of a file that must exist.
fn existing(reading: &mut Reading<'_>, node: &Node<'_>, folder: &Path) -> Option<PathBuf> {
    let path = path(reading, node, folder)?;
    if path.exists() {
        return Some(path);
    }
    let problem = reading.problem(node.span, format!("no file or folder at {}", path.display()));
    problem.hint = Some("paths are relative to the folder of this file".into());
    None
}

fn base_url(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<BaseUrl> {
    let text = manifest::text(reading, node)?;
    match BaseUrl::parse(&text) {
        Ok(url) => Some(url),
        Err(error) => {
            let problem = reading.problem(node.span, error.to_string());
            problem.hint = Some("for example https://api.telnyx.com/v2".into());
            None
        }
    }
}

fn state(reading: &mut Reading<'_>, node: &Node<'_>, folder: &Path) -> Option<Location> {
    let text = manifest::text(reading, node)?;
    match Location::parse(&text) {
        Ok(Location::File(path)) => Some(Location::File(folder.join(path))),
        Ok(other) => Some(other),
        Err(error) => {
            let hint = error.hint();
            reading.problem(node.span, error.to_string()).hint = hint.map(Into::into);
            None
        }
    }
}

fn zone(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let text = manifest::text(reading, node)?;
    if jiff::tz::TimeZone::get(&text).is_ok() {
        return Some(text);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = nearest(&text, &known).map(|near| format!("did you mean `{near}`?"));
    let problem = reading.problem(node.span, ScheduleError::Zone.to_string());
    problem.hint = Some(hint.unwrap_or_else(|| "for example Europe/Berlin".to_owned()).into());
    None
}

fn schedule(reading: &mut Reading<'_>, node: &Node<'_>, zone: &str) -> Option<Schedule> {
    let text = manifest::text(reading, node)?;
    match Schedule::parse(&text, zone) {
        Ok(schedule) => Some(schedule),
        Err(fault) => {
            let hint = "minute, hour, day of the month, month, day of the week; `*/5 * * * *` runs every five minutes";
            reading.problem(node.span, fault.to_string()).hint = Some(hint.into());
            None
        }
    }
}

fn time(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Duration> {
    let text = manifest::text(reading, node)?;
    let parsed = text.parse::<SignedDuration>().ok().and_then(|time| Duration::try_from(time).ok());
    if let Some(time) = parsed.filter(|time| *time <= Duration::from_secs(86_400)) {
        return Some(time);
    }
    let problem = reading.problem(node.span, "expected a duration of at most a day".to_owned());
    problem.hint = Some("for example 30s or 2m".into());
    None
}

fn count(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u32> {
    if let TreeKind::Whole(number) = node.kind
        && let Ok(number) = u32::try_from(number)
        && (1..=MAX_THRESHOLD).contains(&number)
    {
        return Some(number);
    }
    reading.wrong_type(node, &format!("a number from 1 to {MAX_THRESHOLD}"));
    None
}

fn class(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<HealClass> {
    let text = manifest::text(reading, node)?;
    match HealClass::parse(&text) {
        Ok(class) => Some(class),
        Err(message) => {
            // Never suggest the opposite.
            let near = nearest(&text, &HealClass::ALL.map(HealClass::name));
            let near = near.filter(|_| !text.contains("disable") && !text.contains("lower"));
            let hint = near.map(|near| format!("did you mean `{near}`?").into());
            reading.problem(node.span, message).hint = hint;
            None
        }
    }
}

fn target(reading: &mut Reading<'_>, node: &Node<'_>, folder: &Path) -> Option<NotificationTarget> {
    let mut fields = FieldReader::of(reading, node, "a target")?;
    let (which, form_hint) = ("a name for logs, such as `ops`", "slack or webhook");
    let file = |reading: &mut Reading<'_>, node: &Node<'_>| existing(reading, node, folder);
    let name = fields.required(reading, "name", which, manifest::text);
    let form = fields.required(reading, "type", form_hint, form);
    let span = fields.span();
    let (has_url, has_file) = (fields.has("url"), fields.has("url_file"));
    let url = fields.optional(reading, "url", url);
    let url_file = fields.optional(reading, "url_file", file);
    let key = fields.optional(reading, "hmac_key_file", file);
    fields.finish(reading);
    if has_url == has_file {
        let problem = reading.problem(span, "a target needs either `url` or `url_file`".into());
        problem.hint = Some("put a secret address into a file".into());
    }
    let url = value(url).map(|url| Address::Given(SecretString::from(url)));
    let url = url.or(value(url_file).map(Address::File))?;
    let form = match (form?.value, key) {
        (true, None) => TargetFormat::Slack,
        (true, Some(key)) => {
            reading
                .problem(key.location.span, "`hmac_key_file` has no effect for slack".to_owned());
            return None;
        }
        (false, key) => TargetFormat::Webhook(value(key)),
    };
    Some(NotificationTarget { name: name?.value, form, url })
}

/// Parses the type of a target. Returns true for `slack`.
fn form(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<bool> {
    match &node.kind {
        TreeKind::Text(text) if text == "slack" => return Some(true),
        TreeKind::Text(text) if text == "webhook" => return Some(false),
        _ => {}
    }
    reading.wrong_type(node, "slack or webhook");
    None
}

fn url(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let text = manifest::text(reading, node)?;
    match webhook_url(&text) {
        Ok(_) => Some(text),
        Err(message) => {
            reading.problem(node.span, message.to_owned());
            None
        }
    }
}
