//! Instance templates.

use serde_json::json;

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table};
use crate::route::Table;
use crate::state::State;
use crate::wire::ApiError;

pub(crate) const TABLE: Table = resource_table!(
    global "instanceTemplates", "instanceTemplates", TEMPLATES,
    aggregated!("instanceTemplates", TEMPLATES),
);

pub(crate) static TEMPLATES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("properties", Member::Object),
    ],
    properties: &["description"],
    seconds: [4, 4, 4],
    prepare,
    ..Collection::plain(
        "instanceTemplates",
        "compute#instanceTemplate",
        &[Level::Global],
        "instance_template",
    )
};

fn prepare(_state: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let properties = draft.required("properties")?;
    for member in ["machineType", "disks", "networkInterfaces"] {
        if properties.get(member).is_none_or(|one| *one == json!([])) {
            return Err(ApiError::required(&format!("resource.properties.{member}")));
        }
    }
    Ok(())
}
