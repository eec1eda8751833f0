//! Filesystems: in one region, and not deleted while an instance mounts them.

use kubeproof_contract::Decimal;
use kubeproof_simkit::meter::{Rounding, Usage};
use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::router::Call;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalogue;
use crate::state::{Filesystem, State};
use crate::wire::{Outcome, absent, body, duplicate};

#[derive(Deserialize)]
struct New {
    name: String,
    region: String,
}

/// Whether an existing instance mounts it.
fn in_use(state: &State, filesystem: &Filesystem) -> bool {
    state.instances.all().any(|instance| {
        instance.region == filesystem.region && instance.filesystems.contains(&filesystem.name)
    })
}

fn shown(state: &State, id: &str, filesystem: &Filesystem) -> Value {
    json!({
        "id": id, "name": filesystem.name,
        "mount_point": format!("/lambda/nfs/{}", filesystem.name),
        "created": filesystem.created.to_string(),
        "created_by": {"id": "0".repeat(32), "email": "someone@example.com", "status": "active"},
        "is_in_use": in_use(state, filesystem), "region": catalogue::region(&filesystem.region),
        "bytes_used": filesystem.bytes_used,
    })
}

pub(crate) fn list(state: &State) -> Outcome {
    let all = state.filesystems.entries();
    Ok(all.map(|(id, one)| shown(state, id, one)).collect())
}

pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let new: New = body(call)?;
    catalogue::check_region(&new.region)?;
    if state.filesystems.all().any(|one| one.name == new.name) {
        let taken = duplicate(400, "A filesystem", &new.name);
        return Err(taken.suggest("Choose another name."));
    }
    let id = state.ids.hex(32);
    let filesystem = Filesystem {
        name: new.name,
        region: new.region,
        created: state.now,
        bytes_used: 0,
    };
    // 0.20 USD for a GiB and month of 720 hours.
    let usd = Decimal::new(20, 2) / Decimal::from(720);
    let names = ["filesystem", "Filesystems", "filesystem storage"];
    let usage = Usage {
        unit: "GiB-hour".to_owned(),
        amount: Decimal::from(filesystem.bytes_used >> 30),
        rounding: Rounding::ElapsedHours,
        run_id: run_of_name(&filesystem.name),
        ..Usage::of(&id, names, usd)
    };
    state.meter.start(&id, usage, state.now);
    let answer = shown(state, &id, &filesystem);
    state.filesystems.insert(id, filesystem);
    Ok(answer)
}

/// The run in a name of the form `kp-<run>` or `kp-<run>-fs`: filesystems have no tags.
fn run_of_name(name: &str) -> Option<String> {
    let rest = name.strip_prefix("kp-")?;
    Some(rest.strip_suffix("-fs").unwrap_or(rest).to_owned())
}

pub(crate) fn delete(state: &mut State, id: &str) -> Outcome {
    let Some(filesystem) = state.filesystems.get(id) else {
        return Err(absent("filesystem", id));
    };
    if in_use(state, filesystem) {
        let message = format!("Filesystem {} is in use.", filesystem.name);
        return Err(ApiError::new(400, "filesystems/filesystem-in-use", message)
            .suggest("Terminate the instances that mount it first."));
    }
    state.filesystems.remove(id);
    state.meter.stop(id, state.now);
    Ok(json!({"deleted_ids": [id]}))
}
