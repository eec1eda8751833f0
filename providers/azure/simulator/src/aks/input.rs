//! What a request for a cluster or a pool may say: checked, and completed as the service completes it.

use serde_json::{Value, json};

use super::versions;
use crate::arm::{Draft, Item, is_unsaid};
use crate::compute::sizes;
use crate::network::vnets::{range, ranges_of, subnet};
use crate::state::State;
use crate::wire::{ApiError, Object};
use crate::{graph, identity, subscription, usages};

/// The most pods of a node, with each kind of network, when the request does not say.
const PODS: [u64; 2] = [30, 250];
/// The most characters of the name of a node resource group.
const GROUP_NAME_MAX: usize = 80;

/// Sets a member that was left out.
fn default(object: &mut Object, member: &str, value: Value) {
    if object.get(member).is_none_or(is_unsaid) {
        object.insert(member.to_owned(), value);
    }
}

fn number(object: &Object, member: &str) -> u64 {
    object.get(member).and_then(Value::as_u64).unwrap_or(0)
}

fn text<'o>(object: &'o Object, member: &str) -> &'o str {
    object
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Completes the network of a cluster, and checks its ranges.
pub(super) fn network(draft: &mut Draft) -> Result<(), ApiError> {
    let mut profile = draft
        .property("networkProfile")
        .as_object()
        .cloned()
        .unwrap_or_default();
    profile.retain(|_, value| !is_unsaid(value));
    default(&mut profile, "networkPlugin", json!("azure"));
    if text(&profile, "networkPlugin") == "azure"
        && !draft
            .list("agentPoolProfiles")
            .iter()
            .any(|pool| pool["vnetSubnetID"].is_string())
    {
        default(&mut profile, "networkPluginMode", json!("overlay"));
    }
    let is_flat = text(&profile, "networkPlugin") == "azure"
        && text(&profile, "networkPluginMode") != "overlay";
    if !is_flat {
        default(&mut profile, "podCidr", json!("10.244.0.0/16"));
        let pods = json!([text(&profile, "podCidr")]);
        default(&mut profile, "podCidrs", pods);
    }
    default(&mut profile, "serviceCidr", json!("10.0.0.0/16"));
    default(&mut profile, "dnsServiceIP", json!("10.0.0.10"));
    default(&mut profile, "loadBalancerSku", json!("standard"));
    default(&mut profile, "outboundType", json!("loadBalancer"));
    default(&mut profile, "ipFamilies", json!(["IPv4"]));
    let services = range(text(&profile, "serviceCidr"))?;
    let dns = text(&profile, "dnsServiceIP").parse::<std::net::Ipv4Addr>();
    if !dns.is_ok_and(|dns| services.contains(&dns)) {
        let message = "The DNS service IP is not in the service CIDR.";
        return Err(ApiError::new(400, "InvalidDnsServiceIP", message));
    }
    for (member, known) in [
        ("networkPlugin", &["azure", "kubenet"][..]),
        ("outboundType", &["loadBalancer", "userAssignedNATGateway"]),
        ("loadBalancerSku", &["standard"]),
    ] {
        let word = text(&profile, member);
        if !known.contains(&word) {
            return Err(ApiError::not_simulated(format!(
                "a cluster with {member} {word}"
            )));
        }
    }
    let given = json!([text(&profile, "serviceCidr")]);
    default(&mut profile, "serviceCidrs", given);
    draft.set("networkProfile", Value::Object(profile));
    Ok(())
}

/// Completes what is said of nodes that come as pods need them: none do here.
pub(super) fn node_provisioning(draft: &mut Draft) -> Result<(), ApiError> {
    let given = draft.property("nodeProvisioningProfile").as_object();
    let mut profile = given.cloned().unwrap_or_default();
    default(&mut profile, "mode", json!("Manual"));
    // Without effect in this mode.
    default(&mut profile, "defaultNodePools", json!("Auto"));
    let mode = text(&profile, "mode");
    if mode != "Manual" {
        return Err(ApiError::not_simulated(format!(
            "a cluster with nodeProvisioningProfile.mode {mode}"
        )));
    }
    draft.set("nodeProvisioningProfile", Value::Object(profile));
    Ok(())
}

