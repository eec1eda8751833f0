//! The launch template that a caller gives to a node group: which parts of it EKS uses.
//!
//! What the template sets must not be set in the request too.

use serde_json::{Value, json};

use super::failure::{invalid_parameter, invalid_request};
use super::input::{number, text, texts};
use super::node_group::NodeGroup;
use crate::ec2::store::Tags;
use crate::ec2::{launch_template_versions, launch_templates, template_data};
use crate::state::State;
use crate::wire::error::AwsError;

/// The size of the root disk if neither request nor template sets it: the image's, GB.
const IMAGE_DISK_GB: u32 = 20;

/// A caller's launch template at the creation of the group: EKS copies it into its own, so
/// later changes do not reach the group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    id: String,
    name: String,
    version: String,
    /// The instance type, if the template names one.
    pub instance_type: Option<String>,
    /// Security groups of the instances; none means EKS's own.
    pub group_ids: Vec<String>,
    pub instance_tags: Tags,
    /// Tags of their root volumes.
    pub volume_tags: Tags,
    /// Tags of their primary interfaces.
    pub interface_tags: Tags,
    /// Tags of their spot requests, if the group runs spot instances.
    pub spot_tags: Tags,
    /// Whether root disks are kept when their instances are terminated.
    pub disk_stays: bool,
    disk_gb: Option<u32>,
}

impl Template {
    /// The `launchTemplate` member of a node group's description.
    pub fn view(&self) -> Value {
        json!({"id": self.id, "name": self.name, "version": self.version})
    }
}

/// Reads and checks the template that a request names, if any.
///
/// # Errors
/// When it does not exist, or sets what the request sets too; 501 for what is not simulated.
pub(super) fn read(state: &State, body: &Value) -> Result<Option<Template>, AwsError> {
    let given = &body["launchTemplate"];
    if given.is_null() {
        return Ok(None);
    }
    let (id, name) = (text(given, "id"), text(given, "name"));
    // API reference, `LaunchTemplateSpecification`: "either the launch template ID or name, not
    // both".
    if id.is_some() == name.is_some() {
        return Err(invalid_parameter(
            "You must specify either the launch template ID or the launch template name in the \
             request, but not both.",
        ));
    }
    let missing = || {
        let handle = id.or(name).unwrap_or_default();
        invalid_request(format!("Launch template {handle} is not found."))
    };
    let found = launch_templates::found(state, id, name).ok_or_else(missing)?;
    let version = text(given, "version").unwrap_or("$Default");
    let chosen = launch_template_versions::find(found, version).ok_or_else(|| {
        let id = &found.meta.id;
        invalid_request(format!("Launch template {id} has no version {version}."))
    })?;
    let data = &chosen.data;
    if let Some(part) = template_data::unknown_part(data) {
        let operation = format!("CreateNodegroup with a launch template with {part}");
        return Err(AwsError::unknown_operation("eks", &operation));
    }
    if number(body, "diskSize").is_some() {
        return Err(invalid_parameter(
            "Disk size must be specified within the launch template.",
        ));
    }
    let instance_type = data.get("InstanceType").map(str::to_owned);
    if instance_type.is_some() && !texts(body, "instanceTypes").is_empty() {
        return Err(invalid_parameter(
            "Instance types cannot be specified in both the launch template and the request.",
        ));
    }
    let group_ids = data.list("SecurityGroupId");
    if let Some(unknown) = group_ids
        .iter()
        .find(|id| state.ec2.security_groups.get(id).is_none())
    {
        return Err(invalid_request(format!(
            "The security group '{unknown}' of the launch template does not exist."
        )));
    }
    let disk = template_data::root_disk(data);
    Ok(Some(Template {
        id: found.meta.id.clone(),
        name: found.name.clone(),
        version: chosen.number.to_string(),
        instance_type,
        group_ids,
        instance_tags: template_data::tags_of(data, "instance"),
        volume_tags: template_data::tags_of(data, "volume"),
        interface_tags: template_data::tags_of(data, "network-interface"),
        spot_tags: template_data::tags_of(data, "spot-instances-request"),
        disk_stays: !disk.delete_on_termination,
        disk_gb: disk.size_gb,
    }))
}

/// Applies the template's settings to a group.
pub(super) fn apply(group: &mut NodeGroup, template: Option<Template>) {
    let Some(template) = template else { return };
    if let Some(instance_type) = &template.instance_type {
        group.instance_types = vec![instance_type.clone()];
    }
    group.disk_gb = template.disk_gb.unwrap_or(IMAGE_DISK_GB);
    group.template = Some(template);
}
