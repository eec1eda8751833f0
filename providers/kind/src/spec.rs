//! The cluster block of a scenario for Kind, checked as it is read.

use kubeproof_contract::checked;
use kubeproof_contract::checked::ValueError;
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

checked!(
    /// A number of worker nodes: 0 to 8.
    #[derive(Copy, Default)]
    Workers(u8) from u8, "u8", "u8",
    |count| ValueError::unless(count <= 8, count, |count| format!(
        "`workers: {count}` is out of range: 0 to 8"
    )),
    |count| count
);

checked!(
    /// A port that needs no privilege.
    #[derive(Copy)]
    Port(u16) from u16, "u16", "u16",
    |port| ValueError::unless(port >= 1024, port, |port| format!(
        "`api_server_port: {port}` is out of range: 1024 to 65535"
    )),
    |port| port
);

checked!(
    /// The name of an image, safe on a command line: no spaces, no leading dash.
    ImageName(String) from String, "String", "String",
    |name| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        let fits = (1..=255).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(allowed);
        ValueError::unless(fits, name, |name| format!(
            "`{name}` is no name of an image: letters, digits and ._-/:@, a letter or digit first"
        ))
    },
    |name| name
);

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
