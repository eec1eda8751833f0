//! The ranges in the prefix lists that rules of security groups name.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::SecurityGroup;

use super::clients::{Clients, pages};
use super::view::Observation;

/// Reads each list that a rule names; makes no call when no rule does.
///
/// # Errors
/// When groups or a list could not be read.
pub async fn look(
    clients: &Clients,
    groups: &Observation<Vec<SecurityGroup>>,
) -> Observation<BTreeMap<String, Vec<String>>> {
    let groups = groups.clone()?;
    let named: BTreeSet<&str> = groups
        .iter()
        .flat_map(SecurityGroup::ip_permissions)
        .flat_map(aws_sdk_ec2::types::IpPermission::prefix_list_ids)
        .filter_map(|list| list.prefix_list_id())
        .collect();
    let mut lists = BTreeMap::new();
    for list in named {
        let call = clients
            .ec2
            .get_managed_prefix_list_entries()
            .prefix_list_id(list);
        let stream = call.into_paginator().send();
        let entries = pages("ec2:GetManagedPrefixListEntries", stream).await?;
        let ranges = entries
            .iter()
            .flat_map(aws_sdk_ec2::operation::get_managed_prefix_list_entries::GetManagedPrefixListEntriesOutput::entries)
            .filter_map(|entry| entry.cidr().map(str::to_owned));
        lists.insert(list.to_owned(), ranges.collect());
    }
    Ok(lists)
}
