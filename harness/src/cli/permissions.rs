//! `kubeproof permissions`: the least permissions for a scenario's provisioner, in the cloud's own form, and their proof.

use std::path::PathBuf;

use clap::ValueEnum;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::permissions::LeastPermissions;
use kubeproof_reports::output::{self, Output as JsonOutput};
use kubeproof_reports::word::counted;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::output::Output;
use crate::permissions::proof::Proof;
use crate::permissions::{Answer, Options, answer};
use crate::scenario::Scenario;
use crate::{exit_code, providers, scenario};

const AFTER_HELP: &str = "\
The scenario and its forced failures are rehearsed. What the provisioner calls gives the
document, as the cloud takes it; notes go to standard error. --prove rehearses once more by a
caller that has these permissions and no others, and then without each of them: something must
fail. That takes a simulator that checks a caller's permissions; without one there is no proof.

Exit codes:
  0   the permissions of all calls are known; with --prove, they suffice and each is needed
  1   they do not suffice
  2   usage or scenario error
  3   inconclusive: a call's permission is unknown, a rehearsal did not pass, or there is no proof

Examples:
  kubeproof permissions FILE > policy.json             the document
  kubeproof permissions FILE --with-campaign           also for the calls after every fault
  kubeproof permissions FILE --prove                   what fails without each action";

/// How much of a failure is shown, characters; JSON has all of it.
const FAILURE_MAX: usize = 120;

/// Options of `permissions`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Scenario file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Also count the calls of the whole campaign of `kubeproof faults`
    #[arg(long)]
    with_campaign: bool,
    /// With --with-campaign: run only N lifecycles, chosen by the seed
    #[arg(long, value_name = "N", requires = "with_campaign", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// Show that they suffice, and that something fails without each
    #[arg(long)]
    prove: bool,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of rehearsals to run in parallel [default: number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: TextOrJson,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TextOrJson {
    /// The document alone; the rest goes to standard error
    Text,
    /// The document with actions, notes and proof, for scripts
    Json,
}

/// The answer for scripts.
#[derive(Debug, Serialize, JsonSchema)]
struct Document<'a> {
    scenario: &'a str,
    provider: &'static str,
    /// What the document is: `AWS IAM policy`. Empty where no cloud's permissions are needed.
    form: &'a str,
    /// The document as the cloud takes it; `null` where the cloud has none.
    document: &'a Value,
    actions: Vec<Action<'a>>,
    notes: &'a [String],
    /// Operations for which no permission is known.
    unknown: &'a [String],
    /// Why there may be calls that were not made.
    doubts: &'a [String],
    /// How many rehearsals were made.
    rehearsals: usize,
    proof: Option<&'a Proof>,
}

/// One action.
#[derive(Debug, Serialize, JsonSchema)]
struct Action<'a> {
    name: &'a str,
    /// The operations that need it.
    needed_by: &'a [String],
    /// The source of an action that no rehearsal can show.
    documented: Option<&'a str>,
}

/// Prints the permissions.
pub fn run(args: &Args, out: &Output) -> u8 {
    let read = scenario::read::all(std::slice::from_ref(&args.file), &providers::shared());
    let scenarios = match read {
        Ok(scenarios) => scenarios,
        Err(problems) => return out.problems(&problems),
    };
    let [scenario] = scenarios.as_slice() else {
        out.error(&format!(
            "{} has {}: name one file",
            args.file.display(),
            counted(scenarios.len(), "scenario")
        ));
        return exit_code::USAGE;
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        seed: args.seed,
        with_campaign: args.with_campaign,
        sample: args.sample.and_then(|count| usize::try_from(count).ok()),
        prove: args.prove,
        jobs: args.jobs.map_or_else(cores, usize::from),
    };
    match answer(scenario, options, &|what| {
        out.say(&format!("{}: {what}", scenario.name()));
    }) {
        Ok(answer) => show(scenario, &answer, args, out),
        Err(error) => {
            out.error(&error.to_string());
            exit_code::UNKNOWN
        }
    }
}

