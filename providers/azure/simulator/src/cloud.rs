//! The simulated subscription as the harness drives it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response};
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::Acknowledged;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_simkit::bystanders::{Bystanders, digests};
use kubeproof_simkit::cloud::{Cloud, HostEndpoint, Reply};
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::timers::run_due;

use crate::setup::Setup;
use crate::state::{Event, State};
use crate::wire::{ApiError, ErrorShape};
use crate::{aks, arm, bystanders, inventory, providers, route, usages, wire};

/// A simulated subscription.
#[derive(Clone, Debug)]
pub struct AzureCloud {
    state: State,
    /// Resources of other owners, and shared ones.
    bystanders: Bystanders,
}

impl AzureCloud {
    /// A fresh subscription.
    pub fn new(setup: Setup) -> Self {
        let mut cloud = Self {
            state: State::new(setup),
            bystanders: Bystanders::default(),
        };
        cloud.make_bystanders();
        cloud.observe();
        cloud
    }

    fn observe(&mut self) {
        let seen = inventory::all(&self.state);
        self.state.history.observe(self.state.now, "all", seen);
    }
}

/// The headers that every answer of the cloud has.
fn with_ids(mut response: Response<Bytes>, state: &mut State) -> Response<Bytes> {
    for name in ["x-ms-request-id", "x-ms-correlation-request-id"] {
        if let Ok(value) = HeaderValue::try_from(state.ids.uuid()) {
            let name = HeaderName::from_static(name);
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl Cloud for AzureCloud {
    fn advance(&mut self, to: Timestamp) {
        run_due(
            self,
            to,
            |cloud| (&mut cloud.state.timers, &mut cloud.state.now),
            |cloud, event| {
                let state = &mut cloud.state;
                aks::advance(state);
                match event {
                    Event::Halfway(operation) => arm::halfway(state, &operation),
                    Event::Ended(operation) => arm::ended(state, &operation),
                    Event::LateSuccess(key, unique) => arm::late_success(state, &key, &unique),
                    Event::Scaled(key, unique, goes) => {
                        aks::scaled(state, &key, &unique, goes.as_deref());
                    }
                    Event::Registered(namespace) => providers::settled(state, &namespace),
                }
                cloud.observe();
            },
        );
        if aks::advance(&mut self.state) {
            self.observe();
        }
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if let Some(cluster) = aks::cluster_of(&self.state, request) {
            let reply = aks::answer(&mut self.state, &cluster, request);
            if aks::carry_out(&mut self.state) {
                self.observe();
            }
            return reply;
        }
        let injected = match InjectedFault::of(request) {
            Ok(injected) => injected,
            Err(unknown) => {
                let error = ApiError::not_simulated(unknown);
                return Reply::Now(wire::write(&Err(error), ErrorShape::Arm));
            }
        };
        let answered = route::answer(&mut self.state, request, &injected);
        if request.method() != Method::GET {
            self.observe();
        }
        let response = wire::write(&answered.outcome, answered.errors);
        let mut response = with_ids(response, &mut self.state);
        if injected.is_taken() {
            response.extensions_mut().insert(Acknowledged);
        }
        Reply::Now(response)
    }

    fn make_bystanders(&mut self) {
        self.bystanders.add(&inventory::all(&self.state));
        usages::exempt_all(&mut self.state);
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        let api_server = aks::cluster_of(&self.state, request).is_some();
        Duration::from_millis(if api_server { 30 } else { 250 })
    }

    fn inventory(&self) -> Vec<Resource> {
        inventory::all(&self.state)
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        self.state.history.lifetimes().to_vec()
    }

    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge> {
        self.state.meter.charges(run_id, from, self.state.now)
    }

    fn charges(&self, from: Timestamp) -> Vec<Charge> {
        let all = self.state.meter.all_charges(from, self.state.now);
        self.bystanders.without(all)
    }

    fn unpriced(&self) -> Vec<String> {
        self.state.unpriced.iter().cloned().collect()
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        let all = self.inventory().into_iter();
        let theirs = all.filter(|resource| self.bystanders.has(resource));
        digests(theirs, |one| bystanders::canonical(&self.state, one))
    }

    fn states(&self) -> Vec<(Resource, String)> {
        digests(self.inventory(), |one| {
            bystanders::canonical(&self.state, one)
        })
    }

    fn api_hosts(&self) -> Vec<String> {
        route::hosts()
    }

    fn hosts(&self) -> Vec<String> {
        aks::hosts(&self.state)
    }

    fn host_served(&mut self, host: &str, endpoint: HostEndpoint) {
        self.state.endpoints.insert(host.to_owned(), endpoint);
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        Some(aks::fastest_ready(&self.state))
    }
}
