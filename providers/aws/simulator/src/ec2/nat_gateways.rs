//! NAT gateways: asynchronous to create and to delete, and readable for an hour after their end.
//!
//! Apart from interfaces and addresses, which a gateway holds from its creation until it is deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::billing;
use crate::ec2::addresses::{self, Address};
use crate::ec2::describe::{self, Described, Words, describe, need, need_param, with_tags};
use crate::ec2::interfaces::{self, NewInterface};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::subnets::Subnet;
use crate::ec2::{Event, Operation, errors, idempotency, internet_gateways, tags};
use crate::quotas;
use crate::state::{self, State};
use crate::wire::call::{AsyncFault, Call};
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// A NAT gateway.
#[derive(Clone, Debug)]
pub struct NatGateway {
    /// Id, times and tags.
    pub meta: Meta,
    /// The subnet that it is in.
    pub subnet_id: String,
    /// The VPC of that subnet.
    pub vpc_id: String,
    /// The zone of that subnet.
    pub zone: String,
    /// Where it is in its life.
    pub stage: Stage,
    /// `public` or `private`.
    pub connectivity: String,
    /// The Elastic IP that it was asked to use.
    pub allocation_id: Option<String>,
    /// What it held last, for its record: interface, private address, public address, association.
    pub held: Option<Held>,
    /// Why it failed: code and message.
    pub failure: Option<(String, String)>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// The addresses of a gateway.
#[derive(Clone, Debug)]
pub struct Held {
    interface_id: String,
    private_ip: String,
    public_ip: Option<String>,
    association_id: Option<String>,
}

/// The states of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Being made.
    Pending,
    /// Usable.
    Available,
    /// Not made, for the reason in `failure`.
    Failed,
    /// Being deleted; still holds its interface and address.
    Deleting,
    /// Gone; only the record is left.
    Deleted,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// What happens to a gateway.
#[derive(Clone, Debug)]
pub enum Step {
    /// It becomes available.
    Ready,
    /// It fails: code and message.
    Fails(String, String),
    /// It is deleted.
    Deleted,
    /// Its deletion fails: it is available again.
    Returns,
    /// Its record disappears.
    Forgotten,
}

/// The operations on NAT gateways.
pub fn operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateNatGateway" => create,
        "DescribeNatGateways" => describe::<NatGateway>,
        "DeleteNatGateway" => delete,
        _ => return None,
    })
}

impl Described for NatGateway {
    const WORDS: Words = Words {
        prefix: "nat-",
        ids: "NatGatewayId",
        set: "natGatewaySet",
        noun: "NatGateway",
        not_found: "NatGatewayNotFound",
        malformed: "NatGatewayMalformed",
        paged: true,
        tag_type: "natgateway",
        resource_type: "nat_gateway",
        filters: &["nat-gateway-id", "state", "subnet-id", "vpc-id"],
    };

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.nat_gateways
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn values(&self, _state: &State, filter: &str) -> Option<Vec<String>> {
        let value = match filter {
            "nat-gateway-id" => self.meta.id.clone(),
            "state" => self.stage.word().to_owned(),
            "subnet-id" => self.subnet_id.clone(),
            "vpc-id" => self.vpc_id.clone(),
            _ => return None,
        };
        Some(vec![value])
    }

    fn node(&self, _state: &State) -> Node {
        let (code, message) = self.failure.clone().unzip();
        let status = match self.stage {
            Stage::Pending => "associating",
            Stage::Available => "succeeded",
            Stage::Failed => "failed",
            Stage::Deleting | Stage::Deleted => "disassociating",
        };
        let held = self.held.clone();
        let address = Node::new()
            .maybe("allocationId", self.allocation_id.as_ref())
            .maybe("networkInterfaceId", held.as_ref().map(|held| &held.interface_id))
            .maybe("privateIp", held.as_ref().map(|held| &held.private_ip))
            .maybe("publicIp", held.as_ref().and_then(|held| held.public_ip.as_ref()))
            .maybe("associationId", held.as_ref().and_then(|held| held.association_id.as_ref()))
            .text("isPrimary", true)
            .text("status", status);
        let node = Node::new()
            .text("natGatewayId", &self.meta.id)
            .text("subnetId", &self.subnet_id)
            .text("vpcId", &self.vpc_id)
            .text("state", self.stage.word())
            .text("createTime", self.meta.created_at)
            .maybe("deleteTime", self.deleted_at)
            .maybe("failureCode", code)
            .maybe("failureMessage", message)
            .text("connectivityType", &self.connectivity)
            .text("availabilityMode", "zonal")
            .list("natGatewayAddressSet", "item", [address]);
        with_tags(node, &self.meta.tags)
    }

