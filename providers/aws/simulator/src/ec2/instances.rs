//! Instances: run by services, terminated by anyone, and readable for an hour after their end.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::billing;
use crate::ec2::addresses::next_public;
use crate::ec2::describe::{ResourceKind, ResourceSpec, list, need, select};
use crate::ec2::fields::Field;
use crate::ec2::interface_xml::private_dns_name as dns_name;
use crate::ec2::interfaces::{self, NewInterface, PublicAddress};
use crate::ec2::launch_options::{Disk, LaunchOptions};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::subnets::Subnet;
use crate::ec2::{Event, Operations, instance_attributes, instance_quota, instance_xml};
use crate::ec2::{spot_requests, volumes};
use crate::state::{self, State};
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// How long an instance shuts down before it is terminated.
const SHUTDOWN: Duration = Duration::from_secs(40);
/// How long a terminated instance stays readable.
const VISIBLE: Duration = Duration::from_hours(1);
/// The name of the root device.
pub const ROOT_DEVICE: &str = "/dev/xvda";

#[derive(Clone, Debug)]
pub struct Instance {
    /// Id, times and tags.
    pub meta: Meta,
    pub instance_type: String,
    /// The subnet of its primary interface.
    pub subnet_id: String,
    /// The VPC of that subnet.
    pub vpc_id: String,
    /// The zone of that subnet.
    pub zone: String,
    pub reservation_id: String,
    /// The ARN of its instance profile.
    pub instance_profile: Option<String>,
    /// Its state.
    pub stage: Stage,
    /// When its termination was requested.
    pub ended_at: Option<Timestamp>,
    /// The id of its spot request, if it is a spot instance.
    pub spot_request: Option<String>,
    /// What its caller said of it.
    pub options: LaunchOptions,
}

/// The states of an instance. It is running as soon as it is requested: what takes minutes,
/// joining a cluster, is up to the service that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Running,
    ShuttingDown,
    /// Terminated; only the record is left.
    Terminated,
}

/// What happens to an instance.
#[derive(Clone, Debug)]
pub enum Step {
    /// It has shut down.
    Terminated,
    /// Its record disappears.
    Forgotten,
}

/// The settings of a new instance.
#[derive(Clone, Debug)]
pub struct NewInstance {
    pub subnet_id: String,
    pub instance_type: String,
    /// Security groups of the primary interface.
    pub group_ids: Vec<String>,
    /// Size of the root disk, GB.
    pub disk_gb: u32,
    /// Tags of the instance.
    pub tags: BTreeMap<String, String>,
    /// Tags of the root volume.
    pub volume_tags: BTreeMap<String, String>,
    /// Tags of the primary interface.
    pub interface_tags: BTreeMap<String, String>,
    /// Whether the root disk is kept when the instance is terminated.
    pub disk_stays: bool,
    /// The ARN of the instance profile.
    pub instance_profile: Option<String>,
    /// The run that causes it, if the tags name none.
    pub run_id: Option<String>,
    /// The tags of its spot request, for a spot instance.
    pub spot: Option<Tags>,
    /// What only callers say.
    pub options: LaunchOptions,
}

/// The operations on instances.
pub const OPERATIONS: Operations = &[
    ("DescribeInstances", describe),
    ("TerminateInstances", terminate),
];

impl ResourceKind for Instance {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "i-",
        ids: "InstanceId",
        set: "reservationSet",
        noun: "instance ID",
        not_found: "InvalidInstanceID.NotFound",
        malformed: "InvalidInstanceID.Malformed",
        paged: true,
        tag_type: "instance",
        resource_type: "ec2_instance",
    };

    const FIELDS: &'static [Field<Self>] = instance_xml::FIELDS;

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.instances
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn exists(&self) -> bool {
        self.stage != Stage::Terminated
    }

    fn state_name(&self, state: &State) -> String {
        self.state_of(state).1.to_owned()
    }
}

