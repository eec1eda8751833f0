//! Volumes: root disks that go with their instances, and disks of volume claims that do not.
//!
//! A volume may outlive its instance, and is billed until it is deleted.

use std::collections::BTreeMap;

use crate::billing;
use crate::ec2::describe::{ResourceKind, ResourceSpec, describe, need, need_param, with_tags};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::{Operations, errors, idempotency, tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

/// The largest gp3 volume, GB.
const SIZE_GB_MAX: u32 = 65_536;

/// A gp3 volume.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Id, times and tags.
    pub meta: Meta,
    /// The name of its availability zone.
    pub zone: String,
    /// Its size, GB.
    pub size_gb: u32,
    /// What it is attached to.
    pub attachment: Option<Attachment>,
}

/// The attachment of a volume to an instance.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub instance_id: String,
    /// The device's name there.
    pub device: String,
    /// Whether the volume is deleted with the instance.
    pub delete_on_termination: bool,
}

/// The operations on volumes.
pub const OPERATIONS: Operations = &[
    ("CreateVolume", create),
    ("DescribeVolumes", describe::<Volume>),
    ("DetachVolume", detach),
    ("DeleteVolume", delete),
];

impl ResourceKind for Volume {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "vol-",
        ids: "VolumeId",
        set: "volumeSet",
        noun: "volume",
        not_found: "InvalidVolume.NotFound",
        malformed: "InvalidVolumeID.Malformed",
        paged: true,
        tag_type: "volume",
        resource_type: "ebs_volume",
        filters: &[
            "volume-id",
            "status",
            "availability-zone",
            "size",
            "volume-type",
            "encrypted",
            "create-time",
            "attachment.instance-id",
            "attachment.status",
            "attachment.device",
            "attachment.delete-on-termination",
        ],
    };

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.volumes
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn values(&self, state: &State, filter: &str) -> Option<Vec<String>> {
        let held = self.attachment.iter();
        let value = match filter {
            "attachment.instance-id" => {
                return Some(held.map(|one| one.instance_id.clone()).collect());
            }
            "attachment.status" => return Some(held.map(|_| "attached".to_owned()).collect()),
            "attachment.device" => return Some(held.map(|one| one.device.clone()).collect()),
            "attachment.delete-on-termination" => {
                return Some(
                    held.map(|one| one.delete_on_termination.to_string())
                        .collect(),
                );
            }
            "volume-id" => self.meta.id.clone(),
            "status" => self.state_name(state),
            "availability-zone" => self.zone.clone(),
            "size" => self.size_gb.to_string(),
            "volume-type" => "gp3".to_owned(),
            "encrypted" => "false".to_owned(),
            "create-time" => self.meta.created_at.to_string(),
            _ => return None,
        };
        Some(vec![value])
    }

    fn node(&self, state: &State) -> Node {
        let attachments = self.attachment.iter().map(|held| {
            Node::new()
                .text("volumeId", &self.meta.id)
                .text("instanceId", &held.instance_id)
                .text("device", &held.device)
                .text("status", "attached")
                .text("attachTime", self.meta.created_at)
                .text("deleteOnTermination", held.delete_on_termination)
        });
        let node = Node::new()
            .text("volumeId", &self.meta.id)
            .text("size", self.size_gb)
            .text("availabilityZone", &self.zone)
            .text("status", self.state_name(state))
            .text("createTime", self.meta.created_at)
            .list("attachmentSet", "item", attachments)
            .text("volumeType", "gp3")
            .text("iops", 3000)
            .text("throughput", 125)
            .text("encrypted", false)
            .text("multiAttachEnabled", false);
        with_tags(node, &self.meta.tags)
    }

    fn state_name(&self, state: &State) -> String {
        let name = match &self.attachment {
            Some(_) => "in-use",
            None if self.meta.is_new(state) => "creating",
            None => "available",
        };
        name.to_owned()
    }

    fn properties(&self, properties: &mut BTreeMap<String, String>) {
        properties.insert("size_gb".to_owned(), self.size_gb.to_string());
        properties.insert("volume_type".to_owned(), "gp3".to_owned());
        properties.insert("zone".to_owned(), self.zone.clone());
    }
}

/// Creates a gp3 volume, billed from now, and returns its id.
pub fn create_internal(
    state: &mut State,
    zone: &str,
    size_gb: u32,
    tags: Tags,
    run_id: Option<String>,
) -> String {
    let meta = Meta::new(state, "vol-", tags);
    let id = meta.id.clone();
    let run = billing::run_of(&meta.tags).or(run_id);
    billing::usage::volume(state, &id, size_gb, &meta.tags, run.as_deref());
    let volume = Volume {
        meta,
        zone: zone.to_owned(),
        size_gb,
        attachment: None,
    };
    state.ec2.volumes.insert(&id, volume);
    id
}

/// Deletes a volume, even if it is in use.
pub fn delete_internal(state: &mut State, id: &str) {
    if state.ec2.volumes.remove(id).is_some() {
        billing::usage::stop(state, id);
    }
}

fn create(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<Volume>(state, call)? {
        return Ok(Answer::Xml(need::<Volume>(state, &id)?.node(state)));
    }
    let tags = tags::requested::<Volume>(call)?;
    let zone = call.params.need("AvailabilityZone")?;
    if !state.setup.zones().iter().any(|(known, _)| known == zone) {
        let message = format!("The zone '{zone}' does not exist.");
        return Err(errors::refuse("InvalidZone.NotFound", message));
    }
    // Only gp3 has a price in the meter; other types must not appear to be billed.
    let volume_type = call.params.get("VolumeType").unwrap_or("gp3");
    if volume_type != "gp3" {
        let operation = format!("CreateVolume of type {volume_type}");
        return Err(crate::wire::error::AwsError::unknown_operation(
            "ec2", &operation,
        ));
    }
    call.params.need("Size")?;
    let size = call
        .params
        .number("Size")?
        .and_then(|size| u32::try_from(size).ok());
    let Some(size) = size.filter(|size| (1..=SIZE_GB_MAX).contains(size)) else {
        let message = format!("Volume size must be between 1 and {SIZE_GB_MAX} GiB.");
        return Err(errors::value(message));
    };
    let id = create_internal(state, zone, size, tags, None);
    idempotency::remember(state, call, &id)?;
    Ok(Answer::Xml(need::<Volume>(state, &id)?.node(state)))
}

fn detach(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Volume>(state, call, "VolumeId")?;
    let held = need::<Volume>(state, &id)?.attachment.clone();
    let Some(held) = held else {
        let message = format!("Volume '{id}' is in the 'available' state.");
        return Err(errors::refuse("IncorrectState", message));
    };
    if let Some(volume) = state.ec2.volumes.get_mut(&id) {
        volume.attachment = None;
    }
    let node = Node::new()
        .text("volumeId", &id)
        .text("instanceId", held.instance_id);
    Ok(Answer::Xml(
        node.text("device", held.device).text("status", "detaching"),
    ))
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Volume>(state, call, "VolumeId")?;
    if let Some(held) = &need::<Volume>(state, &id)?.attachment {
        let message = format!("Volume {id} is currently attached to {}", held.instance_id);
        return Err(errors::refuse("VolumeInUse", message));
    }
    delete_internal(state, &id);
    returned()
}
