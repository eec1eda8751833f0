//! `kubeproof estimate`: what a scenario would cost, line by line, from prices alone.

use std::fmt::Write as _;
use std::path::PathBuf;

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::cost::Estimate;
use kubeproof_reports::output::{self, Output as JsonOutput};
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Output, TableOrJson};
use crate::cost::shortest::shortest;
use crate::cost::{fixed, usd};
use crate::runner::spending;
use crate::scenario::Scenario;
use crate::{cost, exit_code, providers, scenario};

const AFTER_HELP: &str = "\
Exit codes:
  0   all prices are known, and claims agree with them
  1   a scenario claims another price than the list price
  2   scenario error
  3   inconclusive: a price is not known";

/// Options of `estimate`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Scenario files or folders [default: scenarios/]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Lifetime of the cluster [default: as in the scenario]
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: Option<u32>,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: TableOrJson,
}

/// What all of them would cost.
#[derive(Debug, Serialize, JsonSchema)]
struct Estimates<'a> {
    estimates: &'a [Line],
}

/// What one scenario would cost.
#[derive(Debug, Serialize, JsonSchema)]
struct Line {
    scenario: String,
    provider: &'static str,
    duration_minutes: u32,
    usd_per_hour: Decimal,
    min_usd: Decimal,
    expected_usd: Decimal,
    max_usd: Decimal,
    /// The shortest run, in minutes, whose bill can be judged within the scenario's tolerance whenever it starts;
    /// `null` where none of up to four hours can, or a price is not known.
    shortest_minutes: Option<u32>,
    /// What is wrong with the claim of its provisioner, if anything.
    claim: Option<String>,
    estimate: Estimate,
}

/// Shows the estimates.
pub fn run(args: &Args, out: &Output) -> u8 {
    let scenarios = match scenario::read::all(&args.paths, &providers::shared()) {
        Ok(scenarios) => scenarios,
        Err(problems) => return out.problems(&problems),
    };
    let mut lines = Vec::new();
    for scenario in &scenarios {
        lines.push(of_scenario(scenario, args.minutes));
    }
    let claims = lines.iter().filter_map(|line| line.claim.as_ref());
    let all_priced = lines.iter().all(|line| line.estimate.unpriced.is_empty());
    let verdict = match (claims.clone().count(), all_priced) {
        (0, true) => Verdict::Pass,
        // Without all prices it is not an estimate.
        (0, false) => Verdict::Unknown,
        _ => Verdict::Fail,
    };
    match args.format {
        TableOrJson::Table => out.report(&table(&lines)),
        TableOrJson::Json => {
            let document = Estimates { estimates: &lines };
            out.report(&JsonOutput::new(verdict, document).text());
        }
    }
    for claim in claims {
        out.error(claim);
    }
    for line in lines
        .iter()
        .filter(|line| !line.estimate.unpriced.is_empty())
    {
        let what = line.estimate.unpriced.join(", ");
        out.error(&format!(
            "{}: no price is known for {what}: the sums are incomplete",
            line.scenario
        ));
    }
    exit_code::of([verdict])
}

fn of_scenario(scenario: &Scenario, minutes: Option<u32>) -> Line {
    let duration_minutes = minutes.unwrap_or(scenario.content.cost.duration_minutes);
    let estimate = spending::estimate(scenario, duration_minutes);
    let claimed = scenario
        .content
        .provisioner
        .claims_usd_per_hour
        .map(|usd| usd.0);
    let tolerance = scenario.content.cost.tolerance_percent;
    // A claim cannot be compared with part of a list price.
    let claimed = claimed.filter(|_| estimate.unpriced.is_empty());
    Line {
        scenario: scenario.name().to_owned(),
        provider: scenario.provider.name(),
        duration_minutes,
        usd_per_hour: estimate.usd_per_hour(),
        min_usd: estimate.lines.iter().map(|line| line.min_usd).sum(),
        expected_usd: estimate.expected_usd(),
        max_usd: estimate.lines.iter().map(|line| line.max_usd).sum(),
        shortest_minutes: shortest(|minutes| spending::estimate(scenario, minutes), tolerance),
        claim: claimed.and_then(|usd| cost::claimed_rate::problem(usd, &estimate.lines, tolerance)),
        estimate,
    }
}

fn table(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(
            text,
            "{} ({}), {} minutes",
            line.scenario, line.provider, line.duration_minutes
        );
        let width = line
            .estimate
            .lines
            .iter()
            .map(|part| part.title.chars().count())
            .chain(["Total".len()])
            .max()
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:width$}  {:>10}  {:>10}  {:>10}  {:>10}",
            "", "$ an hour", "least", "expected", "most"
        );
        for part in &line.estimate.lines {
            let _ = writeln!(
                text,
                "  {:width$}  {:>10}  {:>10}  {:>10}  {:>10}",
                part.title,
                fixed(part.usd_per_hour, 4),
                fixed(part.min_usd, 4),
                fixed(part.expected_usd, 4),
                fixed(part.max_usd, 4)
            );
        }
        let _ = writeln!(
            text,
            "  {:width$}  {:>10}  {:>10}  {:>10}  {:>10}",
            "Total",
            fixed(line.usd_per_hour, 4),
            fixed(line.min_usd, 4),
            fixed(line.expected_usd, 4),
            fixed(line.max_usd, 4)
        );
        for part in &line.estimate.workload {
            let _ = writeln!(
                text,
                "  the job also creates: {}, {} an hour, at most {}",
                part.title,
                usd(part.usd_per_hour, 4),
                usd(part.max_usd, 4)
            );
        }
        let _ = writeln!(text, "  {}", advice(line));
        for unpriced in &line.estimate.unpriced {
            let _ = writeln!(text, "  no price is known: {unpriced}");
        }
        for left_out in &line.estimate.left_out {
            let _ = writeln!(text, "  left out: {left_out}");
        }
        for source in sources(&line.estimate) {
            let _ = writeln!(text, "  prices: {source}");
        }
        text.push('\n');
    }
    text
}

/// How long a run must be for its bill to be judged: what is billed by whole hours hides prices in a shorter one.
fn advice(line: &Line) -> String {
    match line.shortest_minutes {
        Some(minutes) if minutes > line.duration_minutes => format!(
            "too short to be judged by its bill at any start: keep it for {minutes} minutes (cost.duration_minutes)"
        ),
        Some(minutes) => {
            format!("its bill can be judged from {minutes} minutes on, whenever it starts")
        }
        None => "no run of up to four hours can be judged by its bill at any start".to_owned(),
    }
}

/// Where the prices are from, each source once.
fn sources(estimate: &Estimate) -> Vec<&str> {
    let mut sources: Vec<&str> = Vec::new();
    for line in &estimate.lines {
        if !sources.contains(&line.source.as_str()) {
            sources.push(&line.source);
        }
    }
    sources
}

/// The JSON schema of what `--format json` prints.
pub fn schema() -> serde_json::Value {
    output::schema::<Estimates<'_>>()
}
