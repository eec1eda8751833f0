//! Private DNS zones, and their links to networks: a link stays when its network goes.

use serde_json::json;

use super::referred;
use crate::arm::rows::{kind_table, part_table};
use crate::arm::{Begins, Kind};
use crate::route::Table;
use crate::wire::ApiError;

pub(crate) const TABLE: Table =
    kind_table!("network", "Microsoft.Network", "privateDnsZones", ZONES);
pub(crate) const LINK_TABLE: Table = part_table!(
    "network",
    "Microsoft.Network",
    "privateDnsZones",
    "virtualNetworkLinks",
    LINKS,
    ZONES
);

pub(crate) static ZONES: Kind = Kind {
    seconds: [20, 5, 20],
    begins: Begins::CreatedWithLocation,
    is_name: |name| name.contains('.') && name.len() <= 253,
    check_delete: |state, item| {
        let parts = crate::arm::children(state, &item.key());
        let Some(part) = parts.first() else {
            return Ok(());
        };
        let message = format!(
            "Can not delete resource '{}' before its nested resource '{part}' is deleted.",
            item.id
        );
        Err(ApiError::conflict("CannotDeleteResource", message))
    },
    show: |state, item, properties| {
        let links = crate::arm::children(state, &item.key()).len();
        properties.insert("numberOfVirtualNetworkLinks".to_owned(), json!(links));
        properties.insert("numberOfRecordSets".to_owned(), json!(1));
        properties.insert("maxNumberOfVirtualNetworkLinks".to_owned(), json!(1000));
    },
    ..Kind::plain(
        "Microsoft.Network",
        &["privateDnsZones"],
        "private_dns_zone",
    )
};

pub(crate) static LINKS: Kind = Kind {
    members: &["registrationEnabled", "resolutionPolicy", "virtualNetwork"],
    seconds: [30, 5, 30],
    begins: Begins::CreatedWithLocation,
    prepare: |state, _, draft| {
        referred(state, draft.property("virtualNetwork"))?;
        draft.default("registrationEnabled", json!(false));
        Ok(())
    },
    show: |state, item, properties| {
        let linked = item.property("virtualNetwork")["id"]
            .as_str()
            .unwrap_or_default();
        let is_there = state.arm.items.has(&linked.to_ascii_lowercase());
        let word = if is_there { "Completed" } else { "InProgress" };
        properties.insert("virtualNetworkLinkState".to_owned(), json!(word));
    },
    ..Kind::plain(
        "Microsoft.Network",
        &["privateDnsZones", "virtualNetworkLinks"],
        "private_dns_link",
    )
};
