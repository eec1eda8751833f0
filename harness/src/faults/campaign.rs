//! Runs a campaign: the clean run first, then every schedule on threads that share nothing.
//!
//! Apart from schedules and records, which are plain data on both sides of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use kubeproof_contract::call::Signature;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::disk;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::Campaign;
use kubeproof_reports::campaign::portion::Portion;

use super::clean::doubts;
use super::entry::{enter, found};
use super::one::{self, Lived};
use super::ordered::Ordered;
use super::plan::{How, Plan};
use super::points::points;
use super::schedules::{self, Aimed, Schedule, Wanted};
use super::shard::Shard;
use super::shrink::shrink;
use crate::run::lab;
use crate::run::progress::Silent;
use crate::run::stage::Surroundings;
use crate::run::trial::{Clean, Part, Trial};
use crate::scenario::Scenario;
use crate::stopwatch::Stopwatch;

/// How the points are combined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each alone.
    Singles,
    /// Each pair.
    Pairs,
    /// So many random pairs.
    Random(usize),
    /// These faults, together, in one lifecycle.
    These(Vec<Fault>),
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// How the points are combined.
    pub mode: Mode,
    /// Which effects.
    pub wanted: Wanted,
    /// Whether polls of one loop are all struck.
    pub every_poll: bool,
    /// Seed.
    pub seed: u64,
    /// The part of the campaign that is run here.
    pub shard: Option<Shard>,
    /// Threads.
    pub jobs: usize,
}

/// Listens to a campaign.
pub trait Watcher: Sync {
    /// So many lifecycles will be run.
    fn planned(&self, _scenario: &str, _lifecycles: usize) {}
    /// One of them has been.
    fn lived(&self, _calls: u64, _findings: usize) {}
}

/// What is known of a scenario before its faults.
struct Ground {
    clean: Arc<Clean>,
    plan: Plan,
    here: usize,
}

/// How many lifecycles may be done while one before them is not.
const WINDOW: usize = 1024;

/// Runs the campaign of one scenario.
///
/// # Errors
/// When lifecycles could not be run at all.
pub fn run(
    scenario: &Scenario,
    order: &Order,
    around: &Surroundings,
    watcher: &dyn Watcher,
) -> Result<Campaign, String> {
    let stopwatch = Stopwatch::start();
    let mut campaign = Campaign {
        seed: order.seed,
        scenarios: vec![scenario.name().to_owned()],
        ..Campaign::default()
    };
    let clean = clean_trial(scenario, order, Part::Lifecycle(Vec::new()));
    // One account for all: with the bystander in it that the clean run tears down.
    let around = lab::beside(&clean, around).map_err(|error| error.to_string())?;
    if let Some(ground) = ground(&clean, order, &around, &mut campaign)? {
        watcher.planned(scenario.name(), ground.here);
        all(scenario, order, &around, &ground, watcher, &mut campaign)?;
    }
    campaign.elapsed_seconds = seconds(&stopwatch);
    Ok(campaign)
}

fn clean_trial(scenario: &Scenario, order: &Order, part: Part) -> Trial {
    Trial {
        scenario: scenario.clone(),
        part,
        tier: Tier::Rehearsal,
        seed: order.seed,
    }
}

/// The clean run, twice: as every trial, with all its checks, and as the campaign's lifecycles are.
/// `None` when it is not clean, for then nothing that follows would prove anything; chosen faults are
/// shown all the same, beside what the clean run has shown.
fn ground(
    whole: &Trial,
    order: &Order,
    around: &Surroundings,
    campaign: &mut Campaign,
) -> Result<Option<Ground>, String> {
    let scenario = &whole.scenario;
    let silent = Silent::shared();
    let (proven, _) = lab::in_memory(whole, around, &silent).map_err(|e| e.to_string())?;
    let lean = clean_trial(scenario, order, Part::Campaign(Vec::new(), None));
    let (ran, journal) = lab::in_memory(&lean, around, &silent).map_err(|e| e.to_string())?;
    if around.stop.asked() {
        campaign.stopped = true;
        return Ok(None);
    }
    let records = [&proven.record, &ran.record];
    for finding in records.iter().flat_map(|record| &record.findings) {
        let finding = found(scenario, &[], finding.clone(), Vec::new());
        campaign.findings.push(finding);
    }
    for doubt in records.iter().flat_map(|record| doubts(record)) {
        let name = scenario.name();
        campaign
            .unknown
            .push(format!("{name}: the clean run: {doubt}"));
    }
    let all_pass = records.iter().all(|record| record.verdict == Verdict::Pass);
    if !all_pass && !matches!(order.mode, Mode::These(_)) {
        return Ok(None);
    }
    let Some(end_state) = ran.truth.end_state else {
        let name = scenario.name();
        campaign.unknown.push(format!(
            "{name}: the clean run made no cluster to compare with"
        ));
        return Ok(None);
    };
    let clean = Arc::new(Clean {
        end_state,
        retained: ran.truth.retained,
        access: ran.truth.access,
    });
    let points = points(&journal, &ran.marks, order.every_poll);
    let plan = planned(scenario, order, &points);
    let extent = plan.extent();
    let (shard, of) = order.shard.map_or((1, 1), |shard| (shard.number, shard.of));
    campaign.portions.push(Portion {
        scenario: scenario.name().to_owned(),
        plan: extent.digest,
        planned: extent.planned,
        shard,
        of,
    });
    let here = extent.here;
    Ok(Some(Ground { clean, plan, here }))
}

