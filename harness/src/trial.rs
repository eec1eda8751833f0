//! A trial: a scenario, the part of it that is run, a tier and a seed.
//!
//! Plain data and pure names (of the trial, its run, its replay), so that tests can inspect a plan without running it.

pub mod demand;
pub mod injected;
pub mod outcome;
pub mod output;
pub mod plan;
pub mod report;

use std::any::Any;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::fault::Fault;
use kubeproof_contract::journal::digest;
use kubeproof_contract::placeholder::MakePlaceholders;
use kubeproof_contract::run::Run;
use kubeproof_contract::scenario::{Expectation, Tier};

use self::output::{EndState, Retained};
use crate::scenario::Scenario;

/// The date at which a rehearsal with seed 1 begins: a Monday, five minutes past the hour.
const REHEARSAL_START: Timestamp = Timestamp::constant(1_793_610_300, 0);
/// Minutes by which the start moves from one seed to the next, so that seeds differ in how a run lies
/// across the clock hours that clouds bill by. Without a factor in common with the minutes of a day.
const START_STEP_MINUTES: u64 = 17;
/// One in so many lifecycles of a program tries everything a second time.
pub const AGAIN_EVERY: u64 = 10;
/// Minutes of a day.
const DAY_MINUTES: u64 = 24 * 60;

/// Which part of a scenario a trial runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole lifecycle, without failures or with those asked for on the command line.
    Lifecycle(Vec<Fault>),
    /// A lifecycle of a campaign with these faults: no job, no waiting and no bill, and the ground truth is checked
    /// instead of the account. Judged against the clean run, unless it is the clean run itself.
    Campaign(Vec<Fault>, Option<Arc<CleanRun>>),
    /// The forced partial failure of this index, with the faults that were added to its own.
    Failure(usize, Vec<Fault>),
}

/// The results of the clean run of a campaign: the others must end in the same state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanRun {
    /// What existed when the cluster was ready.
    pub end_state: EndState,
    /// What it retained by design; the others may retain no more.
    pub retained: Retained,
    /// Whether its handed-over access showed the cluster.
    pub access: bool,
}

/// One run of one scenario.
#[derive(Clone, Debug)]
pub struct Trial {
    pub scenario: Scenario,
    pub part: Part,
    /// Tier of evidence.
    pub tier: Tier,
    pub seed: u64,
}

/// What a trial expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No fault: everything succeeds at the first attempt.
    Clean,
    /// The expectation of the scenario for its forced failure.
    Forced(Expectation),
    /// Faults from the command line: the first attempt may succeed or fail, but a retry must succeed.
    Recovers,
    /// A lasting fault: the trial may report failures until the fault is over.
    Persists,
}

impl Expected {
    /// What must be seen under faults without an expectation.
    fn under(faults: &[Fault]) -> Self {
        if faults.iter().any(persists) {
            Self::Persists
        } else {
            Self::Recovers
        }
    }

    /// Whether a failure after a fault is no finding in itself.
    pub fn recovers(self) -> bool {
        matches!(self, Self::Recovers | Self::Persists)
    }
}

impl Trial {
    /// `two-zones`, or `two-zones/nat-gateway-fails`.
    pub fn name(&self) -> String {
        match &self.part {
            Part::Lifecycle(_) | Part::Campaign(..) => self.scenario.name().to_owned(),
            Part::Failure(index, _) => match self.scenario.content.failures.get(*index) {
                Some(failure) => format!("{}/{}", self.scenario.name(), failure.name.as_str()),
                None => format!("{}/{index}", self.scenario.name()),
            },
        }
    }

    /// What makes the placeholders with which its program works through our proxy; `None` when it needs none, or its cloud
    /// has none.
    pub fn placeholders(&self) -> Option<MakePlaceholders> {
        let live = self.tier == Tier::Live && self.scenario.content.provisioner.is_external();
        self.scenario.provider.placeholders().filter(|_| live)
    }

    /// Whether the provisioner's calls pass through this process: those of a program do in rehearsal, and live through our
    /// proxy.
    pub fn sees_calls(&self) -> bool {
        let external = self.scenario.content.provisioner.is_external();
        self.tier == Tier::Rehearsal || !external || self.placeholders().is_some()
    }

    /// Whether it is the main trial of its scenario.
    pub fn is_main(&self) -> bool {
        matches!(self.part, Part::Lifecycle(_))
    }

    /// Whether it is a lifecycle of a campaign.
    pub fn is_campaign(&self) -> bool {
        matches!(self.part, Part::Campaign(..))
    }

    /// Whether a second provision and a second teardown follow (O7). In the campaign of a program, where each of them
    /// takes a run of it, they do in the clean runs and in every [`AGAIN_EVERY`]th lifecycle, chosen by its faults.
    pub fn tries_again(&self) -> bool {
        let faults = self.faults();
        if !self.is_campaign() || !self.scenario.content.provisioner.is_external() {
            return true;
        }
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let hash = digest(texts.join(" ").as_bytes());
        let number = u64::from_str_radix(&hash, 16).unwrap_or(0);
        faults.is_empty() || number.is_multiple_of(AGAIN_EVERY)
    }

