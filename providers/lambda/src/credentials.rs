//! Where the API key is: its variable, and the names under which clients look for it.

use kubeproof_cloudkit::credentials::KeyVariable;

use crate::rehearsal;

/// The API key of an account.
pub(crate) const KEY: KeyVariable = KeyVariable {
    name: "LAMBDA_API_KEY",
    what: "API key of Lambda Cloud",
    advice: "make one at https://cloud.lambda.ai/api-keys",
    rehearsal: rehearsal::API_KEY,
    file: None,
};

/// The variables in which clients look for the key (`lambda-ai-cloud-api-client` 2.4.1, `cli/client.py`).
pub(crate) const CLIENTS: [&str; 4] = [
    "LAMBDA_CLOUD_TOKEN",
    "LAMBDA_CLOUD_API_TOKEN",
    "LAMBDA_API_TOKEN",
    KEY.name,
];
