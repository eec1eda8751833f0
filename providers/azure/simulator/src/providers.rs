//! Resource providers: a namespace must be registered before anything of it can be made, and registration takes
//! minutes.

use std::collections::BTreeMap;

use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::arm::KINDS;
use crate::route::{Call, Table, table};
use crate::setup::Setup;
use crate::state::{Event, State};
use crate::wire::{Answer, ApiError, Outcome};

#[rustfmt::skip]
pub(crate) const TABLE: Table = table(&[
    on("GET", "/subscriptions/{subscription}/providers", "resources.providers.list", list),
    on("GET", "/subscriptions/{subscription}/providers/{namespace}", "resources.providers.get", get),
    on("POST", "/subscriptions/{subscription}/providers/{namespace}/register", "resources.providers.register", register),
    on("POST", "/subscriptions/{subscription}/providers/{namespace}/unregister", "resources.providers.unregister", unregister),
]);

/// The namespaces, besides those of simulated resource types.
const FURTHER: &[&str] = &[
    "Microsoft.Authorization",
    "Microsoft.Insights",
    "Microsoft.OperationalInsights",
    "Microsoft.OperationsManagement",
    "Microsoft.Resources",
    "Microsoft.Storage",
];

/// Registration takes 30 s to 3 minutes.
const REGISTERING: (i64, u64) = (30, 150);
const UNREGISTERING: i64 = 30;

/// How far the registration of a namespace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registration {
    Registering,
    Registered,
    Unregistering,
}

impl Registration {
    fn word(self) -> &'static str {
        match self {
            Self::Registering => "Registering",
            Self::Registered => "Registered",
            Self::Unregistering => "Unregistering",
        }
    }
}

/// The namespaces that are registered, or about to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registrations(BTreeMap<String, Registration>);

impl Registrations {
    pub(crate) fn new(setup: &Setup) -> Self {
        let all = setup.registered.iter();
        Self(
            all.map(|one| (one.clone(), Registration::Registered))
                .collect(),
        )
    }
}

fn known() -> Vec<&'static str> {
    let mut all: Vec<&str> = KINDS.iter().map(|kind| kind.namespace).collect();
    all.extend(FURTHER);
    all.sort_unstable();
    all.dedup();
    all
}

/// Refuses to make something of a namespace that is not registered.
pub(crate) fn check(state: &State, namespace: &str) -> Result<(), ApiError> {
    if state.registrations.0.get(namespace) == Some(&Registration::Registered) {
        return Ok(());
    }
    let message = format!(
        "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for \
         how to register subscriptions."
    );
    Err(ApiError::conflict(
        "MissingSubscriptionRegistration",
        message,
    ))
}

fn shown(state: &State, namespace: &str) -> Value {
    let registration = state.registrations.0.get(namespace);
    let word = registration.map_or("NotRegistered", |one| one.word());
    let types = KINDS.iter().filter(|kind| kind.namespace == namespace);
    let types: Vec<Value> = types
        .map(|kind| {
            json!({
                "resourceType": kind.types.join("/"), "apiVersions": ["2025-01-01"],
                "locations": ["East US", "East US 2", "West US 2", "West US", "North Europe", "West Europe"],
            })
        })
        .collect();
    json!({
        "id": format!("{}/providers/{namespace}", state.subscription_path()), "namespace": namespace,
        "registrationState": word, "registrationPolicy": "RegistrationRequired", "resourceTypes": types,
    })
}

fn found(call: &Call<'_>) -> Result<&'static str, ApiError> {
    let given = call.parameter(1);
    let found = known()
        .into_iter()
        .find(|one| one.eq_ignore_ascii_case(given));
    found.ok_or_else(|| {
        let message = format!("The resource namespace '{given}' is invalid.");
        ApiError::new(404, "InvalidResourceNamespace", message)
    })
}

fn list(state: &mut State, _: &Call<'_>) -> Outcome {
    let all: Vec<Value> = known().into_iter().map(|one| shown(state, one)).collect();
    Ok(Answer::ok(json!({ "value": all })))
}

fn get(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = found(call)?;
    Ok(Answer::ok(shown(state, namespace)))
}

fn register(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = found(call)?;
    if state.registrations.0.get(namespace) != Some(&Registration::Registered) {
        let (least, more) = REGISTERING;
        let seconds = least + i64::try_from(state.ids.below(more)).unwrap_or_default();
        begin(state, namespace, Registration::Registering, seconds);
    }
    Ok(Answer::ok(shown(state, namespace)))
}

fn unregister(state: &mut State, call: &Call<'_>) -> Outcome {
    let namespace = found(call)?;
    let is_used = state
        .arm
        .items
        .all()
        .any(|item| item.kind.namespace == namespace);
    if is_used {
        let message =
            format!("Cannot unregister namespace '{namespace}': there are resources of it.");
        return Err(ApiError::conflict("CannotUnregisterNamespace", message));
    }
    if state.registrations.0.contains_key(namespace) {
        begin(state, namespace, Registration::Unregistering, UNREGISTERING);
    }
    Ok(Answer::ok(shown(state, namespace)))
}

fn begin(state: &mut State, namespace: &str, change: Registration, seconds: i64) {
    state.registrations.0.insert(namespace.to_owned(), change);
    let at = state.after(seconds);
    state.timers.at(at, Event::Registered(namespace.to_owned()));
}

/// What was begun for a namespace is known everywhere.
pub(crate) fn settled(state: &mut State, namespace: &str) {
    match state.registrations.0.get(namespace) {
        Some(Registration::Unregistering) => {
            state.registrations.0.remove(namespace);
        }
        Some(_) => {
            let known = &mut state.registrations.0;
            known.insert(namespace.to_owned(), Registration::Registered);
        }
        None => {}
    }
}
