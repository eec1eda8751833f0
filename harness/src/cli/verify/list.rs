//! The trials that would run, and why others would not (`verify --list`).

use kubeproof_contract::scenario::Tier;
use schemars::JsonSchema;
use serde::Serialize;

use super::args::Args;
use crate::cli::output::{FormatName, Output};
use crate::exit_code;
use crate::trial::Trial;
use crate::trial::plan::Plan;

/// What `verify --list --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct List {
    /// The version of the form of this output.
    schema_version: u32,
    /// The version of kubeproof that wrote it.
    tool_version: String,
    /// The trials that would run, in order; then those that would not, each with the reason.
    trials: Vec<Listed>,
    /// Scenarios of which no trial would run, each with the reason.
    skipped: Vec<String>,
}

/// One trial.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    /// Its name, as `--only` takes it.
    trial: String,
    /// Its scenario.
    scenario: String,
    /// `lifecycle`, or the name of the forced failure.
    part: String,
    /// The scenario file, as given.
    file: String,
    /// Provider name.
    provider: String,
    /// Tier of evidence.
    tier: Tier,
    /// Seed.
    seed: u64,
    /// Why it would not run; `null` when it would.
    skipped: Option<String>,
}

impl List {
    fn of(plan: &Plan) -> Self {
        let run = plan.trials.iter().map(|trial| listed(trial, None));
        let left_out = plan.left_out.iter();
        let left_out = left_out.map(|(trial, why)| listed(trial, Some(why.clone())));
        let trials: Vec<Listed> = run.chain(left_out).collect();
        let is_listed = |line: &String| {
            let mut left_out = plan.left_out.iter();
            left_out.any(|(trial, why)| *line == format!("{}: {why}", trial.name()))
        };
        let skipped = plan.skipped.iter().filter(|line| !is_listed(line));
        Self {
            schema_version: kubeproof_reports::output::SCHEMA_VERSION,
            tool_version: kubeproof_reports::output::TOOL_VERSION.to_owned(),
            trials,
            skipped: skipped.cloned().collect(),
        }
    }

    /// A trial a line: whether it would run, its name, tier and file.
    fn text(&self) -> String {
        let mut text = String::new();
        for one in &self.trials {
            let line = match &one.skipped {
                None => format!("run      {} ({}, {})\n", one.trial, one.tier, one.file),
                Some(why) => format!(
                    "skipped  {} ({}, {}): {why}\n",
                    one.trial, one.tier, one.file
                ),
            };
            text.push_str(&line);
        }
        for line in &self.skipped {
            text.push_str(&format!("skipped  {line}\n"));
        }
        text
    }
}

fn listed(trial: &Trial, skipped: Option<String>) -> Listed {
    let name = trial.name();
    let part = name.split_once('/').map_or("lifecycle", |(_, part)| part);
    Listed {
        scenario: trial.scenario.name().to_owned(),
        part: part.to_owned(),
        file: trial.scenario.file.clone(),
        provider: trial.scenario.provider.name().to_owned(),
        tier: trial.tier,
        seed: trial.seed,
        skipped,
        trial: name,
    }
}

/// Prints the list. It proves nothing, so its exit code is only that of a command that worked.
pub fn show(plan: &Plan, args: &Args, out: &Output) -> u8 {
    let list = List::of(plan);
    match args.format {
        None | Some(FormatName::Table) => out.report(&list.text()),
        Some(FormatName::Json) => match serde_json::to_string_pretty(&list) {
            Ok(text) => out.report(&(text + "\n")),
            Err(error) => {
                out.error(&format!("the list cannot be written: {error}"));
                return exit_code::INTERNAL_ERROR;
            }
        },
        Some(_) => {
            out.error("`--list` prints a table or JSON: use `--format table` or `--format json`");
            return exit_code::USAGE;
        }
    }
    out.say(&format!("{} trials would run", plan.trials.len()));
    exit_code::PASSED
}
