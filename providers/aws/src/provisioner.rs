//! The reference EKS provisioner: makes network, roles, cluster and nodes as concurrently as AWS allows, and takes
//! them down by tags alone.
//!
//! It spawns no tasks: dropping its future equals the death of its process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_eks::types::Cluster;
use futures::future::join_all;
use futures::join;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::error::{all, both};
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

use crate::kubeconfig;
use crate::provisioner::routes::Target;
use crate::provisioner::security_groups::Groups;
use crate::provisioner::session::Session;
use crate::provisioner::subnets::ZoneSubnets;
use crate::provisioner::teardown::TEARDOWN;
use crate::spec::EksSpec;

mod address;
mod claim;
mod cluster;
mod dedupe;
mod iam_roles;
mod internet_gateway;
mod nat;
mod nodes;
mod requests;
mod routes;
mod schedules;
mod security_groups;
mod session;
mod subnets;
mod tags;
mod teardown;
mod templates;
mod vpc;
mod zones;

/// Longest wait for nodes to be Ready after their group is active.
const READY_WITHIN: Duration = Duration::from_mins(5);

/// The reference provisioner. One value stands for one process, without memory of earlier ones.
pub struct EksProvisioner {
    spec: EksSpec,
    connection: Connection,
}

/// The network as far as the cluster needs it.
struct Network {
    vpc: String,
    subnets: Vec<ZoneSubnets>,
    groups: Groups,
}

/// The ARNs of both roles.
struct Roles {
    cluster: String,
    nodes: String,
}

impl EksProvisioner {
    /// A provisioner of what the scenario asks for.
    pub fn new(spec: EksSpec, connection: Connection) -> Self {
        Self { spec, connection }
    }

    /// A session: one piece of work, without memory.
    fn session(&self) -> Session {
        Session::new(&self.spec, &self.connection)
    }
}

#[async_trait]
impl Provisioner for EksProvisioner {
    fn name(&self) -> String {
        "reference".to_owned()
    }

