//! `kubeproof doctor`: what can run here, and what to do about the rest. It starts nothing and calls no cloud.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use kubeproof_contract::check::Verdict;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::provider_errors::NotReady;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::output::{self, Output as JsonOutput};
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Output, TableOrJson};
use crate::cost::usd;
use crate::run_directory::DEFAULT_FOLDER;
use crate::scenario::find;
use crate::{exit_code, live, providers};

/// Options of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// `.env` file to read live credentials from first, as other commands do
    #[arg(long, value_name = "FILE", default_value = ".env", alias = "env-file")]
    credentials: PathBuf,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: TableOrJson,
}

/// What can run here. The verdict is always `pass`: rehearsal needs nothing, and the rest is optional.
#[derive(Debug, Serialize, JsonSchema)]
struct Doctor<'a> {
    rows: &'a [Row],
}

/// One thing that was checked.
#[derive(Debug, Serialize, JsonSchema)]
struct Row {
    status: Status,
    /// A tier, with the provider where each has its own; or a part of this machine's setup.
    subject: String,
    /// What was found, or what to do about it.
    message: String,
}

/// Whether something can be used here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    /// It can.
    Yes,
    /// It cannot; the message says why.
    No,
    /// A fact, neither good nor bad.
    Info,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Info => "info",
        }
    }
}

impl Row {
    fn new(status: Status, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            subject: subject.into(),
            message: message.into(),
        }
    }

    /// Whether something can be used, with what was found or why not.
    fn of(subject: impl Into<String>, found: Result<String, NotReady>) -> Self {
        match found {
            Ok(message) => Self::new(Status::Yes, subject, message),
            Err(error) => Self::new(Status::No, subject, error.to_string()),
        }
    }
}

/// Shows what can run here. Rehearsal always can, so that this never fails.
pub fn run(args: &Args, out: &Output) -> u8 {
    let needs_nothing = "simulators in this process need nothing else";
    let mut rows = vec![Row::new(Status::Yes, "rehearsal", needs_nothing)];
    rows.extend(kind_tier(&args.credentials));
    rows.extend(live_tier(&args.credentials));
    rows.extend(machine());
    match args.format {
        TableOrJson::Table => out.report(&table(&rows)),
        TableOrJson::Json => {
            let document = Doctor { rows: &rows };
            out.report(&JsonOutput::new(Verdict::Pass, document).text());
        }
    }
    exit_code::of([Verdict::Pass])
}

fn table(rows: &[Row]) -> String {
    let mut text = format!("kubeproof {}\n", env!("CARGO_PKG_VERSION"));
    let width = rows.iter().map(|row| row.subject.len()).max().unwrap_or(0);
    for row in rows {
        let (mark, subject, message) = (row.status.word(), &row.subject, &row.message);
        let _ = writeln!(text, "{mark:<4} {subject:<width$} {message}");
    }
    text
}

/// The tier kind: whether what it needs is here, for each provider; the one of that name comes first.
fn kind_tier(env_file: &Path) -> Vec<Row> {
    let row = |provider: Box<dyn Provider>| {
        let tier = Tier::Kind.to_string();
        let subject = match provider.name() {
            name if name == tier => tier,
            name => format!("{tier} {name}"),
        };
        Row::of(subject, provider.readiness(Tier::Kind, env_file))
    };
    let mut rows: Vec<Row> = of_tier(Tier::Kind).map(row).collect();
    rows.sort_by_key(|row| row.subject.len());
    rows
}

fn of_tier(tier: Tier) -> impl Iterator<Item = Box<dyn Provider>> {
    providers::all()
        .into_iter()
        .filter(move |provider| provider.tiers().contains(&tier))
}

/// The tier live, for each provider, and whether it is allowed at all.
fn live_tier(env_file: &Path) -> Vec<Row> {
    let of_provider = |provider: Box<dyn Provider>| {
        let found = provider.readiness(Tier::Live, env_file);
        let found = found.map(|source| format!("credentials: {source}"));
        Row::of(format!("live {}", provider.name()), found)
    };
    let mut rows: Vec<Row> = of_tier(Tier::Live).map(of_provider).collect();
    rows.push(
        match live::permit(&crate::simulate::environment::own(), true) {
            Ok(permit) => {
                let accounts = permit.accounts.join(", ");
                let budget = usd(permit.budget_usd, 2);
                let confirmation = live::CONFIRMATION;
                let message = format!(
                    "allowed in {accounts} for {budget}; confirm each run with {confirmation}"
                );
                Row::new(Status::Info, "live", message)
            }
            Err(missing) => Row::new(Status::No, "live", missing.to_string()),
        },
    );
    rows
}

/// Terminals, cores, and where scenarios and records are.
fn machine() -> Vec<Row> {
    let terminal = |is: bool| {
        if is {
            "a terminal"
        } else {
            "no terminal: plain lines, no colours"
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = format!("{cores}: the number of trials that run in parallel");
    let mut rows = vec![
        Row::new(
            Status::Info,
            "stdout",
            terminal(std::io::stdout().is_terminal()),
        ),
        Row::new(
            Status::Info,
            "stderr",
            terminal(std::io::stderr().is_terminal()),
        ),
        Row::new(Status::Info, "cores", cores),
    ];
    match find::files(&[]) {
        Ok(files) => {
            let count = format!("{} files in scenarios/", files.len());
            rows.push(Row::new(Status::Yes, "scenarios", count));
        }
        Err(problems) => {
            let told = problems.iter().map(ToString::to_string);
            rows.extend(told.map(|problem| Row::new(Status::No, "scenarios", problem)));
        }
    }
    let runs = format!("records are written to {DEFAULT_FOLDER}/");
    rows.push(Row::new(Status::Info, "runs", runs));
    rows
}

/// The JSON schema of what `--format json` prints.
pub fn schema() -> serde_json::Value {
    output::schema::<Doctor<'_>>()
}
