//! Launch templates: named, versioned, and left behind by node groups that fail.
//!
//! Only the data that callers read back is kept.

use crate::ec2::describe::{self, ResourceKind, ResourceSpec, list, select};
use crate::ec2::fields::{Field, id, maybe, text};
use crate::ec2::launch_template_versions::{self as versions, Version};
use crate::ec2::store::{Meta, Store, Tags};
use crate::ec2::{Operations, errors, idempotency, tags, template_data};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// A launch template.
#[derive(Clone, Debug)]
pub struct LaunchTemplate {
    /// Id, times and tags.
    pub meta: Meta,
    /// Its name, unique in the region.
    pub name: String,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
    /// The number of the version that is used unless another is named.
    pub default_version: u64,
    /// The number of the newest version that there ever was.
    pub last_version: u64,
}

/// The operations on launch templates.
pub const OPERATIONS: Operations = &[
    ("CreateLaunchTemplate", create),
    ("DescribeLaunchTemplates", describe_templates),
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
        text("defaultVersionNumber", &[], "", |template, _| template.default_version.to_string()),
        text("latestVersionNumber", &[], "", |template, _| template.versions.last().map_or(0, |last| last.number).to_string()),
        maybe("", &[], "instance_type", |template, _| instance_type(template)),
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

fn instance_type(template: &LaunchTemplate) -> Option<String> {
    let version = versions::find(template, "$Default")?;
    version.data.get("InstanceType").map(str::to_owned)
}

fn insert(
    state: &mut State,
    name: &str,
    data: Params,
    description: Option<String>,
    tags: Tags,
) -> String {
    let meta = Meta::new(state, "lt-", tags);
    let id = meta.id.clone();
    let template = LaunchTemplate {
        meta,
        name: name.to_owned(),
        versions: vec![Version {
            number: 1,
            description,
            data,
            created_at: state.now,
        }],
        default_version: 1,
        last_version: 1,
    };
    state.ec2.launch_templates.insert(&id, template);
    id
}

/// Creates a launch template for a service and returns its id.
pub fn create_internal(state: &mut State, name: &str, tags: Tags) -> String {
    insert(state, name, Params::default(), None, tags)
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
    let description = call.params.get("VersionDescription").map(str::to_owned);
    let id = insert(state, &name, data, description, tags);
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
///
/// # Errors
/// When there is no such template.
pub(super) fn named(state: &State, call: &Call) -> Result<String, AwsError> {
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

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = named(state, call)?;
    let node = describe::need::<LaunchTemplate>(state, &id)?.node(state);
    delete_internal(state, &id);
    Ok(Answer::Xml(Node::new().node("launchTemplate", node)))
}
