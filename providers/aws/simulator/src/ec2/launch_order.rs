//! What a caller orders to be launched: the parameters of `RunInstances` over those of its launch template.
//!
//! Facts: EC2 API reference, `RunInstances`, `RequestLaunchTemplateData`.

use crate::ec2::describe::need;
use crate::ec2::images::{self, Image};
use crate::ec2::instances::NewInstance;
use crate::ec2::launch_options::{Disk, LaunchOptions};
use crate::ec2::launch_template_versions as versions;
use crate::ec2::security_groups::SecurityGroup;
use crate::ec2::store::Tags;
use crate::ec2::subnets::{self, Subnet};
use crate::ec2::volumes::VolumeType;
use crate::ec2::{errors, instance_types, launch_templates, tags, template_data};
use crate::state::State;
use crate::wire::error::AwsError;
use crate::wire::params::Params;

/// What a launch may tag.
const TAGGABLE: &[&str] = &[
    "instance",
    "volume",
    "network-interface",
    "spot-instances-request",
];
/// Parameters that would change what is launched, and are not simulated: they are refused by name.
const UNKNOWN: &[&str] = &[
    "AdditionalInfo",
    "CapacityReservationSpecification",
    "CpuOptions",
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerator",
    "EnclaveOptions",
    "HibernationOptions",
    "Ipv6Address",
    "Ipv6AddressCount",
    "KernelId",
    "LicenseSpecification",
    "PrivateIpAddress",
    "RamdiskId",
    "SecurityGroup",
];

/// The parameters with those of the launch template under them. Tags of both apply.
///
/// # Errors
/// For a template or a version that does not exist.
pub fn with_template(state: &State, given: &Params) -> Result<(Params, Params), AwsError> {
    let template = given.under("LaunchTemplate.");
    let (id, name) = (
        template.get("LaunchTemplateId"),
        template.get("LaunchTemplateName"),
    );
    if id.is_none() && name.is_none() {
        return Ok((given.clone(), Params::default()));
    }
    let Some(found) = launch_templates::found(state, id, name) else {
        let (code, what) = match id {
            Some(id) => ("InvalidLaunchTemplateId.NotFound", id),
            None => (
                "InvalidLaunchTemplateName.NotFoundException",
                name.unwrap_or_default(),
            ),
        };
        let message = format!("The specified launch template, {what}, does not exist.");
        return Err(errors::refuse(code, message));
    };
    let version = template.get("Version").unwrap_or("$Default");
    let version = versions::find(found, version).ok_or_else(|| {
        let message =
            format!("Could not find the specified version {version} for the launch template.");
        errors::refuse("InvalidLaunchTemplateId.VersionNotFound", message)
    })?;
    Ok((version.data.with(given), version.data.clone()))
}

/// Reads an order: `params` are those of the call over those of its `template`.
///
/// # Errors
/// For what does not exist, contradicts itself, or is not simulated.
pub fn read(state: &State, params: &Params, template: &Params) -> Result<NewInstance, AwsError> {
    refuse_unknown(params)?;
    let instance_type = params.need("InstanceType")?.to_owned();
    if let Some(refused) = instance_types::refused(&instance_type) {
        return Err(refused);
    }
    let image = images::need(state, params.need("ImageId")?)?;
    let known = instance_types::get(&instance_type);
    if known.is_some_and(|known| known.architecture != image.architecture) {
        let message = format!(
            "The architecture '{}' of the specified instance type does not match the architecture '{}' of the \
             specified AMI.",
            known.map_or("", |known| known.architecture),
            image.architecture
        );
        return Err(errors::value(message));
    }
    if let Some(key) = params.get("KeyName") {
        let message = format!("The key pair '{key}' does not exist");
        return Err(errors::refuse("InvalidKeyPair.NotFound", message));
    }
    let network = network(state, params)?;
    let disks = disks(params, &image)?;
    let (root, others) = disks.split_first().ok_or_else(no_disk)?;
    let tags = |kind: &str| tags(params, template, kind);
    Ok(NewInstance {
        subnet_id: network.subnet_id,
        instance_type,
        group_ids: network.group_ids,
        disk_gb: root.size_gb,
        tags: tags("instance")?,
        volume_tags: tags("volume")?,
        interface_tags: tags("network-interface")?,
        disk_stays: !root.delete_on_termination,
        instance_profile: profile(state, params)?,
        run_id: None,
        spot: spot(params)?
            .then(|| tags("spot-instances-request"))
            .transpose()?,
        options: LaunchOptions {
            root_type: root.volume_type,
            disks: others.to_vec(),
            public_ip: network.public_ip,
            keeps_interface: network.keeps_interface,
            image_id: Some(image.id),
            user_data: params.get("UserData").map(str::to_owned),
            metadata: params.under("MetadataOptions."),
            monitored: params.flag("Monitoring.Enabled") == Some(true),
            protected: params.flag("DisableApiTermination") == Some(true),
            stop_protected: params.flag("DisableApiStop") == Some(true),
            shutdown: params
                .get("InstanceInitiatedShutdownBehavior")
                .unwrap_or("stop")
                .to_owned(),
        },
    })
}

