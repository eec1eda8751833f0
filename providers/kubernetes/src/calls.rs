//! The calls to an API server that faults can target: every verb on every built-in resource of Kubernetes.
//!
//! The dialect also names resources of custom definitions.

use kubeproof_contract::call::Signature;

use crate::dialect::SERVICE;

/// Resources of Kubernetes 1.34, by their plural names, with the subresources that clients use.
const RESOURCES: &[&str] = &[
    "bindings",
    "certificatesigningrequests",
    "clusterrolebindings",
    "clusterroles",
    "componentstatuses",
    "configmaps",
    "controllerrevisions",
    "cronjobs",
    "csidrivers",
    "csinodes",
    "customresourcedefinitions",
    "daemonsets",
    "daemonsets/status",
    "deployments",
    "deployments/scale",
    "deployments/status",
    "endpoints",
    "endpointslices",
    "events",
    "horizontalpodautoscalers",
    "ingressclasses",
    "ingresses",
    "jobs",
    "jobs/status",
    "leases",
    "limitranges",
    "mutatingwebhookconfigurations",
    "namespaces",
    "namespaces/finalize",
    "namespaces/status",
    "networkpolicies",
    "nodes",
    "nodes/proxy",
    "nodes/status",
    "persistentvolumeclaims",
    "persistentvolumes",
    "poddisruptionbudgets",
    "pods",
    "pods/attach",
    "pods/binding",
    "pods/eviction",
    "pods/exec",
    "pods/log",
    "pods/portforward",
    "pods/status",
    "podtemplates",
    "priorityclasses",
    "replicasets",
    "replicasets/scale",
    "replicationcontrollers",
    "resourcequotas",
    "rolebindings",
    "roles",
    "runtimeclasses",
    "secrets",
    "selfsubjectaccessreviews",
    "selfsubjectreviews",
    "selfsubjectrulesreviews",
    "serviceaccounts",
    "serviceaccounts/token",
    "services",
    "services/proxy",
    "services/status",
    "statefulsets",
    "statefulsets/scale",
    "storageclasses",
    "subjectaccessreviews",
    "tokenreviews",
    "validatingwebhookconfigurations",
    "volumeattachments",
];

/// The verbs, and whether each changes anything.
const VERBS: &[(&str, bool)] = &[
    ("create", true),
    ("delete", true),
    ("deletecollection", true),
    ("get", false),
    ("list", false),
    ("patch", true),
    ("update", true),
    ("watch", false),
];

/// Requests about the server itself.
const OF_THE_SERVER: &[&str] = &[
    "get-core-resources",
    "get-groups",
    "get-healthz",
    "get-livez",
    "get-openapi",
    "get-readyz",
    "get-version",
];

/// All calls.
pub fn calls() -> Vec<Signature> {
    let call = |operation: String, mutating: bool| Signature {
        service: SERVICE.to_owned(),
        operation,
        mutating,
    };
    let mut all: Vec<Signature> = OF_THE_SERVER
        .iter()
        .map(|name| call((*name).to_owned(), false))
        .collect();
    for resource in RESOURCES {
        for (verb, mutating) in VERBS {
            // Reviews are created but not stored: they only ask.
            let mutating = *mutating && !resource.ends_with("reviews");
            all.push(call(format!("{verb}-{resource}"), mutating));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;
    use crate::dialect::signature;

    #[test]
    fn what_the_dialect_names_is_among_them() {
        let known = calls();
        for (method, path) in [
            ("GET", "/version"),
            ("GET", "/api/v1/nodes"),
            ("GET", "/api/v1/namespaces/a/pods/b/log"),
            ("POST", "/apis/batch/v1/namespaces/a/jobs"),
            ("PATCH", "/apis/apps/v1/namespaces/a/deployments/b/scale"),
            (
                "POST",
                "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            ),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Bytes::new()).unwrap();
            let call = signature(&request).unwrap();
            assert!(known.contains(&call), "{call}");
        }
    }
}
