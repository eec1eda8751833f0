//! Access tokens: the authority's endpoint, the instance metadata, and where clients find both.
//!
//! A token has an audience: that of Resource Manager is refused by Graph, and the other way round.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, header};
use jiff::{SignedDuration, Timestamp};
use kubeproof_simkit::cloud::ReceivedAt;
use kubeproof_simkit::router::on;
use serde_json::{Value, json};

use crate::graph;
use crate::route::{Call, Service, Table, table};
use crate::setup::{CALLER, CLIENT_ID};
use crate::state::State;
use crate::wire::{Answer, ApiError, ErrorShape, Outcome};

/// The authority.
pub(crate) const AUTHORITY: Service = Service {
    host: "login.microsoftonline.com",
    audience: None,
    errors: ErrorShape::OAuth,
    tables: &[&[table(&[
        on(
            "POST",
            "/{tenant}/oauth2/v2.0/token",
            "authority.token",
            token,
        ),
        on(
            "GET",
            "/{tenant}/v2.0/.well-known/openid-configuration",
            "authority.openidConfiguration",
            openid,
        ),
        on(
            "GET",
            "/common/discovery/instance",
            "authority.discoverInstance",
            discovery,
        ),
    ])]],
};

/// The metadata of a machine of the cloud, with the tokens of its managed identity.
pub(crate) const INSTANCE_METADATA: Service = Service {
    host: "169.254.169.254",
    audience: None,
    errors: ErrorShape::OAuth,
    tables: &[&[table(&[on(
        "GET",
        "/metadata/identity/oauth2/token",
        "imds.token",
        of_machine,
    )])]],
};

/// What az and terraform ask first.
pub(crate) const ENDPOINTS: Table = table(&[on(
    "GET",
    "/metadata/endpoints",
    "metadata.endpoints",
    endpoints,
)]);

/// How long a token is valid, seconds.
const VALID: i64 = 3599;

/// Whom a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Arm,
    Graph,
    /// The API servers of clusters with accounts of the directory.
    Kubernetes,
}

/// The application that stands for all API servers of AKS.
pub(crate) const KUBERNETES: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

impl Audience {
    /// The audience of a scope or resource; a simulator's own address is Resource Manager's.
    fn of(resource: &str) -> Self {
        let resource = resource.trim_end_matches("/.default");
        if resource.contains("graph.microsoft.com")
            || resource.trim_end_matches('/').ends_with("/graph")
        {
            Self::Graph
        } else if resource.contains(KUBERNETES) {
            Self::Kubernetes
        } else {
            Self::Arm
        }
    }

    fn url(self) -> &'static str {
        match self {
            Self::Arm => "https://management.azure.com",
            Self::Graph => "https://graph.microsoft.com",
            Self::Kubernetes => KUBERNETES,
        }
    }
}

/// A token that was given out.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The object id of the caller.
    caller: String,
    audience: Audience,
    expires: Timestamp,
}

/// The tokens that were given out.
pub(crate) type Tokens = BTreeMap<String, Token>;

/// The time on the caller's clock: the cloud's in memory, and the real one over sockets, by which clients renew tokens.
fn now(state: &State, request: &Request<Bytes>) -> Timestamp {
    let received = request.extensions().get::<ReceivedAt>();
    received.map_or(state.now, |received| received.at)
}

/// Who calls, by the token of a request.
pub(crate) fn caller(
    state: &State,
    request: &Request<Bytes>,
    audience: Audience,
) -> Result<String, ApiError> {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default();
    let refused = |code: &str, message: &str| Err(ApiError::new(401, code, message));
    let (invalid, wrong) = match audience {
        Audience::Arm => (
            "InvalidAuthenticationToken",
            "InvalidAuthenticationTokenAudience",
        ),
        Audience::Graph | Audience::Kubernetes => {
            ("InvalidAuthenticationToken", "InvalidAuthenticationToken")
        }
    };
    let Some(known) = state.tokens.get(given) else {
        return refused(invalid, "The access token is missing or invalid.");
    };
    if known.audience != audience {
        let message = format!(
            "The access token has been obtained for wrong audience or resource '{}'.",
            known.audience.url()
        );
        return refused(wrong, &message);
    }
    if known.expires <= now(state, request) {
        return refused(
            "ExpiredAuthenticationToken",
            "The access token expiry UTC time has passed.",
        );
    }
    Ok(known.caller.clone())
}

/// Whose a token for the API servers of clusters is, if it is valid.
pub(crate) fn of_cluster(state: &State, request: &Request<Bytes>, given: &str) -> Option<String> {
    let known = state.tokens.get(given)?;
    let is_valid = known.audience == Audience::Kubernetes && known.expires > now(state, request);
    is_valid.then(|| known.caller.clone())
}