    fn claim(&self) -> Option<ClaimedRate> {
        claim::of(&self.spec, self.connection.clock.now())
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.session();
        match provision(&session).await {
            Ok(provisioned) => Ok(provisioned),
            Err(error) => {
                // What has just been made may not be visible yet.
                tokio::time::sleep(session.until_all_shows()).await;
                // A fresh session, which is not cancelled.
                Err(TEARDOWN.after_failure(&self.session(), &error).await)
            }
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        TEARDOWN.run(&self.session()).await
    }
}

/// A cluster without nodes, and what nodes need.
struct ControlPlane {
    /// The cluster, active.
    cluster: Cluster,
    node_role: String,
    private: Vec<String>,
    /// Ids of the node groups' launch templates, in their order.
    templates: Vec<String>,
}

/// Makes everything. The longest chain is role, cluster, node group; all else runs beside it.
///
/// # Errors
/// With the cause, after every branch has stopped between two calls.
async fn provision(session: &Session) -> Result<Provisioned, CallError> {
    let made = control_plane(session).await?;
    let wanted = session.spec.node_groups.0.iter().zip(&made.templates);
    let groups = wanted.map(|(group, template)| {
        let placement = nodes::Placement {
            role: &made.node_role,
            subnets: &made.private,
            template,
        };
        async move { session.or_cancel(nodes::ensure(session, group, &placement).await) }
    });
    all(join_all(groups).await)?;
    dedupe::remove_duplicates(session).await?;
    let provisioned = hand_over(session, &made.cluster).await?;
    nodes_ready(session, &provisioned).await?;
    Ok(provisioned)
}

/// Makes everything but the nodes.
///
/// # Errors
/// With the cause, after every branch has stopped between two calls.
async fn control_plane(session: &Session) -> Result<ControlPlane, CallError> {
    let zones = zones::choose(session).await?;
    // The marker comes first: see `iam_roles`.
    let cluster_role = iam_roles::role(session, &iam_roles::CLUSTER).await?;
    let (roles, network) = both(join!(
        async { session.or_cancel(roles(session, cluster_role).await) },
        async { session.or_cancel(network(session, &zones).await) },
    ))?;
    let private: Vec<String> = network
        .subnets
        .iter()
        .map(|subnets| subnets.private.clone())
        .collect();
    let public = network.subnets.iter().map(|subnets| subnets.public.clone());
    let parts = cluster::Parts {
        role: &roles.cluster,
        subnets: public.chain(private.iter().cloned()).collect(),
        group: &network.groups.cluster,
    };
    let nodes_group = &network.groups.nodes;
    let ((cluster, templates), ()) = both(join!(
        async { session.or_cancel(cluster_and_templates(session, &parts, nodes_group).await) },
        async { session.or_cancel(egress(session, &network).await) },
    ))?;
    Ok(ControlPlane {
        cluster,
        node_role: roles.nodes,
        private,
        templates,
    })
}

/// The cluster, and while it is being made the templates of its nodes.
async fn cluster_and_templates(
    session: &Session,
    parts: &cluster::Parts<'_>,
    nodes_group: &str,
) -> Result<(Cluster, Vec<String>), CallError> {
    let known = cluster::begin(session, parts).await?;
    let templates = async {
        let cluster_group = match known {
            Some(group) => group,
            None => cluster::security_group(session).await?,
        };
        templates::ensure(session, &[cluster_group, nodes_group.to_owned()]).await
    };
    both(join!(
        async { session.or_cancel(cluster::active(session).await) },
        async { session.or_cancel(templates.await) },
    ))
}

/// The nodes' role, and the policies of both.
async fn roles(session: &Session, cluster: String) -> Result<Roles, CallError> {
    let ((), nodes) = both(join!(
        iam_roles::attach(session, &iam_roles::CLUSTER),
        async {
            let arn = iam_roles::role(session, &iam_roles::NODES).await?;
            iam_roles::attach(session, &iam_roles::NODES).await?;
            Ok(arn)
        }
    ))?;
    Ok(Roles { cluster, nodes })
}

/// VPC, subnets and security groups.
async fn network(session: &Session, zones: &[String]) -> Result<Network, CallError> {
    let vpc = vpc::ensure(session).await?;
    let (subnets, groups) = both(join!(
        subnets::ensure(session, &vpc, zones),
        security_groups::ensure(session, &vpc)
    ))?;
    Ok(Network {
        vpc,
        subnets,
        groups,
    })
}

/// Internet gateway, addresses, NAT gateways and routes; they are ready long before the cluster.
async fn egress(session: &Session, network: &Network) -> Result<(), CallError> {
    let gateway = internet_gateway::ensure(session, &network.vpc).await?;
    let public = async {
        let subnets: Vec<&str> = network
            .subnets
            .iter()
            .map(|subnets| subnets.public.as_str())
            .collect();
        let table = routes::table(session, &network.vpc, "public", &subnets).await?;
        routes::default_route(session, &table, &Target::Internet(&gateway)).await
    };
    let private = network.subnets.iter().map(|subnets| async {
        session.or_cancel(zone_egress(session, &network.vpc, subnets).await)
    });
    let (public, private) = join!(async { session.or_cancel(public.await) }, join_all(private));
    both((public, all(private)))?;
    Ok(())
}

/// Address, NAT gateway and route of one zone's private subnet.
async fn zone_egress(session: &Session, vpc: &str, subnets: &ZoneSubnets) -> Result<(), CallError> {
    let part = format!("nat-{}", subnets.zone);
    let nat = async {
        let address = address::ensure(session, &part).await?;
        nat::ensure(session, &part, &subnets.public, &address).await
    };
    let private = format!("private-{}", subnets.zone);
    let inside = [subnets.private.as_str()];
    let table = routes::table(session, vpc, &private, &inside);
    let (nat, table) = both(join!(async { session.or_cancel(nat.await) }, async {
        session.or_cancel(table.await)
    },))?;
    routes::default_route(session, &table, &Target::Nat(&nat)).await
}

/// Waits for Ready nodes. An active node group only means that nodes have joined.
async fn nodes_ready(session: &Session, provisioned: &Provisioned) -> Result<(), CallError> {
    let failed =
        |error: kubeproof_kubernetes::KubernetesError| CallError::unmade("see Ready nodes", error);
    let transport = Arc::clone(&session.connection.transport);
    let access = provisioned
        .access
        .as_ref()
        .map_err(|error| CallError::unmade("see Ready nodes", error.clone()))?;
    let client = kubeproof_kubernetes::client(access, transport).map_err(failed)?;
    let (limit, pause) = (READY_WITHIN, Duration::from_secs(5));
    kubeproof_kubernetes::ready::wait_ready(&client, session.spec.nodes(), limit, pause)
        .await
        .map_err(failed)?;
    Ok(())
}

/// What is handed over: access by the kubeconfig, and what was made.
///
/// # Errors
/// When the token cannot be made.
async fn hand_over(session: &Session, cluster: &Cluster) -> Result<Provisioned, CallError> {
    let access = kubeconfig::access(&session.config, &session.connection, cluster)
        .await
        .map_err(|error| CallError::unmade("make a kubeconfig", error))?;
    Ok(Provisioned {
        access: Ok(access),
        made: session.made(),
    })
}
