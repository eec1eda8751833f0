//! The operations of Hugging Face's services, by method and path. Neither service publishes names of operations, so
//! these are ours.
//!
//! Sources: `huggingface_hub` 2.4.0 (`hf_api.py`, its methods on endpoints, jobs, spaces, repositories and webhooks), and
//! the `OpenAPI` document of the Inference Endpoints API.

use http::Uri;
use kubeproof_contract::route::{self, Found, Route};

/// One service of Hugging Face.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// The name in call signatures.
    pub name: &'static str,
    /// The host that answers.
    pub host: &'static str,
    /// What comes before each path.
    pub base: &'static str,
    /// The operations.
    pub routes: &'static [Route],
}

/// Inference Endpoints: models that are served.
pub const ENDPOINTS: Service = Service {
    name: "endpoints",
    host: "api.endpoints.huggingface.cloud",
    base: "/v2",
    routes: ENDPOINT_ROUTES,
};

/// The Hub: who calls, jobs, Spaces, repositories, webhooks.
pub const HUB: Service = Service {
    name: "hub",
    host: "huggingface.co",
    base: "/api",
    routes: HUB_ROUTES,
};

/// The served models themselves, each on a host of its own. What is asked changes nothing: that a question may start a
/// replica is the endpoint's own policy of scaling, and its cost is part of the estimate.
pub const INFERENCE: Service = Service {
    name: "inference",
    host: HOSTS_OF_MODELS,
    base: "",
    routes: &[
        Route::new("POST", "/", "Ask").reading(),
        Route::new("GET", "/", "Health"),
    ],
};

/// What the hosts of models end in.
const HOSTS_OF_MODELS: &str = ".endpoints.huggingface.cloud";

/// All services that are called.
pub const SERVICES: [&Service; 3] = [&ENDPOINTS, &HUB, &INFERENCE];

#[rustfmt::skip]
const ENDPOINT_ROUTES: &[Route] = &[
    Route::new("GET", "/provider/{namespace}", "ListHardware"),
    Route::new("GET", "/provider/quotas/{namespace}", "ListQuotas"),
    Route::new("GET", "/endpoint/{namespace}", "ListEndpoints"),
    Route::new("POST", "/endpoint/{namespace}", "CreateEndpoint"),
    Route::new("GET", "/endpoint/{namespace}/{name}", "GetEndpoint"),
    Route::new("PUT", "/endpoint/{namespace}/{name}", "UpdateEndpoint"),
    Route::new("DELETE", "/endpoint/{namespace}/{name}", "DeleteEndpoint"),
    Route::new("POST", "/endpoint/{namespace}/{name}/pause", "PauseEndpoint"),
    Route::new("POST", "/endpoint/{namespace}/{name}/resume", "ResumeEndpoint"),
    Route::new("POST", "/endpoint/{namespace}/{name}/scale-to-zero", "ScaleEndpointToZero"),
    Route::new("GET", "/endpoint/{namespace}/{name}/logs", "GetEndpointLogs"),
    Route::new("GET", "/endpoint/{namespace}/{name}/replica", "ListReplicas"),
];

#[rustfmt::skip]
const HUB_ROUTES: &[Route] = &[
    Route::new("GET", "/whoami-v2", "WhoAmI"),
    Route::new("GET", "/jobs/hardware", "ListJobHardware"),
    Route::new("GET", "/jobs/{namespace}", "ListJobs"),
    Route::new("POST", "/jobs/{namespace}", "RunJob"),
    Route::new("GET", "/jobs/{namespace}/{id}", "GetJob"),
    Route::new("POST", "/jobs/{namespace}/{id}/cancel", "CancelJob"),
    Route::new("GET", "/jobs/{namespace}/{id}/logs", "GetJobLogs"),
    Route::new("GET", "/scheduled-jobs/{namespace}", "ListScheduledJobs"),
    Route::new("POST", "/scheduled-jobs/{namespace}", "CreateScheduledJob"),
    Route::new("DELETE", "/scheduled-jobs/{namespace}/{id}", "DeleteScheduledJob"),
    Route::new("GET", "/spaces", "ListSpaces"),
    Route::new("GET", "/spaces/{namespace}/{name}", "GetSpace"),
    Route::new("POST", "/spaces/{namespace}/{name}/pause", "PauseSpace"),
    Route::new("GET", "/models", "ListModels"),
    Route::new("GET", "/models/{namespace}/{name}", "GetModel"),
    Route::new("GET", "/datasets", "ListDatasets"),
    Route::new("GET", "/datasets/{namespace}/{name}", "GetDataset"),
    Route::new("POST", "/repos/create", "CreateRepository"),
    Route::new("DELETE", "/repos/delete", "DeleteRepository"),
    Route::new("GET", "/settings/webhooks", "ListWebhooks"),
    Route::new("POST", "/settings/webhooks", "CreateWebhook"),
    Route::new("DELETE", "/settings/webhooks/{id}", "DeleteWebhook"),
];

/// Whether a host is one of Hugging Face's.
pub fn is_own_host(host: &str) -> bool {
    [ENDPOINTS.host, HUB.host].contains(&host) || host.ends_with(HOSTS_OF_MODELS)
}

/// The service of a request, and its operation where a route has one. A host by name has one service's paths; any other
/// host, such as a simulator's on a socket, has those of both APIs.
pub fn find<'p>(
    uri: &'p Uri,
    method: &str,
) -> Option<(&'static Service, Option<Found<'static, 'p>>)> {
    let host = uri.host().unwrap_or_default();
    let apis = [&ENDPOINTS, &HUB];
    if let Some(service) = apis.into_iter().find(|service| service.host == host) {
        let path = uri.path().strip_prefix(service.base);
        let found = path.and_then(|path| route::find(service.routes, method, path));
        return Some((service, found));
    }
    if host.ends_with(HOSTS_OF_MODELS) {
        return Some((&INFERENCE, route::find(INFERENCE.routes, method, "/")));
    }
    // The paths of API servers may begin like those of the Hub, but none of its routes has them.
    apis.into_iter().find_map(|service| {
        let path = uri.path().strip_prefix(service.base)?;
        let found = route::find(service.routes, method, path)?;
        Some((service, Some(found)))
    })
}
