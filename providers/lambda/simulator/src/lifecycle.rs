//! The lifecycle of instances: booting, active, terminating, gone, and what goes wrong in between.
//!
//! Durations from public notes: one GPU boots in three to five minutes, eight in ten to fifteen;
//! terminating takes one to three minutes.

use kubeproof_contract::Decimal;
use kubeproof_contract::run::RUN_TAG;
use kubeproof_kubernetes_simulator::machines;
use kubeproof_simkit::injected::AsyncFault;
use kubeproof_simkit::meter::{Rounding, Usage};

use crate::state::{Event, State};

/// Seconds until a booting instance has its addresses.
const ADDRESSED: i64 = 20;
/// Seconds that the installation of k3s takes after the health check.
pub(crate) const INSTALL: i64 = 75;
/// Seconds of terminating.
const TERMINATING: i64 = 90;
/// Seconds until an instance with an injected preemption is taken away.
const UNTIL_PREEMPTED: i64 = 600;
const UNHEALTHY: &str = "unhealthy";
const PREEMPTED: &str = "preempted";
/// How the cloud itself lets a launched instance fail.
pub(crate) const FAILURES: &[&str] = &[UNHEALTHY, PREEMPTED];

/// A launch was accepted.
pub(crate) fn begin(state: &mut State, id: &str) {
    let Some(instance) = state.instances.get(id) else {
        return;
    };
    let seconds = match instance.fault {
        Some(AsyncFault::Stuck) => None,
        Some(AsyncFault::Late(times)) => Some(instance.of.boot_seconds * i64::from(times)),
        _ => Some(instance.of.boot_seconds),
    };
    state.after(ADDRESSED, Event::Addressed(id.to_owned()));
    if let Some(seconds) = seconds {
        state.after(seconds, Event::Checked(id.to_owned()));
    }
}

/// Applies an event that is due.
pub(crate) fn happen(state: &mut State, event: Event) {
    match event {
        Event::Addressed(id) => {
            if let Some(instance) = state.instances.get_mut(&id) {
                instance.has_address = true;
            }
        }
        Event::Checked(id) => checked(state, &id),
        Event::Installed(id) => machines::installed(state, &id),
        Event::Preempted(id) => {
            if let Some(instance) = state.instances.get_mut(&id)
                && instance.status == "active"
            {
                instance.status = PREEMPTED;
                state.meter.stop(&id, state.now);
                machines::stopped(state, &id);
            }
        }
        Event::Gone(id) => {
            state.instances.remove(&id);
        }
    }
}

fn checked(state: &mut State, id: &str) {
    let found = state.instances.get_mut(id);
    let Some(instance) = found.filter(|one| one.status == "booting") else {
        return;
    };
    let failure = match &instance.fault {
        // Without a code the health check fails.
        Some(AsyncFault::Fail(code)) => code.as_deref().unwrap_or(UNHEALTHY),
        _ => "",
    };
    if failure == UNHEALTHY {
        instance.status = UNHEALTHY;
        return;
    }
    instance.status = "active";
    let is_preempted = failure == PREEMPTED;
    let usage = usage(instance);
    // Billed from the health check, not from the launch.
    state.meter.start(id, usage, state.now);
    state.after(INSTALL, Event::Installed(id.to_owned()));
    if is_preempted {
        state.after(UNTIL_PREEMPTED, Event::Preempted(id.to_owned()));
    }
}

fn usage(instance: &crate::state::Instance) -> Usage {
    let usd = Decimal::new(i64::from(instance.of.cents_per_hour), 2);
    let names = ["nodes", "On-demand instances", instance.of.name];
    Usage {
        rounding: Rounding::Minutes,
        tags: instance.tags.clone(),
        run_id: instance.tags.get(RUN_TAG).cloned(),
        ..Usage::of(&instance.id, names, usd)
    }
}

/// Begins to terminate an instance.
pub(crate) fn terminate(state: &mut State, id: &str) {
    let Some(instance) = state.instances.get_mut(id) else {
        return;
    };
    if instance.status == "terminating" {
        return;
    }
    instance.status = "terminating";
    state.meter.stop(id, state.now);
    machines::stopped(state, id);
    state.after(TERMINATING, Event::Gone(id.to_owned()));
}
