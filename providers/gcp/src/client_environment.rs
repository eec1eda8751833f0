//! The environment that sends Google Cloud's clients to a served project, and nowhere else.
//!
//! It covers what gcloud and the client libraries read. Sources: `gcloud topic configurations` and the reference of
//! `gcloud config` (each property is a variable `CLOUDSDK_SECTION_PROPERTY`); google-auth, `environment_vars.py`.

use std::collections::BTreeMap;
use std::path::Path;

use kubeproof_contract::serve::{ClientEnvironment, Served};

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
