//! Launch templates: named, versioned, and left behind by node groups that fail.
//!
//! Only the data that callers read back is kept.

use crate::ec2::describe::{self, ResourceKind, ResourceSpec, list, select};
use crate::ec2::fields::{Field, fixed, id, maybe, text};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::{Operations, errors, idempotency, tags, template_data};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// A launch template. It has one version: more cannot be created in the simulator.
#[derive(Clone, Debug)]
pub struct LaunchTemplate {
    /// Id, times and tags.
    pub meta: Meta,
    /// Its name, unique in the region.
    pub name: String,
    /// The data of its version, as given by the caller.
    pub data: Params,
}

/// The operations on launch templates.
pub const OPERATIONS: Operations = &[
    ("CreateLaunchTemplate", create),
    ("DescribeLaunchTemplates", describe_templates),
    ("DescribeLaunchTemplateVersions", describe_versions),
    ("DeleteLaunchTemplate", delete),
];

impl ResourceKind for LaunchTemplate {
    const SPEC: ResourceSpec = ResourceSpec {
        prefix: "lt-",
        ids: "LaunchTemplateId",
        set: "launchTemplates",
        noun: "launch template",
        not_found: "InvalidLaunchTemplateId.NotFound",
        malformed: "InvalidLaunchTemplateId.Malformed",
        paged: true,
        tag_type: "launch-template",
        resource_type: "launch_template",
    };

    #[rustfmt::skip]
    const FIELDS: &'static [Field<Self>] = &[
        id("launchTemplateId", &[]),
        text("launchTemplateName", &["launch-template-name"], "", |template, _| template.name.clone()),
        text("createTime", &["create-time"], "", |template, _| template.meta.created_at.to_string()),
        text("createdBy", &[], "", |_, _| format!("arn:aws:iam::{ACCOUNT_ID}:root")),
        fixed("defaultVersionNumber", &[], "1"),
        fixed("latestVersionNumber", &[], "1"),
        maybe("", &[], "instance_type", |template, _| template.data.get("InstanceType").map(str::to_owned)),
    ];

    fn store(state: &State) -> &Store<Self> {
        &state.ec2.launch_templates
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn natural_name(&self) -> Option<String> {
        Some(self.name.clone())
    }
}

fn insert(state: &mut State, name: &str, data: Params, tags: Tags) -> String {
    let meta = Meta::new(state, "lt-", tags);
    let id = meta.id.clone();
    let template = LaunchTemplate {
        meta,
        name: name.to_owned(),
        data,
    };
    state.ec2.launch_templates.insert(&id, template);
    id
}

/// Creates a launch template for a service and returns its id.
pub fn create_internal(state: &mut State, name: &str, tags: Tags) -> String {
    insert(state, name, Params::default(), tags)
}

/// The template with an id or a name: services see it immediately.
pub fn found<'a>(
    state: &'a State,
    id: Option<&str>,
    name: Option<&str>,
) -> Option<&'a LaunchTemplate> {
    let mut templates = state.ec2.launch_templates.all();
    templates.find(|one| {
        id.is_none_or(|id| one.meta.id == id) && name.is_none_or(|name| one.name == name)
    })
}

/// Deletes a launch template for a service.
pub fn delete_internal(state: &mut State, id: &str) {
    state.ec2.launch_templates.remove(id);
}

fn create(state: &mut State, call: &Call) -> Outcome {
    if let Some(id) = idempotency::earlier::<LaunchTemplate>(state, call)? {
        return describe::one::<LaunchTemplate>(state, "launchTemplate", &id);
    }
    let tags = tags::requested::<LaunchTemplate>(call)?;
    let name = call.params.need("LaunchTemplateName")?;
    if by_name(state, name).is_some() {
        let message = "Launch template name already in use.";
        return Err(errors::refuse(
            "InvalidLaunchTemplateName.AlreadyExistsException",
            message,
        ));
    }
    let name = name.to_owned();
    let data = call.params.under("LaunchTemplateData.");
    template_data::admit(&data)?;
    let id = insert(state, &name, data, tags);
    idempotency::remember(state, call, &id)?;
    describe::one::<LaunchTemplate>(state, "launchTemplate", &id)
}

fn by_name(state: &State, name: &str) -> Option<String> {
    let mut templates = state.ec2.launch_templates.all();
    templates
        .find(|template| template.name == name)
        .map(|template| template.meta.id.clone())
}

/// The id in `LaunchTemplateId`, or the id for the name in `LaunchTemplateName`.
fn named(state: &State, call: &Call) -> Result<String, AwsError> {
    match (
        call.params.get("LaunchTemplateId"),
        call.params.get("LaunchTemplateName"),
    ) {
        (None, Some(name)) => by_name(state, name).ok_or_else(|| name_not_found(name)),
        _ => describe::need_param::<LaunchTemplate>(state, call, "LaunchTemplateId"),
    }
}

fn name_not_found(name: &str) -> AwsError {
    errors::refuse(
        "InvalidLaunchTemplateName.NotFoundException",
        format!("The specified launch template, with template name {name}, does not exist."),
    )
}

fn describe_templates(state: &mut State, call: &Call) -> Outcome {
    let names = call.params.list("LaunchTemplateName");
    let chosen = select::<LaunchTemplate>(state, call)?;
    if let Some(name) = names
        .iter()
        .find(|name| !chosen.iter().any(|one| one.name == **name))
    {
        return Err(name_not_found(name));
    }
    let nodes = chosen
        .into_iter()
        .filter(|template| names.is_empty() || names.contains(&template.name))
        .map(|template| template.node(state))
        .collect();
    list(state, call, LaunchTemplate::SPEC.set, nodes, true)
}

fn describe_versions(state: &mut State, call: &Call) -> Outcome {
    let id = named(state, call)?;
    let wanted = call.params.list("LaunchTemplateVersion");
    if let Some(version) = wanted
        .iter()
        .find(|one| !["1", "$Latest", "$Default"].contains(&&***one))
    {
        let message = format!("Could not find the specified version {version} of template {id}.");
        return Err(errors::refuse(
            "InvalidLaunchTemplateId.VersionNotFound",
            message,
        ));
    }
    let template = describe::need::<LaunchTemplate>(state, &id)?;
    let node = Node::new()
        .text("launchTemplateId", &id)
        .text("launchTemplateName", &template.name)
        .text("versionNumber", 1)
        .text("createTime", template.meta.created_at)
        .text("defaultVersion", true)
        .node("launchTemplateData", template_data::node(&template.data));
    list(state, call, "launchTemplateVersionSet", vec![node], true)
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = named(state, call)?;
    let node = describe::need::<LaunchTemplate>(state, &id)?.node(state);
    delete_internal(state, &id);
    Ok(Answer::Xml(Node::new().node("launchTemplate", node)))
}
