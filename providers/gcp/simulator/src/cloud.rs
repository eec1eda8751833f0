//! The simulated project as the harness drives it.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::Acknowledged;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_simkit::bystanders::{Bystanders, digests};
use kubeproof_simkit::cloud::{Cloud, HostEndpoint, Reply};
use kubeproof_simkit::history::History;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::timers::run_due;

use crate::setup::Setup;
use crate::state::{Event, State};
use crate::wire::{ApiError, ErrorShape};
use crate::{bystanders, compute, container, file, inventory, links, route, service_usage, wire};

/// A simulated Google Cloud project.
#[derive(Clone, Debug)]
pub struct GcpCloud {
    state: State,
    history: History,
    /// Resources of other owners, and shared ones.
    bystanders: Bystanders,
}

impl GcpCloud {
    /// A fresh project.
    pub fn new(setup: Setup) -> Self {
        let mut cloud = Self {
            state: State::new(setup),
            history: History::default(),
            bystanders: Bystanders::default(),
        };
        cloud.make_bystanders();
        cloud.observe();
        cloud
    }

    /// What is credited since `from`: the bill shows it on lines of its own, and the charges are gross.
    pub fn credits(&self, from: Timestamp) -> Vec<Charge> {
        self.state.credits.all_charges(from, self.state.now)
    }

    fn observe(&mut self) {
        let seen = inventory::all(&self.state);
        self.history.observe(self.state.now, "all", seen);
    }
}

impl Cloud for GcpCloud {
    fn advance(&mut self, to: Timestamp) {
        run_due(
            self,
            to,
            |cloud| (&mut cloud.state.timers, &mut cloud.state.now),
            |cloud, event| {
                container::advance(&mut cloud.state);
                match event {
                    Event::Compute(event) => {
                        compute::happen(&mut cloud.state, event);
                        container::sync_all(&mut cloud.state);
                    }
                    Event::ServiceUsage(event) => {
                        service_usage::happen(&mut cloud.state, &event);
                    }
                    Event::File(event) => file::happen(&mut cloud.state, &event),
                    Event::Container(event) => container::happen(&mut cloud.state, event),
                }
                cloud.observe();
            },
        );
        if container::advance(&mut self.state) {
            self.observe();
        }
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if let Some(cluster) = container::cluster_of(&self.state, request) {
            let reply = container::answer(&mut self.state, &cluster, request);
            if container::carry_out(&mut self.state) {
                self.observe();
            }
            return reply;
        }
        let asked = InjectedFault::of(request);
        let injected = match asked {
            Ok(injected) => injected,
            Err(unknown) => {
                let error = ApiError::not_simulated(&unknown.to_string());
                return Reply::Now(wire::write(&Err(error), ErrorShape::Status));
            }
        };
        let answered = route::answer(&mut self.state, request, &injected);
        if let Some(after) = answered.ask_again {
            return Reply::AskAgain(after);
        }
        if request.method() != http::Method::GET {
            self.observe();
        }
        let response = wire::write(&answered.outcome, answered.errors);
        let mut response = links::below_caller(response, request);
        if injected.is_taken() {
            response.extensions_mut().insert(Acknowledged);
        }
        Reply::Now(response)
    }

    fn make_bystanders(&mut self) {
        self.bystanders.add(&inventory::all(&self.state));
        self.bystanders.add(&service_usage::enabled(&self.state));
        compute::exempt_all(&mut self.state);
        container::exempt_all(&mut self.state);
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        let api_server = container::cluster_of(&self.state, request).is_some();
        Duration::from_millis(if api_server { 30 } else { 200 })
    }

    fn inventory(&self) -> Vec<Resource> {
        inventory::all(&self.state)
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        self.history.lifetimes().to_vec()
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
        // An API is no resource that could be left, but disabling one takes it from all users.
        let apis = service_usage::enabled(&self.state);
        let all = self.inventory().into_iter().chain(apis);
        let theirs = all.filter(|resource| self.bystanders.has(resource));
        digests(theirs, |one| bystanders::canonical(&self.state, one))
    }

    fn states(&self) -> Vec<(Resource, String)> {
        digests(self.inventory(), |one| {
            bystanders::canonical(&self.state, one)
        })
    }

    fn api_hosts(&self) -> Vec<String> {
        route::hosts().into_iter().map(str::to_owned).collect()
    }

    fn hosts(&self) -> Vec<String> {
        container::hosts(&self.state)
    }

    fn host_served(&mut self, host: &str, endpoint: HostEndpoint) {
        self.state.endpoints.insert(host.to_owned(), endpoint);
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        container::fastest_ready(&self.state)
    }
}
