//! Public images of Amazon: those of EKS for each Kubernetes version, and Amazon Linux 2023 itself.
//!
//! Names: EKS user guide ("Retrieve recommended Amazon Linux AMI IDs") and AL2023 user guide. Ids and dates are made up;
//! real ones differ by region and week. Images of others are not simulated: a list shows none of them.

use sha2::{Digest, Sha256};

use crate::ec2::Operations;
use crate::ec2::describe::list;
use crate::ec2::{errors, filters};
use crate::eks::versions;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::Outcome;
use crate::wire::xml::Node;

/// The accounts of Amazon that own the images: of EKS, and of Amazon Linux.
const OF_EKS: &str = "602401143452";
const OF_LINUX: &str = "137112412989";
/// The date in names and versions.
const DATE: &str = "20261101";
const CREATED: &str = "2026-11-01T00:00:00.000Z";

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: String,
    pub name: String,
    pub owner_id: &'static str,
    /// `x86_64` or `arm64`.
    pub architecture: &'static str,
    /// Size of its root disk, GB.
    pub disk_gb: u32,
    /// The parameter that names it, without `/image_id`.
    pub parameter: String,
}

/// The operation.
pub const OPERATIONS: Operations = &[("DescribeImages", describe)];

const FILTERS: &[&str] = &[
    "name",
    "image-id",
    "owner-id",
    "owner-alias",
    "architecture",
    "state",
    "root-device-type",
    "root-device-name",
    "virtualization-type",
    "is-public",
    "image-type",
    "platform",
    "hypervisor",
    "ena-support",
];

/// All images of a region.
pub fn all(state: &State) -> Vec<Image> {
    let region = state.setup.region.clone();
    let image = |name: String, owner_id, architecture, disk_gb, parameter| Image {
        id: id(&region, &name),
        name,
        owner_id,
        architecture,
        disk_gb,
        parameter,
    };
    let architectures = ["x86_64", "arm64"];
    let of_eks = versions::names().flat_map(|version| {
        architectures.map(|architecture| {
            let name = format!("amazon-eks-node-al2023-{architecture}-standard-{version}-v{DATE}");
            let path = format!(
                "/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{architecture}/standard/recommended"
            );
            image(name, OF_EKS, architecture, 20, path)
        })
    });
    let linux = architectures.map(|architecture| {
        let name = format!("al2023-ami-2023.9.{DATE}.0-kernel-6.12-{architecture}");
        let path = format!(
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
        );
        image(name, OF_LINUX, architecture, 8, path)
    });
    of_eks.chain(linux).collect()
}

fn id(region: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{region}/{name}").as_bytes());
    let hex: String = digest
        .iter()
        .take(9)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("ami-{}", &hex[..17])
}

/// The image of an id.
///
/// # Errors
/// `InvalidAMIID.NotFound`, `InvalidAMIID.Malformed`.
pub fn need(state: &State, id: &str) -> Result<Image, AwsError> {
    if !crate::ec2::describe::is_well_formed("ami-", id) {
        let message = format!("Invalid id: \"{id}\" (expecting \"ami-...\")");
        return Err(errors::refuse("InvalidAMIID.Malformed", message));
    }
    let found = all(state).into_iter().find(|image| image.id == id);
    found.ok_or_else(|| {
        let message = format!("The image id '[{id}]' does not exist");
        errors::refuse("InvalidAMIID.NotFound", message)
    })
}

fn values(image: &Image, filter: &str) -> Vec<String> {
    let one = match filter {
        "name" => image.name.as_str(),
        "image-id" => image.id.as_str(),
        "owner-id" => image.owner_id,
        "owner-alias" => "amazon",
        "architecture" => image.architecture,
        "state" => "available",
        "root-device-type" => "ebs",
        "root-device-name" => crate::ec2::instances::ROOT_DEVICE,
        "virtualization-type" => "hvm",
        "is-public" | "ena-support" => "true",
        "image-type" => "machine",
        "hypervisor" => "xen",
        _ => return Vec::new(),
    };
    vec![one.to_owned()]
}

fn describe(state: &mut State, call: &Call) -> Outcome {
    let conditions = call.params.filters();
    for (name, _) in &conditions {
        filters::admit(name, FILTERS)?;
    }
    let ids = call.params.list("ImageId");
    for id in &ids {
        need(state, id)?;
    }
    let owners = call.params.list("Owner");
    let is_owned = |image: &Image| {
        let is_it = |owner: &String| owner == "amazon" || owner == image.owner_id;
        owners.is_empty() || owners.iter().any(is_it)
    };
    let chosen = all(state).into_iter().filter(|image| {
        (ids.is_empty() || ids.contains(&image.id))
            && is_owned(image)
            && conditions
                .iter()
                .all(|(name, patterns)| filters::matches(&values(image, name), patterns))
    });
    let nodes = chosen.map(|image| node(&image)).collect();
    list(state, call, "imagesSet", nodes, true)
}

fn node(image: &Image) -> Node {
    let ebs = Node::new()
        .text("deleteOnTermination", true)
        .text("volumeSize", image.disk_gb)
        .text("volumeType", "gp3")
        .text("encrypted", false);
    let root = Node::new()
        .text("deviceName", crate::ec2::instances::ROOT_DEVICE)
        .node("ebs", ebs);
    Node::new()
        .text("imageId", &image.id)
        .text("imageLocation", format!("amazon/{}", image.name))
        .text("imageState", "available")
        .text("imageOwnerId", image.owner_id)
        .text("creationDate", CREATED)
        .text("isPublic", true)
        .text("architecture", image.architecture)
        .text("imageType", "machine")
        .text("imageOwnerAlias", "amazon")
        .text("name", &image.name)
        .text("rootDeviceType", "ebs")
        .text("rootDeviceName", crate::ec2::instances::ROOT_DEVICE)
        .list("blockDeviceMapping", "item", [root])
        .text("virtualizationType", "hvm")
        .text("hypervisor", "xen")
        .text("enaSupport", true)
        .text("imdsSupport", "v2.0")
}
