//! The cluster block of a scenario: what is requested from Lambda Cloud.
//!
//! It is validated when it is read. Only the cloud can say whether a type or region exists.

use kubeproof_contract::checked;
use kubeproof_contract::checked::ValueError;
use kubeproof_contract::scenario::{CallerNetwork, KubernetesVersion, Word};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Regions that the documentation names; more may be added.
pub fn regions() -> Vec<&'static str> {
    include_str!("../regions.txt").lines().collect()
}

/// k3s on instances of one type. The default asks for nothing.
#[derive(Clone, Default, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LambdaSpec {
    /// Regions in order of preference: the first one with capacity gets the whole cluster.
    pub regions: Regions,
    /// The instance type of all nodes, such as `gpu_1x_a10`.
    pub instance_type: Word,
    /// Number of nodes; the first one is also the server.
    #[serde(default)]
    #[schemars(range(min = 1, max = 8))]
    pub nodes: NodeCount,
    /// The Kubernetes version, such as `1.34`.
    pub kubernetes_version: KubernetesVersion,
    /// The network from which the API server may be reached: that of the person who runs this.
    pub api_allowed_from: CallerNetwork,
    /// Also create a filesystem and mount it on all nodes.
    #[serde(default)]
    pub filesystem: bool,
}

impl LambdaSpec {
    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        usize::from(self.nodes.0)
    }

    /// The regions in order of preference.
    pub fn regions(&self) -> Vec<&str> {
        let regions = self.regions.0.iter();
        regions.map(|region| region.0.as_str()).collect()
    }

    /// The GPUs of one node, as the type's name says: `gpu_8x_h100_sxm5` has eight.
    pub fn gpus(&self) -> u32 {
        let rest = self.instance_type.0.strip_prefix("gpu_");
        let count = rest.and_then(|rest| rest.split_once("x_"));
        count.and_then(|(count, _)| count.parse().ok()).unwrap_or(0)
    }
}

checked!(
    /// One to eight regions.
    #[derive(Default)]
    Regions(Vec<Word>) from Vec<Word>, "Vec<Word>", "Vec<String>",
    |regions| {
        if regions.iter().any(|region| region.0 == "us-south-1") {
            return ValueError::refuse(
                "us-south-1 has no firewall rulesets: the API server could not be closed",
            );
        }
        ValueError::unless((1..=8).contains(&regions.len()), regions, |regions| {
            format!("{} regions: 1 to 8 are possible", regions.len())
        })
    },
    |regions| regions
);

checked!(
    /// One to eight nodes.
    #[derive(Copy)]
    NodeCount(u8) from u8, "u8", "u8",
    |count| ValueError::unless((1..=8).contains(&count), count, |count| format!(
        "`nodes: {count}` is out of range: 1 to 8"
    )),
    |count| count
);

impl Default for NodeCount {
    fn default() -> Self {
        Self(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(change: (&str, &str), expected: Result<u32, &str>) {
        let yaml = "regions: [us-east-1]\ninstance_type: gpu_1x_a10\nkubernetes_version: \"1.34\"\napi_allowed_from: 198.51.100.7/32\n"
            .replace(change.0, change.1);
        let read: Result<LambdaSpec, _> = serde_saphyr::from_str(&yaml);
        match (read, expected) {
            (Ok(spec), Ok(gpus)) => assert_eq!(spec.gpus(), gpus, "{yaml}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (read, _) => panic!("{yaml}: {read:?}"),
        }
    }

    #[test]
    fn the_block_is_checked_as_it_is_read() {
        check(("", ""), Ok(1));
        check(("gpu_1x_a10", "gpu_8x_h100_sxm5"), Ok(8));
        check(("gpu_1x_a10", "cpu_4x_general"), Ok(0));
        check(("[us-east-1]", "[]"), Err("1 to 8 are possible"));
        check(("us-east-1", "us-south-1"), Err("no firewall rulesets"));
        check(
            ("gpu_1x_a10", "gpu_1x_a10\nnodes: 9"),
            Err("`nodes: 9` is out of range"),
        );
        check(("\"1.34\"", "\"one\""), Err("no Kubernetes version"));
    }
}
