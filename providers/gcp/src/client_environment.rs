//! The environment that sends Google Cloud's clients to a served project, and nowhere else.
//!
//! gcloud is given the address of each service. Client libraries have fixed hosts: they are led through the served
//! project's door, as through a proxy, and trust its authority. Sources: `gcloud topic configurations` and the properties
//! of gcloud 528 (`core/properties.py`); google-auth ("Application Default Credentials"); the pages of requests, httplib2,
//! gRPC, curl, Node and Go on proxies and authorities.

use std::path::Path;

use kubeproof_contract::serve::{ClientEnvironment, Served};
use serde_json::json;

use crate::rehearsal::{ACCESS_TOKEN, PROJECT};

/// The services that gcloud is given the address of, by the names of its settings, with the paths of each.
const SERVICES: &[(&str, &str)] = &[
    ("BIGQUERY", "bigquery/v2/"),
    ("CLOUDASSET", ""),
    ("CLOUDBILLING", ""),
    ("CLOUDRESOURCEMANAGER", ""),
    ("COMPUTE", "compute/v1/"),
    ("CONTAINER", ""),
    ("IAM", ""),
    ("LOGGING", ""),
    ("SERVICEUSAGE", ""),
];

/// Settings of gcloud: it asks nothing, reports nothing and looks for nothing elsewhere.
const QUIET: &[(&str, &str)] = &[
    ("CLOUDSDK_CORE_DISABLE_PROMPTS", "1"),
    ("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true"),
    ("CLOUDSDK_CORE_SURVEY_DISABLE_PROMPTS", "true"),
    ("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true"),
    ("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false"),
    ("NO_GCE_CHECK", "true"),
];

/// Variables in which clients look for a proxy to hosts behind TLS.
const PROXIES: &[&str] = &["HTTPS_PROXY", "https_proxy"];

/// Variables in which clients look for the authorities that they trust.
const AUTHORITIES: &[&str] = &[
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "REQUESTS_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS",
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
];

/// The environment of clients of `served`.
pub fn client_environment(served: &dyn Served, folder: &Path) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
    let url = format!("http://{}", served.address());
    for name in ["CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT"] {
        redirect.set(name, PROJECT, "the simulated project");
    }
    for (service, path) in SERVICES {
        redirect.set(
            &format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}"),
            format!("{url}/{path}"),
            "where a service is (gcloud)",
        );
    }
    for (name, value) in QUIET {
        redirect.set(name, *value, "asks, reports and looks for nothing");
    }
    let mut file = |name: &str, content: String| {
        let path = folder.join(name);
        let shown = path.display().to_string();
        redirect.files.push((path, content));
        shown
    };
    let token = file("gcp-access-token", ACCESS_TOKEN.to_owned());
    let credentials = file("gcp-credentials.json", credentials());
    let authority = file("gcp-authority.pem", served.authority_pem().to_owned());
    redirect.set(
        "CLOUDSDK_CONFIG",
        folder.join("gcloud").display().to_string(),
        "an empty folder in place of your own settings and log-ins",
    );
    redirect.set(
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
        token,
        "the token that the simulator knows (gcloud, the plug-in of kubectl)",
    );
    redirect.set(
        "GOOGLE_APPLICATION_CREDENTIALS",
        credentials,
        "made-up credentials that get a token of the simulator (client libraries)",
    );
    for name in PROXIES {
        let about = "the door: Google's hosts are simulated, and all others refused";
        redirect.set(name, url.clone(), about);
    }
    for name in AUTHORITIES {
        let about = "the simulator's authority, and no other";
        redirect.set(name, authority.clone(), about);
    }
    redirect
}

/// Credentials of a user, whose refresh token is exchanged at the host of tokens.
fn credentials() -> String {
    let file = json!({
        "type": "authorized_user",
        "client_id": "kubeproof",
        "client_secret": "kubeproof",
        "refresh_token": ACCESS_TOKEN,
    });
    format!("{file:#}\n")
}
