//! The state of the pipelines in a bucket: signed in to without a stored key, lost on the way, and used twice at once.

use std::fs;
use std::process::Child;

use super::machine::KEY;
use super::story::{Story, various};
use crate::support::moto::{Moto, moto};
use crate::support::tools;

const OURS: &str = "acme/telnyx";
/// An address at which nothing answers.
const CLOSED: &str = "127.0.0.1:1";

/// Points the pipelines at a bucket and a token service.
fn use_bucket(story: &Story, bucket: &str, sts: &str) {
    story.machine.set("AWS_ENDPOINT_URL", bucket);
    story.machine.set("AWS_ENDPOINT_URL_STS", sts);
    story.machine.set("AWS_ALLOW_HTTP", "true");
}

#[test]
fn a_change_is_applied_without_a_stored_key_of_the_bucket() {
    let (Some(moto), Some(openssl)) = (moto(), tools::find("openssl", "openssl")) else { return };
    let story = Story::begin();
    let folder = story.machine.path("tls");
    fs::create_dir(&folder).unwrap();
    tools::certificate(&openssl, &folder);
    let sts = Moto::with_tls(&folder);
    let key = Moto::new_key();
    story.keep_state_at(&format!("s3://{key}"));
    use_bucket(&story, &moto.origin, &sts.origin);
    story.machine.set("SSL_CERT_FILE", folder.join("ca.pem").to_str().unwrap());

    story.change(various);
    story.plan(OURS).went_well();
    story.merge();
    assert_eq!(story.apply(|| {}).went_well().ran, ["plan", "apply"]);
    story.drift().went_well();
    assert!(moto.has_logged(&format!("PUT /{key} HTTP")));
    // The role was taken with the token of the job.
    for part in [
        "Action=AssumeRoleWithWebIdentity",
        "RoleArn=arn:aws:iam::123456789012:role/trunkline",
        "WebIdentityToken=identity-for-sts.amazonaws.com HTTP",
    ] {
        assert!(sts.has_logged(part), "{part}");
    }

    // Between plan and apply the bucket is lost: nothing is sent.
    story.change(|text| {
        text.replacen("name: Shop 20\n", "name: Shop 20\n    channel_limit: 9\n", 1)
    });
    story.merge();
    let applied = story.apply(|| use_bucket(&story, &format!("http://{CLOSED}"), &sts.origin));
    assert_eq!(applied.failed.as_deref(), Some("What is left to do"), "{}", applied.log);
    assert_eq!(applied.context["steps.apply.outputs.status"], "1", "{}", applied.log);
    assert!(applied.log.contains("it cannot be reached"), "{}", applied.log);
    use_bucket(&story, &moto.origin, &sts.origin);
    let again = story.apply(|| {}).went_well();
    assert!(again.log.contains("1 done"), "what was left is sent: {}", again.log);
}

#[test]
fn without_its_bucket_a_review_has_no_plan() {
    let story = Story::begin();
    story.change(various);
    story.plan(OURS).went_well();
    assert!(story.machine.forge("comments/1/body").contains("Digest `sha256:"));
    story.keep_state_at("s3://lost/trunkline");
    use_bucket(&story, &format!("http://{CLOSED}"), &format!("https://{CLOSED}"));
    let planned = story.plan(OURS);
    assert_eq!(planned.failed.as_deref(), Some("Plan"), "{}", planned.log);
    assert!(planned.log.contains("s3://lost/trunkline"), "{}", planned.log);
    let comment = story.machine.forge("comments/1/body");
    assert!(comment.contains("There is no plan") && !comment.contains("sha256:"), "{comment}");
    let head = story.types("git rev-parse change");
    assert_eq!(story.status(&head), "failure there is no plan");
    assert_eq!(story.drift().failed.as_deref(), Some("Plan"));
}

/// Starts the apply step of a run, in its own folder.
fn start_apply(story: &Story, name: &str, digest: &str) -> Child {
    let workflow = super::yaml(&super::example("github/apply.yml"));
    let steps = workflow["jobs"]["apply"]["steps"].as_array().unwrap();
    let script = steps.iter().find(|step| step["id"] == "apply").unwrap()["run"].as_str().unwrap();
    let temp = story.machine.path(name);
    fs::create_dir(&temp).unwrap();
    let mut command = story.machine.bash(&story.repository(), script);
    let own = story.machine.path("own");
    command.env("PATH", format!("{}:{}", own.display(), std::env::var("PATH").unwrap()));
    command.env("MANIFEST", "manifests").env("DIGEST", digest).env("APPROVE_DESTRUCTIVE", "");
    command.env("STATE", story.machine.path("state.json")).env("TELNYX_API_KEY", KEY);
    command.env("RUNNER_TEMP", &temp).env("GITHUB_OUTPUT", temp.join("output"));
    command.env("GITHUB_STEP_SUMMARY", temp.join("step-summary"));
    command.spawn().unwrap()
}

#[test]
fn two_applies_at_once_send_each_action_once() {
    let story = Story::begin();
    story.change(various);
    story.plan(OURS).went_well();
    let head = story.types("git rev-parse change");
    let digest = story.status(&head).replace("success ", "");
    story.merge();
    let names = ["one", "other"];
    let running = names.map(|name| start_apply(&story, name, &digest));
    for mut one in running {
        one.wait().unwrap();
    }
    let read = |name: &str, file: &str| {
        fs::read_to_string(story.machine.path(name).join(file)).unwrap_or_default()
    };
    let mut ended = names.map(|name| (read(name, "output"), !read(name, "audit.jsonl").is_empty()));
    ended.sort();
    // The second waits for the lock, and then finds another plan than the approved one.
    let expected = [("status=0\n", true), ("status=4\n", false)];
    assert_eq!(ended, expected.map(|(status, sent)| (status.to_owned(), sent)));
    story.types("trunkline plan manifests --detailed-exitcode --state ../state.json");
}
