//! What live trials would make, for how long, at what price, and by which calls: from scenarios and price tables, and from
//! a rehearsal of each trial. No account is asked.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use kubeproof_contract::Decimal;
use kubeproof_contract::call::Actor;
use kubeproof_contract::journal::Call;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::word::counted;

use crate::cost::usd;
use crate::live::budget::Longest;
use crate::runner::{RunError, in_memory, spending};
use crate::trial::Trial;
use crate::trial_context::RunOptions;
use crate::trial_context::progress::Silent;

/// What one live trial would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTrial {
    /// Its name.
    pub trial: String,
    /// The cloud, for people.
    pub title: &'static str,
    /// What it makes that costs money.
    pub makes: Vec<String>,
    /// The names and marks of what it makes.
    pub marks: String,
    /// How long its rehearsal took, minutes of the cloud's time; `None` where it was not rehearsed.
    pub rehearsed_minutes: Option<u64>,
    /// The longest that it can take.
    pub longest: Longest,
    /// What the planned duration is expected to cost, US dollars.
    pub expected_usd: Decimal,
    /// The most that the longest can cost, US dollars.
    pub most_usd: Decimal,
    /// What has no known price.
    pub unpriced: Vec<String>,
    /// What its rehearsal called.
    pub calls: Calls,
}

/// The operations that a rehearsal called, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// How many calls there were.
    pub count: usize,
    /// Operations that change something.
    pub changing: BTreeSet<String>,
    /// Operations that only read.
    pub reading: BTreeSet<String>,
}

impl Calls {
    /// Those of a journal, without what happens on a disk or in a cluster: that takes no permission of the cloud.
    fn of(journal: &[Call], services: &[&str]) -> Self {
        let mut calls = Self::default();
        let of_cloud = journal.iter().filter(|call| {
            call.actor != Actor::Foreign && !services.contains(&call.signature.service.as_str())
        });
        for call in of_cloud {
            calls.count += 1;
            let name = format!("{}:{}", call.signature.service, call.signature.operation);
            if call.signature.mutating {
                calls.changing.insert(name);
            } else {
                calls.reading.insert(name);
            }
        }
        calls
    }
}

/// Services that are not the cloud's: the provisioner's disk, and the API of a cluster.
const NOT_THE_CLOUDS: [&str; 2] = ["disk", "kubernetes"];

/// Plans a live trial. A program is not rehearsed: what it calls is known only to it.
///
/// # Errors
/// When it cannot be rehearsed.
pub fn plan(trial: &Trial, owner: &str, today: Timestamp) -> Result<PlannedTrial, RunError> {
    let longest = spending::longest(trial);
    let minutes = trial.scenario.content.cost.duration_minutes;
    let estimate = spending::estimate(&trial.scenario, minutes);
    let run = trial.run(owner, today);
    let provider = &trial.scenario.provider;
    let plan = provider.plan(&trial.scenario.content);
    let marks = plan.marks(&run);
    let rehearsed = if trial.scenario.content.provisioner.is_external() {
        None
    } else {
        Some(rehearse(trial)?)
    };
    let (rehearsed_minutes, calls) = rehearsed
        .map_or((None, Calls::default()), |(seconds, calls)| {
            (Some(seconds.div_ceil(60)), calls)
        });
    let most = spending::estimate(&trial.scenario, longest.minutes());
    Ok(PlannedTrial {
        trial: trial.name(),
        title: provider.title(),
        makes: estimate
            .all_lines()
            .map(|line| line.title.clone())
            .collect(),
        marks: format!(
            "{}…, {}={}, {}={}, {}",
            plan.name(&run, ""),
            marks.run.key,
            marks.run.value,
            marks.owner.key,
            marks.owner.value,
            marks.expires.key
        ),
        rehearsed_minutes,
        longest,
        expected_usd: estimate.all_lines().map(|line| line.expected_usd).sum(),
        most_usd: most.max_usd(),
        unpriced: most.unpriced,
        calls,
    })
}

/// Rehearses a trial: its seconds and its calls.
fn rehearse(trial: &Trial) -> Result<(u64, Calls), RunError> {
    let rehearsal = Trial {
        tier: Tier::Rehearsal,
        ..trial.clone()
    };
    let (output, journal) = in_memory(&rehearsal, &RunOptions::quiet(), &Silent::shared())?;
    Ok((output.record.seconds, Calls::of(&journal, &NOT_THE_CLOUDS)))
}

/// The plan as text for people; `lacks` says what keeps it from being carried out.
pub fn text(trials: &[PlannedTrial], lacks: &[String]) -> String {
    let mut text = String::new();
    for trial in trials {
        let _ = writeln!(text, "{} ({})", trial.trial, trial.title);
        let _ = writeln!(text, "  makes        {}", trial.makes.join(", "));
        let _ = writeln!(text, "  marked       {}", trial.marks);
        if let Some(minutes) = trial.rehearsed_minutes {
            let _ = writeln!(text, "  takes        {minutes} min in rehearsal");
        }
        let _ = writeln!(text, "  at most      {}", trial.longest.words());
        let _ = writeln!(
            text,
            "  costs        {} expected for the planned duration, {} at most; cost.budget_usd is {}",
            usd(trial.expected_usd, 2),
            usd(trial.most_usd, 2),
            usd(trial.longest.budget_usd, 2)
        );
        for unpriced in &trial.unpriced {
            let _ = writeln!(text, "  no price     {unpriced}");
        }
        operations(&mut text, trial);
        text.push('\n');
    }
    let most: Decimal = trials.iter().map(|trial| trial.most_usd).sum();
    let count = counted(trials.len(), "trial");
    let _ = writeln!(text, "{count}: at most {} together", usd(most, 2));
    if lacks.is_empty() {
        text.push_str("it may run: without --plan it is carried out\n");
    }
    for lack in lacks {
        let _ = writeln!(text, "it may not run: {lack}");
    }
    text
}

fn operations(text: &mut String, trial: &PlannedTrial) {
    let Calls {
        count,
        changing,
        reading,
    } = &trial.calls;
    if *count == 0 {
        text.push_str("  permissions  not known: what a program calls is not rehearsed here\n");
        return;
    }
    let list = |names: &BTreeSet<String>| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.join(" ")
    };
    let _ = writeln!(
        text,
        "  permissions  for the {} operations of the {count} calls of its rehearsal",
        changing.len() + reading.len()
    );
    let _ = writeln!(text, "    to change  {}", list(changing));
    let _ = writeln!(text, "    to read    {}", list(reading));
}
