//! What EKS puts into a new cluster: `gp2` as its storage class, and `CoreDNS`, kube-proxy and the network plug-in in
//! `kube-system`.
//!
//! Sources: EKS user guide ("Amazon EKS add-ons", "Amazon EBS CSI driver"), and the manifests of `CoreDNS`, kube-proxy and
//! amazon-vpc-cni-k8s that `kubectl get -o yaml` shows of a cluster. Init containers are left out.

use kubeproof_kubernetes_simulator::server::ApiServer;
use serde_json::{Value, json};

/// The account that EKS's images are in.
const REGISTRY: &str = "602401143452.dkr.ecr";
const NAMESPACE: &str = "kube-system";
/// From this minor version on `gp2` is no longer the default class (EKS user guide, "Kubernetes versions", 1.30).
const FIRST_WITHOUT_DEFAULT: u32 = 30;
/// The driver of EBS volumes, and the provisioner that it has replaced.
pub(super) const EBS_DRIVER: &str = "ebs.csi.aws.com";
const EBS_IN_TREE: &str = "kubernetes.io/aws-ebs";

/// The add-ons that this file knows the objects of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SystemAddon {
    CoreDns,
    KubeProxy,
    VpcCni,
    EbsCsi,
}

impl SystemAddon {
    /// The add-on of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "coredns" => Self::CoreDns,
            "kube-proxy" => Self::KubeProxy,
            "vpc-cni" => Self::VpcCni,
            "aws-ebs-csi-driver" => Self::EbsCsi,
            _ => return None,
        })
    }

    /// The objects of an add-on: type and name.
    fn objects(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::CoreDns => &[
                ("deployments.apps", "coredns"),
                ("poddisruptionbudgets.policy", "coredns"),
                ("configmaps", "coredns"),
                ("serviceaccounts", "coredns"),
            ],
            Self::KubeProxy => &[
                ("daemonsets.apps", "kube-proxy"),
                ("configmaps", "kube-proxy"),
                ("serviceaccounts", "kube-proxy"),
            ],
            Self::VpcCni => &[
                ("daemonsets.apps", "aws-node"),
                ("configmaps", "amazon-vpc-cni"),
                ("serviceaccounts", "aws-node"),
            ],
            Self::EbsCsi => &[
                ("deployments.apps", "ebs-csi-controller"),
                ("poddisruptionbudgets.policy", "ebs-csi-controller"),
                ("daemonsets.apps", "ebs-csi-node"),
                ("serviceaccounts", "ebs-csi-controller-sa"),
                ("serviceaccounts", "ebs-csi-node-sa"),
                ("csidrivers.storage.k8s.io", EBS_DRIVER),
            ],
        }
    }
}

/// What a new cluster has unless `bootstrapSelfManagedAddons` is false.
pub(super) const USUAL: [SystemAddon; 3] = [
    SystemAddon::VpcCni,
    SystemAddon::KubeProxy,
    SystemAddon::CoreDns,
];

/// What a cluster's objects depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) region: &'a str,
    pub(super) minor: u32,
    /// The network of services, `10.100.0.0/16`.
    pub(super) service_cidr: &'a str,
}

/// Storage and name resolution of a new cluster: there is no volume driver.
pub(super) fn begin(server: &mut ApiServer, place: Place<'_>) {
    server.remove("storageclasses.storage.k8s.io", "", "standard");
    let mut class = json!({
        "metadata": {"name": "gp2"}, "provisioner": EBS_IN_TREE,
        "parameters": {"fsType": "ext4", "type": "gp2"}, "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    });
    if place.minor < FIRST_WITHOUT_DEFAULT {
        let mark = json!({"storageclass.kubernetes.io/is-default-class": "true"});
        class["metadata"]["annotations"] = mark;
    }
    server.create("storageclasses.storage.k8s.io", "", class);
    if let Ok(network) = place.service_cidr.parse::<ipnet::Ipv4Net>() {
        let size = 1 << (32 - u32::from(network.prefix_len()));
        server.services_are_in(network.network(), size);
    }
    let address = dns_address(place.service_cidr);
    let service = json!({
        "metadata": {"name": "kube-dns", "labels": {
            "k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS",
            "kubernetes.io/cluster-service": "true",
            "eks.amazonaws.com/component": "kube-dns",
        }},
        "spec": {
            "selector": {"k8s-app": "kube-dns"}, "clusterIP": address, "clusterIPs": [address],
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                {"name": "metrics", "port": 9153, "protocol": "TCP"},
            ],
        },
    });
    server.create("services", NAMESPACE, service);
}

/// The tenth address of the network of services.
fn dns_address(cidr: &str) -> String {
    let network: Option<ipnet::Ipv4Net> = cidr.parse().ok();
    let tenth = network.and_then(|network| u32::from(network.network()).checked_add(10));
    tenth.map_or_else(String::new, |tenth| {
        std::net::Ipv4Addr::from(tenth).to_string()
    })
}

/// Puts an add-on into a cluster; what is there already stays.
pub(super) fn install(server: &mut ApiServer, addon: SystemAddon, place: Place<'_>) {
    for (of, name) in addon.objects() {
        let namespace = namespace_of(of);
        if server.object(of, namespace, name).is_some() {
            continue;
        }
        let object = match *of {
            "serviceaccounts" => json!({}),
            "configmaps" => json!({"data": data(name)}),
            "poddisruptionbudgets.policy" => budget(name),
            "csidrivers.storage.k8s.io" => json!({"spec": {
                "attachRequired": true, "podInfoOnMount": false, "fsGroupPolicy": "ReadWriteOnceWithFSType",
            }}),
            "deployments.apps" => deployment(name, place),
            _ => daemon_set(name, place),
        };
        let mut object = object;
        object["metadata"]["name"] = (*name).into();
        server.create(of, namespace, object);
    }
    if addon == SystemAddon::EbsCsi {
        server.volume_drivers_are(&[EBS_DRIVER]);
    }
}

/// Drivers belong to no namespace.
fn namespace_of(of: &str) -> &'static str {
    if of == "csidrivers.storage.k8s.io" {
        ""
    } else {
        NAMESPACE
    }
}

