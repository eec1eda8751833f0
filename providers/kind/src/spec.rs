//! The cluster block of a scenario for Kind, checked as it is read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cluster on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindSpec {
    /// The node image. Without it `KUBEPROOF_KIND_IMAGE` names it, and without that kind's own default
    /// is used.
    #[serde(default)]
    pub image: Option<ImageName>,
    /// Worker nodes beside the control plane.
    #[serde(default)]
    #[schemars(range(max = 8))]
    pub workers: Workers,
    /// The port of this machine (127.0.0.1) for the API server; without it a free one is chosen.
    #[serde(default)]
    #[schemars(range(min = 1024))]
    pub api_server_port: Option<Port>,
    /// Images to load into the nodes: names of images that the engine has, or archives of images.
    /// `KUBEPROOF_KIND_LOAD` adds to them, separated by commas.
    #[serde(default)]
    pub load: Vec<String>,
}

impl KindSpec {
    /// The number of nodes that are asked for.
    pub fn nodes(&self) -> usize {
        usize::from(self.workers.0) + 1
    }
}

/// A number of worker nodes: 0 to 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u8", into = "u8")]
#[schemars(with = "u8")]
pub struct Workers(pub u8);

impl TryFrom<u8> for Workers {
    type Error = String;

    fn try_from(count: u8) -> Result<Self, Self::Error> {
        if count <= 8 {
            Ok(Self(count))
        } else {
            Err(format!("`workers: {count}` is out of range: 0 to 8"))
        }
    }
}

impl From<Workers> for u8 {
    fn from(workers: Workers) -> Self {
        workers.0
    }
}

/// A port that needs no privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u16", into = "u16")]
#[schemars(with = "u16")]
pub struct Port(pub u16);

impl TryFrom<u16> for Port {
    type Error = String;

    fn try_from(port: u16) -> Result<Self, Self::Error> {
        if port >= 1024 {
            Ok(Self(port))
        } else {
            Err(format!(
                "`api_server_port: {port}` is out of range: 1024 to 65535"
            ))
        }
    }
}

impl From<Port> for u16 {
    fn from(port: Port) -> Self {
        port.0
    }
}

/// The name of an image, safe on a command line: no spaces, no leading dash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ImageName(pub String);

impl TryFrom<String> for ImageName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        let fits = (1..=255).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(allowed);
        if fits {
            Ok(Self(name))
        } else {
            Err(format!(
                "`{name}` is no name of an image: letters, digits and ._-/:@, a letter or digit first"
            ))
        }
    }
}

impl From<ImageName> for String {
    fn from(name: ImageName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(yaml: &str, expected: Result<usize, &str>) {
        let read: Result<KindSpec, _> = serde_saphyr::from_str(yaml);
        match (read, expected) {
            (Ok(spec), Ok(nodes)) => assert_eq!(spec.nodes(), nodes, "{yaml}"),
            (Err(error), Err(part)) => {
                let error = error.to_string();
                assert!(error.contains(part), "{yaml}: {error}");
            }
            (read, _) => panic!("{yaml}: {read:?}"),
        }
    }

    #[test]
    fn the_block_is_checked_as_it_is_read() {
        check("{}", Ok(1));
        check("workers: 2", Ok(3));
        check("workers: 9", Err("0 to 8"));
        check("api_server_port: 80", Err("1024 to 65535"));
        check("image: \"kindest/node:v1.34.0@sha256:0a\"", Ok(1));
        check("image: --rm", Err("no name of an image"));
        check("nodes: 3", Err("nodes"));
    }
}
