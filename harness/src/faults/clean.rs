//! Why a clean run cannot serve as the reference of a campaign: everything in it that is not a pass, except
//! for its findings. Pure.

use kubeproof_contract::check::{Check, Verdict};
use kubeproof_reports::record::{Phase, Record};

/// Why a clean run cannot be the reference of a campaign. Empty if it passed, or only failed: then its findings say
/// why.
pub(super) fn doubts(record: &Record) -> Vec<String> {
    let told = !record.findings.is_empty();
    open(record.verdict, told, &record.phases, &record.checks)
}

/// The same for its parts; `told` is whether findings say what failed.
fn open(whole: Verdict, told: bool, phases: &[Phase], checks: &[Check]) -> Vec<String> {
    if whole == Verdict::Pass {
        return Vec::new();
    }
    let is_open = |verdict: Verdict| match verdict {
        Verdict::Unknown | Verdict::Pending => true,
        Verdict::Fail => !told,
        Verdict::Pass | Verdict::Skipped => false,
    };
    let line = |name: &str, verdict: Verdict, words: &str| {
        is_open(verdict).then(|| format!("{name} is {verdict}: {words}"))
    };
    let phases = phases
        .iter()
        .filter_map(|phase| line(&phase.name, phase.verdict, &phase.message));
    let checks = checks
        .iter()
        .filter_map(|check| line(&check.id, check.verdict, &check.evidence));
    let mut words: Vec<String> = phases.chain(checks).collect();
    if words.is_empty() && !told {
        words.push(format!("its verdict is {whole}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is open of a run with one phase and one check.
    #[track_caller]
    fn doubts_of(
        whole: Verdict,
        told: bool,
        (phase, check): (Verdict, Verdict),
        expected: &[&str],
    ) {
        let phase = Phase {
            name: "audit".to_owned(),
            verdict: phase,
            seconds: 1,
            calls: 1,
            message: "one cell was not listed".to_owned(),
        };
        let check = Check::new("x.ready", "ready", check, "no answer");
        assert_eq!(open(whole, told, &[phase], &[check]), expected);
    }

    #[test]
    fn only_a_pass_leaves_no_doubt() {
        use Verdict::{Fail, Pass, Pending, Skipped, Unknown};
        doubts_of(Pass, false, (Pass, Skipped), &[]);
        let audit = "audit is unknown: one cell was not listed";
        doubts_of(Unknown, false, (Unknown, Pass), &[audit]);
        let ready = "x.ready is pending: no answer";
        doubts_of(Pending, false, (Pass, Pending), &[ready]);
        doubts_of(Unknown, false, (Pass, Pass), &["its verdict is unknown"]);
        let skipped = "its verdict is skipped";
        doubts_of(Skipped, false, (Skipped, Skipped), &[skipped]);
        // Findings report what failed; anything else that is open is reported too.
        doubts_of(Fail, true, (Fail, Pass), &[]);
        doubts_of(Fail, true, (Unknown, Pass), &[audit]);
        // A failure without a finding is reported here.
        let silent = "audit is fail: one cell was not listed";
        doubts_of(Fail, false, (Fail, Pass), &[silent]);
    }
}
