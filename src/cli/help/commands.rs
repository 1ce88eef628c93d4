//! The parts of help and manual pages that do not come from the arguments: global options, exit statuses, examples.

/// A command in help texts and manual pages.
#[derive(Debug)]
pub(in crate::cli) struct CommandHelp {
    /// The words that call it, without `trunkline`.
    pub path: &'static str,
    /// The global options that it uses.
    pub uses: &'static [&'static [&'static str]],
    /// Its exit statuses.
    pub exits: &'static [u8],
    /// Complete command lines.
    pub examples: &'static [&'static str],
}

/// The global options that reach Telnyx.
const API: &[&str] = &["api_key_file", "base_url", "parallelism", "timeout"];
const KEY: &[&str] = &["api_key_file"];
const STATE: &[&str] = &["state"];
const LOCK: &[&str] = &["lock_timeout"];
const LOG: &[&str] = &["log_format", "verbose"];
const COLOR: &[&str] = &["color"];
const QUIET: &[&str] = &["quiet"];

/// Success, or an error.
const PLAIN: &[u8] = &[0, 1];
/// The statuses of a command that compares.
const COMPARES: &[u8] = &[0, 1, 2];
const READS: &[u8] = &[0, 1, 7];

/// The program itself.
pub(super) const PROGRAM: CommandHelp = CommandHelp {
    path: "",
    uses: &[API, STATE, LOCK, LOG, COLOR, QUIET],
    exits: &[0, 1, 2, 3, 4, 5, 6, 7, 130, 143],
    examples: &["trunkline demo", "trunkline plan acme.yaml"],
};