    fn exists(&self) -> bool {
        self.stage != Stage::Deleted
    }

    fn state_word(&self, _state: &State) -> String {
        self.stage.word().to_owned()
    }

    fn facts(&self, facts: &mut BTreeMap<String, String>) {
        facts.insert("vpc_id".to_owned(), self.vpc_id.clone());
        facts.insert("subnet_id".to_owned(), self.subnet_id.clone());
    }
}

/// Whether a route may lead to this gateway.
pub fn is_live(state: &State, id: &str) -> bool {
    let stage = state.ec2.nat_gateways.get(id).map(|gateway| gateway.stage);
    matches!(stage, Some(Stage::Pending | Stage::Available))
}

fn create(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<NatGateway>(state, call)? {
        return describe::one::<NatGateway>(state, "natGateway", &id);
    }
    let tags = tags::requested::<NatGateway>(call)?;
    if call.params.get("AvailabilityMode") == Some("regional") {
        return Err(AwsError::unknown_operation("ec2", "CreateNatGateway of regional mode"));
    }
    let subnet_id = need_param::<Subnet>(state, call, "SubnetId")?;
    let subnet = need::<Subnet>(state, &subnet_id)?.clone();
    let connectivity = call.params.get("ConnectivityType").unwrap_or("public").to_owned();
    let allocation_id = if connectivity == "public" {
        Some(need_param::<Address>(state, call, "AllocationId")?)
    } else {
        None
    };
    let is_counted = |gateway: &&NatGateway| {
        let counts = [Stage::Pending, Stage::Available, Stage::Deleting];
        gateway.zone == subnet.zone && counts.contains(&gateway.stage)
    };
    let count = state.ec2.nat_gateways.all().filter(is_counted).count();
    if count >= quotas::limit(state, "L-FE5A380F") as usize {
        let message = format!(
            "Performing this operation would exceed the limit of {count} NAT gateways per \
             availability zone"
        );
        return Err(errors::refuse("NatGatewayLimitExceeded", message));
    }
    let id = insert(state, &subnet, connectivity, allocation_id, tags);
    begin(state, call, &id);
    idempotency::remember(state, call, &id)?;
    describe::one::<NatGateway>(state, "natGateway", &id)
}

fn insert(
    state: &mut State,
    subnet: &Subnet,
    connectivity: String,
    allocation_id: Option<String>,
    tags: Tags,
) -> String {
    let meta = Meta::new(state, "nat-", tags);
    let id = meta.id.clone();
    let gateway = NatGateway {
        subnet_id: subnet.subnet_id.clone(),
        vpc_id: subnet.vpc_id.clone(),
        zone: subnet.zone.clone(),
        stage: Stage::Pending,
        connectivity,
        allocation_id,
        held: None,
        failure: None,
        deleted_at: None,
        meta,
    };
    state.ec2.nat_gateways.insert(&id, gateway);
    id
}

/// Takes interface and address, and plans how the creation ends.
fn begin(state: &mut State, call: &Call, id: &str) {
    let wait = state.durations.nat_create;
    if let Some((code, message)) = obstacle(state, id).or_else(|| take(state, id).err()) {
        // A doomed gateway fails well before a good one is ready.
        return plan(state, id, wait / 4, Step::Fails(code, message));
    }
    match &call.async_fault {
        None => plan(state, id, wait, Step::Ready),
        Some(AsyncFault::Late(times)) => plan(state, id, wait * *times, Step::Ready),
        Some(AsyncFault::Stuck) => {}
        Some(AsyncFault::Fail(code)) => {
            let code = code.clone().unwrap_or_else(|| "InternalError".to_owned());
            let message = "Network interface is in an invalid state: injected fault".to_owned();
            plan(state, id, wait / 2, Step::Fails(code, message));
        }
    }
}

/// Why the creation of this gateway must fail, if it must.
fn obstacle(state: &State, id: &str) -> Option<(String, String)> {
    let gateway = state.ec2.nat_gateways.get(id)?;
    if gateway.connectivity != "public" {
        return None;
    }
    if !internet_gateways::is_attached_to(state, &gateway.vpc_id) {
        let message = format!("Network {} has no Internet gateway attached", gateway.vpc_id);
        return Some(("Gateway.NotAttached".to_owned(), message));
    }
    let address = state.ec2.addresses.get(gateway.allocation_id.as_ref()?)?;
    address.association.is_some().then(|| {
        let message = format!("Elastic IP address [{}] is already associated", address.meta.id);
        ("Resource.AlreadyAssociated".to_owned(), message)
    })
}