    /// The clean run that it is judged against, in a campaign.
    pub fn clean(&self) -> Option<&CleanRun> {
        match &self.part {
            Part::Campaign(_, clean) => clean.as_deref(),
            _ => None,
        }
    }

    /// The faults that are injected.
    pub fn faults(&self) -> Vec<Fault> {
        match &self.part {
            Part::Lifecycle(faults) | Part::Campaign(faults, _) => faults.clone(),
            Part::Failure(index, added) => {
                let failure = self.scenario.content.failures.get(*index);
                let own = failure.iter().flat_map(|failure| &failure.faults);
                own.map(|text| text.0.clone())
                    .chain(added.iter().cloned())
                    .collect()
            }
        }
    }

    /// The cluster that the first attempt asks for instead, by a mistake that is then mended.
    pub fn first_cluster(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        match &self.part {
            Part::Lifecycle(_) | Part::Campaign(..) => None,
            Part::Failure(index, _) => {
                let failure = self.scenario.content.failures.get(*index)?;
                failure.first_cluster.clone()
            }
        }
    }

    /// Whether its scenario says that this must be seen.
    pub fn expects(&self, expectation: Expectation) -> bool {
        self.expected() == Expected::Forced(expectation)
    }

    /// What must be seen.
    pub fn expected(&self) -> Expected {
        match &self.part {
            Part::Lifecycle(faults) | Part::Campaign(faults, _) if faults.is_empty() => {
                Expected::Clean
            }
            Part::Lifecycle(faults) | Part::Campaign(faults, _) => Expected::under(faults),
            Part::Failure(_, added) if !added.is_empty() => Expected::under(&self.faults()),
            Part::Failure(index, _) => match self.scenario.content.failures.get(*index) {
                Some(failure) => Expected::Forced(failure.expect),
                None => Expected::Clean,
            },
        }
    }

    /// The command that runs exactly this trial again.
    pub fn replay(&self) -> String {
        let verb = if self.is_campaign() {
            "faults"
        } else {
            "verify"
        };
        let mut command = format!("kubeproof {verb} {}", quoted(&self.scenario.file));
        if self.tier != Tier::Rehearsal {
            let _ = write!(command, " --tier {}", self.tier);
        }
        let _ = write!(command, " --seed {}", self.seed);
        let (Part::Lifecycle(faults) | Part::Campaign(faults, _) | Part::Failure(_, faults)) =
            &self.part;
        // With faults and no name the main trial is meant.
        if !self.is_campaign() && (faults.is_empty() || !self.is_main()) {
            let _ = write!(command, " --only {}", self.name());
        }
        for fault in faults {
            let _ = write!(command, " --fault {}", quoted(&fault.to_string()));
        }
        command
    }

    /// When the trial begins: fixed by the seed in rehearsal, today when live.
    pub fn start(&self, today: Timestamp) -> Timestamp {
        if self.tier != Tier::Rehearsal {
            return today;
        }
        let steps = self.seed.wrapping_sub(1) % DAY_MINUTES;
        let minutes = i64::try_from(steps * START_STEP_MINUTES % DAY_MINUTES).unwrap_or_default();
        REHEARSAL_START + SignedDuration::from_mins(minutes)
    }

    /// What identifies the run: the same for the same trial in rehearsal, unique when live.
    pub fn run(&self, owner: &str, start: Timestamp) -> Run {
        Run::new(self.run_id(start), owner, start)
    }

    fn run_id(&self, start: Timestamp) -> String {
        // All lifecycles of a campaign begin in one account, beside one bystander whose name begins as
        // theirs does.
        let faults = if self.is_campaign() {
            Vec::new()
        } else {
            self.faults()
        };
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let key = format!(
            "{}|{}|{}|{}|{}",
            self.scenario.provider.name(),
            self.name(),
            self.tier,
            self.seed,
            faults.join(",")
        );
        if self.tier != Tier::Rehearsal {
            // Unique: two runs of one trial may begin at the same moment, in one process or in two.
            let unique = format!("{key}|{}|{}", start.as_nanosecond(), std::process::id());
            let hash = digest(unique.as_bytes());
            let letter = if self.tier == Tier::Kind { 'k' } else { 'l' };
            return format!("{letter}{}-{}", start.strftime("%y%m%d%H%M%S"), &hash[..5]);
        }
        let hash = digest(key.as_bytes());
        // Eighteen characters at most, also for the largest seed: a bystander's id has two more, and twenty
        // is what fits everywhere.
        if self.seed < 100_000_000 {
            format!("r{}-{}", self.seed, &hash[..8])
        } else {
            format!("r-{hash}")
        }
    }
}

/// Whether a fault lasts until it is lifted.
pub fn persists(fault: &Fault) -> bool {
    fault.target.lasts()
}

/// Quoted for a shell when it needs to be.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rehearsal_begins_on_a_monday_at_five_past_nine() {
        assert_eq!(REHEARSAL_START.to_string(), "2026-11-02T09:05:00Z");
    }

    #[test]
    fn what_a_shell_would_change_is_quoted() {
        assert_eq!(
            quoted("scenarios/aws/two-zones.yaml"),
            "scenarios/aws/two-zones.yaml"
        );
        assert_eq!(
            quoted("ec2:Delete*#1*6=throttle(3)"),
            "'ec2:Delete*#1*6=throttle(3)'"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
