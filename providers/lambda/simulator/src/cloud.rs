//! The simulated account as the harness drives it.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::{ASYNC_FAULT_HEADER, Acknowledged};
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_simkit::cloud::{Cloud, ReceivedAt, Reply};
use kubeproof_simkit::history::History;

use crate::limits::ArrivalTime;
use crate::setup::Setup;
use crate::state::State;
use crate::wire::Outcome;
use crate::{auth, bystanders, catalogue, inventory, k3s, lifecycle, route, stale_reads, wire};

/// A simulated account of Lambda Cloud.
#[derive(Clone, Debug)]
pub struct LambdaCloud {
    state: State,
    history: History,
}

impl LambdaCloud {
    /// A fresh account.
    pub fn new(setup: Setup) -> Self {
        let mut cloud = Self {
            state: State::new(setup),
            history: History::default(),
        };
        cloud.observe();
        cloud
    }

    /// An outcome under the fault that is left to the simulator, and whether the fault was carried out: an accepted
    /// launch has its failure, and a read shows nothing new.
    fn injected(&self, request: &Request<Bytes>, outcome: Outcome) -> (Outcome, bool) {
        let asked = request.headers().get(ASYNC_FAULT_HEADER);
        let Some(asked) = asked.and_then(|value| value.to_str().ok()) else {
            return (outcome, false);
        };
        if route::is_launch(request) {
            let is_accepted = outcome.is_ok();
            return (outcome, is_accepted);
        }
        match (stale_reads::seconds(asked), outcome) {
            (Some(seconds), Ok(data)) if request.method() == http::Method::GET => {
                let (now, start) = (self.state.now, self.state.setup.now);
                let since = now.checked_sub(SignedDuration::from_secs(seconds));
                let since = since.unwrap_or(start).max(start);
                let lives = self.history.lifetimes().iter();
                let new = lives.filter(|life| life.from > since);
                stale_reads::without(data, &new.map(|life| life.resource.id.as_str()).collect())
            }
            (_, outcome) => (outcome, false),
        }
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
        // Limited, because an event that renews itself without letting time pass would never end.
        for _ in 0..1_000_000 {
            let Some((at, event)) = self.state.timers.pop_due(to) else {
                break;
            };
            self.state.now = at.max(self.state.now);
            k3s::advance(&mut self.state);
            lifecycle::happen(&mut self.state, event);
            self.observe();
        }
        self.state.now = to.max(self.state.now);
        k3s::advance(&mut self.state);
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if let Some(instance) = k3s::instance_of(&self.state, request) {
            return k3s::answer(&mut self.state, &instance, request);
        }
        let arrived = self.arrival_time(request);
        let outcome = auth::admit(request, &self.state.setup.api_key)
            .and_then(|()| self.state.limits.admit(arrived, route::is_launch(request)))
            .and_then(|()| route::answer(&mut self.state, request));
        if request.method() != http::Method::GET {
            self.observe();
        }
        let (outcome, is_injected) = self.injected(request, outcome);
        let mut response = wire::write(outcome);
        if is_injected {
            response.extensions_mut().insert(Acknowledged);
        }
        Reply::Now(response)
    }

    fn make_bystanders(&mut self) {
        let there = inventory::all(&self.state);
        self.state.bystanders = there.iter().map(Resource::key).collect();
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        let api_server = request.uri().port_u16() == Some(k3s::PORT);
        Duration::from_millis(if api_server { 30 } else { 200 })
    }

    fn inventory(&self) -> Vec<Resource> {
        inventory::all(&self.state)
    }

    fn lifetimes(&self) -> Vec<Lifetime> {
        self.history.lifetimes().to_vec()
    }

    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge> {
        self.state.meter.charges(run_id, from, self.state.now)
    }

    /// The first bystanders existed before the meter.
    fn charges(&self, from: Timestamp) -> Vec<Charge> {
        let theirs: BTreeSet<&str> = self.state.bystanders.iter().map(|key| &*key.2).collect();
        let of_theirs = |charge: &Charge| {
            let id = charge.resource_id.as_deref();
            id.is_some_and(|id| theirs.contains(id))
        };
        let all = self.state.meter.all_charges(from, self.state.now);
        all.into_iter().filter(|one| !of_theirs(one)).collect()
    }

    fn bystanders(&self) -> Vec<(Resource, String)> {
        bystanders::digests(&self.state)
    }

    fn states(&self) -> Vec<(Resource, String)> {
        bystanders::states(&self.state)
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
