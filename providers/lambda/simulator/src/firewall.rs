//! Firewall rules: the account's own list, and rulesets that instances are launched with.
//!
//! Also decides whether a packet would pass, for nodes that join and for callers outside.

use kubeproof_simkit::firewall::Flaw;
use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::router::Call;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalogue;
use crate::state::{FirewallRule, Instance, Ruleset, State};
use crate::wire::{Outcome, absent, body, duplicate, invalid};

#[derive(Deserialize)]
struct New {
    name: String,
    region: String,
    rules: Vec<FirewallRule>,
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    rules: Option<Vec<FirewallRule>>,
}

#[derive(Deserialize)]
struct All {
    data: Vec<FirewallRule>,
}

fn check(rules: &[FirewallRule]) -> Result<(), ApiError> {
    let refused = |rule: &FirewallRule| {
        Some(match rule.allowed().flaw()? {
            Flaw::Protocol => invalid(format!(
                "protocol {} is not one of tcp, udp, icmp, all",
                rule.protocol
            )),
            Flaw::Ports => invalid("port_range is for tcp and udp, and only for them"),
            Flaw::Source => {
                let message = format!("{} is not a network", rule.source_network);
                ApiError::new(400, "global/invalid-address", message)
                    .suggest("Give an IPv4 network such as 192.0.2.1/32.")
            }
        })
    };
    rules.iter().find_map(refused).map_or(Ok(()), Err)
}

fn users(state: &State, id: &str) -> Vec<String> {
    let uses = |instance: &&Instance| instance.rulesets.iter().any(|one| one == id);
    let of = state.instances.all().filter(uses);
    of.map(|instance| instance.id.clone()).collect()
}

fn shown(state: &State, id: &str, ruleset: &Ruleset) -> Value {
    json!({
        "id": id, "name": ruleset.name, "region": catalogue::region(&ruleset.region),
        "rules": ruleset.rules, "created": ruleset.created.to_string(), "instance_ids": users(state, id),
    })
}

pub(crate) fn rules(state: &State) -> Outcome {
    Ok(json!(state.global_rules))
}

pub(crate) fn replace_rules(state: &mut State, call: &Call<'_>) -> Outcome {
    let all: All = body(call)?;
    check(&all.data)?;
    state.global_rules = all.data;
    rules(state)
}

pub(crate) fn global(state: &State) -> Outcome {
    Ok(json!({"id": "global", "name": "Global Firewall Rules", "rules": state.global_rules}))
}

pub(crate) fn update_global(state: &mut State, call: &Call<'_>) -> Outcome {
    let change: Change = body(call)?;
    if let Some(rules) = change.rules {
        check(&rules)?;
        state.global_rules = rules;
    }
    global(state)
}

pub(crate) fn list(state: &State) -> Outcome {
    let all = state.rulesets.entries();
    Ok(all.map(|(id, one)| shown(state, id, one)).collect())
}

pub(crate) fn get(state: &State, id: &str) -> Outcome {
    let one = state.rulesets.get(id);
    one.map(|one| shown(state, id, one))
        .ok_or_else(|| absent("firewall ruleset", id))
}

pub(crate) fn create(state: &mut State, call: &Call<'_>) -> Outcome {
    let new: New = body(call)?;
    check(&new.rules)?;
    catalogue::check_region(&new.region)?;
    if state.rulesets.all().any(|one| one.name == new.name) {
        let taken = duplicate(409, "A firewall ruleset", &new.name);
        return Err(taken.suggest("Choose another name."));
    }
    let id = state.ids.hex(32);
    let ruleset = Ruleset {
        name: new.name,
        region: new.region,
        rules: new.rules,
        created: state.now,
    };
    let answer = shown(state, &id, &ruleset);
    state.rulesets.insert(id, ruleset);
    Ok(answer)
}

pub(crate) fn update(state: &mut State, call: &Call<'_>) -> Outcome {
    let change: Change = body(call)?;
    check(change.rules.as_deref().unwrap_or_default())?;
    let Some(ruleset) = state.rulesets.get_mut(call.id) else {
        return Err(absent("firewall ruleset", call.id));
    };
    if let Some(name) = change.name {
        ruleset.name = name;
    }
    if let Some(rules) = change.rules {
        ruleset.rules = rules;
    }
    get(state, call.id)
}

pub(crate) fn delete(state: &mut State, id: &str) -> Outcome {
    let users = users(state, id);
    if !state.rulesets.has(id) {
        return Err(absent("firewall ruleset", id));
    }
    if !users.is_empty() {
        let code = "firewall-rulesets/firewall-ruleset-in-use";
        let message = format!("Firewall ruleset {id} is in use by {}.", users.join(", "));
        return Err(
            ApiError::new(409, code, message).suggest("Terminate the instances that use it first.")
        );
    }
    state.rulesets.remove(id);
    Ok(json!({}))
}

/// Whether any rule allows access to this port of the instance from an address; without an address,
/// from any address at all.
pub(crate) fn passes(state: &State, to: &Instance, port: u16, from: Option<&str>) -> bool {
    let own = to.rulesets.iter().filter_map(|id| state.rulesets.get(id));
    let mut rules = state
        .global_rules
        .iter()
        .chain(own.flat_map(|set| &set.rules));
    rules.any(|rule| rule.allowed().passes(port, from))
}
