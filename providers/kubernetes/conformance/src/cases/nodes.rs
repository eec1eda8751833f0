//! Nodes: their conditions, capacity and leases.
//!
//! Source: the documentation of nodes (status, heartbeats).

use serde_json::Value;

use crate::finding::{Finding, Outcome, hold, same};
use crate::test_namespace::{TestNamespace, condition, items};

async fn nodes(ns: &TestNamespace<'_>) -> Outcome<Vec<Value>> {
    let list = ns.get("/api/v1/nodes").await?.expect(200)?;
    let nodes = items(&list).to_vec();
    hold(!nodes.is_empty(), || "there are no nodes".to_owned())?;
    Ok(nodes)
}

pub(super) async fn a_node_reports_its_conditions(ns: &TestNamespace<'_>) -> Outcome {
    for node in nodes(ns).await? {
        for (kind, status, reason) in [
            ("Ready", "True", "KubeletReady"),
            ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ] {
            let found = condition(&node, kind)
                .ok_or_else(|| Finding::new(format!("there is no {kind}: {}", node["status"])))?;
            same(&format!("the status of {kind}"), &found["status"], status)?;
            same(&format!("the reason of {kind}"), &found["reason"], reason)?;
            for field in ["lastHeartbeatTime", "lastTransitionTime", "message"] {
                hold(found[field].is_string(), || {
                    format!("{kind} has no {field}: {found}")
                })?;
            }
        }
    }
    Ok(())
}

pub(super) async fn a_node_reports_its_capacity_and_system(ns: &TestNamespace<'_>) -> Outcome {
    for node in nodes(ns).await? {
        let status = &node["status"];
        for room in ["capacity", "allocatable"] {
            for what in ["cpu", "memory", "pods", "ephemeral-storage"] {
                let told = status[room][what]
                    .as_str()
                    .is_some_and(|text| !text.is_empty());
                hold(told, || format!("{room} has no {what}: {}", status[room]))?;
            }
        }
        for field in [
            "architecture",
            "bootID",
            "containerRuntimeVersion",
            "kernelVersion",
            "kubeletVersion",
            "machineID",
            "operatingSystem",
            "osImage",
            "systemUUID",
        ] {
            let told = status["nodeInfo"][field]
                .as_str()
                .is_some_and(|text| !text.is_empty());
            hold(told, || {
                format!("there is no {field}: {}", status["nodeInfo"])
            })?;
        }
        let name = &node["metadata"]["name"];
        let labels = &node["metadata"]["labels"];
        same("its host name", &labels["kubernetes.io/hostname"], name)?;
        same("its system", &labels["kubernetes.io/os"], "linux")?;
        same(
            "its machine",
            &labels["kubernetes.io/arch"],
            &status["nodeInfo"]["architecture"],
        )?;
        let addresses = status["addresses"].as_array().cloned().unwrap_or_default();
        let inside = addresses
            .iter()
            .any(|address| address["type"] == "InternalIP");
        hold(inside, || {
            format!("it has no internal address: {addresses:?}")
        })?;
        hold(node["spec"]["providerID"].is_string(), || {
            format!("it has no provider id: {}", node["spec"])
        })?;
    }
    Ok(())
}

pub(super) async fn a_live_node_renews_its_lease(ns: &TestNamespace<'_>) -> Outcome {
    let node = nodes(ns).await?.swap_remove(0);
    let name = node["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let path = format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}");
    let lease = ns.get(&path).await?.expect(200)?;
    same(
        "its holder",
        &lease["spec"]["holderIdentity"],
        name.as_str(),
    )?;
    same("its length", &lease["spec"]["leaseDurationSeconds"], 40)?;
    let before = lease["spec"]["renewTime"].clone();
    let renewed = |lease: &Value| lease["spec"]["renewTime"].as_str() > before.as_str();
    ns.wait("the renewal of the lease", &path, renewed).await?;
    Ok(())
}
