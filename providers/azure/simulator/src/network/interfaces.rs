//! Network interfaces.

use serde_json::json;

use super::referred;
use crate::arm::Kind;
use crate::arm::rows::kind_table;
use crate::route::Table;

pub(crate) const TABLE: Table = kind_table!(
    "network",
    "Microsoft.Network",
    "networkInterfaces",
    INTERFACES
);

pub(crate) static INTERFACES: Kind = Kind {
    members: &[
        "enableAcceleratedNetworking",
        "enableIPForwarding",
        "ipConfigurations",
        "networkSecurityGroup",
    ],
    in_use: "NicInUse",
    prepare: |state, _, draft| {
        for configuration in draft.list("ipConfigurations") {
            referred(state, &configuration["properties"]["subnet"])?;
            referred(state, &configuration["properties"]["publicIPAddress"])?;
        }
        referred(state, draft.property("networkSecurityGroup"))?;
        Ok(())
    },
    show: |_, item, properties| {
        properties.insert("resourceGuid".to_owned(), json!(item.unique));
    },
    ..Kind::plain(
        "Microsoft.Network",
        &["networkInterfaces"],
        "network_interface",
    )
};
