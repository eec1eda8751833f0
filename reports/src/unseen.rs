//! Records of trials without results: left out by their tier, not begun, or killed before the record was written.
//!
//! Every requested trial appears in the report; what it did not show is never a pass.

use std::sync::Arc;

use jiff::Timestamp;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use serde::{Deserialize, Serialize};

use crate::output::{SCHEMA_VERSION, TOOL_VERSION};
use crate::record::{Audit, Cost, Phase, Record};

/// The phase of trials that went no further.
const PLAN: &str = "plan";

/// What is known of a trial before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Id of the run, as far as it has one.
    pub run_id: String,
    /// Name of the trial.
    pub scenario: String,
    /// The scenario file, as given.
    pub file: String,
    /// Provider name.
    pub provider: String,
    /// Provider name for people.
    pub provider_title: String,
    /// Name of the provisioner under test.
    pub provisioner: String,
    /// Its tier.
    pub tier: Tier,
    /// Its seed.
    pub seed: u64,
    /// When it began or would have begun.
    pub started_at: Timestamp,
}

/// The record of a trial that was left out on purpose.
pub fn skipped(planned: Planned, why: &str) -> Record {
    record(planned, Verdict::Skipped, PLAN, why)
}

/// The record of a requested trial that never began, so that it created nothing.
pub fn not_begun(planned: Planned, why: &str) -> Record {
    record(planned, Verdict::Unknown, PLAN, why)
}

/// Whether this is the record of a trial that never began.
pub fn is_not_begun(record: &Record) -> bool {
    let plan = |phase: &Phase| phase.name == PLAN && phase.verdict == Verdict::Unknown;
    record.phases.len() == 1 && record.phases.iter().all(plan)
}

/// The record of a trial that may have begun and has not ended: what it created and left is unknown.
pub fn lost(planned: Planned, why: &str) -> Record {
    let mut record = record(planned, Verdict::Unknown, "record", why);
    record.audit = Audit::empty(Verdict::Unknown);
    record.audit.coverage.failed = vec![why.to_owned()];
    record.cost.verdict = Verdict::Unknown;
    record
}

/// The record of a trial of which only the plan is known: no phases, and nothing audited or compared.
pub fn blank(planned: Planned, why: &str) -> Record {
    Record {
        schema_version: SCHEMA_VERSION,
        tool_version: Some(TOOL_VERSION.to_owned()),
        run_id: planned.run_id,
        scenario: planned.scenario,
        file: planned.file,
        provider: planned.provider,
        provider_title: planned.provider_title,
        provisioner: planned.provisioner,
        tier: planned.tier,
        seed: planned.seed,
        clock: if planned.tier == Tier::Rehearsal {
            "virtual"
        } else {
            "real"
        }
        .to_owned(),
        started_at: planned.started_at,
        finished_at: planned.started_at,
        seconds: 0,
        elapsed_milliseconds: 0,
        calls: 0,
        journal_hash: String::new(),
        verdict: Verdict::Unknown,
        ready: None,
        phases: Vec::new(),
        checks: Vec::new(),
        audit: Audit::empty(Verdict::Skipped),
        cost: Cost::none(Verdict::Skipped, why),
        faults: Vec::new(),
        findings: Vec::new(),
        allowed: Vec::new(),
        attested: false,
        journal: Arc::default(),
        text: Arc::default(),
    }
}

fn record(planned: Planned, verdict: Verdict, phase: &str, why: &str) -> Record {
    let phase = Phase {
        name: phase.to_owned(),
        verdict,
        seconds: 0,
        calls: 0,
        message: why.to_owned(),
    };
    Record {
        verdict,
        phases: vec![phase],
        ..blank(planned, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Area;
    use crate::judge;

    fn planned() -> Planned {
        Planned {
            run_id: "r1-1".to_owned(),
            scenario: "s/f".to_owned(),
            file: "s.yaml".to_owned(),
            provider: "north".to_owned(),
            provider_title: "North".to_owned(),
            provisioner: "built in".to_owned(),
            tier: Tier::Rehearsal,
            seed: 1,
            started_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn none_of_them_is_a_pass_and_one_that_was_lost_leaves_cleanup_unknown() {
        let check = |record: Record, trial: Verdict, cleanup: Verdict| {
            let (verdict, message) = judge::trial(&record);
            assert_eq!(verdict, trial);
            assert!(message.contains("why"), "{message}");
            assert_eq!(judge::area(&record, Area::Cleanup).0, cleanup);
        };
        check(
            skipped(planned(), "why"),
            Verdict::Skipped,
            Verdict::Skipped,
        );
        check(
            not_begun(planned(), "why"),
            Verdict::Unknown,
            Verdict::Skipped,
        );
        let lost = lost(planned(), "why");
        assert_eq!(judge::trial(&lost).0, Verdict::Unknown);
        for area in [Area::Provisioning, Area::Cleanup, Area::Cost] {
            assert_eq!(judge::area(&lost, area).0, Verdict::Unknown, "{area}");
        }
    }
}