/// Refuses services whose range overlaps with a subnet, and subnets with too few addresses for their nodes.
pub(super) fn subnets(state: &State, network: &Value, pools: &[Object]) -> Result<(), ApiError> {
    let services = range(network["serviceCidr"].as_str().unwrap_or_default())?;
    let is_flat = network["networkPlugin"] == "azure" && network["networkPluginMode"] != "overlay";
    let needs_gateway = network["outboundType"] == "userAssignedNATGateway";
    for pool in pools {
        let id = text(pool, "vnetSubnetID");
        let lacks_gateway = || !subnet(state, id).is_some_and(|(found, _)| has_gateway(found));
        if needs_gateway && lacks_gateway() {
            let message = format!(
                "Outbound type userAssignedNATGateway needs a subnet with a NAT gateway: '{id}' has none."
            );
            return Err(ApiError::new(400, "InvalidParameter", message));
        }
        if id.is_empty() {
            continue;
        }
        let Some((found, addresses)) = subnet(state, id) else {
            let message = format!("The subnet with id '{id}' is not found.");
            return Err(ApiError::new(400, "VnetSubnetIDNotFound", message));
        };
        let ranges = found
            .document
            .get("properties")
            .map(ranges_of)
            .transpose()?;
        let overlaps = ranges
            .unwrap_or_default()
            .into_iter()
            .any(|range| range.contains(&services) || services.contains(&range));
        if overlaps {
            let message = format!(
                "The specified service CIDR {services} is conflicted with an existing subnet CIDR."
            );
            return Err(ApiError::new(
                400,
                "ServiceCidrOverlapExistingSubnetsCidr",
                message,
            ));
        }
        let most = number(pool, "maxCount").max(number(pool, "count"));
        let each = if is_flat {
            1 + number(pool, "maxPods").max(1)
        } else {
            1
        };
        if most.saturating_mul(each) > addresses {
            let message = format!(
                "Pre-allocated IPs {} exceeds IPs available {addresses} in Subnet.",
                most.saturating_mul(each)
            );
            return Err(ApiError::new(400, "InsufficientSubnetSize", message));
        }
    }
    Ok(())
}

fn has_gateway(subnet: &Item) -> bool {
    subnet.property("natGateway")["id"].is_string()
}

