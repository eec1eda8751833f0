//! Errors in a scenario that its types cannot prevent and that every provider finds in the same way.

use super::{AnyScenario, ScenarioError};
use crate::checked::ValueError;
use crate::provider::Defect;

impl AnyScenario {
    /// The scenario, if it has none of these problems.
    ///
    /// # Errors
    /// With all of them, a line each.
    pub fn without(self, problems: &[String]) -> Result<Self, ScenarioError> {
        if problems.is_empty() {
            return Ok(self);
        }
        Err(ScenarioError {
            message: problems.join("\n"),
        })
    }

    /// The cluster block; the default one if another provider read the scenario.
    pub fn cluster_or_default<C: Clone + Default + Send + Sync + 'static>(&self) -> C {
        self.cluster_as::<C>().cloned().unwrap_or_default()
    }

    /// What is wrong with the cluster block, and with the first clusters of failures, as `problem` tells of each.
    pub fn cluster_problems<C: Clone + Default + Send + Sync + 'static>(
        &self,
        problem: impl Fn(&C) -> Option<String>,
    ) -> Vec<String> {
        let own = problem(&self.cluster_or_default());
        let first_clusters = self.failures.iter().filter_map(|failure| {
            let cluster = failure.first_cluster.as_ref()?;
            let problem = problem(cluster.downcast_ref()?)?;
            Some(format!("failure {}: {problem}", failure.name.as_str()))
        });
        own.into_iter().chain(first_clusters).collect()
    }

    /// What is wrong with the job, when each node of the cluster has so many GPUs.
    pub fn gpu_problem(&self, gpus: u32) -> Option<String> {
        match self.job.gpus {
            None if gpus > 0 => Some(format!(
                "job.gpus is missing: the nodes have {gpus} GPUs, and only a job that counts them shows that they work"
            )),
            Some(asked) if asked > gpus => Some(format!(
                "job.gpus: {asked} is more than the {gpus} GPUs of a node"
            )),
            _ => None,
        }
    }

    /// What is wrong with it whatever the cluster: defects and services that this provider does not have.
    pub fn usual_problems(
        &self,
        defects: &[Defect],
        services: &[&str],
        cloud: &str,
    ) -> Vec<String> {
        let defect = self.defect_problem(defects).into_iter();
        defect
            .chain(self.service_problems(services, cloud))
            .collect()
    }

    /// What is wrong with the defect that the provisioner is to have: the provider has none of this name.
    pub fn defect_problem(&self, defects: &[Defect]) -> Option<String> {
        let defect = self.provisioner.defect.as_ref()?;
        let mut known = defects.iter().map(|known| known.name);
        if known.clone().any(|known| known == defect.as_str()) {
            return None;
        }
        let unknown = ValueError::unknown("defect", defect, &mut known);
        Some(format!("provisioner.defect: {unknown}"))
    }

    /// The faults of calls to services that this cloud does not have; `*` is any service.
    pub fn service_problems(&self, services: &[&str], cloud: &str) -> Vec<String> {
        let known = services.join(", ");
        let mut problems = Vec::new();
        for failure in &self.failures {
            let name = failure.name.as_str();
            for fault in &failure.faults {
                let service = fault.0.target.service.as_str();
                if !services.contains(&service) {
                    problems.push(format!(
                        "failure {name}: `{service}` is not a service of {cloud} (expected one of {known})"
                    ));
                }
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;

    fn scenario(more: &str) -> super::AnyScenario {
        let text = format!("scenario: s\ndescription: d\nprovider: p\ncluster: {{}}\n{more}");
        read::<std::collections::BTreeMap<String, String>>(&text).unwrap()
    }

    #[test]
    fn all_problems_of_a_scenario_are_told_at_once() {
        assert!(scenario("").without(&[]).is_ok());
        let error = scenario("").without(&["a".to_owned(), "b".to_owned()]);
        assert_eq!(
            error.err().map(|error| error.message).as_deref(),
            Some("a\nb")
        );
        assert_eq!(
            scenario("").cluster_or_default::<u8>(),
            0,
            "read by another provider"
        );
    }

    #[test]
    fn the_first_cluster_of_a_failure_is_looked_at_too() {
        let failure = "failures: [{name: f, faults: [\"ec2:CreateVpc=quota\"], expect: survives, \
                       first_cluster: {wrong: \"yes\"}}]\n";
        type Cluster = std::collections::BTreeMap<String, String>;
        let problems = scenario(failure).cluster_problems(|cluster: &Cluster| {
            cluster.get("wrong").map(|how| format!("wrong: {how}"))
        });
        assert_eq!(problems, ["failure f: wrong: yes"]);
    }

    #[test]
    fn a_job_counts_the_gpus_that_the_nodes_have_and_no_more() {
        let check = |job: &str, gpus: u32, expected: Option<&str>| {
            let seen = scenario(job).gpu_problem(gpus).unwrap_or_default();
            assert!(seen.contains(expected.unwrap_or_default()), "{seen}");
            assert_eq!(seen.is_empty(), expected.is_none(), "{seen}");
        };
        check("", 0, None);
        check("job: {gpus: 2}\n", 2, None);
        check("", 1, Some("job.gpus is missing"));
        check("job: {gpus: 2}\n", 1, Some("more than the 1 GPUs"));
    }

    #[test]
    fn a_defect_that_the_provider_does_not_have_is_found() {
        let defects = [super::Defect {
            name: "leaks",
            about: "it leaks",
        }];
        let problem = |more| scenario(more).defect_problem(&defects);
        assert_eq!(problem(""), None);
        assert_eq!(problem("provisioner: {defect: leaks}\n"), None);
        assert_eq!(
            problem("provisioner: {defect: x}\n").as_deref(),
            Some("provisioner.defect: unknown defect `x` (expected one of leaks)")
        );
    }

    #[test]
    fn a_fault_of_an_unknown_service_is_found() {
        let failure =
            "failures: [{name: f, faults: [\"ec2:CreateVpc=quota\"], expect: survives}]\n";
        let problems = |services| scenario(failure).usual_problems(&[], services, "Sky");
        assert!(problems(&["*", "ec2"]).is_empty());
        assert_eq!(
            problems(&["*", "sky"]),
            ["failure f: `ec2` is not a service of Sky (expected one of *, sky)"]
        );
    }
}
