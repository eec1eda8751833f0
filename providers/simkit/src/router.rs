//! A router by table: each operation of a REST API, with the function that answers it. Names, the handler of a
//! request and the list of operations come from the same table.

use bytes::Bytes;
use http::Request;
use kubeproof_contract::provider::SimulatedOperations;
use kubeproof_contract::route::{self, Route};
use serde_json::Value;

use crate::injected::InjectedFault;
use crate::rest::ApiError;

/// One operation of a REST API, and what answers it.
#[derive(Clone, Copy, Debug)]
pub struct Operation<H> {
    route: Route,
    handler: Option<H>,
}

impl<H> Operation<H> {
    /// An operation of the real cloud that is not simulated: it is refused by its name.
    pub const fn not_simulated(
        method: &'static str,
        path: &'static str,
        name: &'static str,
    ) -> Self {
        Self {
            route: Route::new(method, path, name),
            handler: None,
        }
    }
}

/// An operation that `handler` answers. Named for how it reads in a table: on this method and path, do that.
pub const fn on<H>(
    method: &'static str,
    path: &'static str,
    name: &'static str,
    handler: H,
) -> Operation<H> {
    Operation {
        route: Route::new(method, path, name),
        handler: Some(handler),
    }
}

/// One call, as the function that answers it sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The request.
    pub request: &'a Request<Bytes>,
    /// The first parameter of its path, empty if there is none.
    pub id: &'a str,
    /// The fault that is left to the simulator.
    pub injected: &'a InjectedFault,
}

/// What answers a call to an account with this state.
pub type Handler<S> = fn(&mut S, &Call<'_>) -> Result<Value, ApiError>;

/// The operation of a request.
#[derive(Clone, Debug)]
pub struct Routed<'p, H> {
    /// Its name.
    pub name: &'static str,
    /// What answers it; `None` if it is not simulated.
    pub handler: Option<H>,
    /// The path's parameters, as they are written there.
    pub parameters: Vec<&'p str>,
}

/// The operations of a REST API.
#[derive(Clone, Copy, Debug)]
pub struct Router<H: 'static>(&'static [Operation<H>]);

impl<H: Copy> Router<H> {
    /// A router with these operations.
    pub const fn new(operations: &'static [Operation<H>]) -> Self {
        Self(operations)
    }

    /// The operation of a method and path.
    pub fn find<'p>(&self, method: &str, path: &'p str) -> Option<Routed<'p, H>> {
        let routes = self.0.iter().map(|operation| &operation.route);
        let found = route::find(routes, method, path)?;
        let name = found.route.name;
        Some(Routed {
            name,
            handler: self.handler(name),
            parameters: found.parameters,
        })
    }

    /// The operation of a request to an API whose paths begin with `base`.
    pub fn of<'r>(&self, request: &'r Request<Bytes>, base: &str) -> Option<Routed<'r, H>> {
        let path = request.uri().path().strip_prefix(base)?;
        self.find(request.method().as_str(), path)
    }

    /// What answers such a request, with the parameters of its path.
    ///
    /// # Errors
    /// 501, by method and path, when the operation is unknown or not simulated.
    pub fn answering<'r>(
        &self,
        request: &'r Request<Bytes>,
        base: &str,
    ) -> Result<(H, Vec<&'r str>), ApiError> {
        let found = self.of(request, base);
        found
            .and_then(|found| Some((found.handler?, found.parameters)))
            .ok_or_else(|| {
                let (method, path) = (request.method(), request.uri().path());
                ApiError::not_simulated(format!("{method} {path}"))
            })
    }

    /// What answers the operation of this name; `None` if it is unknown or not simulated.
    pub fn handler(&self, name: &str) -> Option<H> {
        let found = self.0.iter().find(|known| known.route.name == name);
        found.and_then(|known| known.handler)
    }

    /// The names of all operations, in the order of the table.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|operation| operation.route.name)
    }
}

/// Operations whose names begin with their service (`compute.networks.insert`), by service.
pub fn by_service(names: impl Iterator<Item = &'static str>) -> SimulatedOperations {
    let mut all = SimulatedOperations::new();
    for name in names {
        let service = name.split('.').next().unwrap_or(name);
        all.entry(service).or_default().insert(name);
    }
    all
}

