//! The simulated account as the harness drives it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::Acknowledged;
use kubeproof_contract::resource::{Lifespan, Resource};
use kubeproof_simkit::bystanders::{Bystanders, digests};
use kubeproof_simkit::cloud::{Cloud, Reply};
use kubeproof_simkit::history::History;
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::timers::run_due;

use crate::setup::Setup;
use crate::state::{Event, State};
use crate::wire::{self, ErrorShape, Then};
use crate::{bystanders, cluster, endpoints, inference, inventory, jobs, repositories, route};

/// A simulated Hugging Face account: a user with organisations.
#[derive(Clone, Debug)]
pub struct HuggingFaceCloud {
    state: State,
    history: History,
    /// Resources of other owners, and shared ones.
    bystanders: Bystanders,
}

impl HuggingFaceCloud {
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

    fn observe(&mut self) {
        let seen = inventory::all(&self.state);
        self.history.observe(self.state.now, "all", seen);
    }

    fn canonical(&self, resource: &Resource) -> String {
        bystanders::canonical(&self.state, resource)
    }
}

impl Cloud for HuggingFaceCloud {
    fn advance(&mut self, to: Timestamp) {
        run_due(
            self,
            to,
            |cloud| (&mut cloud.state.timers, &mut cloud.state.now),
            |cloud, event| {
                cluster::advance(&mut cloud.state);
                match event {
                    Event::Endpoint(event) => endpoints::happen(&mut cloud.state, event),
                    Event::Job(event) => jobs::happen(&mut cloud.state, event),
                    Event::Scheduled(event) => jobs::due(&mut cloud.state, &event),
                    Event::Space(event) => repositories::happen(&mut cloud.state, event),
                }
                cloud.observe();
            },
        );
        if cluster::advance(&mut self.state) {
            self.observe();
        }
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if cluster::is_for_it(&self.state, request)
            && let Some(reply) = cluster::answer(&mut self.state, request)
        {
            if cluster::has_changed(&mut self.state) {
                self.observe();
            }
            return reply;
        }
        let injected = match InjectedFault::of(request) {
            Ok(injected) => injected,
            Err(unknown) => {
                let refused = wire::answered(Err(ApiError::from(unknown)), ErrorShape::Hub);
                return Reply::Now(wire::write(&refused));
            }
        };
        let answer = route::answer(&mut self.state, request, &injected);
        if let Then::AskAgain(after) = answer.then {
            return Reply::AskAgain(after);
        }
        if request.method() != Method::GET {
            self.observe();
        }
        let mut response = wire::write(&answer);
        // By the cloud's clock, as all times in answers: clients compare them.
        let date = self
            .state
            .now
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(header::DATE, date);
        }
        if injected.is_taken() {
            response.extensions_mut().insert(Acknowledged);
        }
        match answer.then {
            Then::More(more) => Reply::Part { response, more },
            Then::Ends | Then::AskAgain(_) => Reply::Now(response),
        }
    }

    fn make_bystanders(&mut self) {
        self.bystanders.add(&inventory::all(&self.state));
        endpoints::exempt_all(&mut self.state);
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        let host = request.uri().host().unwrap_or_default();
        let is_model = inference::endpoint_of(&self.state, host).is_some();
        let is_cluster = cluster::is_for_it(&self.state, request);
        Duration::from_millis(match (is_cluster, is_model) {
            (true, _) => 30,
            (_, true) => 50,
            _ => 200,
        })
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
        digests(theirs, |one| self.canonical(one))
    }

    fn states(&self) -> Vec<(Resource, String)> {
        digests(self.inventory(), |one| self.canonical(one))
    }

    fn api_hosts(&self) -> Vec<String> {
        let own = [route::ENDPOINTS_HOST, route::HUB_HOST].map(str::to_owned);
        own.into_iter()
            .chain(inference::hosts(&self.state))
            .collect()
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        Some(endpoints::fastest_ready())
    }
}
