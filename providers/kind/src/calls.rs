//! The calls that faults can target: the engine's operations, and those of the cluster's API server.
//!
//! The dialect reads their names from method and path.

use kubeproof_contract::call::Signature;

use crate::dialect::SERVICE;

/// The engine's operations, and whether each changes anything.
const OPERATIONS: &[(&str, bool)] = &[
    ("ContainerArchive", false),
    ("ContainerAttach", false),
    ("ContainerCreate", true),
    ("ContainerDelete", true),
    ("ContainerExec", true),
    ("ContainerInspect", false),
    ("ContainerKill", true),
    ("ContainerList", false),
    ("ContainerLogs", false),
    ("ContainerPause", true),
    ("ContainerPrune", true),
    ("ContainerRename", true),
    ("ContainerResize", true),
    ("ContainerRestart", true),
    ("ContainerStart", true),
    ("ContainerStats", false),
    ("ContainerStop", true),
    ("ContainerTop", false),
    ("ContainerUnpause", true),
    ("ContainerUpdate", true),
    ("ContainerWait", false),
    ("DistributionInspect", false),
    ("ExecInspect", false),
    ("ExecResize", true),
    ("ExecStart", true),
    ("ImageBuild", true),
    ("ImageCreate", true),
    ("ImageDelete", true),
    ("ImageGet", false),
    ("ImageHistory", false),
    ("ImageInspect", false),
    ("ImageList", false),
    ("ImageLoad", true),
    ("ImagePrune", true),
    ("ImagePush", true),
    ("ImageTag", true),
    ("NetworkConnect", true),
    ("NetworkCreate", true),
    ("NetworkDelete", true),
    ("NetworkDisconnect", true),
    ("NetworkInspect", false),
    ("NetworkList", false),
    ("NetworkPrune", true),
    ("PutContainerArchive", true),
    ("SystemEvents", false),
    ("SystemInfo", false),
    ("SystemPing", false),
    ("SystemVersion", false),
    ("VolumeCreate", true),
    ("VolumeDelete", true),
    ("VolumeInspect", false),
    ("VolumeList", false),
    ("VolumePrune", true),
];

pub(crate) fn calls() -> Vec<Signature> {
    let mut all = kubeproof_kubernetes::calls::calls();
    all.extend(OPERATIONS.iter().map(|(operation, mutating)| Signature {
        service: SERVICE.to_owned(),
        operation: (*operation).to_owned(),
        mutating: *mutating,
    }));
    all
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::dialect::operation;

    #[test]
    fn what_the_dialect_names_is_among_them() {
        for (method, path) in [
            (Method::GET, "/v1.41/containers/json"),
            (Method::POST, "/containers/create"),
            (Method::POST, "/exec/1/start"),
            (Method::DELETE, "/networks/1"),
            (Method::POST, "/volumes/create"),
            (Method::GET, "/_ping"),
        ] {
            let name = operation(&method, path).unwrap();
            let mut known = OPERATIONS.iter();
            assert!(known.any(|(operation, _)| *operation == name), "{name}");
        }
    }
}
