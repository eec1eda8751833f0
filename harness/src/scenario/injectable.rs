//! Which faults can be injected at all: by the calls that a provider can name, the effects that each of them can have,
//! and the other faults aimed at the same call.
//!
//! Pure. It is checked before anything runs, because a fault that can never be injected would only waste a run. Refused
//! are a call that no dialect knows (`Documented::calls`), an effect that the call or the tier cannot have
//! (`Simulated::simulates`) or that the cloud never has there (`Documented::cannot_meet`), and two faults that target one
//! call. What only shows while a trial runs is in `trial::injected`.

use std::sync::Arc;

use kubeproof_contract::call::{Actor, Signature};
use kubeproof_contract::disk;
use kubeproof_contract::fault::{Effect, Fault};
use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::Tier;

use super::message::nearest;

/// Why these faults cannot be injected together in a trial of this tier, if they cannot.
pub fn refusal(faults: &[Fault], provider: &dyn Provider, tier: Tier) -> Option<String> {
    if provider.calls().is_empty() {
        return colliding(faults);
    }
    let one = |fault| unknown(fault, provider).or_else(|| impossible(fault, provider, tier));
    faults.iter().find_map(one).or_else(|| colliding(faults))
}

/// Why a fault can be injected into no call to the clouds that are served.
pub fn refusal_of_served(faults: &[Fault], chosen: &[Arc<dyn Provider>]) -> Option<String> {
    let served = |provider: &&Arc<dyn Provider>| provider.tiers().contains(&Tier::Rehearsal);
    let clouds: Vec<_> = chosen.iter().filter(served).collect();
    for fault in faults {
        if fault.target.actor != Actor::Provisioner {
            return Some(format!(
                "`{fault}` matches no call: all client calls are the provisioner's here; leave out \
                 `{}/`",
                fault.target.actor
            ));
        }
        let of = |provider: &&&Arc<dyn Provider>| is_of(fault, provider.as_ref());
        let (knowing, others): (Vec<_>, Vec<_>) = clouds.iter().partition(of);
        let reasons: Vec<String> = if knowing.is_empty() {
            let unknown = |provider: &&Arc<dyn Provider>| unknown(fault, provider.as_ref());
            others.into_iter().filter_map(unknown).collect()
        } else {
            let impossible = |provider: &&Arc<dyn Provider>| {
                impossible(fault, provider.as_ref(), Tier::Rehearsal)
            };
            let reasons: Option<Vec<_>> = knowing.into_iter().map(impossible).collect();
            reasons.unwrap_or_default()
        };
        // Prefer a reason with a suggestion.
        let told = reasons
            .iter()
            .find(|reason| reason.contains("did you mean"));
        if let Some(reason) = told.or(reasons.first()) {
            return Some(reason.clone());
        }
    }
    colliding(faults)
}

/// Whether a provider has a call that this fault can be aimed at.
pub fn is_of(fault: &Fault, provider: &dyn Provider) -> bool {
    !aimed_at(fault, provider).is_empty()
}

/// Why no call has the name that a fault is aimed at.
pub fn unknown(fault: &Fault, provider: &dyn Provider) -> Option<String> {
    if is_of(fault, provider) {
        return None;
    }
    let (service, operation) = (&fault.target.service, &fault.target.operation);
    let all: Vec<String> = all(provider).iter().map(ToString::to_string).collect();
    let known: Vec<&str> = all.iter().map(String::as_str).collect();
    let name = format!("{service}:{operation}");
    let hint = match near(&name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its services are {}", services(&all)),
    };
    let title = provider.title();
    Some(format!(
        "`{fault}` matches no call: {title} has no call `{name}`; {hint}"
    ))
}

/// The name that was meant: the same but for its case, or one that differs in a few letters.
fn near<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = name.trim_end_matches('*');
    let same = known.iter().find(|known| known.eq_ignore_ascii_case(name));
    // The service is hardly ever misspelt.
    let service = name.split(':').next().unwrap_or_default();
    let of_service = |known: &&&str| known.split(':').next() == Some(service);
    let siblings: Vec<&str> = known.iter().filter(of_service).copied().collect();
    let operations: Vec<&str> = siblings.iter().map(|name| &name[service.len()..]).collect();
    let sibling = || {
        let operation = nearest(&wanted[service.len()..], &operations)?;
        siblings.iter().find(|name| name.ends_with(operation))
    };
    same.or_else(sibling)
        .copied()
        .or_else(|| nearest(wanted, known))
}

