//! An organization and its repository, with the workflows copied from `examples/`.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;

use super::machine::{KEY, Machine};
use super::runner::{Context, Run, run, run_step};

/// A repository with the workflows, and the machine that works on it.
pub(super) struct Story {
    pub(super) machine: Machine,
    /// The location of the state, as the forge's variable has it.
    state: RefCell<String>,
    runs: Cell<u32>,
}

/// The commit that Trunkline is built from.
pub(super) const REV: &str = "0123456789abcdef0123456789abcdef01234567";

impl Story {
    /// Imports the organization and commits it to main, with every example file in place.
    pub(super) fn begin() -> Self {
        let machine = Machine::new();
        let state = format!("{}.json", machine.path("state").display());
        let story = Self { machine, state: RefCell::new(state), runs: Cell::new(0) };
        let repository = story.repository();
        fs::create_dir_all(repository.join("manifests")).unwrap();
        fs::create_dir_all(repository.join(".github/actions/trunkline")).unwrap();
        story.types("git init -q -b main . && trunkline import --organization acme --out manifests/acme.yaml");
        let action = super::file(super::ACTION);
        let mine = [("repository", "https://git.example/trunkline"), ("rev", REV)];
        let action = mine.iter().fold(action, |text, (name, value)| {
            let head = text.find(&format!("\n  {name}:")).unwrap();
            let (before, after) = text.split_at(head);
            format!("{before}{}", after.replacen("default: \"\"", &format!("default: {value}"), 1))
        });
        fs::write(repository.join(".github/actions/trunkline/action.yml"), action).unwrap();
        story.types(
            "git add -A && git commit -qm 'what there is' && git init -q --bare ../origin.git && \
             git remote add origin ../origin.git && git push -q origin main",
        );
        story.note_main();
        story
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.machine.path("repository")
    }

    /// Keeps the state at another location from now on.
    pub(super) fn keep_state_at(&self, location: &str) {
        location.clone_into(&mut self.state.borrow_mut());
    }

    /// The location of the state.
    pub(super) fn state(&self) -> String {
        self.state.borrow().clone()
    }

    /// Runs a shell command in the repository.
    pub(super) fn types(&self, script: &str) -> String {
        fs::create_dir_all(self.repository()).unwrap();
        self.machine.types(&self.repository(), script)
    }

    fn note_main(&self) {
        self.machine.remember("main", &self.types("git rev-parse main"));
    }

    /// Changes the manifest on a branch.
    pub(super) fn change(&self, edit: impl Fn(&str) -> String) {
        self.types("git checkout -q -B change main");
        let path = self.repository().join("manifests/acme.yaml");
        let text = fs::read_to_string(&path).unwrap();
        let changed = edit(&text);
        assert_ne!(text, changed);
        fs::write(path, changed).unwrap();
        self.types("git commit -qam 'a change'");
        self.offer();
    }

    /// Pushes the branch. GitHub creates the merge commit of the pull request.
    pub(super) fn offer(&self) {
        self.types(
            "git checkout -q --detach main && git merge -q --no-ff -m merge change && \
             git push -q -f origin HEAD:refs/pull/7/merge change && git checkout -q change",
        );
    }

    /// Merges the pull request.
    pub(super) fn merge(&self) {
        self.types("git checkout -q main && git merge -q --no-ff -m 'merge 7' change && git push -q origin main");
        self.note_main();
    }