/// Gives out a token in the form of a JWT: some clients read its claims.
fn give(
    state: &mut State,
    call: &Call<'_>,
    client: &str,
    object: &str,
    audience: Audience,
) -> (String, Timestamp) {
    let now = now(state, call.request);
    let expires = now.saturating_add(SignedDuration::from_secs(VALID));
    let expires = expires.unwrap_or(now);
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "aud": audience.url(), "iss": format!("https://sts.windows.net/{}/", state.setup.tenant),
        "iat": now.as_second(), "nbf": now.as_second(), "exp": expires.as_second(),
        "appid": client, "oid": object, "tid": state.setup.tenant, "idtyp": "app", "ver": "1.0",
        "jti": state.ids.uuid(),
    });
    let head = encoded(json!({"typ": "JWT", "alg": "none"}));
    let value = format!("{head}.{}.{}", encoded(claims), state.ids.hex(43));
    let token = Token {
        caller: object.to_owned(),
        audience,
        expires,
    };
    state.tokens.insert(value.clone(), token);
    (value, expires)
}

fn token(state: &mut State, call: &Call<'_>) -> Outcome {
    let form = form_urlencoded::parse(call.request.body());
    let form: BTreeMap<String, String> = form.into_owned().collect();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if !call.parameter(0).eq_ignore_ascii_case(&state.setup.tenant) {
        let message = format!("AADSTS90002: Tenant '{}' not found.", call.parameter(0));
        return Err(ApiError::new(400, "invalid_request", message));
    }
    if field("grant_type") != "client_credentials" {
        let what = format!("grant_type {}", field("grant_type"));
        return Err(ApiError::not_simulated(what));
    }
    if form.contains_key("client_assertion") {
        return Err(ApiError::not_simulated("client_assertion"));
    }
    let client = field("client_id").to_owned();
    let Some(object) = graph::signed_in(state, &client, field("client_secret")) else {
        return Err(if graph::has_principal(state, &client) {
            let message = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.";
            ApiError::new(401, "invalid_client", message)
        } else {
            let message = format!(
                "AADSTS700016: Application with identifier '{client}' was not found in the directory."
            );
            ApiError::new(400, "unauthorized_client", message)
        });
    };
    let audience = Audience::of(field("scope"));
    let (value, _) = give(state, call, &client, &object, audience);
    Ok(Answer::ok(json!({
        "token_type": "Bearer", "expires_in": VALID, "ext_expires_in": VALID, "access_token": value,
    })))
}

/// The identity of the machine is the caller's.
fn of_machine(state: &mut State, call: &Call<'_>) -> Outcome {
    if call.header("metadata") != "true" {
        let message = "Required metadata header not specified or not correct";
        return Err(ApiError::new(400, "bad_request_102", message));
    }
    let Some(resource) = call.query("resource") else {
        return Err(ApiError::new(
            400,
            "invalid_request",
            "Required audience parameter not specified",
        ));
    };
    let audience = Audience::of(resource);
    let (value, expires) = give(state, call, CLIENT_ID, CALLER, audience);
    // Numbers are texts here.
    Ok(Answer::ok(json!({
        "access_token": value, "client_id": CLIENT_ID, "expires_in": VALID.to_string(),
        "expires_on": expires.as_second().to_string(), "resource": resource, "token_type": "Bearer",
    })))
}

fn openid(state: &mut State, call: &Call<'_>) -> Outcome {
    let tenant = &state.setup.tenant;
    let base = format!("{}/{tenant}", call.base);
    Ok(Answer::ok(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "issuer": format!("{base}/v2.0"), "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"], "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"], "id_token_signing_alg_values_supported": ["RS256"],
    })))
}

fn discovery(_: &mut State, call: &Call<'_>) -> Outcome {
    let host = call.base.trim_start_matches("https://");
    Ok(Answer::ok(json!({
        "tenant_discovery_endpoint": format!("{}/common/v2.0/.well-known/openid-configuration", call.base),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    })))
}

/// All services are at the address that was called.
fn endpoints(_: &mut State, call: &Call<'_>) -> Outcome {
    let base = &call.base;
    Ok(Answer::ok(json!({
        "name": "kubeproof", "portal": base, "resourceManager": base,
        "authentication": {
            "loginEndpoint": base, "audiences": [base, "https://management.azure.com"],
            "tenant": "common", "identityProvider": "AAD",
        },
        "graph": base, "graphAudience": format!("{base}/graph"),
        "microsoftGraphResourceId": format!("{base}/graph"), "batch": base, "gallery": base, "media": base,
        "sqlManagement": base, "vmImageAliasDoc": base, "activeDirectoryDataLake": base,
        "suffixes": {
            "storage": "core.windows.net", "keyVaultDns": "vault.azure.net",
            "sqlServerHostname": "database.windows.net", "acrLoginServer": "azurecr.io",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
        },
    })))
}
