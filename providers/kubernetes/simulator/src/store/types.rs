//! The table of resource types, for discovery, routing and messages; and those that only a real server has.

/// A resource type of the API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Type {
    /// `jobs.batch`, `pods`: how messages and store keys name it.
    pub(crate) id: &'static str,
    /// The API group, empty for the core one.
    pub(crate) group: &'static str,
    /// `jobs`.
    pub(crate) plural: &'static str,
    /// `Job`.
    pub(crate) kind: &'static str,
    /// Whether it lives in namespaces.
    pub(crate) namespaced: bool,
    /// Whether it has a `status` subresource.
    pub(crate) status: bool,
    /// Whether a changed spec is a new generation.
    pub(crate) generations: bool,
    /// Whether it has a `scale` subresource.
    pub(crate) scale: bool,
    /// Short names for kubectl.
    pub(crate) short: &'static [&'static str],
}

/// The types that `kubectl get all` shows.
const ALL: &[&str] = &[
    "cronjobs.batch",
    "daemonsets.apps",
    "deployments.apps",
    "jobs.batch",
    "pods",
    "replicasets.apps",
    "services",
    "statefulsets.apps",
];

impl Type {
    const fn core(plural: &'static str, kind: &'static str) -> Self {
        let (group, short) = ("", &[] as &[&str]);
        Self {
            id: plural,
            group,
            plural,
            kind,
            namespaced: true,
            status: false,
            generations: false,
            scale: false,
            short,
        }
    }

    const fn grouped(
        id: &'static str,
        plural: &'static str,
        group: &'static str,
        kind: &'static str,
    ) -> Self {
        Self {
            id,
            group,
            plural,
            kind,
            namespaced: true,
            status: false,
            generations: false,
            scale: false,
            short: &[],
        }
    }

    const fn cluster_wide(mut self) -> Self {
        self.namespaced = false;
        self
    }

    const fn with_status(mut self) -> Self {
        self.status = true;
        self
    }

    const fn with_generations(mut self) -> Self {
        self.generations = true;
        self
    }

    const fn with_scale(mut self) -> Self {
        self.scale = true;
        self
    }

    const fn short(mut self, short: &'static [&'static str]) -> Self {
        self.short = short;
        self
    }

    /// `v1` or `batch/v1`.
    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{}/v1", self.group)
        }
    }

    /// The singular name: the type's name in lower case.
    pub(crate) fn singular(&self) -> String {
        self.kind.to_lowercase()
    }

    /// The groups of types that it is in, by which clients ask for several at once.
    pub(crate) fn categories(&self) -> &'static [&'static str] {
        if ALL.contains(&self.id) {
            &["all"]
        } else {
            &[]
        }
    }

    /// The type with this id. The ids in this crate are all in the table.
    pub(crate) fn of(id: &str) -> &'static Self {
        TYPES
            .iter()
            .find(|known| known.id == id)
            .unwrap_or(&TYPES[0])
    }

    /// The type of a group with this plural name.
    pub(crate) fn find(group: &str, plural: &str) -> Option<&'static Self> {
        TYPES
            .iter()
            .find(|known| known.group == group && known.plural == plural)
    }
}

