//! The proofs that a resource belongs to a run: its marks, its cluster's label, its name, and what it hangs on. And the
//! claims that it belongs to another one.
//!
//! Pure. Most parts of load balancers have neither labels nor a network: they are known by the firewall rule of the
//! same name, or by what refers to them.

use kubeproof_contract::observer::OwnershipClaim;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use crate::marks;
use crate::spec::GkeSpec;

/// The labels in which Kubernetes Engine and its disk driver name the cluster and its place.
const CLUSTER: &str = "goog-k8s-cluster-name";
const LOCATION: &str = "goog-k8s-cluster-location";

/// Properties that name a parent, without which the resource would not exist: the parent's type.
const PARENTS: &[(&str, &str)] = &[
    ("network", "network"),
    ("subnetwork", "subnetwork"),
    ("target", "target_pool"),
    ("target", "target_proxy"),
    ("backend_service", "backend_service"),
    ("url_map", "url_map"),
    ("default_service", "backend_service"),
    ("service", "backend_service"),
    ("dns_zone", "dns_zone"),
    ("instance_template", "instance_template"),
    ("instances", "instance"),
    ("backends", "neg"),
    ("backends", "instance_group"),
    ("source_disk", "disk"),
    ("workload_identity_pool", "workload_identity_pool"),
];
/// Properties of others that name parts which Kubernetes makes for them: the parts' types.
const PARTS: &[(&str, &str)] = &[
    ("target", "target_pool"),
    ("target", "target_proxy"),
    ("backend_service", "backend_service"),
    ("url_map", "url_map"),
    ("ssl_certificates", "ssl_certificate"),
    ("default_service", "backend_service"),
    ("service", "backend_service"),
    ("health_checks", "health_check"),
    ("health_checks", "http_health_check"),
];
/// How far a part may be from what proves it: forwarding rule, proxy, map, service, endpoints, network.
const DEPTH: usize = 6;
/// Digits of a cluster's UID in the names of the parts of its Ingresses.
const UID: usize = 8;

/// The run, and where its cluster is.
struct Ours<'a> {
    run: &'a Run,
    cluster: String,
    location: &'a str,
}

/// The proofs that a resource belongs to the run. What it hangs on is looked up in the inventory.
pub(super) fn of(
    run: &Run,
    spec: &GkeSpec,
    resource: &Resource,
    inventory: &[Resource],
) -> Vec<String> {
    let ours = Ours {
        run,
        cluster: run.name(""),
        location: &spec.location.0,
    };
    ours.proofs(resource, inventory, DEPTH)
}

/// The claim that a resource is another run's, or another cluster's. `None` when anything says that it is this run's.
pub(super) fn claim(
    run: &Run,
    spec: &GkeSpec,
    resource: &Resource,
    inventory: &[Resource],
) -> Option<OwnershipClaim> {
    if !of(run, spec, resource, inventory).is_empty() {
        return None;
    }
    let id = || resource.id.clone();
    if let Some(owner) = marks::owner_of(resource) {
        return Some(OwnershipClaim {
            text: format!("marked {}={}", marks::RUN, owner.run),
            run: Some(owner.run),
            rests_on: vec![id()],
        });
    }
    if let Some(cluster) = resource.tags.get(CLUSTER) {
        return Some(OwnershipClaim {
            text: format!("label {CLUSTER}={cluster}"),
            run: None,
            rests_on: vec![id(), cluster.clone()],
        });
    }
    let mut parents = named(resource, PARENTS, inventory);
    parents.find_map(|parent| {
        let owner = marks::owner_of(parent)?;
        let (of_type, name) = (&parent.resource_type, &parent.id);
        Some(OwnershipClaim {
            text: format!(
                "its {of_type} {name} is marked {}={}",
                marks::RUN,
                owner.run
            ),
            run: Some(owner.run),
            rests_on: vec![id(), name.clone()],
        })
    })
}

/// Those of the inventory that these properties of a resource name.
fn named<'a>(
    resource: &'a Resource,
    properties: &'static [(&'static str, &'static str)],
    inventory: &'a [Resource],
) -> impl Iterator<Item = &'a Resource> {
    let names = properties.iter().filter_map(|(property, of_type)| {
        let names = resource.properties.get(*property)?;
        Some(names.split_whitespace().map(move |name| (*of_type, name)))
    });
    names.flatten().flat_map(move |(of_type, name)| {
        let is_it = move |one: &&Resource| {
            one.resource_type == of_type && one.id == name && may_refer(resource, one)
        };
        inventory.iter().filter(is_it)
    })
}

