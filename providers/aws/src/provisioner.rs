//! The reference EKS provisioner: network, identity, cluster and nodes, made as concurrently as AWS
//! allows, and taken down from tags alone.
//!
//! It spawns nothing: dropping its future is the same as the death of its process.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_eks::types::Cluster;
use futures::future::join_all;
use futures::join;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{Claim, Provisioned, Provisioner, ProvisionerError};

use crate::kubeconfig;
use crate::provisioner::problem::{Problem, all, both};
use crate::provisioner::routes::Target;
use crate::provisioner::security::Groups;
use crate::provisioner::session::Session;
use crate::provisioner::subnets::ZoneSubnets;
use crate::spec::EksSpec;

pub(crate) mod address;
mod adopt;
mod claim;
mod cluster;
mod gateway;
pub(crate) mod identity;
pub(crate) mod names;
mod nat;
mod nodes;
pub(crate) mod pages;
pub(crate) mod problem;
pub(crate) mod retry;
mod routes;
mod security;
pub(crate) mod session;
mod subnets;
pub(crate) mod survey;
pub(crate) mod teardown;
mod templates;
mod twins;
pub(crate) mod vpc;
mod wait;
pub(crate) mod zones;

/// Longest wait for nodes to be Ready after their group is active.
const READY_WITHIN: Duration = Duration::from_secs(300);

/// The reference provisioner. One value is one process: it remembers nothing of earlier ones.
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

    /// A session: one piece of work without memory.
    pub(crate) fn session(&self) -> Session {
        Session::new(&self.spec, &self.connection)
    }
}

#[async_trait]
impl Provisioner for EksProvisioner {
    fn name(&self) -> String {
        "reference".to_owned()
    }

    fn claim(&self) -> Option<Claim> {
        claim::of(&self.spec, self.connection.clock.now())
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let session = self.session();
        match provision(&session).await {
            Ok(provisioned) => Ok(provisioned),
            Err(problem) => {
                // What was made just before may not be visible yet.
                tokio::time::sleep(session.until_all_shows()).await;
                // One that is not halted.
                Err(failure(&self.session(), &problem).await)
            }
        }
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        teardown::teardown(&self.session()).await
    }
}

/// A cluster without nodes, and what nodes need.
pub(crate) struct ControlPlane {
    /// The cluster, active.
    pub(crate) cluster: Cluster,
    node_role: String,
    private: Vec<String>,
    /// Ids of the node groups' launch templates, in their order.
    templates: Vec<String>,
}

/// Makes everything. The longest chain is role, cluster, node group; all else runs beside it.
///
/// # Errors
/// With the cause, after every branch has come to a stop between two calls.
async fn provision(session: &Session) -> Result<Provisioned, Problem> {
    let made = control_plane(session).await?;
    let wanted = session.spec.node_groups.0.iter().zip(&made.templates);
    let groups = wanted.map(|(group, template)| {
        let place = nodes::Place {
            role: &made.node_role,
            subnets: &made.private,
            template,
        };
        async move { session.or_halt(nodes::ensure(session, group, &place).await) }
    });
    all(join_all(groups).await)?;
    twins::remove(session).await?;
    let provisioned = hand_over(session, &made.cluster).await?;
    nodes_ready(session, &provisioned).await?;
    Ok(provisioned)
}

