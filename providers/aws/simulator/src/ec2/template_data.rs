//! The data of a launch template: validated, read by services that launch from it, and shown.

use crate::ec2::instances::ROOT_DEVICE;
use crate::ec2::store::Tags;
use crate::ec2::{describe, errors, tags};
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::xml::Node;

/// What a template may tag (EC2 API reference, `LaunchTemplateTagSpecificationRequest`).
const TAGGABLE: &[&str] = &[
    "instance",
    "volume",
    "network-interface",
    "spot-instances-request",
    "elastic-gpu",
];

/// The metadata options of instances: as answers name them, and as requests do.
const METADATA_OPTIONS: &[(&str, &str)] = &[
    ("httpTokens", "HttpTokens"),
    ("httpPutResponseHopLimit", "HttpPutResponseHopLimit"),
    ("httpEndpoint", "HttpEndpoint"),
    ("httpProtocolIpv6", "HttpProtocolIpv6"),
    ("instanceMetadataTags", "InstanceMetadataTags"),
];

/// The root disk that a template specifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootDisk {
    /// Size in GB, if given.
    pub size_gb: Option<u32>,
    /// Whether it is deleted with its instance.
    pub delete_on_termination: bool,
}

/// Checks the data of a new template.
///
/// # Errors
/// `InvalidParameterValue` for tags that nothing could carry.
pub fn admit(data: &Params) -> Result<(), AwsError> {
    for specification in data.structs("TagSpecification") {
        let given = specification.get("ResourceType").unwrap_or_default();
        if !TAGGABLE.contains(&given) {
            return Err(errors::value(format!(
                "'{given}' is not a valid taggable resource type for this operation."
            )));
        }
        tags::admit(&specification.tags("Tag"))?;
    }
    for mapping in data.structs("BlockDeviceMapping") {
        mapping.number("Ebs.VolumeSize")?;
    }
    Ok(())
}

/// The tags that the template sets on what is launched, by EC2's resource type (`volume`).
pub fn tags_of(data: &Params, resource_type: &str) -> Tags {
    data.tag_specification(resource_type)
}

/// The root disk of the template; without a mapping the image decides.
pub fn root_disk(data: &Params) -> RootDisk {
    let mappings = data.structs("BlockDeviceMapping");
    let root = mappings
        .iter()
        .find(|one| one.get("DeviceName") == Some(ROOT_DEVICE));
    RootDisk {
        size_gb: root
            .and_then(|root| root.get("Ebs.VolumeSize")?.parse().ok())
            .filter(|size| *size > 0),
        delete_on_termination: root
            .and_then(|root| root.flag("Ebs.DeleteOnTermination"))
            .unwrap_or(true),
    }
}

/// The parts of the data that the simulator does not support: it would have to pretend.
pub fn unknown_part(data: &Params) -> Option<String> {
    for (name, _) in data.entries() {
        let first = name.split('.').next().unwrap_or_default();
        if [
            "NetworkInterface",
            "ImageId",
            "SecurityGroup",
            "InstanceMarketOptions",
        ]
        .contains(&first)
        {
            return Some(first.to_owned());
        }
    }
    data.structs("BlockDeviceMapping").iter().find_map(|one| {
        let device = one.get("DeviceName").unwrap_or_default();
        let volume_type = one.get("Ebs.VolumeType").unwrap_or("gp3");
        if device != ROOT_DEVICE {
            Some(format!("BlockDeviceMapping of {device}"))
        } else if volume_type != "gp3" {
            // Only gp3 has a price in the meter.
            Some(format!("VolumeType {volume_type}"))
        } else {
            None
        }
    })
}

/// The data as `DescribeLaunchTemplateVersions` shows it.
pub fn node(data: &Params) -> Node {
    let mappings = data.structs("BlockDeviceMapping").into_iter().map(|one| {
        let ebs = Node::new()
            .maybe("deleteOnTermination", one.get("Ebs.DeleteOnTermination"))
            .maybe("encrypted", one.get("Ebs.Encrypted"))
            .maybe("volumeSize", one.get("Ebs.VolumeSize"))
            .maybe("volumeType", one.get("Ebs.VolumeType"));
        Node::new()
            .maybe("deviceName", one.get("DeviceName"))
            .node("ebs", ebs)
    });
    let specifications = data.structs("TagSpecification").into_iter().map(|one| {
        let node = Node::new().maybe("resourceType", one.get("ResourceType"));
        describe::with_tags(node, &one.tags("Tag"))
    });
    let groups = data.list("SecurityGroupId");
    let options = data.under("MetadataOptions.");
    let shown =
        |node: Node, (name, parameter): &(&str, &str)| node.maybe(name, options.get(parameter));
    let metadata = METADATA_OPTIONS.iter().fold(Node::new(), shown);
    let node = Node::new();
    let node = match options.entries().next() {
        Some(_) => node.node("metadataOptions", metadata),
        None => node,
    };
    let node = match data.get("Monitoring.Enabled") {
        Some(enabled) => node.node("monitoring", Node::new().text("enabled", enabled)),
        None => node,
    };
    node.maybe("instanceType", data.get("InstanceType"))
        .maybe("ebsOptimized", data.get("EbsOptimized"))
        .maybe("imageId", data.get("ImageId"))
        .maybe("keyName", data.get("KeyName"))
        .maybe("userData", data.get("UserData"))
        .list("blockDeviceMappingSet", "item", mappings)
        .list("tagSpecificationSet", "item", specifications)
        .list(
            "securityGroupIdSet",
            "item",
            groups.into_iter().map(Node::of_text),
        )
}