    /// The context that GitHub gives every run, without secrets.
    fn context(&self, of: &str) -> Context {
        self.runs.set(self.runs.get() + 1);
        let pairs = [
            ("github.repository", "acme/telnyx".to_owned()),
            ("github.server_url", "https://forge.example".to_owned()),
            ("github.run_id", self.runs.get().to_string()),
            ("github.ref", of.to_owned()),
            ("github.ref_name", "main".to_owned()),
            ("github.sha", self.machine.forge("main").trim().to_owned()),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// The context with the secrets of the environments, which are for main only.
    pub(super) fn trusted(&self) -> Context {
        let mut context = self.context("main");
        let pairs = [
            ("github.token", "token".to_owned()),
            ("secrets.TELNYX_API_KEY", KEY.to_owned()),
            ("vars.AWS_REGION", "us-east-1".to_owned()),
            ("vars.TRUNKLINE_ROLE", "arn:aws:iam::123456789012:role/trunkline".to_owned()),
            ("vars.TRUNKLINE_STATE", self.state()),
            ("vars.TRUNKLINE_AUDIT", "s3://audit.example".to_owned()),
            ("inputs.approve_destructive", String::new()),
        ];
        context.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
        context
    }

    pub(super) fn check(&self) -> Run {
        run(&self.machine, "pull-request.yml", &self.context("refs/pull/7/merge"), || {})
    }

    pub(super) fn plan(&self, of: &str) -> Run {
        let mut context = self.trusted();
        let pairs = [
            ("github.event.pull_request.number", "7".to_owned()),
            (
                "github.event.pull_request.head.sha",
                self.types("git rev-parse change").trim().to_owned(),
            ),
            ("github.event.pull_request.head.repo.full_name", of.to_owned()),
        ];
        context.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
        run(&self.machine, "plan.yml", &context, || {})
    }

    /// Puts the pull request into the merge queue, on top of what `before` merges, and runs its workflow.
    pub(super) fn queue(&self, event: &str) -> Run {
        let main = self.types("git rev-parse main").trim().to_owned();
        let branch = format!("gh-readonly-queue/main/pr-7-{main}");
        self.types(&format!(
            "git checkout -q --detach main && git merge -q --no-ff -m queue change && \
             git push -q -f origin HEAD:refs/heads/{branch} && git checkout -q change"
        ));
        let head = self.types(&format!("git ls-remote origin refs/heads/{branch} | cut -f 1"));
        self.machine.remember("head", &self.types("git rev-parse change"));
        let mut context = self.trusted();
        let pairs = [
            ("github.event.workflow_run.event", event.to_owned()),
            ("github.event.workflow_run.head_branch", branch),
            ("github.event.workflow_run.head_sha", head.trim().to_owned()),
        ];
        context.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
        run(&self.machine, "merge-queue.yml", &context, || {})
    }

    /// The newest commit status of a commit: its state and description.
    pub(super) fn status(&self, commit: &str) -> String {
        let all = self.machine.forge(&format!("statuses/{}", commit.trim()));
        all.lines().last().unwrap_or_default().to_owned()
    }

    /// Runs the workflow. A run of its job with an environment is a deployment.
    pub(super) fn apply(&self, between: impl Fn()) -> Run {
        let run = run(&self.machine, "apply.yml", &self.trusted(), between);
        if run.ran.iter().any(|job| job == "apply") {
            let state = if run.failed.is_none() { "success" } else { "failure" };
            let id = &run.context["github.run_id"];
            for (file, what) in
                [("deployments", run.context["github.sha"].as_str()), ("deployed", state)]
            {
                let earlier = self.machine.forge(file);
                self.machine.remember(file, &format!("{earlier}{id} {what}\n"));
            }
        }
        run
    }

    /// The context after an apply with an exit status.
    pub(super) fn left(&self, status: u8) -> Run {
        let mut context = self.trusted();
        context.insert("steps.apply.outputs.status".to_owned(), status.to_string());
        run_step(&self.machine, "apply.yml", ("apply", "What is left to do"), &context)
    }

    pub(super) fn apply_approving(&self, destructive: &str) -> Run {
        let mut context = self.trusted();
        context.insert("inputs.approve_destructive".to_owned(), destructive.to_owned());
        run(&self.machine, "apply.yml", &context, || {})
    }

    pub(super) fn drift(&self) -> Run {
        run(&self.machine, "drift.yml", &self.trusted(), || {})
    }

    /// Changes the live side as the portal would: to the manifest on main with `edit` applied.
    pub(super) fn meddle(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.repository().join("manifests/acme.yaml")).unwrap();
        assert!(text.contains(from), "{from}\n{text}");
        fs::write(self.machine.path("portal.yaml"), text.replacen(from, to, 1)).unwrap();
        self.types("trunkline apply ../portal.yaml --auto-approve --state none");
    }
}

impl Run {
    pub(super) fn went_well(self) -> Self {
        assert_eq!(self.failed, None, "{}", self.log);
        self
    }
}

/// A manifest with the first `from` after this account's or user's email replaced.
pub(super) fn set(text: &str, email: &str, from: &str, to: &str) -> String {
    let at = text.find(&format!("email: {email}\n")).unwrap();
    let (before, after) = text.split_at(at);
    assert!(after.contains(from), "{from}");
    format!("{before}{}", after.replacen(from, to, 1))
}

/// One change of each kind: custom pricing, a limit, a destructive change, and a new account.
pub(super) fn various(text: &str) -> String {
    let text = set(text, "desk10@shop10.example", "custom_pricing: false", "custom_pricing: true");
    let text = set(
        &text,
        "desk11@shop11.example",
        "custom_pricing",
        "channel_limit: 7\n    custom_pricing",
    );
    let text = set(&text, "desk12@shop12.example", "enabled: true", "enabled: false");
    let new = "  - name: Shop 40\n    email: desk40@shop40.example\n    custom_pricing: false\n";
    text.replacen("accounts:\n", &format!("accounts:\n{new}"), 1)
}