impl Instance {
    /// Code and name of its state.
    pub fn state_of(&self, state: &State) -> (u32, &'static str) {
        match self.stage {
            Stage::Running if self.meta.is_new(state) => (0, "pending"),
            Stage::Running => (16, "running"),
            Stage::ShuttingDown => (32, "shutting-down"),
            Stage::Terminated => (48, "terminated"),
        }
    }
}

/// Runs an instance with its root volume and primary interface; all are billed from now.
///
/// # Errors
/// For unknown ids, quotas and full subnets.
pub fn run_internal(state: &mut State, new: NewInstance) -> Result<String, AwsError> {
    let subnet = need::<Subnet>(state, &new.subnet_id)?.clone();
    instance_quota::admit(state, &new.instance_type, new.spot.is_some())?;
    let meta = Meta::new(state, "i-", new.tags);
    let (id, tags) = (meta.id.clone(), meta.tags.clone());
    let run_id = billing::run_of(&tags).or(new.run_id);
    let interface = NewInterface {
        subnet_id: new.subnet_id.clone(),
        description: String::new(),
        interface_type: "interface".to_owned(),
        requester_managed: false,
        group_ids: new.group_ids,
        tags: new.interface_tags,
        instance_id: Some(id.clone()),
        delete_on_termination: !new.options.keeps_interface,
    };
    let interface = interfaces::create(state, interface)?;
    if new.spot.is_some() {
        billing::usage::spot_instance(state, &new.instance_type);
    } else {
        billing::usage::instance(state, &id, &new.instance_type, &tags, run_id.as_deref());
    }
    if new.options.public_ip.unwrap_or(subnet.map_public_ip) {
        let ip = next_public(state);
        if let Some(held) = state.ec2.interfaces.get_mut(&interface) {
            held.public = Some(PublicAddress { ip, elastic: None });
        }
        billing::usage::public_ipv4(state, &interface, true, run_id.as_deref());
    }
    let root = Disk {
        device: ROOT_DEVICE.to_owned(),
        size_gb: new.disk_gb,
        volume_type: new.options.root_type,
        delete_on_termination: !new.disk_stays,
    };
    for disk in std::iter::once(&root).chain(&new.options.disks) {
        let tags = new.volume_tags.clone();
        attach_new(state, &id, &subnet.zone, disk, tags, run_id.clone());
    }
    let spot_request = new.spot.map(|tags| {
        spot_requests::fulfilled(
            state,
            (
                id.as_str(),
                new.instance_type.as_str(),
                subnet.zone.as_str(),
            ),
            tags,
        )
    });
    let instance = Instance {
        spot_request,
        instance_type: new.instance_type,
        subnet_id: subnet.subnet_id,
        vpc_id: subnet.vpc_id,
        zone: subnet.zone,
        reservation_id: state.ids.prefixed("r-"),
        instance_profile: new.instance_profile,
        stage: Stage::Running,
        ended_at: None,
        options: new.options,
        meta,
    };
    state.ec2.instances.insert(&id, instance);
    Ok(id)
}

/// Creates a volume that is attached to an instance.
fn attach_new(
    state: &mut State,
    instance_id: &str,
    zone: &str,
    disk: &Disk,
    tags: Tags,
    run_id: Option<String>,
) {
    let made = (disk.size_gb, disk.volume_type);
    let volume = volumes::create_internal(state, zone, made, tags, run_id);
    if let Some(volume) = state.ec2.volumes.get_mut(&volume) {
        volume.attachment = Some(volumes::Attachment {
            instance_id: instance_id.to_owned(),
            device: disk.device.clone(),
            delete_on_termination: disk.delete_on_termination,
        });
    }
}

/// The instance's name inside its VPC.
pub fn private_dns_name(state: &State, id: &str) -> Option<String> {
    let primary = interfaces::of_instance(state, id).into_iter().next()?;
    let ip = state.ec2.interfaces.get(&primary)?.private_ip;
    Some(dns_name(ip, &state.setup.region))
}

