//! What a caller may say of an instance beyond what services say: it is kept with the instance.

use crate::ec2::volumes::VolumeType;
use crate::wire::params::Params;
use crate::wire::xml::Node;

/// A disk of a new instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The device's name.
    pub device: String,
    /// Size, GB.
    pub size_gb: u32,
    pub volume_type: VolumeType,
    /// Whether it is deleted with the instance.
    pub delete_on_termination: bool,
}

/// The settings of a launch; by default those of instances that services run.
#[derive(Clone, Debug)]
pub struct LaunchOptions {
    /// The type of the root disk.
    pub root_type: VolumeType,
    /// Disks besides the root.
    pub disks: Vec<Disk>,
    /// Whether it has a public address, if that is not up to its subnet.
    pub public_ip: Option<bool>,
    /// Whether its interface outlives it.
    pub keeps_interface: bool,
    /// The image, if it is known.
    pub image_id: Option<String>,
    /// As given, in base64.
    pub user_data: Option<String>,
    /// The options of the metadata service, as given.
    pub metadata: Params,
    /// Whether it is monitored in detail.
    pub monitored: bool,
    /// Whether its termination is refused.
    pub protected: bool,
    /// Whether stopping it is refused.
    pub stop_protected: bool,
    /// `stop` or `terminate`: what happens when it shuts itself down.
    pub shutdown: String,
}

impl Default for LaunchOptions {
    fn default() -> Self {
        Self {
            root_type: VolumeType::Gp3,
            disks: Vec::new(),
            public_ip: None,
            keeps_interface: false,
            image_id: None,
            user_data: None,
            metadata: Params::default(),
            monitored: false,
            protected: false,
            stop_protected: false,
            shutdown: "stop".to_owned(),
        }
    }
}

impl LaunchOptions {
    /// The options of the metadata service, for an instance whose image is known: those images ask for tokens (AL2023 user
    /// guide, "`IMDSv2`").
    pub fn metadata_node(&self) -> Option<Node> {
        self.image_id.as_ref()?;
        let given = |name: &str, usual: &str| self.metadata.get(name).unwrap_or(usual).to_owned();
        let node = Node::new()
            .text("state", "applied")
            .text("httpTokens", given("HttpTokens", "required"))
            .text(
                "httpPutResponseHopLimit",
                given("HttpPutResponseHopLimit", "2"),
            )
            .text("httpEndpoint", given("HttpEndpoint", "enabled"))
            .text("httpProtocolIpv6", given("HttpProtocolIpv6", "disabled"));
        Some(node.text(
            "instanceMetadataTags",
            given("InstanceMetadataTags", "disabled"),
        ))
    }
}
