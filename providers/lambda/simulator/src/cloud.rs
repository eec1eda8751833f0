//! The simulated account as the harness drives it.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::Acknowledged;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_simkit::bystanders::{Bystanders, digests};
use kubeproof_simkit::cloud::{Cloud, ReceivedAt, Reply};
use kubeproof_simkit::history::History;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::timers::run_due;

use crate::limits::ArrivalTime;
use crate::setup::Setup;
use crate::state::State;
use crate::wire::{ApiError, Outcome};
use crate::{auth, bystanders, catalogue, inventory, k3s, lifecycle, route, stale_reads, wire};

/// A simulated account of Lambda Cloud.
#[derive(Clone, Debug)]
pub struct LambdaCloud {
    state: State,
    history: History,
    /// Resources of other owners, and shared ones.
    bystanders: Bystanders,
}

impl LambdaCloud {
    /// A fresh account.
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

    /// The outcome of a call of the cloud's API. A read under an injected lag does not show what is new.
    fn call(&mut self, request: &Request<Bytes>, injected: &InjectedFault) -> Outcome {
        let arrived = self.arrival_time(request);
        let state = &mut self.state;
        auth::admit(request, &state.setup.api_key)?;
        state.limits.admit(arrived, route::is_launch(request))?;
        let data = route::answer(state, request, injected)?;
        if request.method() != http::Method::GET || !injected.is_of_reads() {
            return Ok(data);
        }
        let is_new = |life: &&Lifespan| {
            life.from > self.state.setup.now && injected.is_too_new(life.from, self.state.now)
        };
        let new = self.history.lifetimes().iter().filter(is_new);
        stale_reads::without(
            data,
            &new.map(|life| life.resource.id.as_str()).collect(),
            injected,
        )
    }

    /// When a request arrived, by its caller's clock.
    fn arrival_time(&self, request: &Request<Bytes>) -> ArrivalTime {
        match request.extensions().get::<ReceivedAt>() {
            Some(received) => ArrivalTime::OverSocket(received.at),
            None => ArrivalTime::InMemory(self.state.now),
        }
    }

    fn observe(&mut self) {
        let seen = inventory::all(&self.state);
        self.history.observe(self.state.now, "all", seen);
    }
}

impl Cloud for LambdaCloud {
    fn advance(&mut self, to: Timestamp) {
        run_due(
            self,
            to,
            |cloud| (&mut cloud.state.timers, &mut cloud.state.now),
            |cloud, event| {
                k3s::advance(&mut cloud.state);
                lifecycle::happen(&mut cloud.state, event);
                cloud.observe();
            },
        );
        k3s::advance(&mut self.state);
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if let Some(instance) = k3s::instance_of(&self.state, request) {
            return k3s::answer(&mut self.state, &instance, request);
        }
        let asked = InjectedFault::of(request);
        let outcome = match &asked {
            Ok(injected) => self.call(request, injected),
            Err(unknown) => Err(ApiError::not_simulated(&unknown.to_string())),
        };
        if request.method() != http::Method::GET {
            self.observe();
        }
        let mut response = wire::write(outcome);
        if asked.is_ok_and(|injected| injected.is_taken()) {
            response.extensions_mut().insert(Acknowledged);
        }
        Reply::Now(response)
    }

    fn make_bystanders(&mut self) {
        self.bystanders.add(&inventory::all(&self.state));
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        let api_server = request.uri().port_u16() == Some(k3s::PORT);
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

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        let boot = catalogue::TYPES.iter().map(|one| one.boot_seconds).min()?;
        let seconds = u64::try_from(boot + lifecycle::INSTALL).ok()?;
        Some((
            Duration::from_secs(seconds),
            "boot → health check → installation of k3s".to_owned(),
        ))
    }
}
