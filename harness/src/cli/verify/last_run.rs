//! The trials that did not pass when they last ran (`verify --only-failed`), by the records in the folder of run
//! directories.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::judge;
use kubeproof_reports::record::Record;

use crate::run_directory::unfinished;
use crate::trial::Trial;
use crate::trial::plan::Plan;

/// What identifies a trial from run to run: provider, name and tier.
type Key = (String, String, Tier);

/// The plan without the trials that passed or were skipped when they last ran, and without those that never ran.
///
/// # Errors
/// When the records cannot be read, or nothing is left to run.
pub fn only_failed(mut plan: Plan, folder: &Path) -> Result<Plan, String> {
    let last = last_verdicts(folder)?;
    let key = |trial: &Trial| {
        let provider = trial.scenario.provider.name().to_owned();
        (provider, trial.name(), trial.tier)
    };
    let is_open = |trial: &Trial| {
        let verdict = last.get(&key(trial)).map(|(_, verdict)| *verdict);
        verdict.is_some_and(|verdict| !matches!(verdict, Verdict::Pass | Verdict::Skipped))
    };
    let (open, others): (Vec<Trial>, Vec<Trial>) = plan.trials.into_iter().partition(is_open);
    let without = others
        .iter()
        .filter(|trial| !last.contains_key(&key(trial)));
    let without = without.count();
    if open.is_empty() {
        return Err(format!(
            "nothing to run: no trial of these failed or was unknown when it last ran, by the records in {}; {without} \
             have no record there",
            folder.display()
        ));
    }
    if without > 0 {
        plan.skipped.push(format!(
            "{without} trials have no record in {}, and --only-failed does not run them",
            folder.display()
        ));
    }
    // What the tier cannot inject is no failure.
    plan.left_out.clear();
    plan.trials = open;
    Ok(plan)
}

/// The verdict of the last run of each trial: that of the run directory that was written last. The time in a record is that
/// of its own clock, which is virtual in rehearsal.
fn last_verdicts(folder: &Path) -> Result<BTreeMap<Key, (SystemTime, Verdict)>, String> {
    let unreadable = |error: std::io::Error| {
        format!(
            "the records in {} cannot be read: {error}; run `kubeproof verify` without --only-failed first",
            folder.display()
        )
    };
    let mut last: BTreeMap<Key, (SystemTime, Verdict)> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(record) = unfinished::of_folder(&path).map_err(|error| error.to_string())? else {
            continue;
        };
        let written = std::fs::metadata(&path).and_then(|it| it.modified());
        let written = written.map_err(unreadable)?;
        let Record {
            provider,
            scenario,
            tier,
            ..
        } = &record;
        let key = (provider.clone(), scenario.clone(), *tier);
        let is_newer = last.get(&key).is_none_or(|(at, _)| *at <= written);
        if is_newer {
            last.insert(key, (written, judge::trial(&record).0));
        }
    }
    Ok(last)
}
