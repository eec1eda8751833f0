//! The files of a run, by names that others rely on: kind's configuration, its log, and a kubeconfig of its own.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use kubeproof_contract::run::Run;
use serde_json::{Value, json};

use crate::spec::KindSpec;

/// The kubeconfig in the run's folder. It holds a key, so only its owner may read it, and it is deleted with the
/// cluster.
pub const KUBECONFIG: &str = "kubeconfig";
/// The configuration that kind is given.
pub const CONFIG: &str = "kind.json";
/// The output of kind.
pub const LOG: &str = "kind.log";
/// The node label that carries the run's id.
pub const RUN_LABEL: &str = "kubeproof.dev/run";

/// The configuration for kind, as JSON, which is YAML too.
pub fn text(spec: &KindSpec, run: &Run) -> String {
    let node = |role: &str| json!({"role": role, "labels": {RUN_LABEL: run.id}});
    let mut nodes = vec![node("control-plane")];
    nodes.extend((0..spec.workers.0).map(|_| node("worker")));
    // Never an address that other machines can reach.
    let mut networking = json!({"apiServerAddress": "127.0.0.1"});
    if let Some(port) = spec.api_server_port {
        networking["apiServerPort"] = Value::from(port.0);
    }
    let config = json!({
        "kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "name": run.name(""),
        "networking": networking, "nodes": nodes,
    });
    format!("{config:#}\n")
}

/// Makes an empty kubeconfig that only its owner may read, and removes the lock of a killed kind, which would block
/// every later one.
pub fn prepare(kubeconfig: &Path) -> std::io::Result<()> {
    remove(&kubeconfig.with_extension("lock"))?;
    remove(kubeconfig)?;
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(kubeconfig)
        .map(drop)
}

/// Removes a file that may not be there.
pub fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::spec::{Port, Workers};

    #[test]
    fn the_configuration_says_what_the_scenario_asks_for() {
        let spec = KindSpec {
            workers: Workers(1),
            api_server_port: Some(Port(16_443)),
            ..KindSpec::default()
        };
        let run = Run::new("k1", "o", Timestamp::UNIX_EPOCH);
        let config: Value = serde_json::from_str(&text(&spec, &run)).expect("JSON");
        assert_eq!(config["name"], "kp-k1");
        assert_eq!(config["networking"]["apiServerAddress"], "127.0.0.1");
        assert_eq!(config["networking"]["apiServerPort"], 16_443);
        let roles: Vec<_> = config["nodes"].as_array().expect("nodes").iter().collect();
        assert_eq!(roles.len(), 2);
        assert_eq!(roles[0]["role"], "control-plane");
        assert_eq!(roles[1]["labels"][RUN_LABEL], "k1");
    }

    #[test]
    fn the_kubeconfig_is_its_owners_alone_and_a_stale_lock_goes() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(KUBECONFIG);
        fs::write(path.with_extension("lock"), "").expect("written");
        fs::write(&path, "old").expect("written");
        prepare(&path).expect("prepared");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!path.with_extension("lock").exists());
    }
}