pub(super) const COMMANDS: &[CommandHelp] = &[
    CommandHelp {
        path: "init",
        uses: &[API, STATE, LOG, COLOR, QUIET],
        exits: READS,
        examples: &[
            "trunkline init acme --organization acme",
            "trunkline init acme-test --example",
        ],
    },
    CommandHelp {
        path: "validate",
        uses: &[COLOR, QUIET],
        exits: PLAIN,
        examples: &["trunkline validate acme.yaml", "trunkline validate --format github"],
    },
    CommandHelp {
        path: "plan",
        uses: &[API, STATE, LOG, COLOR, QUIET],
        exits: &[0, 1, 2, 3, 4, 7],
        examples: &[
            "trunkline plan acme.yaml",
            "trunkline plan acme.yaml --base main.yaml --only this-change",
            "trunkline plan acme.yaml --out acme.plan.json --report markdown=plan.md",
        ],
    },
    CommandHelp {
        path: "apply",
        uses: &[API, STATE, LOCK, LOG, COLOR, QUIET],
        exits: &[0, 1, 3, 4, 5, 6, 7, 130, 143],
        examples: &[
            "trunkline apply acme.yaml",
            "trunkline apply acme.yaml --auto-approve --approve-destructive 3",
            "trunkline apply --plan acme.plan.json --audit-log audit.jsonl -y",
        ],
    },
    CommandHelp {
        path: "diff",
        uses: &[COLOR],
        exits: COMPARES,
        examples: &["trunkline diff main.yaml acme.yaml"],
    },
    CommandHelp {
        path: "import",
        uses: &[API, STATE, LOG, COLOR, QUIET],
        exits: READS,
        examples: &[
            "trunkline import --csv accounts.csv --manifest shops --out shops/new.yaml",
            "trunkline import --organization acme --out live.yaml",
        ],
    },
    CommandHelp {
        path: "fmt",
        uses: &[COLOR],
        exits: COMPARES,
        examples: &[
            "trunkline fmt acme.yaml",
            "trunkline fmt --diff acme.yaml main.yaml",
            "trunkline fmt - < acme.yaml > formatted.yaml",
        ],
    },
    CommandHelp {
        path: "get",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get accounts", "trunkline get users --format csv"],
    },
    CommandHelp {
        path: "get accounts",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get accounts --status disabled --format csv"],
    },
    CommandHelp {
        path: "get account",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get account f65ceda4-3f0c-4f5a-9c1e-2d6a2f1b7c10"],
    },
    CommandHelp {
        path: "get balances",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get balances --format csv"],
    },
    CommandHelp {
        path: "get channels",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get channels"],
    },
    CommandHelp {
        path: "get users",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get users --format csv"],
    },
    CommandHelp {
        path: "get user",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get user 369b2d72-762b-4207-871f-6c7feb5880c7"],
    },
    CommandHelp {
        path: "get groups-report",
        uses: &[API, LOG, COLOR, QUIET],
        exits: READS,
        examples: &["trunkline get groups-report --format csv"],
    },
    CommandHelp {
        path: "review",
        uses: &[API, LOG, COLOR, QUIET],
        exits: &[0, 1, 3, 7],
        examples: &[
            "trunkline review acme.yaml",
            "trunkline review acme.yaml --format csv > review.csv",
            "trunkline review acme.yaml --format markdown --since last.json",
        ],
    },
    CommandHelp {
        path: "state",
        uses: &[STATE, LOCK, LOG, COLOR],
        exits: PLAIN,
        examples: &["trunkline state show"],
    },
    CommandHelp {
        path: "state show",
        uses: &[STATE, LOG, COLOR],
        exits: PLAIN,
        examples: &["trunkline state show --format json"],
    },
    CommandHelp {
        path: "state resolve",
        uses: &[STATE, LOCK, LOG, COLOR],
        exits: PLAIN,
        examples: &["trunkline state resolve crew@tallship.example --retry"],
    },
    CommandHelp {
        path: "state forget",
        uses: &[STATE, LOCK, LOG, COLOR],
        exits: PLAIN,
        examples: &["trunkline state forget larry@catfood.example"],
    },
    CommandHelp {
        path: "state unlock",
        uses: &[STATE, LOG, COLOR],
        exits: PLAIN,
        examples: &["trunkline state unlock", "trunkline state unlock 3f0c4f5a"],
    },
    CommandHelp {
        path: "daemon",
        uses: &[API, STATE, LOG, COLOR, QUIET],
        exits: &[0, 1, 130, 143],
        examples: &[
            "trunkline daemon acme.yaml --listen 127.0.0.1:9464",
            "trunkline daemon --config all.yaml",
            "trunkline daemon acme.yaml --once",
            "trunkline daemon --check 127.0.0.1:9464",
        ],
    },
    CommandHelp {
        path: "operator",
        uses: &[&["base_url", "parallelism", "timeout"], LOG, COLOR, QUIET],
        exits: PLAIN,
        examples: &["trunkline operator --namespace telnyx --listen 127.0.0.1:9464"],
    },
    CommandHelp {
        path: "explain",
        uses: &[],
        exits: PLAIN,
        examples: &[
            "trunkline explain user_missing",
            "trunkline explain 20012",
            "trunkline explain --all --format markdown > findings.md",
        ],
    },
    CommandHelp {
        path: "schema",
        uses: &[],
        exits: PLAIN,
        examples: &["trunkline schema manifest > schema.json"],
    },
    CommandHelp {
        path: "sandbox",
        uses: &[KEY, LOG, COLOR, QUIET],
        exits: PLAIN,
        examples: &["trunkline sandbox --port 8080 --seed manifests/example.sandbox.json"],
    },
    CommandHelp {
        path: "demo",
        uses: &[LOG, COLOR, QUIET],
        exits: PLAIN,
        examples: &["trunkline demo"],
    },
    CommandHelp {
        path: "completions",
        uses: &[],
        exits: PLAIN,
        examples: &[
            "trunkline completions bash > /etc/bash_completion.d/trunkline",
            "trunkline completions zsh > ~/.zfunc/_trunkline",
            "trunkline completions fish > ~/.config/fish/completions/trunkline.fish",
        ],
    },
    CommandHelp {
        path: "man",
        uses: &[],
        exits: PLAIN,
        examples: &["trunkline man --out man/man1", "trunkline man > trunkline.1"],
    },
    CommandHelp { path: "version", uses: &[], exits: PLAIN, examples: &["trunkline version"] },
    CommandHelp {
        path: "help",
        uses: &[],
        exits: PLAIN,
        examples: &["trunkline help plan", "trunkline help state resolve"],
    },
];