fn no_disk() -> AwsError {
    errors::value("The image has no root device.")
}

fn refuse_unknown(params: &Params) -> Result<(), AwsError> {
    for (name, value) in params.entries() {
        let first = name.split('.').next().unwrap_or_default();
        if UNKNOWN.contains(&first) && !value.is_empty() {
            let operation = format!("RunInstances with {first}");
            return Err(AwsError::unknown_operation("ec2", &operation));
        }
    }
    Ok(())
}

/// The tags of a type in the call, over those in its template.
fn tags(params: &Params, template: &Params, kind: &str) -> Result<Tags, AwsError> {
    for specification in params.structs("TagSpecification") {
        let given = specification.get("ResourceType").unwrap_or_default();
        if !TAGGABLE.contains(&given) {
            let message =
                format!("'{given}' is not a valid taggable resource type for this operation.");
            return Err(errors::value(message));
        }
    }
    let mut tags = template_data::tags_of(template, kind);
    tags.extend(params.tag_specification(kind));
    tags::admit(&tags)?;
    Ok(tags)
}

/// Whether a spot instance is ordered.
fn spot(params: &Params) -> Result<bool, AwsError> {
    let market = params.under("InstanceMarketOptions.");
    match market.get("MarketType") {
        None => Ok(false),
        Some("spot") => match market.get("SpotOptions.SpotInstanceType") {
            None | Some("one-time") => Ok(true),
            Some(other) => {
                let operation = format!("RunInstances of {other} spot instances");
                Err(AwsError::unknown_operation("ec2", &operation))
            }
        },
        Some(other) => {
            let operation = format!("RunInstances of market {other}");
            Err(AwsError::unknown_operation("ec2", &operation))
        }
    }
}

/// The ARN of the instance profile, which must exist.
fn profile(state: &State, params: &Params) -> Result<Option<String>, AwsError> {
    let given = params.under("IamInstanceProfile.");
    let (arn, name) = (given.get("Arn"), given.get("Name"));
    if arn.is_none() && name.is_none() {
        return Ok(None);
    }
    let found = crate::iam::profiles::arn_of(state, arn, name);
    found.map(Some).ok_or_else(|| {
        let (kind, value) = match arn {
            Some(arn) => ("ARN", arn),
            None => ("name", name.unwrap_or_default()),
        };
        let what = if kind == "ARN" { "Arn" } else { "Name" };
        errors::bad_value(
            value,
            &format!("iamInstanceProfile.{}", what.to_lowercase()),
            &format!("Invalid IAM Instance Profile {kind}"),
        )
    })
}

/// Where an instance is put.
struct Place {
    subnet_id: String,
    group_ids: Vec<String>,
    public_ip: Option<bool>,
    keeps_interface: bool,
}

