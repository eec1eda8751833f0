//! The versions of launch templates: made from data or from an earlier version, and never changed.
//!
//! Facts: EC2 API reference, `CreateLaunchTemplateVersion`, `ModifyLaunchTemplate`, `DeleteLaunchTemplateVersions`.

use jiff::Timestamp;

use crate::ec2::describe::{self, list};
use crate::ec2::launch_templates::{LaunchTemplate, named};
use crate::ec2::{Operations, errors, template_data};
use crate::setup::ACCOUNT_ID;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::params::Params;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// A version of a template.
#[derive(Clone, Debug)]
pub struct Version {
    /// 1, 2, …: numbers are never used again.
    pub number: u64,
    pub description: Option<String>,
    /// The data, as given by the caller.
    pub data: Params,
    pub created_at: Timestamp,
}

/// The operations on versions.
pub const OPERATIONS: Operations = &[
    ("CreateLaunchTemplateVersion", create),
    ("DescribeLaunchTemplateVersions", describe_versions),
    ("ModifyLaunchTemplate", modify),
    ("DeleteLaunchTemplateVersions", delete),
];

/// The version that a text names: a number, `$Latest` or `$Default`.
pub fn find<'a>(template: &'a LaunchTemplate, text: &str) -> Option<&'a Version> {
    let number = match text {
        "$Latest" => return template.versions.last(),
        "$Default" => template.default_version,
        other => other.parse().ok()?,
    };
    template
        .versions
        .iter()
        .find(|version| version.number == number)
}

fn need<'a>(template: &'a LaunchTemplate, text: &str) -> Result<&'a Version, AwsError> {
    find(template, text).ok_or_else(|| {
        errors::refuse(
            "InvalidLaunchTemplateId.VersionNotFound",
            format!(
                "Could not find the specified version {text} of template {}.",
                template.meta.id
            ),
        )
    })
}

fn node(template: &LaunchTemplate, version: &Version) -> Node {
    Node::new()
        .text("launchTemplateId", &template.meta.id)
        .text("launchTemplateName", &template.name)
        .text("versionNumber", version.number)
        .maybe("versionDescription", version.description.as_ref())
        .text("createTime", version.created_at)
        .text("createdBy", format!("arn:aws:iam::{ACCOUNT_ID}:root"))
        .text("defaultVersion", version.number == template.default_version)
        .node("launchTemplateData", template_data::node(&version.data))
}

fn create(state: &mut State, call: &Call) -> Outcome {
    let id = named(state, call)?;
    let given = call.params.under("LaunchTemplateData.");
    template_data::admit(&given)?;
    let now = state.now;
    let template = describe::need::<LaunchTemplate>(state, &id)?;
    let data = match call.params.get("SourceVersion") {
        Some(source) => need(template, source)?.data.with(&given),
        None => given,
    };
    let version = Version {
        number: template.last_version + 1,
        description: call.params.get("VersionDescription").map(str::to_owned),
        data,
        created_at: now,
    };
    let answer = node(template, &version);
    if let Some(template) = state.ec2.launch_templates.get_mut(&id) {
        template.last_version = version.number;
        template.versions.push(version);
    }
    Ok(Answer::Xml(
        Node::new().node("launchTemplateVersion", answer),
    ))
}

fn describe_versions(state: &mut State, call: &Call) -> Outcome {
    let id = named(state, call)?;
    let template = describe::need::<LaunchTemplate>(state, &id)?;
    let wanted = call.params.list("LaunchTemplateVersion");
    let chosen: Vec<&Version> = if wanted.is_empty() {
        let bound = |name: &str| call.params.number(name);
        let (from, to) = (bound("MinVersion")?, bound("MaxVersion")?);
        let number = |version: &Version| i64::try_from(version.number).unwrap_or(i64::MAX);
        let fits = |version: &&Version| {
            from.is_none_or(|from| number(version) >= from)
                && to.is_none_or(|to| number(version) <= to)
        };
        template.versions.iter().rev().filter(fits).collect()
    } else {
        wanted
            .iter()
            .map(|text| need(template, text))
            .collect::<Result<_, _>>()?
    };
    let nodes = chosen
        .into_iter()
        .map(|version| node(template, version))
        .collect();
    list(state, call, "launchTemplateVersionSet", nodes, true)
}

fn modify(state: &mut State, call: &Call) -> Outcome {
    let id = named(state, call)?;
    let wanted = call.params.get("SetDefaultVersion");
    let template = describe::need::<LaunchTemplate>(state, &id)?;
    let number = match wanted {
        Some(text) => need(template, text)?.number,
        None => template.default_version,
    };
    if let Some(template) = state.ec2.launch_templates.get_mut(&id) {
        template.default_version = number;
    }
    describe::one::<LaunchTemplate>(state, "launchTemplate", &id)
}

fn delete(state: &mut State, call: &Call) -> Outcome {
    let id = named(state, call)?;
    let template = describe::need::<LaunchTemplate>(state, &id)?;
    let (name, default) = (template.name.clone(), template.default_version);
    let (mut gone, mut refused) = (Vec::new(), Vec::new());
    for text in call.params.list("LaunchTemplateVersion") {
        let item = Node::new()
            .text("launchTemplateId", &id)
            .text("launchTemplateName", &name)
            .text("versionNumber", &text);
        match find(template, &text).map(|version| version.number) {
            Some(number) if number != default => {
                gone.push((number, item));
            }
            found => {
                let (code, why) = match found {
                    None => (
                        "launchTemplateVersionDoesNotExist",
                        "The version does not exist.",
                    ),
                    Some(_) => ("unexpectedError", "The default version cannot be deleted."),
                };
                let both = Node::new().text("code", code).text("message", why);
                refused.push(item.node("responseError", both));
            }
        }
    }
    let numbers: Vec<u64> = gone.iter().map(|(number, _)| *number).collect();
    if let Some(template) = state.ec2.launch_templates.get_mut(&id) {
        template
            .versions
            .retain(|version| !numbers.contains(&version.number));
    }
    let gone = gone.into_iter().map(|(_, item)| item);
    let node = Node::new()
        .list("successfullyDeletedLaunchTemplateVersionSet", "item", gone)
        .list(
            "unsuccessfullyDeletedLaunchTemplateVersionSet",
            "item",
            refused,
        );
    Ok(Answer::Xml(node))
}
