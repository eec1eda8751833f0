//! What is found in a trial: each with its id, and apart what the scenario accepts.

use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::{AllowedFinding, Finding};

use super::Recorder;
use crate::oracles::{Violation, finding_id};

impl Recorder<'_, '_> {
    pub fn add_finding(&mut self, oracle: &str, message: impl Into<String>) {
        let finding = self.finding(oracle, message.into(), &[]);
        self.found(finding);
    }

    fn found(&mut self, finding: Finding) {
        let Finding {
            id,
            oracle,
            message,
            ..
        } = &finding;
        self.note(&format!("finding {id}: {oracle}: {message}"));
        self.findings.push(finding);
    }

    fn finding(&self, oracle: &str, message: String, resources: &[Resource]) -> Finding {
        let (trial, run) = (self.context.trial, &self.context.run);
        let naming = self.context.plan.as_ref();
        // A phase that failed is one finding, whatever it says: its message may quote a program or a cluster.
        let is_phase = self.current == Some(oracle);
        let words = if is_phase { "" } else { message.as_str() };
        let id = finding_id::of(trial, (run, naming), (oracle, resources, words));
        Finding {
            id,
            oracle: oracle.to_owned(),
            message,
            replay: trial.replay(),
            phase: self.current.map(str::to_owned),
        }
    }

    /// Adds the violations that an oracle returned.
    pub fn add_violations(&mut self, violations: impl IntoIterator<Item = Violation>) {
        for violation in violations {
            let finding = self.finding(violation.oracle, violation.message, &violation.resources);
            match violation.allowed {
                None => self.found(finding),
                Some(permission) => {
                    let words = permission.words();
                    let Finding { id, message, .. } = &finding;
                    self.note(&format!("{id}: {message}: {words}"));
                    self.allowed.push(AllowedFinding {
                        finding,
                        permission,
                    });
                }
            }
        }
    }
}