/// Takes an add-on out of a cluster.
pub(super) fn uninstall(server: &mut ApiServer, addon: SystemAddon) {
    for (of, name) in addon.objects() {
        server.remove(of, namespace_of(of), name);
    }
    if addon == SystemAddon::EbsCsi {
        server.volume_drivers_are(&[]);
    }
}

fn data(name: &str) -> Value {
    match name {
        "coredns" => json!({"Corefile":
            ".:53 {\n    errors\n    health {\n        lameduck 5s\n      }\n    ready\n    kubernetes cluster.local \
             in-addr.arpa ip6.arpa {\n      pods insecure\n      fallthrough in-addr.arpa ip6.arpa\n    }\n    \
             prometheus :9153\n    forward . /etc/resolv.conf\n    cache 30\n    loop\n    reload\n    \
             loadbalance\n}\n"}),
        "kube-proxy" => json!({"kubeconfig": "apiVersion: v1\nkind: Config\n"}),
        _ => json!({"enable-network-policy-controller": "false", "enable-windows-ipam": "false"}),
    }
}

fn budget(name: &str) -> Value {
    let label = if name == "coredns" {
        json!({"k8s-app": "kube-dns"})
    } else {
        json!({"app": name})
    };
    json!({"spec": {"maxUnavailable": 1, "selector": {"matchLabels": label}}})
}

/// A container of an image of EKS.
fn container(name: &str, place: Place<'_>, (path, tag): (&str, &str), cpu: &str) -> Value {
    let image = format!("{REGISTRY}.{}.amazonaws.com/eks/{path}:{tag}", place.region);
    let requests = if cpu.is_empty() {
        json!({})
    } else {
        json!({"requests": {"cpu": cpu}})
    };
    json!({"name": name, "image": image, "resources": requests})
}

fn deployment(name: &str, place: Place<'_>) -> Value {
    let (labels, containers) = if name == "coredns" {
        let tag = format!(
            "v1.{}-eksbuild.1",
            if place.minor >= 34 { "12.3" } else { "11.4" }
        );
        let mut dns = container("coredns", place, ("coredns", &tag), "100m");
        dns["resources"] = json!({
            "requests": {"cpu": "100m", "memory": "70Mi"}, "limits": {"memory": "170Mi"},
        });
        let labels = json!({"k8s-app": "kube-dns", "eks.amazonaws.com/component": "coredns"});
        (labels, vec![dns])
    } else {
        let one =
            |name: &str, cpu: &str| container(name, place, ("aws-ebs-csi-driver", "v1.51.0"), cpu);
        let names = [
            "ebs-plugin",
            "csi-provisioner",
            "csi-attacher",
            "csi-resizer",
            "liveness-probe",
        ];
        let containers = names.into_iter().map(|name| one(name, "10m")).collect();
        (
            json!({"app": name, "app.kubernetes.io/name": "aws-ebs-csi-driver"}),
            containers,
        )
    };
    let key = if name == "coredns" { "k8s-app" } else { "app" };
    let account = if name == "coredns" {
        "coredns"
    } else {
        "ebs-csi-controller-sa"
    };
    json!({
        "metadata": {"labels": labels},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {key: labels[key]}},
            "template": {"metadata": {"labels": labels}, "spec": {
                "serviceAccountName": account, "priorityClassName": "system-cluster-critical",
                "tolerations": [
                    {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
                    {"key": "CriticalAddonsOnly", "operator": "Exists"},
                ],
                "containers": containers,
            }},
        },
    })
}

/// The manifests of all three: nodes of Fargate run one pod each, and none of theirs.
fn not_on_fargate() -> Value {
    json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{
            "key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"],
        }]},
    ]}}})
}

fn daemon_set(name: &str, place: Place<'_>) -> Value {
    let minor = place.minor;
    let (account, containers) = match name {
        "kube-proxy" => {
            let tag = format!("v1.{minor}.0-minimal-eksbuild.1");
            (name, vec![container(name, place, (name, &tag), "100m")])
        }
        "aws-node" => {
            let network = container(name, place, ("amazon-k8s-cni", "v1.20.4"), "25m");
            let policy = ("aws-network-policy-agent", "v1.2.7");
            (
                name,
                vec![
                    network,
                    container("aws-eks-nodeagent", place, policy, "25m"),
                ],
            )
        }
        _ => {
            let one = |name: &str| container(name, place, ("aws-ebs-csi-driver", "v1.51.0"), "10m");
            let all = ["ebs-plugin", "node-driver-registrar", "liveness-probe"];
            ("ebs-csi-node-sa", all.into_iter().map(one).collect())
        }
    };
    let on_host = name != "ebs-csi-node";
    let labels = json!({"k8s-app": name});
    json!({
        "metadata": {"labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "template": {"metadata": {"labels": labels}, "spec": {
                "serviceAccountName": account, "priorityClassName": "system-node-critical",
                "hostNetwork": on_host, "tolerations": [{"operator": "Exists"}],
                "affinity": not_on_fargate(),
                "containers": containers,
            }},
        },
    })
}
