//! Changes that somebody else makes while a trial runs: which of them a scenario may name, and why one cannot be made.
//!
//! What each change does is in the provider's file of the same name.

use kubeproof_contract::fault::Effect;
use kubeproof_contract::provider_errors::ForeignChangeError;
use kubeproof_contract::scenario::AnyScenario;

use crate::CallError;

impl From<CallError> for ForeignChangeError {
    fn from(error: CallError) -> Self {
        Self::failed(error)
    }
}

/// Why the changes that the failures of a scenario ask for cannot be made.
pub fn problems(scenario: &AnyScenario, changes: &[(&str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    for failure in &scenario.failures {
        for fault in &failure.faults {
            if let Effect::ForeignChange(change) = &fault.0.effect
                && !changes.iter().any(|(name, _)| name == change)
            {
                let unknown = ForeignChangeError::unknown(change, changes);
                problems.push(format!("failure {}: {unknown}", failure.name.as_str()));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_the_provider_does_not_have_is_found() {
        let check = |change: &str, expected: &[&str]| {
            let text = format!(
                "scenario: s\ndescription: d\nprovider: p\ncluster: {{}}\nfailures: [{{name: f, faults: \
                 [\"ec2:CreateVpc=foreign-change({change})\"], expect: survives}}]\n"
            );
            let scenario = kubeproof_contract::scenario::read::<
                std::collections::BTreeMap<String, String>,
            >(&text)
            .unwrap();
            let changes = [("rains", "it rains"), ("snows", "it snows")];
            assert_eq!(problems(&scenario, &changes), expected);
        };
        check("rains", &[]);
        check(
            "hails",
            &["failure f: unknown change `hails` (expected one of rains, snows)"],
        );
    }
}
