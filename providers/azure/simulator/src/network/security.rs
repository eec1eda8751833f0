//! Network security groups and route tables: both hang on subnets.

use serde_json::{Value, json};

use crate::arm::Kind;
use crate::arm::rows::kind_table;
use crate::route::Table;
use crate::wire::{ApiError, insert};

pub(crate) const TABLE: Table = kind_table!(
    "network",
    "Microsoft.Network",
    "networkSecurityGroups",
    GROUPS
);
pub(crate) const ROUTE_TABLE: Table =
    kind_table!("network", "Microsoft.Network", "routeTables", ROUTE_TABLES);

pub(crate) static GROUPS: Kind = Kind {
    members: &["flushConnection", "securityRules"],
    in_use: "InUseNetworkSecurityGroupCannotBeDeleted",
    prepare: |_, _, draft| {
        for rule in draft.list("securityRules") {
            let priority = rule["properties"]["priority"].as_i64().unwrap_or(0);
            if !(100..=4096).contains(&priority) {
                let message =
                    format!("Security rule has invalid priority {priority}: it is 100 to 4096.");
                return Err(ApiError::new(400, "SecurityRuleInvalidPriority", message));
            }
        }
        draft.default("securityRules", json!([]));
        Ok(())
    },
    show: |_, item, properties| {
        let rules = properties
            .get_mut("securityRules")
            .and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten() {
            let name = rule["name"].as_str().unwrap_or_default().to_owned();
            insert(
                rule,
                "id",
                json!(format!("{}/securityRules/{name}", item.id)),
            );
            if let Some(properties) = rule.get_mut("properties") {
                insert(properties, "provisioningState", json!("Succeeded"));
            }
        }
        properties.insert("resourceGuid".to_owned(), json!(item.unique));
    },
    ..Kind::plain("Microsoft.Network", &["networkSecurityGroups"], "nsg")
};

pub(crate) static ROUTE_TABLES: Kind = Kind {
    members: &["disableBgpRoutePropagation", "routes"],
    in_use: "InUseRouteTableCannotBeDeleted",
    prepare: |_, _, draft| {
        draft.default("routes", json!([]));
        Ok(())
    },
    ..Kind::plain("Microsoft.Network", &["routeTables"], "route_table")
};