fn services(all: &[String]) -> String {
    let names = all.iter().filter_map(|name| name.split(':').next());
    let names: std::collections::BTreeSet<&str> = names.collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// All calls that a trial of this provider can have.
fn all(provider: &dyn Provider) -> Vec<Signature> {
    let mut all = provider.calls();
    all.extend(disk::calls());
    all
}

fn aimed_at(fault: &Fault, provider: &dyn Provider) -> Vec<Signature> {
    let mut calls = all(provider);
    calls.retain(|call| fault.target.names(fault.target.actor, call));
    calls
}

/// Whether some call that a fault is aimed at is accepted, so that the effect shows in what it began.
pub fn shows_later(fault: &Fault, provider: &dyn Provider) -> bool {
    let dialect = provider.dialect();
    let later = |call: &Signature| dialect.shows_later(call, &fault.effect);
    fault.effect.is_delayed() || aimed_at(fault, provider).iter().any(later)
}

/// Why no call that a fault is aimed at can meet its effect in this tier.
pub fn impossible(fault: &Fault, provider: &dyn Provider, tier: Tier) -> Option<String> {
    let effect = &fault.effect;
    let name = effect.name();
    if effect.ends_process() && fault.target.actor != Actor::Provisioner {
        return Some(format!(
            "`{fault}` cannot be injected: `{name}` ends a process and is for the provisioner, not \
             for the {}",
            fault.target.actor
        ));
    }
    if effect.is_simulated() && tier != Tier::Rehearsal {
        return Some(format!("`{fault}` can be injected in rehearsal only"));
    }
    if let Effect::ForeignChange(change) = effect {
        return no_change(fault, change, provider);
    }
    let calls = aimed_at(fault, provider);
    let reasons = calls
        .iter()
        .map(|call| reason(call, effect, provider, tier));
    // One call that can meet it is enough.
    let reasons: Option<Vec<&str>> = reasons.collect();
    let reason = reasons?.first().copied()?;
    Some(format!("`{fault}` cannot be injected: {reason}"))
}

/// Why this call cannot meet the effect.
fn reason(
    call: &Signature,
    effect: &Effect,
    provider: &dyn Provider,
    tier: Tier,
) -> Option<&'static str> {
    let of_disk = call.service == disk::SERVICE;
    let shows_later = provider.dialect().shows_later(call, effect);
    if let Some(reason) = provider.cannot_meet(call, effect) {
        return Some(reason);
    }
    match effect {
        _ if effect.is_of_disk() && (!of_disk || call.operation != "Write") => {
            Some("only a write to the disk, `disk:Write`, can have it")
        }
        _ if of_disk && !(effect.is_of_disk() || effect.ends_process()) => Some(
            "the disk is not a cloud: it supports write-fails, torn-write, lost-disk, crash-… and cancel-…",
        ),
        Effect::StaleRead(None) | Effect::RepeatedPage | Effect::NotYetVisible(_)
            if call.mutating =>
        {
            Some("the call is mutating, and only a read can be answered this way")
        }
        _ if shows_later && tier != Tier::Rehearsal => {
            Some("the cloud accepts the call and fails later, which only a rehearsal can simulate")
        }
        _ if shows_later && !provider.simulates(call, effect) => {
            Some("the simulator cannot make what this call starts end this way")
        }
        Effect::NotYetVisible(_) if !provider.simulates(call, effect) => {
            Some("the simulator does not know when the resources in this response were created")
        }
        _ => None,
    }
}

fn no_change(fault: &Fault, change: &str, provider: &dyn Provider) -> Option<String> {
    let head = |name: &str| name.split(':').next().unwrap_or_default().to_owned();
    let known = provider.foreign_change_names();
    if known.iter().any(|(name, _)| head(name) == head(change)) {
        return None;
    }
    let title = provider.title();
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let known = if names.is_empty() {
        "it supports none".to_owned()
    } else {
        format!("expected one of {}", names.join(", "))
    };
    Some(format!(
        "`{fault}` cannot be injected: unknown foreign change `{change}` of {title} ({known})"
    ))
}

/// Why two of these faults cannot be injected in one trial.
pub fn colliding(faults: &[Fault]) -> Option<String> {
    let others = |index: usize| faults.iter().skip(index + 1);
    let (one, other) = faults.iter().enumerate().find_map(|(index, one)| {
        let other = others(index).find(|other| one.collides_with(other))?;
        Some((one, other))
    })?;
    Some(format!(
        "`{one}` and `{other}` target the same call, which can have only one of them: give them \
         different occurrences (#2)"
    ))
}
