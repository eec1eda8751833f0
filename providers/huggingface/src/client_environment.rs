//! The environment that sends Hugging Face's clients to a served account, and nowhere else.
//!
//! The Hub has a variable for its address. The host of Inference Endpoints is fixed in the official client, which is led
//! through the served account's door, as through a proxy, and trusts its authority. Source: `huggingface_hub` 2.4.0,
//! `constants.py`, and what was measured with it (`../shared/reference`, api/judges.md section 5).

use std::path::Path;

use kubeproof_cloudkit::placeholder::TokenCloud;
use kubeproof_contract::serve::{ClientEnvironment, Served};
use serde_json::json;

use crate::credentials::CLIENTS;
use crate::rehearsal::TOKEN;

/// Variables in which clients look for a proxy to hosts behind TLS.
const PROXIES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
/// Variables in which clients look for the authorities that they trust.
const AUTHORITIES: [&str; 3] = ["CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"];

/// How a live program is given a placeholder token, and the hosts that it is meant for: the Hub, the API of Inference
/// Endpoints, and the endpoints themselves.
pub static TOKEN_CLOUD: TokenCloud = TokenCloud {
    variables: &CLIENTS,
    prefix: "hf_",
    hosts: &["huggingface.co", ".endpoints.huggingface.cloud"],
    authorities: &AUTHORITIES,
    error: |message| json!({ "error": message }),
};

/// The environment of clients of `served`.
pub fn client_environment(served: &dyn Served, folder: &Path) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
    let address = served.address();
    let url = format!("http://{address}");
    redirect.set(
        "HF_ENDPOINT",
        url.clone(),
        "where the Hub and Jobs are (its Python client)",
    );
    for name in PROXIES {
        let about = "the door to the simulated hosts of Hugging Face; all others are refused";
        redirect.set(name, url.clone(), about);
    }
    // The Hub is called by its address.
    let own = address.ip().to_string();
    for name in ["NO_PROXY", "no_proxy"] {
        redirect.set(name, own.clone(), "the served account itself needs no door");
    }
    // A trial serves anew, with another authority, in the same folder: a file that is there stays as it is.
    let path = folder.join(format!("huggingface-authority-{}.pem", address.port()));
    for name in AUTHORITIES {
        let about = "the simulator's authority, and no other";
        redirect.set(name, path.display().to_string(), about);
    }
    redirect
        .files
        .push((path, served.authority_pem().to_owned()));
    keep_to_token(&mut redirect, folder);
    for name in CLIENTS {
        redirect.set(name, TOKEN, "the made-up token that the simulator knows");
    }
    redirect
}

/// Hides all other credentials: the user's files. Nothing asks.
pub fn keep_to_token(redirect: &mut ClientEnvironment, folder: &Path) {
    let home = folder.join("huggingface").display().to_string();
    redirect.set(
        "HF_HOME",
        home,
        "a folder of its own in place of your cache and log-ins",
    );
    redirect.set("HF_HUB_DISABLE_TELEMETRY", "1", "nothing is reported");
    redirect.set(
        "HF_HUB_DISABLE_IMPLICIT_TOKEN",
        "0",
        "the token is sent without asking",
    );
    redirect.unset("HF_TOKEN_PATH", "would lead to another token");
}