/// Subnet and groups: of the call, or of its one network interface.
fn network(state: &State, params: &Params) -> Result<Place, AwsError> {
    let interfaces = params.structs("NetworkInterface");
    let first = interfaces.first();
    if interfaces.len() > 1 || first.is_some_and(|one| one.get("NetworkInterfaceId").is_some()) {
        let operation = "RunInstances with several or existing network interfaces";
        return Err(AwsError::unknown_operation("ec2", operation));
    }
    let own = |name: &str| params.get(name).filter(|text| !text.is_empty());
    let of_interface = |name: &str| first.and_then(|one| one.get(name));
    let mut group_ids = params.list("SecurityGroupId");
    if first.is_some() && (own("SubnetId").is_some() || !group_ids.is_empty()) {
        let message = "Network interfaces and an instance-level subnet ID or security groups may not be specified on \
                       the same request";
        return Err(errors::combination(message));
    }
    if let Some(one) = first {
        group_ids = one.list("SecurityGroupId");
    }
    let zone = own("Placement.AvailabilityZone");
    let subnet_id = match own("SubnetId").or_else(|| of_interface("SubnetId")) {
        Some(id) => need::<Subnet>(state, id)?.subnet_id.clone(),
        None => subnets::default_in(state, zone).ok_or_else(|| {
            let message =
                "No default subnet found for the specified availability zone; specify a subnet";
            errors::refuse("MissingInput", message)
        })?,
    };
    let subnet = need::<Subnet>(state, &subnet_id)?;
    for id in &group_ids {
        let group = need::<SecurityGroup>(state, id)?;
        if group.vpc_id != subnet.vpc_id {
            let message =
                format!("Security group {id} and subnet {subnet_id} belong to different networks.");
            return Err(errors::refuse("InvalidParameter", message));
        }
    }
    Ok(Place {
        subnet_id,
        group_ids,
        public_ip: first.and_then(|one| one.flag("AssociatePublicIpAddress")),
        keeps_interface: first.and_then(|one| one.flag("DeleteOnTermination")) == Some(false),
    })
}

/// The disks of an instance, its root first: the image's, with what the call says of each.
fn disks(params: &Params, image: &Image) -> Result<Vec<Disk>, AwsError> {
    let mut root = Disk {
        device: crate::ec2::instances::ROOT_DEVICE.to_owned(),
        size_gb: image.disk_gb,
        volume_type: VolumeType::Gp3,
        delete_on_termination: true,
    };
    let mut others = Vec::new();
    for mapping in params.structs("BlockDeviceMapping") {
        let device = mapping.need("DeviceName")?.to_owned();
        let name = mapping.get("Ebs.VolumeType");
        let volume_type = match name {
            None => VolumeType::Gp3,
            Some(name) => VolumeType::named(name).ok_or_else(|| {
                let operation = format!("RunInstances with VolumeType {name}");
                AwsError::unknown_operation("ec2", &operation)
            })?,
        };
        if mapping.get("VirtualName").is_some() || mapping.get("Ebs.SnapshotId").is_some() {
            let operation = "RunInstances with instance store volumes or snapshots";
            return Err(AwsError::unknown_operation("ec2", operation));
        }
        let size = mapping.number("Ebs.VolumeSize")?;
        let size = size.and_then(|size| u32::try_from(size).ok());
        let is_root = device == root.device;
        if is_root && size.is_some_and(|size| size < image.disk_gb) {
            let message = format!(
                "Volume of size {}GB is smaller than snapshot of the image, expect size >= {}GB",
                size.unwrap_or_default(),
                image.disk_gb
            );
            return Err(errors::refuse("InvalidBlockDeviceMapping", message));
        }
        let usual = if is_root { Some(root.size_gb) } else { None };
        let disk = Disk {
            device,
            size_gb: size.or(usual).ok_or_else(|| {
                errors::refuse(
                    "MissingParameter",
                    "The request must contain the parameter size or snapshotId",
                )
            })?,
            volume_type,
            delete_on_termination: mapping.flag("Ebs.DeleteOnTermination").unwrap_or(true),
        };
        if is_root {
            root = disk;
        } else {
            others.push(disk);
        }
    }
    others.insert(0, root);
    Ok(others)
}
