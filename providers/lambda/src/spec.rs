//! The cluster block of a scenario: what is requested from Lambda Cloud.
//!
//! It is validated when it is read. Only the cloud can say whether a type or region exists.

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Regions that the documentation names; more may be added.
pub const REGIONS: &[&str] = &[
    "us-west-1",
    "us-west-2",
    "us-west-3",
    "us-east-1",
    "us-east-2",
    "us-east-3",
    "us-south-2",
    "us-south-3",
    "us-midwest-1",
    "us-midwest-2",
    "europe-central-1",
    "asia-south-1",
    "asia-northeast-1",
    "asia-northeast-2",
    "me-west-1",
    "australia-east-1",
];

/// k3s on instances of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    pub api_allowed_from: Network,
    /// Also create a filesystem and mount it on all nodes.
    #[serde(default)]
    pub filesystem: bool,
}

impl Default for LambdaSpec {
    fn default() -> Self {
        Self {
            regions: Regions(Vec::new()),
            instance_type: Word(String::new()),
            nodes: NodeCount(1),
            kubernetes_version: KubernetesVersion(String::new()),
            api_allowed_from: Network(Ipv4Net::default()),
            filesystem: false,
        }
    }
}

impl LambdaSpec {
    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        usize::from(self.nodes.0)
    }

    /// The GPUs of one node, as the type's name says: `gpu_8x_h100_sxm5` has eight.
    pub fn gpus(&self) -> u32 {
        let rest = self.instance_type.0.strip_prefix("gpu_");
        let count = rest.and_then(|rest| rest.split_once("x_"));
        count.and_then(|(count, _)| count.parse().ok()).unwrap_or(0)
    }
}

/// A checked text.
macro_rules! text {
    ($(#[$about:meta])* $name:ident, $fits:expr, $problem:literal) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(pub String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let fits: fn(&str) -> bool = $fits;
                if fits(&text) {
                    Ok(Self(text))
                } else {
                    Err(format!("`{text}` {}", $problem))
                }
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

fn is_word(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(allowed)
}

text!(
    /// The name of a region or instance type.
    Word,
    is_word,
    "is no name of a region or instance type: lower-case letters, digits, _ and -"
);

text!(
    /// A Kubernetes version of two numbers.
    KubernetesVersion,
    |text| text
        .split_once('.')
        .is_some_and(|(major, minor)| major == "1" && minor.parse::<u8>().is_ok()),
    "is no Kubernetes version such as \"1.34\" (write it in quotes)"
);

/// One to eight regions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Word>", into = "Vec<Word>")]
#[schemars(with = "Vec<String>")]
pub struct Regions(pub Vec<Word>);

impl TryFrom<Vec<Word>> for Regions {
    type Error = String;

    fn try_from(regions: Vec<Word>) -> Result<Self, Self::Error> {
        if regions.iter().any(|region| region.0 == "us-south-1") {
            return Err(
                "us-south-1 has no firewall rulesets: the API server could not be closed"
                    .to_owned(),
            );
        }
        if (1..=8).contains(&regions.len()) {
            Ok(Self(regions))
        } else {
            Err(format!("{} regions: 1 to 8 are possible", regions.len()))
        }
    }
}

impl From<Regions> for Vec<Word> {
    fn from(regions: Regions) -> Self {
        regions.0
    }
}

/// One to eight nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schemars(with = "u8")]
pub struct NodeCount(pub u8);

impl Default for NodeCount {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<u8> for NodeCount {
    type Error = String;

    fn try_from(count: u8) -> Result<Self, Self::Error> {
        if (1..=8).contains(&count) {
            Ok(Self(count))
        } else {
            Err(format!("`nodes: {count}` is out of range: 1 to 8"))
        }
    }
}

impl From<NodeCount> for u8 {
    fn from(count: NodeCount) -> Self {
        count.0
    }
}

/// An IPv4 network that is not the whole internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Network(pub Ipv4Net);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let network: Ipv4Net = text
            .parse()
            .map_err(|_| format!("`{text}` is no IPv4 network such as 198.51.100.7/32"))?;
        if network.prefix_len() < 8 {
            return Err(format!(
                "`{text}` is half of the internet: say from where you come"
            ));
        }
        Ok(Self(network))
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
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
        check(
            ("gpu_1x_a10", "A10"),
            Err("no name of a region or instance type"),
        );
        check(("[us-east-1]", "[]"), Err("1 to 8 are possible"));
        check(("us-east-1", "us-south-1"), Err("no firewall rulesets"));
        check(
            ("198.51.100.7/32", "0.0.0.0/0"),
            Err("half of the internet"),
        );
        check(("\"1.34\"", "\"one\""), Err("no Kubernetes version"));
    }
}
