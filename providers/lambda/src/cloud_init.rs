//! The cloud-init documents of server and agents: k3s, with the run's own authorities.
//!
//! A document holds only what its node needs: an agent gets no private key of an authority.

use serde_json::{Value, json};

use crate::cluster_ca::ClusterCa;
use crate::spec::LambdaSpec;

/// The NVIDIA device plugin.
const PLUGIN: &str = "nvcr.io/nvidia/k8s-device-plugin:v0.17.4";
/// Fetches k3s's installer.
const FETCH: &str = "curl -fsSL --retry 5 -o /run/install-k3s.sh https://get.k3s.io";
/// The machine does not know its public address: it asks. A wrong answer makes a certificate that no
/// client accepts, and nothing worse.
const ADDRESS: &str = "mkdir -p /etc/rancher/k3s/config.yaml.d && address=$(curl -fsS4 --retry 5 https://checkip.amazonaws.com) && printf 'tls-san: [\"%s\"]\\nnode-external-ip: \"%s\"\\n' \"$address\" \"$address\" > /etc/rancher/k3s/config.yaml.d/address.yaml";

fn secret_file(path: &str, content: &str) -> Value {
    json!({"path": path, "permissions": "0600", "content": content})
}

fn document(files: &[Value], commands: &[String]) -> String {
    // JSON is valid YAML, so no other quoting is needed.
    format!(
        "#cloud-config\n{}\n",
        json!({"write_files": files, "runcmd": commands})
    )
}

fn install(spec: &LambdaSpec, role: &str) -> String {
    let version = &spec.kubernetes_version.0;
    format!("INSTALL_K3S_VERSION=v{version}.1+k3s1 sh /run/install-k3s.sh {role}")
}

fn with_runtime(spec: &LambdaSpec, mut settings: Value) -> String {
    if spec.gpus() > 0 {
        settings["default-runtime"] = json!("nvidia");
    }
    settings.to_string()
}

/// The document of the server.
pub fn server(spec: &LambdaSpec, cluster_ca: &ClusterCa, node: &str) -> String {
    let settings =
        json!({"token": cluster_ca.token, "node-name": node, "disable": ["traefik", "servicelb"]});
    let tls = "/var/lib/rancher/k3s/server/tls";
    let mut files = vec![
        secret_file(
            "/etc/rancher/k3s/config.yaml",
            &with_runtime(spec, settings),
        ),
        secret_file(
            &format!("{tls}/server-ca.crt"),
            &cluster_ca.server.certificate_pem,
        ),
        secret_file(&format!("{tls}/server-ca.key"), &cluster_ca.server.key_pem),
        secret_file(
            &format!("{tls}/client-ca.crt"),
            &cluster_ca.client.certificate_pem,
        ),
        secret_file(&format!("{tls}/client-ca.key"), &cluster_ca.client.key_pem),
    ];
    if spec.gpus() > 0 {
        let path = "/var/lib/rancher/k3s/server/manifests/nvidia-device-plugin.json";
        files.push(secret_file(path, &plugin().to_string()));
    }
    document(
        &files,
        &[
            FETCH.to_owned(),
            ADDRESS.to_owned(),
            install(spec, "server"),
        ],
    )
}

/// The document of an additional node.
pub fn agent(
    spec: &LambdaSpec,
    cluster_ca: &ClusterCa,
    node: &str,
    server_private_ip: &str,
) -> String {
    let settings = json!({
        "token": cluster_ca.join_token(), "node-name": node,
        "server": format!("https://{server_private_ip}:6443"),
    });
    let file = secret_file(
        "/etc/rancher/k3s/config.yaml",
        &with_runtime(spec, settings),
    );
    document(&[file], &[FETCH.to_owned(), install(spec, "agent")])
}

fn plugin() -> Value {
    let labels = json!({"name": "nvidia-device-plugin"});
    json!({
        "apiVersion": "apps/v1", "kind": "DaemonSet",
        "metadata": {"name": "nvidia-device-plugin", "namespace": "kube-system"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "priorityClassName": "system-node-critical",
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
                    "containers": [{
                        "name": "nvidia-device-plugin", "image": PLUGIN,
                        "env": [{"name": "FAIL_ON_INIT_ERROR", "value": "false"}],
                        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                        "volumeMounts": [{"name": "device-plugin", "mountPath": "/var/lib/kubelet/device-plugins"}],
                    }],
                    "volumes": [{"name": "device-plugin", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}],
                },
            },
        },
    })
}
