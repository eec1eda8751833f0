//! Runs a campaign: the clean run first, then every schedule on threads that share nothing.
//!
//! Apart from schedules and records, which are plain data on both sides of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kubeproof_contract::call::Signature;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::disk;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::journal::digest;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::campaign::Campaign;
use kubeproof_reports::campaign::portion::Portion;

use super::clean::doubts;
use super::entry::{enter, found, written};
use super::one::{self, Lived};
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
    schedules: Vec<Schedule>,
}

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
    let Some(ground) = ground(scenario, order, around, &mut campaign)? else {
        campaign.elapsed_seconds = seconds(&stopwatch);
        return Ok(campaign);
    };
    watcher.planned(scenario.name(), ground.schedules.len());
    let lived = all(scenario, order, around, &ground, watcher)?;
    campaign.stopped = lived.len() < ground.schedules.len();
    for (index, lived) in lived {
        enter(scenario, &ground.schedules[index], lived, &mut campaign);
    }
    campaign.elapsed_seconds = seconds(&stopwatch);
    Ok(campaign)
}

/// The clean run, twice: as every trial, with all its checks, and as the campaign's lifecycles are.
/// `None` when it is not clean, for then nothing that follows would prove anything; chosen faults are
/// shown all the same, beside what the clean run has shown.
fn ground(
    scenario: &Scenario,
    order: &Order,
    around: &Surroundings,
    campaign: &mut Campaign,
) -> Result<Option<Ground>, String> {
    let trial = |part| Trial {
        scenario: scenario.clone(),
        part,
        tier: Tier::Rehearsal,
        seed: order.seed,
    };
    let silent = Silent::shared();
    let whole = trial(Part::Lifecycle(Vec::new()));
    let (proven, _) = lab::in_memory(&whole, around, &silent).map_err(|e| e.to_string())?;
    let (ran, journal) = lab::in_memory(&trial(Part::Campaign(Vec::new(), None)), around, &silent)
        .map_err(|error| error.to_string())?;
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
    let all_pass = records
        .iter()
        .all(|record| record.verdict == Verdict::Pass);
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
    let mut schedules = combined(scenario, order, &points);
    campaign.portions.push(portion(scenario, order, &schedules));
    if let Some(shard) = order.shard {
        schedules.retain(|schedule| shard.has(scenario.name(), &written(schedule)));
    }
    Ok(Some(Ground { clean, schedules }))
}

/// Which portion of which campaign this is: by all its lifecycles and the seed, before they are split.
fn portion(scenario: &Scenario, order: &Order, schedules: &[Schedule]) -> Portion {
    let mut plan = format!("seed {}", order.seed);
    for schedule in schedules {
        plan.push('|');
        plan.push_str(&written(schedule));
    }
    let (shard, of) = order.shard.map_or((1, 1), |shard| (shard.number, shard.of));
    Portion {
        scenario: scenario.name().to_owned(),
        plan: digest(plan.as_bytes()),
        planned: u64::try_from(schedules.len()).unwrap_or(u64::MAX),
        shard,
        of,
    }
}

fn combined(scenario: &Scenario, order: &Order, points: &[super::points::Point]) -> Vec<Schedule> {
    let provider = &scenario.provider;
    let documented = |signature: &Signature| {
        if signature.service == disk::SERVICE {
            return disk::documented(signature);
        }
        provider.documented_effects(signature)
    };
    let singles = || schedules::singles(points, documented, &order.wanted);
    match &order.mode {
        Mode::Singles => singles(),
        Mode::Pairs => schedules::pairs(&singles()),
        Mode::Random(count) => schedules::random(&singles(), *count, order.seed),
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
            vec![faults.iter().map(aim).collect()]
        }
    }
}

type Done = Vec<(usize, Shrunk)>;

/// A lifecycle, with the faults that its findings need.
pub(super) struct Shrunk {
    pub(super) lived: Lived,
    pub(super) needed: Schedule,
}

/// Runs all schedules, in any order; what was run comes back in theirs.
fn all(
    scenario: &Scenario,
    order: &Order,
    around: &Surroundings,
    ground: &Ground,
    watcher: &dyn Watcher,
) -> Result<Done, String> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Done> = Mutex::default();
    let failed: Mutex<Option<String>> = Mutex::default();
    let count = ground.schedules.len();
    std::thread::scope(|scope| {
        for _ in 0..order.jobs.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(schedule) = ground.schedules.get(index) else {
                        return;
                    };
                    match one(scenario, order, around, ground, schedule) {
                        // A lifecycle that was interrupted shows nothing.
                        _ if around.stop.asked() => return,
                        Ok(shrunk) => {
                            watcher.lived(shrunk.lived.calls, shrunk.lived.findings.len());
                            lock(&done).push((index, shrunk));
                        }
                        Err(problem) => {
                            lock(&failed).get_or_insert(problem);
                            return;
                        }
                    }
                }
            });
        }
    });
    if let Some(problem) = lock(&failed).take() {
        return Err(problem);
    }
    let mut done = std::mem::take(&mut *lock(&done));
    done.sort_by_key(|(index, _)| *index);
    Ok(done)
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