/// All types, in the order in which discovery lists them.
pub(crate) static TYPES: &[Type] = &[
    Type::core("configmaps", "ConfigMap").short(&["cm"]),
    Type::core("endpoints", "Endpoints").short(&["ep"]),
    Type::core("events", "Event").short(&["ev"]),
    Type::core("namespaces", "Namespace")
        .cluster_wide()
        .with_status()
        .short(&["ns"]),
    Type::core("nodes", "Node")
        .cluster_wide()
        .with_status()
        .short(&["no"]),
    Type::core("persistentvolumeclaims", "PersistentVolumeClaim")
        .with_status()
        .short(&["pvc"]),
    Type::core("persistentvolumes", "PersistentVolume")
        .cluster_wide()
        .with_status()
        .short(&["pv"]),
    Type::core("pods", "Pod")
        .with_status()
        .with_generations()
        .short(&["po"]),
    Type::core("secrets", "Secret"),
    Type::core("serviceaccounts", "ServiceAccount").short(&["sa"]),
    Type::core("services", "Service")
        .with_status()
        .short(&["svc"]),
    Type::grouped(
        "controllerrevisions.apps",
        "controllerrevisions",
        "apps",
        "ControllerRevision",
    ),
    Type::grouped("daemonsets.apps", "daemonsets", "apps", "DaemonSet")
        .with_status()
        .with_generations()
        .short(&["ds"]),
    Type::grouped("deployments.apps", "deployments", "apps", "Deployment")
        .with_status()
        .with_generations()
        .with_scale()
        .short(&["deploy"]),
    Type::grouped("replicasets.apps", "replicasets", "apps", "ReplicaSet")
        .with_status()
        .with_generations()
        .with_scale()
        .short(&["rs"]),
    Type::grouped("statefulsets.apps", "statefulsets", "apps", "StatefulSet")
        .with_status()
        .with_generations()
        .with_scale()
        .short(&["sts"]),
    Type::grouped("cronjobs.batch", "cronjobs", "batch", "CronJob")
        .with_status()
        .with_generations()
        .short(&["cj"]),
    Type::grouped("jobs.batch", "jobs", "batch", "Job")
        .with_status()
        .with_generations(),
    Type::grouped(
        "leases.coordination.k8s.io",
        "leases",
        "coordination.k8s.io",
        "Lease",
    ),
    Type::grouped(
        "ingresses.networking.k8s.io",
        "ingresses",
        "networking.k8s.io",
        "Ingress",
    )
    .with_status()
    .with_generations()
    .short(&["ing"]),
    Type::grouped(
        "ingressclasses.networking.k8s.io",
        "ingressclasses",
        "networking.k8s.io",
        "IngressClass",
    )
    .cluster_wide()
    .with_generations(),
    Type::grouped(
        "networkpolicies.networking.k8s.io",
        "networkpolicies",
        "networking.k8s.io",
        "NetworkPolicy",
    )
    .with_generations()
    .short(&["netpol"]),
    Type::grouped(
        "poddisruptionbudgets.policy",
        "poddisruptionbudgets",
        "policy",
        "PodDisruptionBudget",
    )
    .with_status()
    .with_generations()
    .short(&["pdb"]),
    Type::grouped(
        "csidrivers.storage.k8s.io",
        "csidrivers",
        "storage.k8s.io",
        "CSIDriver",
    )
    .cluster_wide(),
    Type::grouped(
        "csinodes.storage.k8s.io",
        "csinodes",
        "storage.k8s.io",
        "CSINode",
    )
    .cluster_wide(),
    Type::grouped(
        "storageclasses.storage.k8s.io",
        "storageclasses",
        "storage.k8s.io",
        "StorageClass",
    )
    .cluster_wide()
    .short(&["sc"]),
];

/// Reviews: created, answered, never stored. Group, plural, type name.
pub(crate) const REVIEWS: &[(&str, &str, &str)] = &[
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
    ),
    (
        "authentication.k8s.io",
        "selfsubjectreviews",
        "SelfSubjectReview",
    ),
];

/// The API groups that the server has, all in version v1, without the core group.
pub(crate) const GROUPS: &[&str] = &[
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "batch",
    "coordination.k8s.io",
    "networking.k8s.io",
    "policy",
    "storage.k8s.io",
];

/// What only a real server has: answered with 501, by name.
pub(crate) fn only_real(group: &str, plural: &str) -> bool {
    const CORE: &[&str] = &[
        "bindings",
        "componentstatuses",
        "limitranges",
        "podtemplates",
        "replicationcontrollers",
        "resourcequotas",
    ];
    const OTHER_GROUPS: &[&str] = &[
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "autoscaling",
        "certificates.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
    ];
    const IN_OUR_GROUPS: &[&str] = &[
        "csistoragecapacities",
        "ipaddresses",
        "localsubjectaccessreviews",
        "selfsubjectrulesreviews",
        "servicecidrs",
        "subjectaccessreviews",
        "tokenreviews",
        "volumeattachments",
    ];
    match group {
        "" => CORE.contains(&plural),
        group if GROUPS.contains(&group) => IN_OUR_GROUPS.contains(&plural),
        group => OTHER_GROUPS.contains(&group),
    }
}
