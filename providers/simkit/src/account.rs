//! A simulated account of a cloud with a JSON REST API: time, history, meter and bystanders around the cloud's own
//! state and operations.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::fault_layer::Acknowledged;
use kubeproof_contract::resource::{Lifespan, Resource};
use serde_json::Value;

use crate::bystanders::{Bystanders, digests};
use crate::cloud::{Cloud, Reply};
use crate::history::History;
use crate::injected::InjectedFault;
use crate::meter::Meter;
use crate::rest::ApiError;
use crate::stale_reads;
use crate::timers::{Timers, run_due};

/// What is a cloud's own in a simulated account. [`Account`] is the rest.
pub trait RestAccount: Clone + Send + 'static {
    /// What happens later.
    type Event;

    /// Its timers and its time.
    fn clockwork(&mut self) -> (&mut Timers<Self::Event>, &mut Timestamp);

    /// Its time.
    fn now(&self) -> Timestamp;

    /// Its meter.
    fn meter(&self) -> &Meter;

    /// Lets an event happen that is due now.
    fn happen(&mut self, event: Self::Event);

    /// Advances what has a course of its own in the account, such as clusters, to its time.
    fn advance_inside(&mut self) {}

    /// The answer of a server inside the account, such as a cluster's, if the request is for one. It changes no
    /// resource of the account.
    fn answer_inside(&mut self, _request: &Request<Bytes>) -> Option<Reply> {
        None
    }

    /// Carries out a call of the cloud's API.
    ///
    /// # Errors
    /// When the call is refused: nothing was changed.
    fn call(
        &mut self,
        request: &Request<Bytes>,
        injected: &InjectedFault,
    ) -> Result<Value, ApiError>;

    /// The refusal of a call that names what does not exist.
    fn absent(id: &str) -> ApiError;

    /// The answer on the wire.
    fn write(outcome: Result<Value, ApiError>) -> Response<Bytes>;

    /// All resources that exist now.
    fn inventory(&self) -> Vec<Resource>;

    /// The state of a resource as text, including what the inventory does not show.
    fn whole(&self, resource: &Resource) -> String;

    /// How long an answer to this request takes, network included.
    fn latency(&self, request: &Request<Bytes>) -> Duration;

    /// As [`Cloud::api_hosts`].
    fn api_hosts(&self) -> Vec<String> {
        Vec::new()
    }

    /// As [`Cloud::fastest_ready`].
    fn fastest_ready(&self) -> Option<(Duration, String)>;
}

/// A simulated account.
#[derive(Clone, Debug)]
pub struct Account<S> {
    state: S,
    began: Timestamp,
    history: History,
    /// Resources of other owners, and shared ones.
    bystanders: Bystanders,
}

impl<S: RestAccount> Account<S> {
    /// A fresh account. All that it has from the beginning are bystanders.
    pub fn new(setup: impl Into<S>) -> Self {
        let state = setup.into();
        let mut account = Self {
            began: state.now(),
            state,
            history: History::default(),
            bystanders: Bystanders::default(),
        };
        account.make_bystanders();
        account.observe();
        account
    }

    /// All that must not change of a bystander, as text: as the inventory shows it, and as the cloud holds it.
    fn canonical(&self, resource: &Resource) -> String {
        let Resource {
            name,
            state,
            tags,
            properties,
            ..
        } = resource;
        let whole = self.state.whole(resource);
        format!("{name:?}|{state}|{tags:?}|{properties:?}|{whole}")
    }

    fn observe(&mut self) {
        let seen = self.state.inventory();
        self.history.observe(self.state.now(), "all", seen);
    }

    /// The outcome of a call. A read under an injected lag does not show what is new.
    fn call(
        &mut self,
        request: &Request<Bytes>,
        injected: &InjectedFault,
    ) -> Result<Value, ApiError> {
        let data = self.state.call(request, injected)?;
        if request.method() != Method::GET || !injected.is_of_reads() {
            return Ok(data);
        }
        let new = stale_reads::too_new(&self.history, injected, self.began, self.state.now());
        let id = data["id"].as_str().unwrap_or_default().to_owned();
        stale_reads::without(data, &new, injected).ok_or_else(|| S::absent(&id))
    }
}

impl<S: RestAccount> Cloud for Account<S> {
    fn advance(&mut self, to: Timestamp) {
        run_due(
            self,
            to,
            |account| account.state.clockwork(),
            |account, event| {
                account.state.happen(event);
                account.observe();
            },
        );
        self.state.advance_inside();
    }

    fn answer(&mut self, request: &Request<Bytes>) -> Reply {
        if let Some(reply) = self.state.answer_inside(request) {
            return reply;
        }
        let asked = InjectedFault::of(request);
        let outcome = match &asked {
            Ok(injected) => self.call(request, injected),
            Err(unknown) => Err(unknown.clone().into()),
        };
        if request.method() != Method::GET {
            self.observe();
        }
        let mut response = S::write(outcome);
        if asked.is_ok_and(|injected| injected.is_taken()) {
            response.extensions_mut().insert(Acknowledged);
        }
        Reply::Now(response)
    }

    fn make_bystanders(&mut self) {
        self.bystanders.add(&self.state.inventory());
    }

    fn latency(&self, request: &Request<Bytes>) -> Duration {
        self.state.latency(request)
    }

    fn inventory(&self) -> Vec<Resource> {
        self.state.inventory()
    }

    fn lifetimes(&self) -> Vec<Lifespan> {
        self.history.lifetimes().to_vec()
    }

    fn metered(&self, run_id: &str, from: Timestamp) -> Vec<Charge> {
        self.state.meter().charges(run_id, from, self.state.now())
    }

