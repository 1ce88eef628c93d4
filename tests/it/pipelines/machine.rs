//! A machine for pipelines: an organization of 40 accounts in a sandbox, a repository, and the programs that a
//! forge's runners have on their `PATH`. `gh`, `aws`, `curl`, `jq` and `cargo` are stubs, and record their calls.

use std::cell::RefCell;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_cmd::cargo::cargo_bin;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};

/// The key of the sandbox.
pub(super) const KEY: &str = "KEY_of_the_pipelines";

pub(super) struct Machine {
    folder: TempDir,
    /// Variables of every command besides those of the machine.
    extra: RefCell<Vec<(String, String)>>,
    url: String,
    // Fields drop in this order: the sandbox ends before its runtime.
    _sandbox: Running,
    _runtime: Runtime,
}

/// The calls of `gh` that the workflows make, with the data that GitHub would store.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
cd "$FORGE"
printf '%s\n' "$*" >> calls
[ -n "${GH_TOKEN:-}" ] || { echo 'gh: no token' >&2; exit 4; }
[ "$1" != attestation ] || [ ! -e unattested ] || { echo 'gh: no attestation' >&2; exit 1; }
[ "$1" = api ] || exit 0
shift
method=GET endpoint='' jq=''
declare -A field=()
while [ $# -gt 0 ]; do
  case "$1" in
    --paginate | --silent) ;;
    --method) method=$2; shift ;;
    --jq) jq=$2; shift ;;
    -F | -f)
      value=${2#*=}
      [[ "$1 $value" != '-F @'* ]] || value=$(cat "${value#@}")
      field[${2%%=*}]=$value
      shift ;;
    *) endpoint=${1#"repos/$GITHUB_REPOSITORY/"} ;;
  esac
  shift
done
# GitHub refuses a body of more than 65,536 characters; a test may lower that.
limit=65536
[ ! -e limit ] || limit=$(cat limit)
body=${field[body]:-}
[ "${#body}" -le "$limit" ] || { echo 'gh: body is too long (HTTP 422)' >&2; exit 1; }
# A test may let GitHub refuse some calls.
[ ! -e refuse ] || ! grep -qx "$method" refuse || { echo "gh: $method $endpoint (HTTP 503)" >&2; exit 1; }
# One thing a folder: its author, text and state.
write() {
  mkdir -p "$1"
  for name in "${!field[@]}"; do printf '%s\n' "${field[$name]}" > "$1/$name"; done
}
new() {
  mkdir -p "$1"
  number=$(($(ls "$1" | wc -l) + 1))
  write "$1/$number"
  echo 'github-actions[bot]' > "$1/$number/login"
  echo open > "$1/$number/state"
}
list() {
  login=$(sed -n 's/.*\.user\.login == "\([^"]*\)".*/\1/p' <<< "$jq")
  start=$(sed -n 's/.*startswith("\([^"]*\)").*/\1/p' <<< "$jq")
  [ -n "$login" ] && [ -n "$start" ] || { echo "gh: $jq" >&2; exit 1; }
  for one in "$1"/*/; do
    [ -e "$one/body" ] && [ "$(cat "$one/state")" = open ] && [ "$(cat "$one/login")" = "$login" ] || continue
    [[ "$(head -n 1 "$one/body")" != "$start"* ]] || basename "$one"
  done
}
case "$method $endpoint" in
  'GET commits/main') cat main ;;
  'GET pulls/7') cat head ;;
  'GET commits/'*'/statuses')
    one=statuses/${endpoint#commits/}
    [ ! -e "${one%/statuses}" ] || tail -n 1 "${one%/statuses}" | cut -d ' ' -f 2- ;;
  'POST statuses/'*)
    mkdir -p statuses
    printf '%s %s\n' "${field[state]}" "${field[description]}" >> "statuses/${endpoint##*/}" ;;
  'DELETE issues/comments/'*) rm -r "comments/${endpoint##*/}" ;;
  'GET issues/7/comments') list comments ;;
  'POST issues/7/comments') new comments ;;
  'PATCH issues/comments/'*) write "comments/${endpoint##*/}" ;;
  'GET issues?state=open&per_page=100') list issues ;;
  'POST issues') new issues ;;
  'POST issues/'*'/comments') new "answers" ;;
  'GET deployments?environment=trunkline-apply&per_page=30') [ ! -e deployments ] || tac deployments ;;
  'GET deployments/'*'/statuses?per_page=1')
    id=${endpoint#deployments/}
    sed -n "s/^${id%%/*} //p" deployed ;;
  'PATCH issues/'*) write "issues/${endpoint##*/}" ;;
  *) echo "gh: $method $endpoint" >&2; exit 1 ;;
esac
"#;

/// The token service of the runner's forge, for jobs that may ask it.
const CURL: &str = r#"#!/usr/bin/env bash
set -euo pipefail
url=${*: -1}
printf '%s\n' "curl $url" >> "$FORGE/calls"
[ -n "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" ] && [[ "$*" = *"Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN"* ]]
echo "{\"count\":1,\"value\":\"identity-for-${url##*audience=}\"}"
"#;

