//! The environment that sends Google Cloud's clients to a served project, and nowhere else.
//!
//! gcloud is given the address of each service. The client libraries have fixed hosts: they are led through the served
//! project's door, as through a proxy, and trust its authority. Sources: `gcloud topic configurations` and the reference of
//! `gcloud config` (each property is a variable `CLOUDSDK_SECTION_PROPERTY`); google-auth, `environment_vars.py`; the pages
//! of requests, httplib2, gRPC, curl, Node and Go on proxies and authorities.

use std::collections::BTreeMap;
use std::path::Path;

use kubeproof_contract::serve::{ClientEnvironment, Served};
use serde_json::json;

use crate::rehearsal::{ACCESS_TOKEN, PROJECT};

/// Variables that would select other credentials or another project.
const TAKEN_OUT: &[&str] = &[
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
];
/// The prefix of gcloud's variables for one service's endpoint.
const ENDPOINT: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_";
/// The services that gcloud is sent to, and what it expects before each path.
const OVERRIDES: [(&str, &str); 9] = [
    ("BIGQUERY", "/bigquery/v2/"),
    ("CLOUDASSET", "/"),
    ("CLOUDBILLING", "/"),
    ("CLOUDRESOURCEMANAGER", "/"),
    ("COMPUTE", "/compute/v1/"),
    ("CONTAINER", "/"),
    ("IAM", "/"),
    ("LOGGING", "/"),
    ("SERVICEUSAGE", "/"),
];
/// The variables in which clients look for a project.
const PROJECTS: [&str; 3] = [
    "CLOUDSDK_CORE_PROJECT",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_PROJECT",
];
/// Variables in which clients look for a proxy to hosts behind TLS.
const PROXIES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// Variables in which clients look for the authorities that they trust.
const AUTHORITIES: [&str; 7] = [
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "CURL_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "HTTPLIB2_CA_CERTS",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

/// Restricts clients of the real cloud to the token that they are given, in this project.
pub fn confine(project: &str, folder: &Path) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
    for name in PROJECTS {
        redirect.set(name, project, "the scenario's project");
    }
    keep_to_token(&mut redirect, folder);
    redirect
}

/// Hides all other credentials: the user's files and the machine's own. Nothing asks.
fn keep_to_token(redirect: &mut ClientEnvironment, folder: &Path) {
    let about = "a folder of its own in place of your settings and log-ins";
    let config = folder.join("gcloud");
    redirect.set("CLOUDSDK_CONFIG", config.display().to_string(), about);
    for (name, value, about) in [
        ("CLOUDSDK_CORE_DISABLE_PROMPTS", "1", "gcloud asks nothing"),
        (
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING",
            "true",
            "gcloud reports nothing",
        ),
        (
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK",
            "true",
            "gcloud looks for no newer version",
        ),
        (
            "CLOUDSDK_CORE_CHECK_GCE_METADATA",
            "false",
            "a machine's own credentials are not looked for",
        ),
        (
            "NO_GCE_CHECK",
            "true",
            "a machine's own credentials are not looked for (google-auth)",
        ),
    ] {
        redirect.set(name, value, about);
    }
    for name in TAKEN_OUT {
        redirect.unset(name, "would lead elsewhere");
    }
}

/// The environment of clients of `served`.
pub fn client_environment(
    served: &dyn Served,
    folder: &Path,
    environment: &BTreeMap<String, String>,
) -> ClientEnvironment {
    let mut redirect = confine(PROJECT, folder);
    let token = folder.join("gcp-access-token");
    redirect.set(
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
        token.display().to_string(),
        "the made-up token that the simulator knows (gcloud)",
    );
    redirect.files.push((token, ACCESS_TOKEN.to_owned()));
    redirect.set(
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        ACCESS_TOKEN,
        "the same (terraform, kubeproof)",
    );
    let address = served.address();
    for (service, base) in OVERRIDES {
        let name = format!("{ENDPOINT}{service}");
        let url = format!("http://{address}{base}");
        redirect.set(&name, url, "where the service is (gcloud)");
    }
    through_the_door(&mut redirect, served, folder);
    let is_set = |name: &str| OVERRIDES.iter().any(|(service, _)| *service == name);
    let others = environment.keys().filter(|name| {
        let service = name.strip_prefix(ENDPOINT);
        service.is_some_and(|service| !is_set(service))
    });
    for name in others {
        redirect.unset(name, "would lead elsewhere");
    }
    redirect
}

/// Leads client libraries through the door, with credentials that get a token behind it.
fn through_the_door(redirect: &mut ClientEnvironment, served: &dyn Served, folder: &Path) {
    let credentials = json!({
        "type": "authorized_user",
        "client_id": "kubeproof",
        "client_secret": "kubeproof",
        "refresh_token": ACCESS_TOKEN,
    });
    let path = folder.join("gcp-credentials.json");
    redirect.set(
        "GOOGLE_APPLICATION_CREDENTIALS",
        path.display().to_string(),
        "made-up credentials that get a token of the simulator (client libraries)",
    );
    redirect.files.push((path, format!("{credentials:#}\n")));
    for name in PROXIES {
        let url = format!("http://{}", served.address());
        let about = "the door to the simulated hosts of Google; all others are refused";
        redirect.set(name, url, about);
    }
    // A trial serves anew, with another authority, in the same folder: a file that is there stays as it is.
    let port = served.address().port();
    let path = folder.join(format!("gcp-authority-{port}.pem"));
    redirect.trust(&AUTHORITIES, path, served.authority_pem());
}