/// Makes everything but the nodes.
///
/// # Errors
/// With the cause, after every branch has come to a stop between two calls.
pub(crate) async fn control_plane(session: &Session) -> Result<ControlPlane, Problem> {
    let zones = zones::choose(session).await?;
    // The marker comes first: see `identity`.
    let cluster_role = identity::role(session, &identity::CLUSTER).await?;
    let (roles, network) = both(join!(
        async { session.or_halt(roles(session, cluster_role).await) },
        async { session.or_halt(network(session, &zones).await) },
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
        async { session.or_halt(cluster_and_templates(session, &parts, nodes_group).await) },
        async { session.or_halt(ways_out(session, &network).await) },
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
) -> Result<(Cluster, Vec<String>), Problem> {
    let known = cluster::begin(session, parts).await?;
    let templates = async {
        let cluster_group = match known {
            Some(group) => group,
            None => cluster::security_group(session).await?,
        };
        templates::ensure(session, &[cluster_group, nodes_group.to_owned()]).await
    };
    both(join!(
        async { session.or_halt(cluster::active(session).await) },
        async { session.or_halt(templates.await) },
    ))
}

/// The nodes' role, and the policies of both.
async fn roles(session: &Session, cluster: String) -> Result<Roles, Problem> {
    let ((), nodes) = both(join!(
        identity::attach(session, &identity::CLUSTER),
        async {
            let arn = identity::role(session, &identity::NODES).await?;
            identity::attach(session, &identity::NODES).await?;
            Ok(arn)
        }
    ))?;
    Ok(Roles { cluster, nodes })
}

/// VPC, subnets and security groups.
async fn network(session: &Session, zones: &[String]) -> Result<Network, Problem> {
    let vpc = vpc::ensure(session).await?;
    let (subnets, groups) = both(join!(
        subnets::ensure(session, &vpc, zones),
        security::ensure(session, &vpc)
    ))?;
    Ok(Network {
        vpc,
        subnets,
        groups,
    })
}

/// Internet gateway, addresses, NAT gateways and routes: they are ready long before the cluster.
async fn ways_out(session: &Session, network: &Network) -> Result<(), Problem> {
    let gateway = gateway::ensure(session, &network.vpc).await?;
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
        session.or_halt(zone_way_out(session, &network.vpc, subnets).await)
    });
    let (public, private) = join!(async { session.or_halt(public.await) }, join_all(private));
    both((public, all(private)))?;
    Ok(())
}

/// Address, NAT gateway and route of one zone's private subnet.
async fn zone_way_out(session: &Session, vpc: &str, subnets: &ZoneSubnets) -> Result<(), Problem> {
    let part = format!("nat-{}", subnets.zone);
    let nat = async {
        let address = address::ensure(session, &part).await?;
        nat::ensure(session, &part, &subnets.public, &address).await
    };
    let private = format!("private-{}", subnets.zone);
    let inside = [subnets.private.as_str()];
    let table = routes::table(session, vpc, &private, &inside);
    let (nat, table) = both(join!(async { session.or_halt(nat.await) }, async {
        session.or_halt(table.await)
    },))?;
    routes::default_route(session, &table, &Target::Nat(&nat)).await
}

/// An active node group says that nodes have joined; whether they work, only Kubernetes knows.
async fn nodes_ready(session: &Session, provisioned: &Provisioned) -> Result<(), Problem> {
    let failed = |error: kubeproof_kubernetes::KubernetesError| {
        Problem::ours("see Ready nodes", error.to_string())
    };
    let transport = Arc::clone(&session.connection.transport);
    let access = provisioned
        .access
        .as_ref()
        .map_err(|problem| Problem::ours("see Ready nodes", problem.clone()))?;
    let client = kubeproof_kubernetes::client(access, transport).map_err(failed)?;
    let (limit, pace) = (READY_WITHIN, Duration::from_secs(5));
    kubeproof_kubernetes::ready::wait_ready(&client, session.spec.nodes(), limit, pace)
        .await
        .map_err(failed)?;
    Ok(())
}

/// What is handed over: access as the kubeconfig gives it, and what was made.
///
/// # Errors
/// When the token cannot be made.
pub(crate) async fn hand_over(
    session: &Session,
    cluster: &Cluster,
) -> Result<Provisioned, Problem> {
    let access = kubeconfig::access(&session.config, &session.connection, cluster)
        .await
        .map_err(|error| Problem::ours("make a kubeconfig", error.to_string()))?;
    Ok(Provisioned {
        access: Ok(access),
        made: session.made(),
    })
}

/// The error of a provision: what happened, where, what next, and what is there now.
async fn failure(session: &Session, problem: &Problem) -> ProvisionerError {
    let next = "provision again to continue where it stopped, or tear down to remove all of it";
    match survey::everything(session).await {
        Ok(left) => ProvisionerError::left(format!("{problem}; {next}"), left.ids()),
        Err(unread) => ProvisionerError::left_unknown(format!(
            "{problem}; what exists could not be read either: {unread}; {next}"
        )),
    }
}