/// Whether one can refer to the other: names are unique in one place alone. What is in different regions or zones does
/// not refer to each other, and of what is global only snapshots and backend services refer to what is not.
fn may_refer(one: &Resource, other: &Resource) -> bool {
    let is_above = one.scope.contains(&other.scope);
    let refers_below = ["snapshot", "backend_service"].contains(&one.resource_type.as_str());
    let may_be_below = !one.scope.is_global() || refers_below;
    other.scope.contains(&one.scope) || is_above && may_be_below
}

impl Ours<'_> {
    fn proofs(&self, resource: &Resource, inventory: &[Resource], depth: usize) -> Vec<String> {
        let mut proofs = self.own(resource);
        if !proofs.is_empty() || depth == 0 || self.is_anothers(resource) {
            return proofs;
        }
        for parent in named(resource, PARENTS, inventory) {
            if !self.proofs(parent, inventory, depth - 1).is_empty() {
                let (of_type, id) = (&parent.resource_type, &parent.id);
                proofs.push(format!("its {of_type} {id} belongs to the run"));
            }
        }
        proofs.extend(self.manager_of(resource, inventory, depth));
        proofs.extend(self.rule_of(resource, inventory));
        if proofs.is_empty() && is_of_kubernetes(&resource.id) {
            proofs.extend(self.user_of(resource, inventory, depth));
        }
        proofs
    }

    /// The proofs that a resource carries itself.
    fn own(&self, resource: &Resource) -> Vec<String> {
        let mut proofs = Vec::new();
        let owner = marks::owner_of(resource).filter(|owner| owner.run == self.run.id);
        proofs.extend(owner.map(|owner| format!("marked {}={}", marks::RUN, owner.run)));
        let tags = &resource.tags;
        let there = tags
            .get(LOCATION)
            .is_none_or(|place| place == self.location);
        if there && tags.get(CLUSTER) == Some(&self.cluster) {
            proofs.push(format!("label {CLUSTER}={}", self.cluster));
        }
        // An account's own name ends before its domain, and begins after the word that says what it is.
        let name = resource.name.as_deref().unwrap_or(&resource.id);
        let name = name.split('@').next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        if !self.is_anothers(resource) && self.is_name(name) {
            proofs.push(format!("its name is {name}"));
        }
        if resource.resource_type == "secondary_range" && self.is_range(name) {
            proofs.push(format!("the range {name} was added for the run's cluster"));
        }
        let member = resource.properties.get("cluster");
        if member.is_some_and(|cluster| *cluster == format!("{}/{}", self.location, self.cluster)) {
            proofs.push("the membership of the run's cluster".to_owned());
        }
        let machines = resource.properties.get("target_tags");
        let mut machines = machines
            .into_iter()
            .flat_map(|tags| tags.split_whitespace());
        if let Some(tag) = machines.find(|tag| self.is_tag(tag)) {
            proofs.push(format!("for machines with the tag {tag}"));
        }
        proofs
    }

    /// Whether the marks name another run.
    fn is_anothers(&self, resource: &Resource) -> bool {
        marks::owner_of(resource).is_some_and(|owner| owner.run != self.run.id)
    }

    /// Whether it is a name of the run: a part begins with a letter, so a run whose id goes on after this one's is told
    /// apart.
    fn is_name(&self, name: &str) -> bool {
        let part = self.run.part_of(name);
        part.is_some_and(|part| !part.starts_with(|c: char| !c.is_ascii_lowercase()))
    }

    /// Whether it is the tag of the cluster's machines: `gke-CLUSTER-HASH-node`.
    fn is_tag(&self, tag: &str) -> bool {
        let rest = tag
            .strip_prefix("gke-")
            .and_then(|rest| rest.strip_prefix(&self.cluster));
        let hash = rest.and_then(|rest| rest.strip_prefix('-')?.strip_suffix("-node"));
        hash.is_some_and(|hash| !hash.is_empty() && hash.bytes().all(|c| c.is_ascii_hexdigit()))
    }

    /// Whether it is a range that was added for the cluster: `gke-CLUSTER-pods-HASH`, or `services`.
    fn is_range(&self, name: &str) -> bool {
        let rest = name
            .strip_prefix("gke-")
            .and_then(|rest| rest.strip_prefix(&self.cluster));
        let hash = rest.and_then(|rest| {
            let of_pods = rest.strip_prefix("-pods-");
            of_pods.or_else(|| rest.strip_prefix("-services-"))
        });
        hash.is_some_and(|hash| !hash.is_empty() && hash.bytes().all(|c| c.is_ascii_hexdigit()))
    }

    /// A managed group is known by its manager, whose name it bears, and that by its template.
    fn manager_of(
        &self,
        resource: &Resource,
        inventory: &[Resource],
        depth: usize,
    ) -> Option<String> {
        if resource.resource_type != "instance_group" {
            return None;
        }
        let mut all = inventory.iter();
        let manager = all.find(|one| {
            one.resource_type == "instance_group_manager"
                && one.id == resource.id
                && one.scope == resource.scope
        })?;
        let is_ours = !self.proofs(manager, inventory, depth - 1).is_empty();
        is_ours.then(|| format!("its manager {} belongs to the run", manager.id))
    }

    /// The firewall rule of the run that is for this part of a load balancer.
    fn rule_of(&self, resource: &Resource, inventory: &[Resource]) -> Option<String> {
        let is_for = |rule: &&Resource| {
            rule.resource_type == "firewall_rule" && is_rule_for(&rule.id, resource)
        };
        let mut rules = inventory.iter().filter(is_for);
        let found = rules.find(|rule| {
            let mut networks = named(rule, PARENTS, inventory);
            !self.own(rule).is_empty() || networks.any(|network| !self.own(network).is_empty())
        })?;
        Some(format!("the run's firewall rule {} is for it", found.id))
    }

    /// What belongs to the run and refers to this part.
    fn user_of(&self, resource: &Resource, inventory: &[Resource], depth: usize) -> Option<String> {
        let refers = |one: &&Resource| {
            may_refer(one, resource)
                && PARTS.iter().any(|(property, of_type)| {
                    let names = one.properties.get(*property);
                    let names = names.into_iter().flat_map(|names| names.split_whitespace());
                    *of_type == resource.resource_type
                        && names.into_iter().any(|name| name == resource.id)
                })
        };
        let mut users = inventory.iter().filter(refers);
        let user = users.find(|user| !self.proofs(user, inventory, depth - 1).is_empty())?;
        let (of_type, id) = (&user.resource_type, &user.id);
        Some(format!("the run's {of_type} {id} uses it"))
    }
}