fn show(scenario: &Scenario, answer: &Answer, args: &Args, out: &Output) -> u8 {
    let none = none(scenario);
    let least = answer.least.as_ref().unwrap_or(&none);
    let verdict = verdict(least, answer);
    match args.format {
        TextOrJson::Text if least.document.is_null() => {}
        TextOrJson::Text => out.report(&format!("{:#}\n", least.document)),
        TextOrJson::Json => {
            let document = document(scenario, least, answer);
            out.report(&JsonOutput::new(verdict, document).text());
        }
    }
    for line in lines(least, answer) {
        out.say(&line);
    }
    for operation in &least.unknown {
        out.error(&format!(
            "{operation}: no permission is known for it, so the document does not suffice"
        ));
    }
    out.say(&format!(
        "{verdict}: {} for the calls of {}",
        counted(least.actions.len(), "action"),
        counted(answer.rehearsals, "rehearsal")
    ));
    exit_code::of([verdict])
}

/// What is said of a provider whose calls need no permissions of a cloud.
fn none(scenario: &Scenario) -> LeastPermissions {
    LeastPermissions {
        notes: vec![format!(
            "{} has no permissions of a cloud",
            scenario.provider.title()
        )],
        ..LeastPermissions::default()
    }
}

fn verdict(least: &LeastPermissions, answer: &Answer) -> Verdict {
    let proof = answer.proof.as_ref().map(|proof| proof.verdict);
    let known = least.unknown.is_empty() && answer.doubts.is_empty();
    match proof {
        Some(Verdict::Fail) => Verdict::Fail,
        Some(verdict) if verdict != Verdict::Pass => Verdict::Unknown,
        _ if known => Verdict::Pass,
        _ => Verdict::Unknown,
    }
}

fn document<'a>(
    scenario: &'a Scenario,
    least: &'a LeastPermissions,
    answer: &'a Answer,
) -> Document<'a> {
    let actions = least.actions.iter().map(|action| Action {
        name: &action.name,
        needed_by: &action.needed_by,
        documented: action.documented.as_deref(),
    });
    Document {
        scenario: scenario.name(),
        provider: scenario.provider.name(),
        form: least.form,
        document: &least.document,
        actions: actions.collect(),
        notes: &least.notes,
        unknown: &least.unknown,
        doubts: &answer.doubts,
        rehearsals: answer.rehearsals,
        proof: answer.proof.as_ref(),
    }
}

/// What people should know besides the document.
fn lines(least: &LeastPermissions, answer: &Answer) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(least.notes.iter().map(|note| format!("note: {note}")));
    let documented = least.actions.iter();
    lines.extend(documented.filter_map(|action| {
        let source = action.documented.as_deref()?;
        Some(format!("note: {}: {source}", action.name))
    }));
    lines.extend(
        answer
            .doubts
            .iter()
            .map(|doubt| format!("unknown: {doubt}")),
    );
    let Some(proof) = &answer.proof else {
        return lines;
    };
    lines.extend(
        proof
            .impossible
            .iter()
            .map(|why| format!("no proof: {why}")),
    );
    let insufficient = proof.insufficient.iter();
    lines.extend(insufficient.map(|why| format!("they do not suffice: {why}")));
    lines.extend(proof.needed.iter().map(|needed| {
        let (action, trial) = (&needed.action, &needed.trial);
        format!(
            "without {action}, {trial} fails: {}",
            clipped(&needed.failure)
        )
    }));
    let unproved = proof.not_proved_needed.iter();
    lines.extend(
        unproved.map(|action| format!("not proved needed: without {action} nothing failed")),
    );
    lines
}

/// The beginning of a long text: it names the call that was denied.
fn clipped(text: &str) -> String {
    let line: String = text.chars().take(FAILURE_MAX).collect();
    if line.len() < text.len() {
        line + "…"
    } else {
        line
    }
}

/// The JSON schema of what `--format json` prints.
pub fn schema() -> Value {
    output::schema::<Document<'_>>()
}