fn take(state: &mut State, id: &str) -> Result<(), (String, String)> {
    let Some(gateway) = state.ec2.nat_gateways.get(id).cloned() else { return Ok(()) };
    let new = NewInterface {
        subnet_id: gateway.subnet_id,
        description: format!("Interface for NAT Gateway {id}"),
        interface_type: "nat_gateway".to_owned(),
        requester_managed: true,
        group_ids: Vec::new(),
        tags: Tags::new(),
        instance_id: None,
        delete_on_termination: false,
    };
    let interface_id =
        interfaces::create(state, new).map_err(|error| (error.code, error.message))?;
    let association_id =
        gateway.allocation_id.map(|address| addresses::associate(state, &address, &interface_id));
    let Some(interface) = state.ec2.interfaces.get(&interface_id) else { return Ok(()) };
    let held = Held {
        private_ip: interface.private_ip.to_string(),
        public_ip: interface.public.as_ref().map(|public| public.ip.to_string()),
        interface_id,
        association_id,
    };
    if let Some(gateway) = state.ec2.nat_gateways.get_mut(id) {
        gateway.held = Some(held);
    }
    Ok(())
}

fn plan(state: &mut State, id: &str, wait: Duration, step: Step) {
    state.after(wait, state::Event::Ec2(Event::NatGateway(id.to_owned(), step)));
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<NatGateway>(state, call, "NatGatewayId")?;
    let stage = need::<NatGateway>(state, &id)?.stage;
    let wait = state.durations.nat_delete;
    match stage {
        // A repeated deletion is answered like the first, and changes nothing.
        Stage::Deleting | Stage::Deleted => {}
        Stage::Failed => end(state, &id),
        Stage::Pending | Stage::Available => {
            set(state, &id, Stage::Deleting);
            match &call.async_fault {
                None => plan(state, &id, wait, Step::Deleted),
                Some(AsyncFault::Late(times)) => plan(state, &id, wait * *times, Step::Deleted),
                Some(AsyncFault::Fail(_)) => plan(state, &id, wait, Step::Returns),
                Some(AsyncFault::Stuck) => {}
            }
        }
    }
    Ok(Answer::Xml(Node::new().text("natGatewayId", id)))
}

/// Lets a step happen, if the gateway has not gone another way meanwhile.
pub fn happen(state: &mut State, id: &str, step: Step) {
    let Some(gateway) = state.ec2.nat_gateways.get_mut(id) else { return };
    match (step, gateway.stage) {
        (Step::Ready, Stage::Pending) => {
            gateway.stage = Stage::Available;
            meter(state, id);
        }
        (Step::Fails(code, message), Stage::Pending) => {
            gateway.stage = Stage::Failed;
            gateway.failure = Some((code, message));
            let_go(state, id);
            // A failed gateway is deleted by AWS itself after about an hour.
            plan(state, id, state.durations.nat_visible, Step::Forgotten);
        }
        (Step::Deleted, Stage::Deleting) => end(state, id),
        (Step::Returns, Stage::Deleting) => {
            gateway.stage = Stage::Available;
            meter(state, id);
        }
        (Step::Forgotten, Stage::Failed | Stage::Deleted) => {
            state.ec2.nat_gateways.remove(id);
        }
        _ => {}
    }
}

fn set(state: &mut State, id: &str, stage: Stage) {
    if let Some(gateway) = state.ec2.nat_gateways.get_mut(id) {
        gateway.stage = stage;
    }
}

fn meter(state: &mut State, id: &str) {
    let Some(gateway) = state.ec2.nat_gateways.get(id) else { return };
    let tags = gateway.meta.tags.clone();
    let run = billing::run_of(&tags);
    billing::usage::nat_gateway(state, id, &tags, run.as_deref());
}

fn end(state: &mut State, id: &str) {
    let now = state.now;
    if let Some(gateway) = state.ec2.nat_gateways.get_mut(id) {
        gateway.stage = Stage::Deleted;
        gateway.deleted_at = Some(now);
    }
    let_go(state, id);
    billing::usage::stop(state, id);
    plan(state, id, state.durations.nat_visible, Step::Forgotten);
}

fn let_go(state: &mut State, id: &str) {
    let held = state.ec2.nat_gateways.get(id).and_then(|gateway| gateway.held.clone());
    if let Some(held) = held {
        interfaces::delete_internal(state, &held.interface_id);
    }
}
