//! The cloud-init documents of server and agents: k3s, with the run's own authorities.
//!
//! A document holds only what its node needs: an agent gets no private key of an authority.

use serde_json::{Value, json};

use super::API_PORT;
use super::cluster_ca::ClusterCa;

/// The NVIDIA device plugin.
const PLUGIN: &str = "nvcr.io/nvidia/k8s-device-plugin:v0.17.4";
/// Fetches k3s's installer.
const FETCH: &str = "curl -fsSL --retry 5 -o /run/install-k3s.sh https://get.k3s.io";
/// Where a machine asks that does not know its public address. A wrong answer makes a certificate that no client
/// accepts, and nothing worse.
pub const ASK_AMAZON: &str = "https://checkip.amazonaws.com";

/// The k3s that the machines of a cluster install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct K3s<'a> {
    /// The Kubernetes version, such as `1.34`.
    pub version: &'a str,
    /// Whether the machines have NVIDIA GPUs.
    pub with_gpus: bool,
    /// The address that answers the server with its public address as text: the cloud's metadata service, or
    /// [`ASK_AMAZON`].
    pub address_from: &'a str,
}

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

impl K3s<'_> {
    /// The document of the server.
    pub fn server(&self, cluster_ca: &ClusterCa, node: &str) -> String {
        let settings = json!({
            "token": cluster_ca.token, "node-name": node, "disable": ["traefik", "servicelb"],
        });
        let tls = |name: &str, pem: &str| {
            secret_file(&format!("/var/lib/rancher/k3s/server/tls/{name}"), pem)
        };
        let mut files = vec![
            self.settings(settings),
            tls("server-ca.crt", &cluster_ca.server.certificate_pem),
            tls("server-ca.key", &cluster_ca.server.key_pem),
            tls("client-ca.crt", &cluster_ca.client.certificate_pem),
            tls("client-ca.key", &cluster_ca.client.key_pem),
        ];
        if self.with_gpus {
            let path = "/var/lib/rancher/k3s/server/manifests/nvidia-device-plugin.json";
            files.push(secret_file(path, &plugin().to_string()));
        }
        let commands = [FETCH.to_owned(), self.address(), self.install("server")];
        document(&files, &commands)
    }

    /// The document of an additional node, which joins the server at this address.
    pub fn agent(&self, cluster_ca: &ClusterCa, node: &str, server_private_ip: &str) -> String {
        let settings = json!({
            "token": cluster_ca.join_token(), "node-name": node,
            "server": format!("https://{server_private_ip}:{API_PORT}"),
        });
        let commands = [FETCH.to_owned(), self.install("agent")];
        document(&[self.settings(settings)], &commands)
    }

    /// The settings of k3s.
    fn settings(&self, mut settings: Value) -> Value {
        if self.with_gpus {
            settings["default-runtime"] = json!("nvidia");
        }
        secret_file("/etc/rancher/k3s/config.yaml", &settings.to_string())
    }

    /// Finds out the public address, and puts it into the server's certificate.
    fn address(&self) -> String {
        let folder = "/etc/rancher/k3s/config.yaml.d";
        let from = self.address_from;
        format!(
            "mkdir -p {folder} && address=$(curl -fsS4 --retry 5 {from}) && printf \
             'tls-san: [\"%s\"]\\nnode-external-ip: \"%s\"\\n' \"$address\" \"$address\" > {folder}/address.yaml"
        )
    }

    fn install(&self, role: &str) -> String {
        let version = self.version;
        format!("INSTALL_K3S_VERSION=v{version}.1+k3s1 sh /run/install-k3s.sh {role}")
    }
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
