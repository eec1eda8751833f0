//! EC2 placement groups: free.
//!
//! `DescribePlacementGroups` has no pages, and a deletion goes by name, not by id.

use aws_sdk_ec2::types::PlacementGroupState;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::resource::Resource;

use super::entry::Entry;
use super::{Kind, ListResult};
use crate::observer::clients::{Clients, deleted, failed};

pub const KIND: Kind = Kind::regional("placement_group", |clients| Box::pin(list(clients)))
    .deleted(|clients, resource| Box::pin(delete(clients, resource)));

async fn list(clients: &Clients) -> ListResult {
    let answer = clients.ec2.describe_placement_groups().send().await;
    let answer = answer.map_err(|error| failed("ec2:DescribePlacementGroups", &error))?;
    let entry = |group: &aws_sdk_ec2::types::PlacementGroup| {
        Entry::new("placement_group", group.group_id(), &clients.region)
            .ec2_tags(group.tags())
            .named(group.group_name())
            .state(group.state().map(PlacementGroupState::as_str))
            .property("group_name", group.group_name())
            .done()
    };
    let alive = answer
        .placement_groups()
        .iter()
        .filter(|group| group.state() != Some(&PlacementGroupState::Deleted));
    Ok(alive.map(entry).collect())
}

async fn delete(clients: &Clients, resource: &Resource) -> Result<(), ObserverError> {
    let name = resource
        .properties
        .get("group_name")
        .unwrap_or(&resource.id);
    let call = clients.ec2.delete_placement_group().group_name(name).send();
    deleted("ec2:DeletePlacementGroup", call.await)
}
