//! The row `permissions.minimal` of main trials: proved by rehearsals of their scenario under the least permissions.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::record::Record;
use kubeproof_reports::word::counted;

use crate::permissions::{Answer, Options, answer};
use crate::runner::{self, RunError};
use crate::trial::Trial;
use crate::trial_context::RunOptions;

/// The row.
const ROW: &str = "permissions.minimal";

/// Proves the least permissions of each rehearsed scenario, and writes the rows of their main trials.
pub fn fill(
    trials: &[Trial],
    records: &mut [Record],
    (options, jobs): (&RunOptions, usize),
) -> Vec<RunError> {
    let mut errors = Vec::new();
    for trial in trials {
        if !trial.is_main() || trial.tier != Tier::Rehearsal || options.cancel.is_cancelled() {
            continue;
        }
        let provider = trial.scenario.provider.name();
        let of_trial =
            |record: &&mut Record| record.scenario == trial.name() && record.provider == provider;
        let Some(record) = records.iter_mut().find(of_trial) else {
            continue;
        };
        let asked = Options {
            seed: trial.seed,
            with_campaign: false,
            sample: None,
            prove: true,
            jobs,
        };
        let (verdict, evidence) = match answer(&trial.scenario, asked, &|_| {}) {
            Ok(answer) => row(&answer),
            Err(error) => (Verdict::Unknown, error.to_string()),
        };
        put(record, verdict, evidence);
        errors.extend(runner::write(record, options));
    }
    errors
}

fn put(record: &mut Record, verdict: Verdict, evidence: String) {
    let Some(row) = record.checks.iter_mut().find(|check| check.id == ROW) else {
        return;
    };
    row.verdict = verdict;
    row.evidence = evidence;
    // A cloud without a proof is as it was.
    if verdict != Verdict::Skipped {
        record.verdict = Verdict::of_all([record.verdict, verdict]);
    }
}

/// What the row says.
fn row(answer: &Answer) -> (Verdict, String) {
    let least = answer.least.as_ref();
    let Some((least, proof)) = least.zip(answer.proof.as_ref()) else {
        return (
            Verdict::Skipped,
            "its calls need no permissions of a cloud".to_owned(),
        );
    };
    if least.document.is_null() {
        return (Verdict::Skipped, least.notes.join("; "));
    }
    if let Some(why) = &proof.impossible {
        return (Verdict::Skipped, format!("not proved: {why}"));
    }
    let first = proof.insufficient.iter().chain(&answer.doubts).next();
    let evidence = match (first, least.unknown.first()) {
        (Some(why), _) => why.clone(),
        (None, Some(operation)) => format!("no permission is known for {operation}"),
        (None, None) => format!(
            "{} for {} suffice; without each of {} something fails{}{}",
            counted(least.actions.len(), "action"),
            counted(answer.rehearsals, "rehearsal"),
            proof.needed.len(),
            named("; not proved needed", &proof.not_proved_needed),
            named("; by documentation alone", &proof.by_documentation)
        ),
    };
    (proof.verdict, evidence)
}

fn named(what: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("{what}: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::permissions::{GrantedAction, LeastPermissions};
    use serde_json::json;

    use super::*;
    use crate::permissions::proof::{Needed, Proof};

    /// One action, and this proof of it.
    fn answered(change: impl FnOnce(&mut Proof)) -> Answer {
        let mut proof = Proof {
            verdict: Verdict::Pass,
            insufficient: Vec::new(),
            needed: vec![Needed {
                action: "s:One".to_owned(),
                trial: "t".to_owned(),
                failure: "provision".to_owned(),
            }],
            not_proved_needed: Vec::new(),
            by_documentation: Vec::new(),
            impossible: None,
        };
        change(&mut proof);
        let one = GrantedAction {
            name: "s:One".to_owned(),
            needed_by: vec!["s:One".to_owned()],
            documented: None,
        };
        Answer {
            least: Some(LeastPermissions {
                document: json!({}),
                actions: vec![one],
                ..LeastPermissions::default()
            }),
            doubts: Vec::new(),
            rehearsals: 2,
            proof: Some(proof),
        }
    }

    #[track_caller]
    fn check(answer: &Answer, verdict: Verdict, words: &str) {
        let (seen, evidence) = row(answer);
        assert_eq!(seen, verdict, "{evidence}");
        assert!(evidence.contains(words), "{evidence}");
    }

    #[test]
    fn the_row_passes_only_when_the_proof_does() {
        let all = "1 action for 2 rehearsals suffice; without each of 1 something fails";
        check(&answered(|_| {}), Verdict::Pass, all);
        let fails = answered(|proof| {
            proof.verdict = Verdict::Fail;
            proof.insufficient = vec!["s:One was denied".to_owned()];
        });
        check(&fails, Verdict::Fail, "s:One was denied");
        let unproved = answered(|proof| {
            proof.verdict = Verdict::Unknown;
            proof.not_proved_needed = vec!["s:Two".to_owned()];
        });
        check(&unproved, Verdict::Unknown, "not proved needed: s:Two");
        let impossible = answered(|proof| proof.impossible = Some("no simulator".to_owned()));
        check(&impossible, Verdict::Skipped, "not proved: no simulator");
    }
}
