//! Volumes: root disks that go with their instances, and disks of volume claims that do not.
//!
//! A volume may outlive its instance, and is billed until it is deleted.

use crate::billing;
use crate::ec2::describe::{ResourceKind, ResourceSpec, describe, need, need_param};
use crate::ec2::fields::{Field, fixed, id, items, maybe, state, text};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::{Operations, errors, idempotency, tags};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::{Answer, Outcome, returned};
use crate::wire::xml::Node;

/// The largest volume, GB.
const SIZE_GB_MAX: u32 = 65_536;

/// The types of volume that have a price in the meter: others must not appear to be billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeType {
    Gp2,
    Gp3,
}

impl VolumeType {
    fn name(self) -> &'static str {
        match self {
            Self::Gp2 => "gp2",
            Self::Gp3 => "gp3",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Gp2, Self::Gp3]
            .into_iter()
            .find(|one| one.name() == name)
    }
}

#[derive(Clone, Debug)]
pub struct Volume {
    /// Id, times and tags.
    pub meta: Meta,
    /// The name of its availability zone.
    pub zone: String,
    /// Its size, GB.
    pub size_gb: u32,
    pub volume_type: VolumeType,
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
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("volumeId", &["volume-id"]),
        text("size", &["size"], "size_gb", |volume, _| volume.size_gb.to_string()),
        text("availabilityZone", &["availability-zone"], "zone", |volume, _| volume.zone.clone()),
        state("status", &["status"]),
        text("createTime", &["create-time"], "", |volume, _| volume.meta.created_at.to_string()),
        items("attachmentSet", |volume, _| attachments(volume)),
        text("volumeType", &["volume-type"], "volume_type", |volume, _| volume.volume_type.name().to_owned()),
        text("iops", &[], "", |volume, _| iops(volume).to_string()),
        maybe("throughput", &[], "", |volume, _| (volume.volume_type == VolumeType::Gp3).then(|| "125".to_owned())),
        fixed("encrypted", &["encrypted"], "false"),
        fixed("multiAttachEnabled", &[], "false"),
        maybe("", &["attachment.instance-id"], "", |volume, _| Some(volume.attachment.as_ref()?.instance_id.clone())),
        maybe("", &["attachment.status"], "", |volume, _| volume.attachment.as_ref().map(|_| "attached".to_owned())),
        maybe("", &["attachment.device"], "", |volume, _| Some(volume.attachment.as_ref()?.device.clone())),
        maybe("", &["attachment.delete-on-termination"], "", |volume, _| Some(volume.attachment.as_ref()?.delete_on_termination.to_string())),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.volumes
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn state_name(&self, state: &State) -> String {
        let name = match &self.attachment {
            Some(_) => "in-use",
            None if self.meta.is_new(state) => "creating",
            None => "available",
        };
        name.to_owned()
    }
}

/// gp2 has three operations a second for each GB, from 100 to 16,000; gp3 has 3,000.
fn iops(volume: &Volume) -> u32 {
    match volume.volume_type {
        VolumeType::Gp2 => volume.size_gb.saturating_mul(3).clamp(100, 16_000),
        VolumeType::Gp3 => 3000,
    }
}

fn attachments(volume: &Volume) -> Vec<Node> {
    let attachment = |held: &Attachment| {
        Node::new()
            .text("volumeId", &volume.meta.id)
            .text("instanceId", &held.instance_id)
            .text("device", &held.device)
            .text("status", "attached")
            .text("attachTime", volume.meta.created_at)
            .text("deleteOnTermination", held.delete_on_termination)
    };
    volume.attachment.iter().map(attachment).collect()
}

/// Creates a volume, billed from now, and returns its id.
pub fn create_internal(
    state: &mut State,
    zone: &str,
    (size_gb, volume_type): (u32, VolumeType),
    tags: Tags,
    run_id: Option<String>,
) -> String {
    let meta = Meta::new(state, "vol-", tags);
    let id = meta.id.clone();
    let run = billing::run_of(&meta.tags).or(run_id);
    let is_gp2 = volume_type == VolumeType::Gp2;
    billing::usage::volume(state, &id, (size_gb, is_gp2), &meta.tags, run.as_deref());
    let volume = Volume {
        meta,
        zone: zone.to_owned(),
        size_gb,
        volume_type,
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
    let name = call.params.get("VolumeType").unwrap_or("gp2");
    let Some(volume_type) = VolumeType::named(name) else {
        let operation = format!("CreateVolume of type {name}");
        return Err(crate::wire::error::AwsError::unknown_operation(
            "ec2", &operation,
        ));
    };
    call.params.need("Size")?;
    let size = call
        .params
        .number("Size")?
        .and_then(|size| u32::try_from(size).ok());
    let Some(size) = size.filter(|size| (1..=SIZE_GB_MAX).contains(size)) else {
        let message = format!("Volume size must be between 1 and {SIZE_GB_MAX} GiB.");
        return Err(errors::value(message));
    };
    let id = create_internal(state, zone, (size, volume_type), tags, None);
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
