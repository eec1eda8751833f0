//! Launching: no token makes it safe to repeat, and names need not be unique.

use std::collections::BTreeMap;

use kubeproof_contract::key_values;
use kubeproof_kubernetes_simulator::machines::{MachineFault, cloud_init};
use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::router::Call;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::state::{Instance, State};
use crate::wire::{Outcome, absent, body, invalid};
use crate::{catalogue, lifecycle};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Launch {
    region_name: String,
    instance_type_name: String,
    ssh_key_names: Vec<String>,
    #[serde(default)]
    file_system_names: Vec<String>,
    hostname: Option<String>,
    name: Option<String>,
    image: Option<Value>,
    user_data: Option<String>,
    #[serde(default, deserialize_with = "key_values::read")]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    firewall_rulesets: Vec<Id>,
    /// Of earlier versions of the API; clients such as `SkyPilot` send it still.
    quantity: Option<u64>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

/// The largest cloud-init document, bytes.
const USER_DATA_MAX: usize = 1 << 20;

pub(crate) fn launch(state: &mut State, call: &Call<'_>) -> Outcome {
    let order: Launch = body(call)?;
    check(state, &order)?;
    let of = catalogue::find(&order.instance_type_name).ok_or_else(|| {
        let message = format!("Instance type {} does not exist.", order.instance_type_name);
        invalid(message)
    })?;
    let boot = cloud_init::read(order.user_data.as_deref())
        .map_err(|what| ApiError::not_simulated(format!("user_data with {what}")))?;
    let all = state.instances.all();
    let live = all.filter(|one| one.status != "terminating");
    if live.count() >= state.setup.instances_max {
        let message = "Your quota of instances is used up.";
        return Err(ApiError::new(400, "global/quota-exceeded", message)
            .suggest("Contact Support to increase your quota."));
    }
    if !of.has_capacity(&order.region_name) {
        let code = "instance-operations/launch/insufficient-capacity";
        let message = "Not enough capacity to fulfill launch request.";
        return Err(ApiError::new(400, code, message)
            .suggest("Choose an instance type with more availability, or try again later."));
    }
    let fault = call.injected.take_async_if(|code| {
        lifecycle::FAILURES.contains(&code) || MachineFault::named(code).is_some()
    })?;
    let id = state.ids.hex(32);
    state.addresses = state.addresses.wrapping_add(1).max(11);
    let last = state.addresses;
    let rulesets = order.firewall_rulesets.into_iter();
    let instance = Instance {
        id: id.clone(),
        name: order.name,
        hostname: order.hostname,
        of,
        region: order.region_name,
        status: "booting",
        has_address: false,
        ip: format!("203.0.113.{last}"),
        private_ip: format!("10.19.0.{last}"),
        keys: order.ssh_key_names,
        filesystems: order.file_system_names,
        tags: order.tags,
        rulesets: rulesets.map(|one| one.id).collect(),
        boot,
        fault,
    };
    state.instances.insert(id.clone(), instance);
    lifecycle::begin(state, &id);
    Ok(json!({"instance_ids": [id]}))
}

fn check(state: &State, order: &Launch) -> Result<(), ApiError> {
    catalogue::check_region(&order.region_name)?;
    let [key] = order.ssh_key_names.as_slice() else {
        return Err(invalid("Exactly one SSH key must be given."));
    };
    match state.keys.all().filter(|known| known.name == *key).count() {
        0 => return Err(absent("SSH key", key)),
        1 => {}
        // What is told of two keys of one name (skypilot-org/skypilot issue 8221); the status has no source.
        _ => {
            return Err(ApiError::new(
                500,
                "global/unknown",
                "An unknown error occurred.",
            ));
        }
    }
    if let Some(wrong @ (0 | 2..)) = order.quantity {
        let than = if wrong == 0 { "greater" } else { "less" };
        return Err(invalid(format!(
            "quantity must be {than} than or equal to 1"
        )));
    }
    if order.name.as_ref().is_some_and(|name| name.len() > 64) {
        return Err(invalid("name must have at most 64 characters"));
    }
    let user_data = order.user_data.as_deref().unwrap_or_default();
    if user_data.len() > USER_DATA_MAX {
        return Err(invalid("user_data must have at most 1 MB"));
    }
    if order.image.is_some() {
        return Err(ApiError::not_simulated(
            "launch with an image of one's choice",
        ));
    }
    for name in &order.file_system_names {
        let found = state.filesystems.all().find(|one| one.name == *name);
        let found = found.ok_or_else(|| absent("filesystem", name))?;
        if found.region != order.region_name {
            let code = "instance-operations/launch/file-system-in-wrong-region";
            let message = format!("Filesystem {name} is in {}.", found.region);
            return Err(ApiError::new(400, code, message)
                .suggest("Launch in the region of the filesystem."));
        }
    }
    for Id { id } in &order.firewall_rulesets {
        let found = state.rulesets.get(id);
        let found = found.ok_or_else(|| absent("firewall ruleset", id))?;
        if found.region != order.region_name {
            let message = format!("Firewall ruleset {id} is in {}.", found.region);
            return Err(invalid(message));
        }
    }
    Ok(())
}
