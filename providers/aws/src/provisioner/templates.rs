//! The launch templates of node groups: tags, metadata options and root disks of the instances. Their names are
//! unique.
//!
//! They are made while the cluster is being made, so they cost no time.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    LaunchTemplate, LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest,
    LaunchTemplateHttpTokensState, LaunchTemplateInstanceMetadataOptionsRequest,
    LaunchTemplateTagSpecificationRequest, RequestLaunchTemplateData, ResourceType,
    ResponseLaunchTemplateData, Tag, VolumeType,
};
use futures::future::join_all;
use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt};
use kubeproof_cloudkit::error::{all, ignore_not_found};
use kubeproof_cloudkit::{CallError, Cause};

use crate::provisioner::requests::{IDEMPOTENT, LAGGING, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::{self, filter, is_ours, of_run, specification};
use crate::provisioner::vpc::id_of;
use crate::spec::NodeGroup;

/// The root device of Amazon Linux 2023.
const ROOT_DEVICE: &str = "/dev/xvda";
/// A container is one hop further from the instance's metadata (EKS's own default).
const METADATA_HOPS: i32 = 2;

/// Finds or makes the template of every node group; returns their ids in the order of the groups.
///
/// # Errors
/// When a call fails for good, or a name is taken by a template that is not ours.
pub(crate) async fn ensure(session: &Session, groups: &[String]) -> Result<Vec<String>, CallError> {
    let wanted = &session.spec.node_groups.0;
    all(join_all(wanted.iter().map(|group| one(session, group, groups))).await)
}

async fn one(session: &Session, group: &NodeGroup, groups: &[String]) -> Result<String, CallError> {
    let name = session.run().name(group.name.as_str());
    let look = || async {
        let Some(id) = find(session, &name).await? else {
            return Ok(None);
        };
        let fits = fits(&data(session, &id).await?, group, groups);
        Ok(Some((id, fits)))
    };
    let make = || async {
        let id = create(session, &name, group, groups).await?;
        Ok((id, true))
    };
    let (mut id, fits) = create_or_adopt(session, LookupWindows::DEFAULT, look, make, |error| {
        error.cause == Cause::AlreadyExists
    })
    .await?;
    if !fits {
        // Left by an earlier cluster of this run that failed: its security group is gone.
        delete(session, id).await?;
        id = create(session, &name, group, groups).await?;
    }
    session.record(format!("launch template {}", group.name.as_str()), &id);
    Ok(id)
}

async fn find(session: &Session, name: &str) -> Result<Option<String>, CallError> {
    let request = session
        .ec2
        .describe_launch_templates()
        .filters(filter("launch-template-name", name));
    let found: Vec<LaunchTemplate> = pages!(
        session,
        "ec2:DescribeLaunchTemplates",
        request,
        launch_templates
    )?;
    Ok(found
        .iter()
        .filter(|template| is_ours(session.run(), template.tags()))
        .find(|template| template.launch_template_name() == Some(name))
        .and_then(|template| template.launch_template_id().map(str::to_owned)))
}

/// The data of the only version that we ever make.
async fn data(session: &Session, id: &str) -> Result<ResponseLaunchTemplateData, CallError> {
    let call = "ec2:DescribeLaunchTemplateVersions";
    let request = session
        .ec2
        .describe_launch_template_versions()
        .launch_template_id(id)
        .versions("$Default");
    let answer = send!(session, call, LAGGING, request)?;
    answer
        .launch_template_versions()
        .first()
        .and_then(|version| version.launch_template_data().cloned())
        .ok_or_else(|| CallError::state(call, format!("template {id} has no default version")))
}

fn fits(data: &ResponseLaunchTemplateData, group: &NodeGroup, groups: &[String]) -> bool {
    let size = data
        .block_device_mappings()
        .first()
        .and_then(|mapping| mapping.ebs()?.volume_size());
    let sorted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<String>>();
    sorted(data.security_group_ids()) == sorted(groups) && size == Some(disk_gb(group))
}

fn disk_gb(group: &NodeGroup) -> i32 {
    i32::try_from(group.disk_gb.0).unwrap_or(i32::MAX)
}

async fn create(
    session: &Session,
    name: &str,
    group: &NodeGroup,
    groups: &[String],
) -> Result<String, CallError> {
    let size = disk_gb(group).to_string();
    let parts = [&["launch template", name, &size], &*texts(groups)].concat();
    let tags = specification(session.run(), ResourceType::LaunchTemplate, name, &[]);
    let request = session
        .ec2
        .create_launch_template()
        .launch_template_name(name)
        .client_token(session.idempotency_token(&parts))
        .tag_specifications(tags)
        .launch_template_data(wanted(session, name, group, groups));
    let call = "ec2:CreateLaunchTemplate";
    let answer = send!(session, call, LAGGING, request)?;
    let template = answer.launch_template();
    id_of(call, template.and_then(LaunchTemplate::launch_template_id))
}

fn texts(groups: &[String]) -> Vec<&str> {
    groups.iter().map(String::as_str).collect()
}

fn wanted(
    session: &Session,
    name: &str,
    group: &NodeGroup,
    groups: &[String],
) -> RequestLaunchTemplateData {
    let tags: Vec<Tag> = tags::tags(session.run(), name, &[])
        .into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    // Tags of a node group do not reach the instances; the template's do.
    let tagged = [
        ResourceType::Instance,
        ResourceType::Volume,
        ResourceType::NetworkInterface,
    ]
    .map(|resource_type| {
        LaunchTemplateTagSpecificationRequest::builder()
            .resource_type(resource_type)
            .set_tags(Some(tags.clone()))
            .build()
    });
    let disk = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_size(disk_gb(group))
        .volume_type(VolumeType::Gp3)
        .delete_on_termination(true)
        .build();
    let root = LaunchTemplateBlockDeviceMappingRequest::builder()
        .device_name(ROOT_DEVICE)
        .ebs(disk)
        .build();
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_tokens(LaunchTemplateHttpTokensState::Required)
        .http_put_response_hop_limit(METADATA_HOPS)
        .build();
    RequestLaunchTemplateData::builder()
        .block_device_mappings(root)
        .metadata_options(metadata)
        .set_security_group_ids(Some(groups.to_vec()))
        .set_tag_specifications(Some(tagged.to_vec()))
        .build()
}

/// Ids of the run's launch templates. EKS deletes its own copies with their group.
///
/// # Errors
/// When they cannot be read.
pub(crate) async fn list(session: &Session) -> Result<Vec<String>, CallError> {
    let request = session
        .ec2
        .describe_launch_templates()
        .filters(of_run(session.run()));
    let found: Vec<LaunchTemplate> = pages!(
        session,
        "ec2:DescribeLaunchTemplates",
        request,
        launch_templates
    )?;
    Ok(found
        .iter()
        .filter_map(|template| template.launch_template_id().map(str::to_owned))
        .collect())
}

/// Deletes a launch template; success when it is gone already.
///
/// # Errors
/// When the call fails for good.
pub(crate) async fn delete(session: &Session, id: String) -> Result<(), CallError> {
    let request = session.ec2.delete_launch_template().launch_template_id(id);
    let call = "ec2:DeleteLaunchTemplate";
    ignore_not_found(send!(session, call, IDEMPOTENT, request))
}
