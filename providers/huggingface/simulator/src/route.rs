//! The products, by host or by path, and the operations of each. Unknown calls answer 501 with their name.

use bytes::Bytes;
use http::{Request, header};
use jiff::Timestamp;
use kubeproof_simkit::cloud::{AskedAt, InParts};
use kubeproof_simkit::injected::InjectedFault;
use kubeproof_simkit::page::page;
use kubeproof_simkit::rest::ApiError;
use kubeproof_simkit::router::{Routed, Router, on};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::access::{self, Permission};
use crate::setup::Token;
use crate::state::State;
use crate::wire::{self, Answer, ErrorShape, Outcome, bad_request, refused};
use crate::{endpoints, inference, jobs, repositories, webhooks, whoami};

/// The host of Inference Endpoints, and the path of its API.
pub(crate) const ENDPOINTS_HOST: &str = "api.endpoints.huggingface.cloud";
const ENDPOINTS_BASE: &str = "/v2";
/// The host of the Hub, and the path of its API.
pub(crate) const HUB_HOST: &str = "huggingface.co";
const HUB_BASE: &str = "/api";

/// One call of an API.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request<Bytes>,
    /// The parameters in its path, in their order, without percent-encoding.
    pub(crate) parameters: Vec<String>,
    /// The parameters in its query.
    pub(crate) query: Vec<(String, String)>,
    /// The token that it is sent with.
    pub(crate) token: &'a Token,
    /// The fault that is left to the simulator.
    pub(crate) injected: &'a InjectedFault,
}

impl Call<'_> {
    /// A parameter of the path; empty if there are fewer.
    pub(crate) fn parameter(&self, index: usize) -> &str {
        self.parameters.get(index).map_or("", String::as_str)
    }

    /// A parameter of the query that is not empty.
    pub(crate) fn query<'c>(&'c self, name: &'c str) -> Option<&'c str> {
        self.all_of_query(name).next()
    }

    /// All parameters of the query with this name that are not empty.
    pub(crate) fn all_of_query<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c str> {
        let found = self.query.iter().filter(move |(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether the client takes the answer in parts, and where to continue.
    pub(crate) fn in_parts(&self) -> Option<&InParts> {
        self.request.extensions().get()
    }
}

/// What answers an operation.
pub(crate) type Handler = fn(&mut State, &Call<'_>) -> Outcome;
/// A table of operations. Each product has its own.
pub(crate) type Table = Router<Handler>;

/// A product: a table of operations, and what is needed to call them.
struct Product {
    name: &'static str,
    tables: &'static [Table],
    /// What a token needs in the namespace that the path names first; `None` if no namespace is named there.
    permission: Option<Permission>,
}

const ENDPOINTS: &[Product] = &[
    Product {
        name: "endpoints",
        tables: &[endpoints::TABLE],
        permission: Some(Permission::Endpoints),
    },
    Product {
        name: "catalogue",
        tables: &[endpoints::CATALOGUE],
        permission: None,
    },
];

const HUB: &[Product] = &[
    Product {
        name: "account",
        tables: &[Router::new(&[on(
            "GET",
            "/whoami-v2",
            "Whoami",
            whoami::get as Handler,
        )])],
        permission: None,
    },
    Product {
        name: "jobs",
        tables: &[jobs::TABLE],
        permission: Some(Permission::Jobs),
    },
    Product {
        name: "spaces",
        tables: &[repositories::TABLE],
        permission: Some(Permission::Repositories),
    },
    Product {
        name: "hub",
        tables: &[jobs::HARDWARE, repositories::OPEN, webhooks::TABLE],
        permission: None,
    },
];

/// The names of the operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    let products = ENDPOINTS.iter().chain(HUB);
    let tables = products.flat_map(|product| product.tables);
    tables.flat_map(Router::names)
}

/// The names of the products, with how many operations of each are simulated.
pub fn products() -> impl Iterator<Item = (&'static str, usize)> {
    let count = |product: &Product| product.tables.iter().flat_map(Router::names).count();
    let products = ENDPOINTS.iter().chain(HUB);
    products.map(move |product| (product.name, count(product)))
}

/// The name of the operation that a call of the APIs by method and path is of; `None` for one that is unknown.
pub fn operation_of(method: &str, path: &str) -> Option<&'static str> {
    let mut apis = [(ENDPOINTS_BASE, ENDPOINTS), (HUB_BASE, HUB)].into_iter();
    let found = apis.find_map(|(base, products)| find(products, method, path.strip_prefix(base)?));
    found.map(|(_, routed)| routed.name)
}

/// The operation of a path below an API's, and its product. A literal goes before a parameter, in whatever table it is.
fn find<'p>(
    products: &'static [Product],
    method: &str,
    path: &'p str,
) -> Option<(&'static Product, Routed<'p, Handler>)> {
    let tables = products
        .iter()
        .flat_map(|product| product.tables.iter().map(move |table| (product, table)));
    let found = tables.filter_map(|(product, table)| Some((product, table.find(method, path)?)));
    found.min_by_key(|(_, routed)| routed.parameters.len())
}

/// The operations that are answered, each with its product.
pub fn answered_by_product() -> impl Iterator<Item = (&'static str, &'static str)> {
    let products = ENDPOINTS.iter().chain(HUB);
    products.flat_map(|product| {
        let tables = product.tables.iter();
        let answered =
            tables.flat_map(|table| table.names().filter(|name| table.handler(name).is_some()));
        answered.map(move |name| (product.name, name))
    })
}

/// The names of the operations that are answered.
pub fn answered_operations() -> impl Iterator<Item = &'static str> {
    let products = ENDPOINTS.iter().chain(HUB);
    let tables = products.flat_map(|product| product.tables);
    tables.flat_map(|table| table.names().filter(|name| table.handler(name).is_some()))
}