fn planned(scenario: &Scenario, order: &Order, points: &[super::points::Point]) -> Plan {
    let provider = &scenario.provider;
    let documented = |signature: &Signature| {
        if signature.service == disk::SERVICE {
            return disk::documented(signature);
        }
        provider.documented_effects(signature)
    };
    let singles = || schedules::singles(points, documented, &order.wanted);
    let (singles, how) = match &order.mode {
        Mode::Singles => (singles(), How::AsTheyAre),
        Mode::Pairs => (singles(), How::Pairs),
        Mode::Random(count) => (singles(), How::Random(*count)),
        Mode::These(faults) => {
            let aim = |fault: &Fault| {
                let at = points.iter().find(|point| {
                    fault.place.names(fault.place.actor, &point.signature)
                        && fault.place.occurrence == point.occurrence
                });
                Aimed {
                    fault: fault.clone(),
                    signature: at.map_or_else(
                        || Signature {
                            service: fault.place.service.clone(),
                            operation: fault.place.operation.clone(),
                            mutating: true,
                        },
                        |point| point.signature.clone(),
                    ),
                    part: at.map_or(super::points::Part::Provision, |point| point.part),
                }
            };
            (vec![faults.iter().map(aim).collect()], How::AsTheyAre)
        }
    };
    Plan {
        scenario: scenario.name().to_owned(),
        singles,
        how,
        seed: order.seed,
        shard: order.shard,
    }
}

/// A lifecycle, with the faults that its findings need.
pub(super) struct Shrunk {
    pub(super) lived: Lived,
    pub(super) needed: Schedule,
}

/// Runs all lifecycles of the plan, in any order; what they have shown is entered in theirs.
fn all(
    scenario: &Scenario,
    order: &Order,
    around: &Surroundings,
    ground: &Ground,
    watcher: &dyn Watcher,
    campaign: &mut Campaign,
) -> Result<(), String> {
    let next = Mutex::new(ground.plan.here().enumerate());
    let failed: Mutex<Option<String>> = Mutex::default();
    let entered = Ordered::new(WINDOW, |(schedule, shrunk): (Schedule, Shrunk)| {
        enter(scenario, &schedule, shrunk, campaign);
    });
    std::thread::scope(|scope| {
        for _ in 0..order.jobs.clamp(1, ground.here.max(1)) {
            scope.spawn(|| {
                loop {
                    let Some((index, schedule)) = lock(&next).next() else {
                        return;
                    };
                    match one(scenario, order, around, ground, &schedule) {
                        // A lifecycle that was interrupted shows nothing.
                        _ if around.stop.asked() => return entered.end(),
                        Ok(shrunk) => {
                            watcher.lived(shrunk.lived.calls, shrunk.lived.findings.len());
                            entered.add(index, (schedule, shrunk));
                        }
                        Err(problem) => {
                            lock(&failed).get_or_insert(problem);
                            return entered.end();
                        }
                    }
                }
            });
        }
    });
    if let Some(problem) = lock(&failed).take() {
        return Err(problem);
    }
    let lived = entered.finish();
    campaign.stopped = lived < ground.here;
    Ok(())
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One lifecycle; when it has findings, again with fewer faults, as long as the same oracle speaks.
fn one(
    scenario: &Scenario,
    order: &Order,
    around: &Surroundings,
    ground: &Ground,
    schedule: &Schedule,
) -> Result<Shrunk, String> {
    let live = |schedule: &[Aimed]| {
        let faults = schedule.iter().map(|aimed| aimed.fault.clone()).collect();
        let trial = one::trial(scenario, faults, &ground.clean, order.seed);
        one::live(&trial, around).map_err(|error| error.to_string())
    };
    let lived = live(schedule)?;
    let oracles = |lived: &Lived| -> BTreeSet<String> {
        let oracles = lived.findings.iter().map(|finding| finding.oracle.clone());
        oracles.collect()
    };
    if lived.findings.is_empty() || schedule.len() == 1 {
        let needed = schedule.clone();
        return Ok(Shrunk { lived, needed });
    }
    let first = oracles(&lived);
    let needed = shrink(schedule, |fewer| {
        live(fewer).is_ok_and(|again| oracles(&again) == first)
    });
    let mut lived = lived;
    if needed.len() < schedule.len() {
        // What is shown is the small one; what was reached is told of the whole.
        let small = live(&needed)?;
        lived.findings = small.findings;
        lived.around = small.around;
    }
    Ok(Shrunk { lived, needed })
}

fn seconds(stopwatch: &Stopwatch) -> f64 {
    let milliseconds = u32::try_from(stopwatch.milliseconds()).unwrap_or(u32::MAX);
    f64::from(milliseconds) / 1000.0
}