/// Completes the identity of a cluster, and refuses one that does not exist.
pub(super) fn identity(state: &State, draft: &mut Draft) -> Result<(), ApiError> {
    let identity = draft.document.get("identity").cloned().unwrap_or_default();
    let client = draft.property("servicePrincipalProfile")["clientId"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    match identity["type"].as_str() {
        Some("SystemAssigned") => {}
        Some("UserAssigned") => {
            let given = identity["userAssignedIdentities"].as_object();
            let Some(id) = given.and_then(|given| given.keys().next()) else {
                return Err(ApiError::invalid(
                    "A user-assigned identity has to be given.",
                ));
            };
            if identity::found(state, id).is_none() {
                let message = format!("The user-assigned identity '{id}' was not found.");
                return Err(ApiError::new(400, "ResourceNotFound", message));
            }
        }
        Some(other) => {
            return Err(ApiError::not_simulated(format!(
                "a cluster with identity {other}"
            )));
        }
        None if client.is_empty() || client == "msi" => {
            let message = "Provisioning of resource(s) for container service failed: neither identity nor servicePrincipalProfile is given.";
            return Err(ApiError::new(
                400,
                "ServicePrincipalProfileMissing",
                message,
            ));
        }
        None => {
            graph::check_principal(state, &client)?;
            let secret = draft.property("servicePrincipalProfile")["secret"].as_str();
            // A change may leave out what no one can read.
            if draft.existing.is_none() || secret.is_some() {
                graph::check_secret(state, &client, secret.unwrap_or_default())?;
            }
        }
    }
    // The secret is never shown again.
    if !client.is_empty() && client != "msi" {
        draft.set("servicePrincipalProfile", json!({ "clientId": client }));
    } else {
        draft.set("servicePrincipalProfile", json!({"clientId": "msi"}));
    }
    Ok(())
}

/// The name of the node resource group, cut as the service cuts it.
pub(super) fn node_group_name(draft: &Draft) -> String {
    let name = format!("MC_{}_{}_{}", draft.group, draft.name, draft.location);
    name.chars().take(GROUP_NAME_MAX).collect()
}

/// Completes a pool, and checks it by itself.
pub(super) fn pool(
    state: &State,
    location: &str,
    name: &str,
    existing: Option<&Item>,
    mut pool: Object,
    (network, version): (&Value, &str),
) -> Result<Object, ApiError> {
    let is_name = (1..=12).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !is_name {
        let message = format!(
            "The agent pool name '{name}' is invalid: 1 to 12 lower-case letters and digits, beginning with a letter."
        );
        return Err(ApiError::new(400, "InvalidParameter", message));
    }
    let asked = text(&pool, "vmSize").to_owned();
    let Some(size) = sizes::find(&asked) else {
        let message = format!(
            "The VM size of '{asked}' is not allowed in your subscription in location '{location}'."
        );
        return Err(ApiError::new(400, "VMSizeNotSupported", message));
    };
    pool.insert("vmSize".to_owned(), json!(size.name));
    pool.remove("name");
    default(&mut pool, "count", json!(1));
    default(&mut pool, "mode", json!("User"));
    default(&mut pool, "type", json!("VirtualMachineScaleSets"));
    default(&mut pool, "osType", json!("Linux"));
    default(&mut pool, "osSKU", json!("Ubuntu"));
    default(&mut pool, "osDiskType", json!("Managed"));
    if number(&pool, "osDiskSizeGB") == 0 {
        pool.insert("osDiskSizeGB".to_owned(), json!(128));
    }
    let is_flat = network["networkPlugin"] == "azure" && network["networkPluginMode"] != "overlay";
    default(&mut pool, "maxPods", json!(PODS[usize::from(!is_flat)]));
    default(&mut pool, "orchestratorVersion", json!(version));
    let version = versions::resolved(text(&pool, "orchestratorVersion"))?;
    pool.insert("orchestratorVersion".to_owned(), json!(version));
    words(&pool)?;
    counts(&pool, name)?;
    zones_exist(location, &pool)?;
    if existing.is_some_and(|item| item.text("vmSize") != size.name) {
        let message = "Changing property 'properties.vmSize' is not allowed.";
        return Err(ApiError::new(400, "PropertyChangeNotAllowed", message));
    }
    let before = existing.map_or(0, |item| u64::from(item.number("count")));
    let more = number(&pool, "count").saturating_sub(before);
    usages::check(
        state,
        location,
        (size.name, text(&pool, "scaleSetPriority") == "Spot"),
        u32::try_from(more).unwrap_or(u32::MAX),
    )?;
    Ok(pool)
}

/// Refuses words that have no effect here.
fn words(pool: &Object) -> Result<(), ApiError> {
    for (member, known) in [
        ("osType", &["Linux"][..]),
        ("type", &["VirtualMachineScaleSets"]),
        ("mode", &["System", "User"]),
        ("osDiskType", &["Managed", "Ephemeral"]),
    ] {
        let word = text(pool, member);
        if !known.contains(&word) {
            return Err(ApiError::not_simulated(format!(
                "an agent pool with {member} {word}"
            )));
        }
    }
    Ok(())
}

fn counts(pool: &Object, name: &str) -> Result<(), ApiError> {
    let count = number(pool, "count");
    let is_system = text(pool, "mode") == "System";
    if count > 1000 || (is_system && count == 0) {
        let message = format!(
            "The value of parameter agentPoolProfile.count is invalid: {count} nodes in pool {name}."
        );
        return Err(ApiError::new(400, "InvalidParameter", message));
    }
    if pool.get("enableAutoScaling") == Some(&json!(true)) {
        let (least, most) = (number(pool, "minCount"), number(pool, "maxCount"));
        if least > most || !(least..=most).contains(&count) {
            let message =
                format!("Node count {count} of pool {name} is not between {least} and {most}.");
            return Err(ApiError::new(400, "InvalidParameter", message));
        }
    }
    Ok(())
}

fn zones_exist(location: &str, pool: &Object) -> Result<(), ApiError> {
    let asked = pool
        .get("availabilityZones")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let known = subscription::zones(location);
    let missing = asked
        .filter_map(Value::as_str)
        .find(|zone| !known.contains(zone));
    match missing {
        None => Ok(()),
        Some(zone) => {
            let message =
                format!("Availability zone '{zone}' is not supported in location {location}.");
            Err(ApiError::new(400, "AvailabilityZoneNotSupported", message))
        }
    }
}
