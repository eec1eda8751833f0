//! Instances: listing, renaming, terminating, restarting.

use kubeproof_contract::key_values;
use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::router::Call;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::state::{Event, Instance, State};
use crate::wire::{Outcome, absent, body, invalid};
use crate::{catalogue, lifecycle};

#[derive(Deserialize)]
struct Ids {
    instance_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

/// An instance as shown in answers.
pub(crate) fn shown(instance: &Instance) -> Value {
    let alive = matches!(instance.status, "booting" | "active" | "unhealthy");
    let action = |available: bool| json!({"available": available});
    let rulesets = instance.rulesets.iter();
    let rulesets: Value = rulesets.map(|id| json!({"id": id})).collect();
    let mut value = json!({
        "id": instance.id, "status": instance.status, "ssh_key_names": instance.keys,
        "file_system_names": instance.filesystems, "region": catalogue::region(&instance.region),
        "instance_type": instance.of.shown(), "tags": key_values::written(&instance.tags),
        "firewall_rulesets": rulesets,
        "actions": {
            "migrate": action(false), "rebuild": action(false), "restart": action(alive),
            "cold_reboot": action(alive), "terminate": action(alive),
        },
    });
    if let Some(name) = &instance.name {
        value["name"] = json!(name);
    }
    if let Some(hostname) = &instance.hostname {
        value["hostname"] = json!(hostname);
    }
    if instance.has_address {
        value["ip"] = json!(instance.ip);
        value["private_ip"] = json!(instance.private_ip);
    }
    value
}

pub(crate) fn list(state: &State) -> Outcome {
    Ok(state.instances.all().map(shown).collect())
}

pub(crate) fn get(state: &State, id: &str) -> Outcome {
    let one = state.instances.get(id);
    one.map(shown).ok_or_else(|| absent("instance", id))
}

pub(crate) fn rename(state: &mut State, call: &Call<'_>) -> Outcome {
    let new: Rename = body(call)?;
    let one = state.instances.get_mut(call.id);
    let one = one.ok_or_else(|| absent("instance", call.id))?;
    one.name = Some(new.name);
    Ok(shown(one))
}

/// Checks all of the ids, or refuses them if any is unknown.
fn known(state: &State, call: &Call<'_>) -> Result<Vec<String>, ApiError> {
    let ids: Ids = body(call)?;
    if ids.instance_ids.is_empty() {
        return Err(invalid("instance_ids must not be empty"));
    }
    match ids.instance_ids.iter().find(|id| !state.instances.has(id)) {
        Some(id) => Err(absent("instance", id)),
        None => Ok(ids.instance_ids),
    }
}

fn all(state: &State, ids: &[String]) -> Vec<Value> {
    let found = ids.iter().filter_map(|id| state.instances.get(id));
    found.map(shown).collect()
}

pub(crate) fn terminate(state: &mut State, call: &Call<'_>) -> Outcome {
    let ids = known(state, call)?;
    for id in &ids {
        lifecycle::terminate(state, id);
    }
    Ok(json!({"terminated_instances": all(state, &ids)}))
}

pub(crate) fn restart(state: &mut State, call: &Call<'_>) -> Outcome {
    let ids = known(state, call)?;
    for id in &ids {
        let found = state.instances.get_mut(id);
        if let Some(one) = found.filter(|one| one.status == "active") {
            one.status = "booting";
            state.after(60, Event::Checked(id.clone()));
        }
    }
    Ok(json!({"restarted_instances": all(state, &ids)}))
}