const JQ: &str = r#"#!/usr/bin/env bash
# Without a newline, which would be a part of the token.
[ "$*" = '-ej .value' ] && sed -n 's/.*"value":"\([^"]*\)".*/\1/p' | tr -d '\n'
"#;

const AWS: &str = r#"#!/usr/bin/env bash
set -euo pipefail
[ "$1 $2 $3" = 's3 cp --only-show-errors' ] && [ -n "$AWS_ROLE_ARN" ] && [ -s "$AWS_WEB_IDENTITY_TOKEN_FILE" ]
printf '%s\n' "aws $*" >> "$FORGE/calls"
cp "$4" "$FORGE/audit.jsonl"
"#;

const CARGO: &str = r#"#!/usr/bin/env bash
set -euo pipefail
printf '%s\n' "cargo $*" >> "$FORGE/calls"
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin"
ln -sf "$BUILT" "$2/bin/trunkline"
"#;

/// Writes an executable file in a process of its own. A program started meanwhile by another test would inherit our open
/// file, and a file that is open for writing cannot be executed ("Text file busy").
pub(super) fn executable(path: &Path, script: &str) {
    let mut install = Command::new("install");
    install.args(["-m", "755", "/dev/stdin"]).arg(path).stdin(Stdio::piped());
    let mut running = install.spawn().unwrap();
    running.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(running.wait().unwrap().success(), "{}", path.display());
}

impl Machine {
    pub(super) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let config = SandboxConfig::new(KEY.into(), Seed::parse(&organization()).unwrap());
        let sandbox = runtime.block_on(start(config)).unwrap();
        let machine = Self {
            folder: TempDir::new().unwrap(),
            extra: RefCell::default(),
            url: sandbox.url(),
            _sandbox: sandbox,
            _runtime: runtime,
        };
        for name in ["tools", "forge", "home", "own"] {
            fs::create_dir(machine.path(name)).unwrap();
        }
        for (name, script) in
            [("gh", GH), ("aws", AWS), ("cargo", CARGO), ("curl", CURL), ("jq", JQ)]
        {
            executable(&machine.path("tools").join(name), script);
        }
        std::os::unix::fs::symlink(cargo_bin("trunkline"), machine.path("own/trunkline")).unwrap();
        machine
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A bash command in a folder, with only the environment of this machine.
    pub(super) fn bash(&self, folder: &Path, script: &str) -> Command {
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-euo", "pipefail", "-c", script]);
        let path = format!("{}:{}", self.path("tools").display(), std::env::var("PATH").unwrap());
        command.env_clear().current_dir(folder).env("PATH", path);
        command.env("HOME", self.path("home")).env("FORGE", self.path("forge"));
        command.env("BUILT", cargo_bin("trunkline")).env("TELNYX_BASE_URL", &self.url);
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Ops")
                .env(format!("GIT_{who}_EMAIL"), "ops@acme.example");
        }
        command.envs(self.extra.borrow().clone());
        command
    }

    /// Sets a variable of every later command.
    pub(super) fn set(&self, name: &str, value: &str) {
        self.extra.borrow_mut().push((name.to_owned(), value.to_owned()));
    }

    /// Runs a shell command as a person who has the program and the key, and returns its output.
    pub(super) fn types(&self, folder: &Path, script: &str) -> String {
        let mut command = self.bash(folder, script);
        let path = format!("{}:{}", self.path("own").display(), std::env::var("PATH").unwrap());
        let output = command.env("PATH", path).env("TELNYX_API_KEY", KEY).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// A file of the stored data of the forge; empty if it does not exist.
    pub(super) fn forge(&self, name: &str) -> String {
        fs::read_to_string(self.path("forge").join(name)).unwrap_or_default()
    }

    /// Writes a file of the stored data of the forge.
    pub(super) fn remember(&self, name: &str, text: &str) {
        let path = self.path("forge").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// The whole output of a command.
pub(super) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// 40 accounts, some of them disabled, and six users.
fn organization() -> String {
    let account = |number: u32| {
        json!({
            "email": format!("desk{number}@shop{number}.example"),
            "organization_name": format!("Shop {number}"),
            "managed_account_allow_custom_pricing": number.is_multiple_of(3),
            "status": if number % 10 == 9 { "disabled" } else { "enabled" },
        })
    };
    let user = |number: u32| json!({ "email": format!("person{number}@acme.example") });
    let owner = json!({ "email": "root@acme.example", "record_type": "organization_owner" });
    json!({
        "manager": { "id": "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10", "email": "root@acme.example" },
        "channels": { "allocatable": 500, "default_allotment": 2 },
        "accounts": (0..40).map(account).collect::<Vec<_>>(),
        "users": (0..5).map(user).chain([owner]).collect::<Vec<_>>(),
    })
    .to_string()
}
