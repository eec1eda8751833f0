//! What changes an add-on after its creation: updates, and its deletion.

use super::addons::{self, AddonKey, answer};
use super::failure::{in_use, invalid_parameter};
use super::input::{self, Ending, text};
use super::kube_system::{self, SystemAddon};
use super::updates::{self, Change};
use super::{Event, after, pod_identity};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;

fn key(call: &Call, serial: u64) -> AddonKey {
    AddonKey {
        cluster: input::segment(call, 1).to_owned(),
        addon: input::segment(call, 3).to_owned(),
        serial,
    }
}

pub(super) fn update(state: &mut State, call: &Call) -> Outcome {
    let body = &call.json;
    let addon = addons::find(state, call)?;
    if matches!(addon.status.as_str(), "CREATING" | "UPDATING" | "DELETING") {
        let message = format!(
            "Addon {} cannot be updated as it is currently in {} state",
            addon.name, addon.status
        );
        return Err(in_use(message).with("addonName", addon.name.as_str()));
    }
    let given = |member: &str| text(body, member).map(str::to_owned);
    let params = [
        ("AddonVersion", given("addonVersion")),
        ("ServiceAccountRoleArn", given("serviceAccountRoleArn")),
        ("ResolveConflicts", given("resolveConflicts")),
        ("ConfigurationValues", given("configurationValues")),
    ];
    let params: Vec<(String, String)> = params
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    let mut changed = addon.clone();
    if let Some(wanted) = text(body, "addonVersion") {
        changed.version = addons::version(input::cluster(state, call)?, &addon.name, Some(wanted))?;
    }
    if let Some(arn) = given("serviceAccountRoleArn") {
        changed.role_arn = Some(arn);
    }
    // Without the member EKS keeps none of the earlier values unless told to preserve them.
    if body.get("configurationValues").is_some()
        || text(body, "resolveConflicts") != Some("PRESERVE")
    {
        changed.configuration = addons::configuration(body)?;
    }
    if !body["podIdentityAssociations"].is_null() {
        let cluster = input::segment(call, 1).to_owned();
        let of_request = pod_identity::of_addon(state, call, &cluster)?;
        pod_identity::remove(state, &cluster, &changed.pod_identities);
        changed.pod_identities = of_request;
    }
    "UPDATING".clone_into(&mut changed.status);
    changed.issue = None;
    changed.modified_at = state.now;
    let (cluster, key) = (
        input::segment(call, 1).to_owned(),
        key(call, changed.serial),
    );
    input::cluster_mut(state, call)?
        .addons
        .insert(changed.name.clone(), changed);
    let update = ("AddonUpdate", params);
    Ok(updates::begin(
        state,
        call,
        &cluster,
        update,
        None,
        Change::Addon(key),
    ))
}

/// An update of an add-on has ended.
pub(super) fn end(state: &mut State, key: &AddonKey, well: bool) {
    if let Some(addon) = addons::of_key(state, key) {
        let status = if well { "ACTIVE" } else { "UPDATE_FAILED" };
        status.clone_into(&mut addon.status);
    }
}

pub(super) fn delete(state: &mut State, call: &Call) -> Outcome {
    if call
        .params
        .get("preserve")
        .is_some_and(|given| !matches!(given, "true" | "false"))
    {
        return Err(invalid_parameter("preserve must be true or false"));
    }
    let addon = addons::find(state, call)?;
    let (serial, name, deleting) = (addon.serial, addon.name.clone(), addon.status == "DELETING");
    if !deleting {
        if let Some(addon) = input::cluster_mut(state, call)?.addons.get_mut(&name) {
            "DELETING".clone_into(&mut addon.status);
            addon.preserved = call.params.get("preserve") == Some("true");
        }
        let usually = state.durations.update / 2;
        match input::ending(call, usually) {
            Ending::Well(wait) => after(state, wait, Event::AddonGone(key(call, serial), true)),
            Ending::Badly(_) => after(state, usually, Event::AddonGone(key(call, serial), false)),
            Ending::Never => {}
        }
    }
    Ok(answer(
        state,
        input::cluster(state, call)?,
        addons::find(state, call)?,
    ))
}

/// A deletion has ended: the add-on is gone, or stays.
pub(super) fn gone(state: &mut State, key: &AddonKey, well: bool) {
    let Some(addon) = addons::of_key(state, key) else {
        return;
    };
    if !well {
        "DELETE_FAILED".clone_into(&mut addon.status);
        return;
    }
    let associations = addon.pod_identities.clone();
    let stays = addon.preserved;
    pod_identity::remove(state, &key.cluster, &associations);
    let software = SystemAddon::named(&key.addon).filter(|_| !stays);
    if let (Some(software), Some(server)) = (software, state.kubernetes.get_mut(&key.cluster)) {
        kube_system::uninstall(server, software);
    }
    if let Some(cluster) = state.eks.clusters.get_mut(&key.cluster) {
        cluster.addons.remove(&key.addon);
    }
}