/// Whether a firewall rule of this name is for this part of a load balancer: `k8s-fw-NAME` for that of a service,
/// `CHECK-http-hc` for its health check, and `k8s-fw-l7--UID` for all Ingresses, whose parts begin with `k8s1-UID-` and
/// the like of `k8s2-um-UID-`.
fn is_rule_for(rule: &str, part: &Resource) -> bool {
    const OF_SERVICES: &[&str] = &[
        "forwarding_rule",
        "target_pool",
        "address",
        "backend_service",
    ];
    let (of_type, name) = (part.resource_type.as_str(), part.id.as_str());
    if let Some(uid) = rule
        .strip_prefix("k8s-fw-l7--")
        .and_then(|uid| uid.get(..UID))
    {
        let of_map = || name.strip_prefix("k8s2-")?.get(2..)?.strip_prefix('-');
        let rest = name.strip_prefix("k8s1-").or_else(of_map);
        let rest = rest.and_then(|rest| rest.strip_prefix(uid));
        return of_type != "firewall_rule" && rest.is_some_and(|rest| rest.starts_with('-'));
    }
    match of_type {
        "health_check" | "http_health_check" => rule.strip_suffix("-http-hc") == Some(name),
        part if OF_SERVICES.contains(&part) => rule.strip_prefix("k8s-fw-") == Some(name),
        _ => false,
    }
}

/// Whether a name is one that Kubernetes gives to parts of load balancers. Others may have been there before, and are
/// only used by the run.
fn is_of_kubernetes(name: &str) -> bool {
    let begins = ["k8s-", "k8s1-", "k8s2-", "gkegw", "mcrt-"];
    let is_uid = |rest: &str| rest.len() >= 31 && rest.bytes().all(|c| c.is_ascii_hexdigit());
    begins.iter().any(|begin| name.starts_with(begin)) || name.strip_prefix('a').is_some_and(is_uid)
}

#[cfg(test)]
mod tests;
