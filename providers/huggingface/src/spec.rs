//! The `cluster` block of a Hugging Face scenario: an inference endpoint or a job, in a namespace.
//!
//! It is checked as it is read. Only Hugging Face can say whether a namespace, a model or hardware exists.

mod endpoint;
mod job;
mod kubernetes;

use kubeproof_contract::checked_text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use endpoint::{
    Accelerator, EndpointSpec, MinReplicas, ModelId, PendingRequests, Place, Replicas, Revision,
    ScaleToZero, Scaling, Vendor, Visibility,
};
pub use job::{Command, Flavor, JobSpec};
pub use kubernetes::{GatewayPort, KubernetesSpec};

/// What a scenario asks for of Hugging Face. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HuggingFaceSpec {
    /// The namespace that everything is made in and billed to: a user, or an organisation that the token reaches.
    pub namespace: Namespace,
    /// An inference endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointSpec>,
    /// A job, which runs until it is cancelled or ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobSpec>,
    /// The use of the endpoint in a Kubernetes cluster that exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<KubernetesSpec>,
}

checked_text!(
    /// The name of a user or an organisation. The default is none.
    #[derive(Default)]
    Namespace,
    |text| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (1..=96).contains(&text.len()) && text.chars().all(allowed)
    },
    "is no namespace: the name of a user or an organisation, as in huggingface.co/<name>"
);

impl HuggingFaceSpec {
    /// Why this cannot be asked for, if it cannot.
    pub fn problem(&self) -> Option<String> {
        if let Some(problem) = self.kubernetes_problem() {
            return Some(problem.to_owned());
        }
        match (&self.endpoint, &self.job) {
            (Some(endpoint), None) => endpoint.problem(),
            (None, Some(_)) => None,
            (None, None) => Some("either `endpoint` or `job` must be asked for".to_owned()),
            (Some(_), Some(_)) => {
                Some("`endpoint` and `job` exclude each other: ask for one of them".to_owned())
            }
        }
    }

    /// Why the use in a cluster cannot be asked for, if it cannot.
    fn kubernetes_problem(&self) -> Option<&'static str> {
        self.kubernetes.as_ref()?;
        match &self.endpoint {
            None => Some("`kubernetes` needs an `endpoint`, which is what a cluster uses"),
            Some(endpoint) if endpoint.visibility == Visibility::Private => {
                Some("a private endpoint has no address that `kubernetes` could use")
            }
            Some(_) => None,
        }
    }

    /// The GPUs that a job of the harness could request: none, because no job runs on the hardware of an endpoint.
    pub const GPUS: u32 = 0;
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An endpoint on CPUs that scales to zero.
    pub(crate) const CPU: &str = "namespace: acme\nendpoint:\n  vendor: aws\n  region: us-east-1\n  accelerator: cpu\n  \
        instance_type: intel-spr\n  instance_size: x1\n  model: openai-community/gpt2\n  task: text-generation\n  \
        scaling: {min_replicas: 0, max_replicas: 1, scale_to_zero_minutes: 15}\n";
    /// A job.
    pub(crate) const JOB: &str = "namespace: acme\njob: {flavor: cpu-basic, image: \"python:3.12\", command: [sleep, \"3600\"]}\n";

    /// What a text of YAML asks for.
    pub(crate) fn spec(yaml: &str) -> HuggingFaceSpec {
        serde_saphyr::from_str(yaml).expect("a spec")
    }

    #[track_caller]
    fn check(yaml: &str, change: (&str, &str), expected: Option<&str>) {
        let yaml = yaml.replace(change.0, change.1);
        let read: Result<HuggingFaceSpec, _> = serde_saphyr::from_str(&yaml);
        let problem = match read {
            Ok(spec) => spec.problem(),
            Err(error) => Some(error.to_string()),
        };
        match (problem, expected) {
            (None, None) => {}
            (Some(problem), Some(part)) => assert!(problem.contains(part), "{problem}"),
            (problem, _) => panic!("{yaml}: {problem:?}"),
        }
    }

    #[test]
    fn one_of_endpoint_and_job_is_asked_for() {
        check(CPU, ("", ""), None);
        check(JOB, ("", ""), None);
        let neither = "namespace: acme\n";
        check(neither, ("", ""), Some("either `endpoint` or `job`"));
        let job = JOB.trim_start_matches("namespace: acme\n");
        check(&format!("{CPU}{job}"), ("", ""), Some("exclude each other"));
        check(
            CPU,
            ("namespace: acme", "namespace: a/b"),
            Some("is no namespace"),
        );
        check(
            CPU,
            ("namespace: acme", "namespace: \"\""),
            Some("is no namespace"),
        );
    }

    #[test]
    fn a_cluster_uses_an_endpoint_that_it_can_reach() {
        let used = format!("{CPU}kubernetes: {{}}\n");
        check(&used, ("", ""), None);
        check(
            &format!("{JOB}kubernetes: {{}}\n"),
            ("", ""),
            Some("needs an `endpoint`"),
        );
        let private = ("task: text-generation", "type: private");
        check(&used, private, Some("no address"));
        let low = ("kubernetes: {}", "kubernetes: {gateway_port: 80}");
        check(&used, low, Some("1024 to 65535"));
        let unknown = ("kubernetes: {}", "kubernetes: {port: 8080}");
        check(&used, unknown, Some("unknown field"));
    }

    #[test]
    fn an_endpoint_is_checked_as_it_is_read() {
        let check = |change, expected| check(CPU, change, expected);
        check(("vendor: aws", "vendor: oracle"), Some("oracle"));
        check(
            ("model: openai-community/gpt2", "model: gpt2"),
            Some("is no model"),
        );
        check(("max_replicas: 1", "max_replicas: 0"), Some("replicas"));
        check(
            ("min_replicas: 0", "min_replicas: 2"),
            Some("at least as many"),
        );
        check(
            ("scale_to_zero_minutes: 15", "scale_to_zero_minutes: 14"),
            Some("15 to 2880"),
        );
        check(
            ("scale_to_zero_minutes: 15", "scale_to_zero_minutes: 2881"),
            Some("15 to 2880"),
        );
        check(
            ("min_replicas: 0", "min_replicas: 1"),
            Some("need each other"),
        );
        check((", scale_to_zero_minutes: 15", ""), Some("need each other"));
        check(
            ("task: text-generation", "type: protected"),
            Some("protected"),
        );
        check(("task: text-generation", "type: private"), None);
    }

    #[test]
    fn a_job_has_a_flavor_an_image_and_a_command() {
        let check = |change, expected| check(JOB, change, expected);
        check(("[sleep, \"3600\"]", "[]"), Some("is no command"));
        check(("cpu-basic", "CPU"), Some("no name"));
        check((", command: [sleep, \"3600\"]", ""), Some("command"));
    }
}
