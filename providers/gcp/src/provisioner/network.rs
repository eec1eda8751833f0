//! The network: one of the run's own with a subnetwork, a firewall rule, and a way out for private nodes; or one that
//! is there and stays as it was.

use futures::join;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::error::both;
use serde_json::{Value, json};

use super::Work;
use super::compute::{Place, Wanted, ensure as ensure_resource};
use crate::marks;

/// The secondary range of pods.
pub(super) const PODS: &str = "pods";
/// The secondary range of services.
pub(super) const SERVICES: &str = "services";

/// The call that makes a network.
pub(super) const INSERT: &str = "networks.insert";

/// Where the cluster goes.
pub(super) struct Placement {
    pub(super) network: String,
    pub(super) subnetwork: String,
    /// Whether the subnetwork has the run's own secondary ranges.
    pub(super) has_ranges: bool,
}

/// The name of the run's network.
pub(super) fn name(work: &Work) -> String {
    work.run().name("")
}

/// The link of the run's network, as far as requests need it.
fn link(work: &Work) -> String {
    format!("projects/{}/global/networks/{}", work.project(), name(work))
}

/// The network and the subnetwork, with what must be there before the cluster.
pub(super) async fn ensure(work: &Work) -> Result<Placement, CallError> {
    if let Some(existing) = &work.spec.network.existing {
        return Ok(Placement {
            network: existing.network.0.clone(),
            subnetwork: existing.subnetwork.0.clone(),
            has_ranges: false,
        });
    }
    let network = name(work);
    let body = described(
        work,
        json!({
            "name": network, "autoCreateSubnetworks": false, "routingConfig": {"routingMode": "REGIONAL"},
        }),
    );
    let wanted = Wanted {
        get: "networks.get",
        insert: INSERT,
        place: Place::Global,
        name: &network,
        body,
    };
    ensure_resource(work, &wanted).await?;
    let (subnetwork, ()) = both(join!(
        async { work.session().or_cancel(subnetwork(work).await) },
        async { work.session().or_cancel(firewall(work).await) },
    ))?;
    Ok(Placement {
        network,
        subnetwork,
        has_ranges: true,
    })
}

fn described(work: &Work, mut body: Value) -> Value {
    body["description"] = json!(marks::description(work.run()));
    body
}

async fn subnetwork(work: &Work) -> Result<String, CallError> {
    let (name, ranges) = (work.run().name("subnet"), &work.spec.network);
    let range = |name: &str, range: String| json!({"rangeName": name, "ipCidrRange": range});
    let body = described(
        work,
        json!({
            "name": name, "network": link(work), "ipCidrRange": String::from(ranges.nodes_cidr),
            "secondaryIpRanges": [
                range(PODS, ranges.pods_cidr.into()),
                range(SERVICES, ranges.services_cidr.into()),
            ],
            "privateIpGoogleAccess": true,
        }),
    );
    let wanted = Wanted {
        get: "subnetworks.get",
        insert: "subnetworks.insert",
        place: Place::Region(work.region().to_owned()),
        name: &name,
        body,
    };
    Ok(ensure_resource(work, &wanted).await?.name)
}

/// Nodes and pods reach each other; the rules of Kubernetes Engine allow the rest.
async fn firewall(work: &Work) -> Result<(), CallError> {
    let (name, ranges) = (work.run().name("internal"), &work.spec.network);
    let sources = [ranges.nodes_cidr, ranges.pods_cidr].map(String::from);
    let allowed = ["tcp", "udp", "icmp"].map(|protocol| json!({"IPProtocol": protocol}));
    let body = described(
        work,
        json!({
            "name": name, "network": link(work), "direction": "INGRESS",
            "sourceRanges": sources, "allowed": allowed,
        }),
    );
    let wanted = Wanted {
        get: "firewalls.get",
        insert: "firewalls.insert",
        place: Place::Global,
        name: &name,
        body,
    };
    ensure_resource(work, &wanted).await.map(|_| ())
}

/// The way out of private nodes: ready before their machines are.
pub(super) async fn egress(work: &Work) -> Result<(), CallError> {
    if !work.spec.network.makes_nat() {
        return Ok(());
    }
    let name = work.run().name("router");
    let nat = json!({
        "name": "nat", "natIpAllocateOption": "AUTO_ONLY",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
    });
    let body = described(
        work,
        json!({"name": name, "network": link(work), "nats": [nat]}),
    );
    let wanted = Wanted {
        get: "routers.get",
        insert: "routers.insert",
        place: Place::Region(work.region().to_owned()),
        name: &name,
        body,
    };
    ensure_resource(work, &wanted).await.map(|_| ())
}