    fn charges(&self, from: Timestamp) -> Vec<Charge> {
        let all = self.state.meter().all_charges(from, self.state.now());
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
        self.state.api_hosts()
    }

    fn fastest_ready(&self) -> Option<(Duration, String)> {
        self.state.fastest_ready()
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
    use serde_json::json;

    use super::*;
    use crate::rest;

    /// An account with boxes, each named by the path that makes it; it is closed ten seconds later.
    #[derive(Clone)]
    struct Boxes {
        timers: Timers<String>,
        now: Timestamp,
        meter: Meter,
        all: Vec<(String, &'static str)>,
    }

    impl From<&str> for Boxes {
        fn from(first: &str) -> Self {
            Self {
                timers: Timers::default(),
                now: Timestamp::UNIX_EPOCH,
                meter: Meter::default(),
                all: vec![(first.to_owned(), "closed")],
            }
        }
    }

    impl RestAccount for Boxes {
        type Event = String;

        fn clockwork(&mut self) -> (&mut Timers<String>, &mut Timestamp) {
            (&mut self.timers, &mut self.now)
        }

        fn now(&self) -> Timestamp {
            self.now
        }

        fn meter(&self) -> &Meter {
            &self.meter
        }

        fn happen(&mut self, id: String) {
            for (_, state) in self.all.iter_mut().filter(|(one, _)| *one == id) {
                *state = "closed";
            }
        }

        fn answer_inside(&mut self, request: &Request<Bytes>) -> Option<Reply> {
            let inside = request.uri().path() == "/inside";
            inside.then(|| Reply::Now(Response::new(Bytes::from("inside"))))
        }

        fn call(&mut self, request: &Request<Bytes>, _: &InjectedFault) -> Result<Value, ApiError> {
            let id = request.uri().path().trim_start_matches('/').to_owned();
            if request.method() == Method::POST {
                let due = self.now + jiff::SignedDuration::from_secs(10);
                self.timers.at(due, id.clone());
                self.all.push((id.clone(), "open"));
            }
            if self.all.iter().any(|(one, _)| *one == id) {
                Ok(json!({ "id": id }))
            } else {
                Err(Self::absent(&id))
            }
        }

        fn absent(id: &str) -> ApiError {
            ApiError::new(404, "no-box", id)
        }

        fn write(outcome: Result<Value, ApiError>) -> Response<Bytes> {
            match outcome {
                Ok(data) => rest::answer(200, &data, None),
                Err(error) => rest::answer(error.status, &json!(error.code), None),
            }
        }

        fn inventory(&self) -> Vec<Resource> {
            let all = self.all.iter();
            all.map(|(id, state)| {
                let mut one = Resource::new("box", id, "r");
                one.state = (*state).to_owned();
                one
            })
            .collect()
        }

        fn whole(&self, resource: &Resource) -> String {
            resource.state.clone()
        }

        fn latency(&self, _: &Request<Bytes>) -> Duration {
            Duration::ZERO
        }

        fn fastest_ready(&self) -> Option<(Duration, String)> {
            None
        }
    }

    /// The status of an answer to a request like `POST /a`, with a fault.
    fn send(account: &mut Account<Boxes>, line: &str, fault: Option<&str>) -> (u16, bool) {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if let Some(fault) = fault {
            request = request.header(ASYNC_FAULT_HEADER, fault);
        }
        match account.answer(&request.body(Bytes::new()).unwrap()) {
            Reply::Now(answer) => {
                let acknowledged = answer.extensions().get::<Acknowledged>().is_some();
                (answer.status().as_u16(), acknowledged)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_there_from_the_beginning_is_a_bystander_and_what_is_made_is_not() {
        let mut account = Account::<Boxes>::new("old");
        assert_eq!(send(&mut account, "POST /new", None), (200, false));
        let ids = |all: Vec<(Resource, String)>| -> Vec<String> {
            all.into_iter().map(|(one, _)| one.id).collect()
        };
        assert_eq!(ids(account.bystanders()), ["old"]);
        assert_eq!(ids(account.states()), ["old", "new"]);
        assert_eq!(account.lifetimes().len(), 2);
        assert_eq!(send(&mut account, "GET /none", None), (404, false));
        assert_eq!(send(&mut account, "POST /inside", None), (200, false));
        assert_eq!(account.inventory().len(), 2, "it was answered inside");
    }

    #[test]
    fn events_happen_at_their_time_and_change_what_is_seen() {
        let mut account = Account::<Boxes>::new("old");
        send(&mut account, "POST /new", None);
        let before = account.states();
        account.advance(Timestamp::from_second(9).unwrap());
        assert_eq!(account.states(), before);
        account.advance(Timestamp::from_second(10).unwrap());
        assert_ne!(account.states(), before);
        assert_eq!(account.inventory()[1].state, "closed");
    }

    #[test]
    fn a_read_under_an_injected_lag_misses_what_is_new_and_acknowledges_the_fault() {
        let mut account = Account::<Boxes>::new("old");
        account.advance(Timestamp::from_second(1).unwrap());
        send(&mut account, "POST /new", None);
        let lag = Some("stale-read(5)");
        assert_eq!(send(&mut account, "GET /new", lag), (404, true));
        assert_eq!(send(&mut account, "GET /old", lag), (200, false));
        account.advance(Timestamp::from_second(6).unwrap());
        assert_eq!(send(&mut account, "GET /new", lag), (200, false));
        assert_eq!(
            send(&mut account, "GET /new", Some("explode")),
            (501, false)
        );
    }
}
