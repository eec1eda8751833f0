//! Others in an account: who makes the foreign changes that no provider makes by itself.
//!
//! Apart from the provisioners that they expose: they use the cloud's API as anybody does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, header};
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::provider::Connection;
use serde_json::Value;

/// Where the cloud's machines are.
const MACHINES: &str = "https://cloud.lambda.ai/api/v1/instances";
/// Between two calls of one account: it may make one in a second.
const PACE: Duration = Duration::from_secs(2);
/// The key that the simulated account knows.
const KEY: &str = "Bearer secret_kubeproof-rehearsal_00000000000000000000000000000000";

/// A user who gives every machine of the run a name of his own.
#[derive(Debug)]
struct User(Connection);

/// The user of an account with machines.
pub fn user(connection: Connection) -> Arc<dyn ForeignChanges> {
    Arc::new(User(connection))
}

impl User {
    async fn call(&self, method: Method, path: &str, body: &str) -> Result<Value, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{MACHINES}{path}"))
            .header(header::AUTHORIZATION, KEY)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_owned()))
            .map_err(|error| error.to_string())?;
        tokio::time::sleep(PACE).await;
        let answer = self.0.transport.send(request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        if !answer.status().is_success() {
            return Err(text);
        }
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }
}

#[async_trait]
impl ForeignChanges for User {
    async fn make(&self, name: &str) -> Result<(), String> {
        if name != "rename" {
            return Err(format!("nobody makes the change `{name}`"));
        }
        let run = self.0.run.name("");
        let all = self.call(Method::GET, "", "").await?;
        for machine in all["data"].as_array().into_iter().flatten() {
            let named = |it: &str| it.starts_with(&run);
            if machine["name"].as_str().is_some_and(named) {
                let id = machine["id"].as_str().unwrap_or_default();
                let body = "{\"name\":\"alice\"}";
                self.call(Method::POST, &format!("/{id}"), body).await?;
            }
        }
        Ok(())
    }
}
