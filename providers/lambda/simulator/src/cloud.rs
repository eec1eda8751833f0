//! The simulated account as the harness drives it, and as the clusters on its instances see it.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::resource::Resource;
use kubeproof_kubernetes_simulator::machines::{
    self, Clusters, Machine, MachineCloud, MachineFault,
};
use kubeproof_simkit::account::{Account, RestAccount};
use kubeproof_simkit::cloud::Reply;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::meter::Meter;
use kubeproof_simkit::rest::{self, ApiError};
use kubeproof_simkit::timers::Timers;

use crate::state::{Event, Instance, State};
use crate::wire::{self, Outcome};
use crate::{bystanders, catalogue, firewall, inventory, lifecycle, route};

/// A simulated account of Lambda Cloud.
pub type LambdaCloud = Account<State>;

/// Between two requests of the whole account, and between two launches.
pub(crate) const LIMITS: [SignedDuration; 2] =
    [SignedDuration::from_secs(1), SignedDuration::from_secs(12)];

/// Accepts the account's key and nothing else, at the account's rate.
fn admit(state: &mut State, request: &Request<Bytes>) -> Result<(), ApiError> {
    if rest::secret(request).as_ref() != Some(&state.setup.api_key) {
        let message = "API key was invalid, expired, or deleted.";
        return Err(ApiError::new(401, "global/invalid-api-key", message)
            .suggest("Check your API key or create a new one, then try again."));
    }
    let limits: &[usize] = if route::is_launch(request) {
        &[0, 1]
    } else {
        &[0]
    };
    let admitted = state.limits.admit(request, state.now, limits);
    admitted.map_err(|early| {
        let message = "Too many requests: 1 request per second, 1 launch per 12 seconds.";
        ApiError::new(429, "global/rate-limit-exceeded", message)
            .suggest("Wait before you try again.")
            .retry_after(early.seconds)
    })
}

impl RestAccount for State {
    type Event = Event;

    fn clockwork(&mut self) -> (&mut Timers<Event>, &mut Timestamp) {
        (&mut self.timers, &mut self.now)
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn meter(&self) -> &Meter {
        &self.meter
    }

    fn happen(&mut self, event: Event) {
        machines::advance(self);
        lifecycle::happen(self, event);
    }

    fn advance_inside(&mut self) {
        machines::advance(self);
    }

    fn answer_inside(&mut self, request: &Request<Bytes>) -> Option<Reply> {
        let instance = machines::machine_of(self, request)?;
        Some(machines::answer(self, &instance, request))
    }

    fn call(&mut self, request: &Request<Bytes>, injected: &InjectedFault) -> Outcome {
        admit(self, request)?;
        route::answer(self, request, injected)
    }

    fn absent(id: &str) -> ApiError {
        wire::absent("object", id)
    }

    fn write(outcome: Outcome) -> Response<Bytes> {
        wire::write(outcome)
    }

    fn inventory(&self) -> Vec<Resource> {
        inventory::all(self)
    }

    fn whole(&self, resource: &Resource) -> String {
        bystanders::whole(self, resource)
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        let api_server = request.uri().port_u16() == Some(machines::PORT);
        Duration::from_millis(if api_server { 30 } else { 200 })
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        let boot = catalogue::TYPES.iter().map(|one| one.boot_seconds).min()?;
        let seconds = u64::try_from(boot + lifecycle::INSTALL).ok()?;
        let chain = "boot → health check → installation of k3s";
        Some((Duration::from_secs(seconds), chain.to_owned()))
    }
}

fn machine(instance: &Instance) -> Machine<'_> {
    Machine {
        id: &instance.id,
        ip: &instance.ip,
        private_ip: &instance.private_ip,
        network: &instance.region,
        is_up: matches!(instance.status, "booting" | "active"),
        boot: &instance.boot,
        fault: MachineFault::of(instance.fault.as_ref()),
        gpus: instance.of.gpus,
        cpus: instance.of.vcpus,
        memory_mib: instance.of.memory_gib * 1024,
    }
}

impl MachineCloud for State {
    fn clusters(&mut self) -> &mut Clusters {
        &mut self.clusters
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    fn next_seed(&mut self) -> u64 {
        self.ids.below(u64::MAX)
    }

    fn machines(&self) -> impl Iterator<Item = Machine<'_>> {
        self.instances.all().map(machine)
    }

    fn passes(&self, to: &str, port: u16, from: Option<&str>) -> bool {
        let to = self.instances.get(to);
        to.is_some_and(|to| firewall::passes(self, to, port, from))
    }

    fn try_again(&mut self, id: &str, seconds: i64) {
        self.after(seconds, Event::Installed(id.to_owned()));
    }
}
