//! A program that creates more than its cluster and removes only the cluster, on a real engine.

use std::env;
use std::path::Path;

use serde_json::Value;

use crate::run::{docker, run};

/// An image of the Kubernetes project, used unless another one is named; the engine must reach its registry.
const DEFAULT_IMAGE: &str = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1";
/// What the program creates besides its cluster.
const CLUSTER: &str = "extra-of-a-test";
const CONTAINER: &str = "registry-of-a-test";
const VOLUME: &str = "volume-of-a-test";

/// Everything left under a name other than the run's is an orphan: nothing shows that it belongs to another owner.
pub fn beside_its_cluster() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    write(folder.path())?;
    let verify = ["verify", "s.yaml", "--tier", "kind", "--format", "json"];
    let done = run(folder.path(), &verify);
    let removed = removed();
    let done = done?;
    done.ended_with(1)?;
    let document: Value = serde_json::from_str(&done.output).map_err(|error| error.to_string())?;
    let audit = &document["records"][0]["audit"];
    let orphans = audit["orphans"].as_array().cloned().unwrap_or_default();
    let of_type = |name: &str| {
        orphans
            .iter()
            .filter(|orphan| orphan["resource_type"] == name)
            .count()
    };
    // The node's own volume has no name, and its API server's port is bound on this machine.
    let seen = ["kind_node", "container", "docker_volume", "port_binding"].map(of_type);
    if audit["verdict"] != "fail" || seen != [1, 1, 2, 1] {
        return Err(format!(
            "nodes, containers, volumes, ports {seen:?}, expected [1, 1, 2, 1]: {audit:#}"
        ));
    }
    removed
}

/// The program, as two scripts, and its scenario.
fn write(folder: &Path) -> Result<(), String> {
    let of = |name: &str| env::var(name).ok();
    let kind = of("KUBEPROOF_KIND").unwrap_or_else(|| "kind".to_owned());
    let image =
        of("KUBEPROOF_KIND_IMAGE").map_or_else(String::new, |image| format!("--image '{image}'"));
    let job_image = of("KUBEPROOF_JOB_IMAGE").unwrap_or_else(|| DEFAULT_IMAGE.to_owned());
    let load = of("KUBEPROOF_KIND_LOAD").map_or_else(String::new, |archive| {
        format!("'{kind}' load image-archive '{archive}' --name \"$KUBEPROOF_NAME\"\ndocker load --quiet --input '{archive}'\n")
    });
    let provision = format!(
        "set -e\n[ ! -e \"$KUBEPROOF_DIR/made\" ] || exit 0\n\
         '{kind}' create cluster --name \"$KUBEPROOF_NAME\" {image} --kubeconfig \"$KUBEPROOF_DIR/k\" --wait 3m\n\
         '{kind}' create cluster --name {CLUSTER} {image} --kubeconfig \"$KUBEPROOF_DIR/x\"\n{load}\
         docker run --detach --name {CONTAINER} --volume {VOLUME}:/var '{job_image}' sleep 3000\n\
         touch \"$KUBEPROOF_DIR/made\"\n"
    );
    let teardown = format!(
        "'{kind}' delete cluster --name \"$KUBEPROOF_NAME\" --kubeconfig \"$KUBEPROOF_DIR/k\"\n"
    );
    let scenario = "scenario: s\ndescription: d\nprovider: kind\ntiers: [kind]\ncluster: {}\nprovisioner:\n  \
                    command:\n    provision: [sh, up.sh]\n    teardown: [sh, down.sh]\n";
    for (name, text) in [
        ("up.sh", provision.as_str()),
        ("down.sh", teardown.as_str()),
        ("s.yaml", scenario),
    ] {
        std::fs::write(folder.join(name), text).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Removes what the program left, with Docker's own client.
fn removed() -> Result<(), String> {
    let label = format!("label=io.x-k8s.kind.cluster={CLUSTER}");
    let nodes = docker(&["ps", "--all", "--quiet", "--filter", &label])?;
    let mut arguments = vec!["rm", "--force", "--volumes", CONTAINER];
    arguments.extend(nodes.split_whitespace());
    docker(&arguments)?;
    docker(&["volume", "rm", "--force", VOLUME]).map(drop)
}