/// Whether a host is one of the APIs'.
pub(crate) fn is_api_host(host: &str) -> bool {
    [ENDPOINTS_HOST, HUB_HOST].contains(&host)
}

/// The host that a request names; empty for an address.
fn host(request: &Request<Bytes>) -> String {
    let named = request.uri().host().map(str::to_owned);
    let named = named.or_else(|| {
        let text = request.headers().get(header::HOST)?.to_str().ok()?;
        Some(text.split(':').next().unwrap_or_default().to_owned())
    });
    named.unwrap_or_default().to_ascii_lowercase()
}

/// The address that was called: that of the Hub, or of a port.
pub(crate) fn address(request: &Request<Bytes>) -> String {
    let called = request.headers().get(header::HOST);
    let called = called.and_then(|text| text.to_str().ok());
    match (request.uri().host(), called) {
        (None, Some(called)) => format!("http://{called}"),
        _ => format!("https://{HUB_HOST}"),
    }
}

/// A page of a list of the Hub's, with a `Link` to the next one.
pub(crate) fn linked_page<'s, T: 's>(
    call: &Call<'_>,
    list: &str,
    all: impl Iterator<Item = &'s T>,
    size: usize,
    shown: impl Fn(&'s T) -> Value,
) -> Outcome {
    let page = page(list, all, call.query("cursor"), size);
    let page = page.map_err(|_| bad_request("cursor is not one of this list"))?;
    let answer = Answer::json(&page.items.into_iter().map(shown).collect());
    Ok(match page.next {
        Some(next) => answer.with("link", next_link(call, &next)),
        None => answer,
    })
}

/// The `Link` to the next page of a list, below the address that was called.
fn next_link(call: &Call<'_>, cursor: &str) -> String {
    let address = address(call.request);
    let others = call.query.iter().filter(|(name, _)| name != "cursor");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .append_pair("cursor", cursor)
        .finish();
    let path = call.request.uri().path();
    format!("<{address}{path}?{query}>; rel=\"next\"")
}

/// Answers a call.
pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    injected: &InjectedFault,
) -> Answer {
    let host = host(request);
    if let Some(key) = inference::endpoint_of(state, &host) {
        let outcome = inference::answer(state, &key, request, injected);
        return wire::answered(outcome, ErrorShape::Endpoints);
    }
    if host.ends_with(inference::DOMAIN) && host != ENDPOINTS_HOST {
        let outcome = Err(refused(404, format!("no endpoint is served at {host}")));
        return wire::answered(outcome, ErrorShape::Endpoints);
    }
    let path = request.uri().path();
    let is_of =
        |real: &str, base: &str| host == real || (!is_api_host(&host) && path.starts_with(base));
    if is_of(ENDPOINTS_HOST, ENDPOINTS_BASE) {
        let outcome = call(state, request, injected, (ENDPOINTS_BASE, ENDPOINTS));
        return wire::answered(outcome, ErrorShape::Endpoints);
    }
    if is_of(HUB_HOST, HUB_BASE) {
        return answer_hub(state, request, injected);
    }
    wire::answered(Err(unknown(request)), ErrorShape::Hub)
}

fn answer_hub(state: &mut State, request: &Request<Bytes>, injected: &InjectedFault) -> Answer {
    let most = state.setup.hub_calls_max;
    let admitted = state.hub_limit.admit(request, state.now, most);
    let (left, outcome) = match admitted {
        Ok(left) => (left, call(state, request, injected, (HUB_BASE, HUB))),
        Err(error) => {
            let seconds = error.retry_after.and_then(|it| i64::try_from(it).ok());
            let left = crate::rate_limit::Left {
                calls: 0,
                seconds: seconds.unwrap_or_default(),
            };
            (left, Err(error))
        }
    };
    let policy = format!("\"fixed window\";\"api\";q={most};w=300");
    wire::answered(outcome, ErrorShape::Hub)
        .with(
            "ratelimit",
            format!("\"api\";r={};t={}", left.calls, left.seconds),
        )
        .with("ratelimit-policy", policy)
}

fn unknown(request: &Request<Bytes>) -> ApiError {
    ApiError::not_simulated(format!("{} {}", request.method(), request.uri().path()))
}

/// Calls the operation of a request.
fn call(
    state: &mut State,
    request: &Request<Bytes>,
    injected: &InjectedFault,
    (base, products): (&str, &'static [Product]),
) -> Outcome {
    let Some(token) = access::token(&state.setup, request) else {
        // The message by which clients tell it from a repository that is hidden.
        return Err(refused(401, "Invalid credentials in Authorization header"));
    };
    let path = request.uri().path().strip_prefix(base);
    let found = path.and_then(|path| find(products, request.method().as_str(), path));
    let (product, routed) = found.ok_or_else(|| unknown(request))?;
    let handler = routed.handler.ok_or_else(|| unknown(request))?;
    let decoded = |text: &&str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let parameters: Vec<String> = routed.parameters.iter().map(decoded).collect();
    if let Some(permission) = product.permission {
        let namespace = parameters.first().map_or("", String::as_str);
        let method = request.method();
        access::check(&state.setup, &token, namespace, permission, method)?;
    }
    let query = request.uri().query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned();
    let call = Call {
        request,
        parameters,
        query: query.collect(),
        token: &token,
        injected,
    };
    handler(state, &call)
}

/// When a request came in, by the cloud's clock.
pub(crate) fn asked_at(request: &Request<Bytes>, now: Timestamp) -> Timestamp {
    let asked: Option<&AskedAt> = request.extensions().get();
    asked.map_or(now, |asked| asked.at)
}