/// Begins to terminate an instance, for a service. Does nothing if the termination has already begun.
pub fn terminate_internal(state: &mut State, id: &str) {
    let now = state.now;
    let Some(instance) = state.ec2.instances.get_mut(id) else {
        return;
    };
    if instance.stage != Stage::Running {
        return;
    }
    instance.stage = Stage::ShuttingDown;
    instance.ended_at = Some(now);
    // Billing of the machine ends here; its disk and address are held until it is terminated.
    billing::usage::stop(state, id);
    spot_requests::instance_ends(state, id);
    let event = Event::Instance(id.to_owned(), Step::Terminated);
    state.after(SHUTDOWN, state::Event::Ec2(event));
}

/// Applies a step.
pub fn happen(state: &mut State, id: &str, step: Step) {
    match step {
        Step::Terminated => {
            if let Some(instance) = state.ec2.instances.get_mut(id) {
                instance.stage = Stage::Terminated;
            }
            release_interfaces(state, id);
            release_volumes(state, id);
            let event = Event::Instance(id.to_owned(), Step::Forgotten);
            state.after(VISIBLE, state::Event::Ec2(event));
        }
        Step::Forgotten => {
            let gone = state.ec2.instances.remove(id);
            if let Some(request) = gone.and_then(|instance| instance.spot_request) {
                state.ec2.spot_requests.remove(&request);
            }
        }
    }
}

/// Deletes the instance's interfaces or leaves them available, as each is configured.
fn release_interfaces(state: &mut State, id: &str) {
    for interface_id in interfaces::of_instance(state, id) {
        let Some(interface) = state.ec2.interfaces.get_mut(&interface_id) else {
            continue;
        };
        if interface
            .attachment
            .as_ref()
            .is_some_and(|held| held.delete_on_termination)
        {
            interfaces::delete_internal(state, &interface_id);
        } else {
            interface.attachment = None;
        }
    }
}

/// Deletes the instance's volumes or leaves them available, as each is configured.
fn release_volumes(state: &mut State, id: &str) {
    let mut doomed = Vec::new();
    for volume in state.ec2.volumes.all_mut() {
        let Some(held) = volume
            .attachment
            .clone()
            .filter(|held| held.instance_id == id)
        else {
            continue;
        };
        if held.delete_on_termination {
            doomed.push(volume.meta.id.clone());
        } else {
            volume.attachment = None;
        }
    }
    for volume_id in doomed {
        volumes::delete_internal(state, &volume_id);
    }
}

fn describe(state: &mut State, call: &Call) -> Outcome {
    let chosen = select::<Instance>(state, call)?;
    // What one call launched is one reservation.
    let same = |one: &&Instance, next: &&Instance| one.reservation_id == next.reservation_id;
    let nodes = chosen
        .chunk_by(same)
        .map(|own| instance_xml::reservation(state, own))
        .collect();
    list(state, call, Instance::SPEC.set, nodes, true)
}

fn terminate(state: &mut State, call: &Call) -> Outcome {
    call.params.need("InstanceId.1")?;
    let ids = call.params.list("InstanceId");
    for id in &ids {
        need::<Instance>(state, id)?;
    }
    instance_attributes::admit_termination(state, &ids)?;
    let state_node = |(code, name): (u32, &str)| Node::new().text("code", code).text("name", name);
    let mut items = Vec::new();
    for id in &ids {
        let before = need::<Instance>(state, id)?.state_of(state);
        terminate_internal(state, id);
        crate::eks::machine_ends(state, id);
        let after = need::<Instance>(state, id)?.state_of(state);
        let node = Node::new()
            .text("instanceId", id)
            .node("currentState", state_node(after));
        items.push(node.node("previousState", state_node(before)));
    }
    Ok(Answer::Xml(Node::new().list("instancesSet", "item", items)))
}
