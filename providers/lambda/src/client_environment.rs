//! The environment that sends Lambda Cloud's clients to a served account, and nowhere else.
//!
//! Source: what the public Python client (`lambda-ai-cloud-api-client` 2.4.1, `cli/client.py`) reads.

use kubeproof_contract::serve::{ClientEnvironment, Served};

use crate::credentials::CLIENTS;
use crate::rehearsal::API_KEY;

pub fn client_environment(served: &dyn Served) -> ClientEnvironment {
    let mut redirect = ClientEnvironment::default();
    redirect.set(
        "LAMBDA_CLOUD_BASE_URL",
        format!("http://{}", served.address()),
        "where the API is (lambda-ai-cloud-api-client)",
    );
    for name in CLIENTS {
        redirect.set(name, API_KEY, "the made-up key that the simulator knows");
    }
    redirect
}