impl<S> Router<Handler<S>> {
    /// Answers a request to an API whose paths begin with `base`.
    ///
    /// # Errors
    /// When the operation is unknown, not simulated, or refuses.
    pub fn answer(
        &self,
        state: &mut S,
        request: &Request<Bytes>,
        base: &str,
        injected: &InjectedFault,
    ) -> Result<Value, ApiError> {
        let (handler, parameters) = self.answering(request, base)?;
        let id = parameters.first().copied().unwrap_or_default();
        let call = Call {
            request,
            id,
            injected,
        };
        handler(state, &call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: Router<fn() -> u8> = Router::new(&[
        on("GET", "/boxes", "ListBoxes", || 1),
        on("GET", "/boxes/{id}", "GetBox", || 2),
        on("GET", "/boxes/all", "GetAllBoxes", || 3),
        Operation::not_simulated("DELETE", "/boxes/{id}", "DeleteBox"),
    ]);

    /// Checks the name, the parameters and the answer that a request is routed to.
    #[track_caller]
    fn check(method: &str, path: &str, expected: Option<(&str, &[&str], Option<u8>)>) {
        let found = ROUTER.find(method, path);
        let found = found.map(|found| {
            let answer = found.handler.map(|handler| handler());
            (found.name, found.parameters, answer)
        });
        let expected =
            expected.map(|(name, parameters, answer)| (name, parameters.to_vec(), answer));
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn a_request_goes_to_the_handler_beside_its_route() {
        check("GET", "/boxes", Some(("ListBoxes", &[], Some(1))));
        check("GET", "/boxes/7", Some(("GetBox", &["7"], Some(2))));
        check("GET", "/boxes/all", Some(("GetAllBoxes", &[], Some(3))));
        check("GET", "/lids", None);
    }

    #[test]
    fn a_request_below_the_base_is_answered_and_any_other_is_501_by_name() {
        let check = |method: &str, path: &str, expected: Result<u8, &str>| {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Bytes::new()).unwrap();
            let seen = ROUTER.answering(&request, "/v1");
            let seen = seen.map(|(handler, _)| handler());
            let seen = seen.map_err(|error| (error.status, error.message));
            let expected = expected.map_err(|what| (501, format!("not simulated: {what}")));
            assert_eq!(seen, expected, "{method} {path}");
        };
        check("GET", "/v1/boxes/7?x=y", Ok(2));
        check("DELETE", "/v1/boxes/7", Err("DELETE /v1/boxes/7"));
        check("GET", "/v1/lids", Err("GET /v1/lids"));
        check("GET", "/boxes/7", Err("GET /boxes/7"));
        check("GET", "/v10/boxes", Err("GET /v10/boxes"));
    }

    #[test]
    fn an_operation_is_answered_with_the_id_in_its_path() {
        const CALLS: Router<Handler<u8>> = Router::new(&[on(
            "GET",
            "/boxes/{id}/lids/{lid}",
            "GetLid",
            |state, call| {
                *state += 1;
                Ok(call.id.into())
            },
        )]);
        let request = Request::get("/v1/boxes/7/lids/8").body(Bytes::new());
        let mut state = 0;
        let request = request.unwrap();
        let seen = CALLS.answer(&mut state, &request, "/v1", &InjectedFault::default());
        assert_eq!((seen, state), (Ok("7".into()), 1));
    }

    #[test]
    fn what_is_not_simulated_has_a_name_and_no_handler() {
        check("DELETE", "/boxes/7", Some(("DeleteBox", &["7"], None)));
        assert!(ROUTER.handler("DeleteBox").is_none() && ROUTER.handler("Unknown").is_none());
    }

    #[test]
    fn operations_are_listed_by_the_service_that_their_names_begin_with() {
        let all = by_service(["a.x.get", "b.y", "a.x.delete"].into_iter());
        let of_a: Vec<&str> = all["a"].iter().copied().collect();
        assert_eq!((of_a, all.len()), (vec!["a.x.delete", "a.x.get"], 2));
    }

    #[test]
    fn the_list_of_operations_is_the_table() {
        let names: Vec<&str> = ROUTER.names().collect();
        assert_eq!(names, ["ListBoxes", "GetBox", "GetAllBoxes", "DeleteBox"]);
    }
}
