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
use kubeproof_contract::run::{OWNER_TAG, RUN_TAG};
use serde_json::{Value, json};

/// Where the cloud is.
const API: &str = "https://cloud.lambda.ai/api/v1";
/// Between two calls of one account: it may make one in a second.
const PACE: Duration = Duration::from_secs(2);
/// Before and after a launch: an account may make one in ten seconds or so.
const LAUNCH_PACE: Duration = Duration::from_secs(13);
/// What somebody calls what he brings: the run has no such names.
const NEWCOMER: &str = "kp-newcomer";
/// Names of what somebody had before the run.
const OLD_MACHINE: &str = "kp-legacy-training";
const OLD_KEY: &str = "alice";
/// The key that the simulated account knows.
const KEY: &str = "Bearer secret_kubeproof-rehearsal_00000000000000000000000000000000";

/// Somebody who has machines in the account, too, and may touch those of the run.
#[derive(Debug)]
struct User(Connection);

/// The user of an account with machines.
pub fn user(connection: Connection) -> Arc<dyn ForeignChanges> {
    Arc::new(User(connection))
}

impl User {
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{API}{path}"))
            .header(header::AUTHORIZATION, KEY)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
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

    /// What is in a list and has a name that begins so: the ids.
    async fn named(&self, path: &str, start: &str) -> Result<Vec<String>, String> {
        let all = self.call(Method::GET, path, &Value::Null).await?;
        let all = all["data"].as_array().into_iter().flatten();
        let named = all.filter(|one| one["name"].as_str().is_some_and(|it| it.starts_with(start)));
        let ids = named.map(|one| one["id"].as_str().unwrap_or_default().to_owned());
        Ok(ids.collect())
    }

    /// Every machine of the run gets a name of the user's own.
    async fn renames(&self) -> Result<(), String> {
        for id in self.named("/instances", &self.0.run.name("node")).await? {
            let name = json!({"name": "alice"});
            let path = format!("/instances/{id}");
            self.call(Method::POST, &path, &name).await?;
        }
        Ok(())
    }

    /// Another run begins: a key, which has no tags, and a machine, which has.
    async fn moves_in(&self) -> Result<(), String> {
        let key = json!({"name": NEWCOMER, "public_key": "ssh-ed25519 AAAA bob"});
        self.call(Method::POST, "/ssh-keys", &key).await?;
        tokio::time::sleep(LAUNCH_PACE).await;
        let order = json!({
            "region_name": "us-east-1", "instance_type_name": "gpu_1x_a10", "name": NEWCOMER,
            "ssh_key_names": [NEWCOMER],
            "tags": [{"key": RUN_TAG, "value": "newcomer"}, {"key": OWNER_TAG, "value": "bob"}],
        });
        self.call(Method::POST, "/instance-operations/launch", &order)
            .await?;
        tokio::time::sleep(LAUNCH_PACE).await;
        Ok(())
    }

    /// Whoever has a machine and a key that are called so removes them.
    async fn moves_out(&self, machine: &str, key: &str) -> Result<(), String> {
        let machines = json!({"instance_ids": self.named("/instances", machine).await?});
        self.call(Method::POST, "/instance-operations/terminate", &machines)
            .await?;
        for id in self.named("/ssh-keys", key).await? {
            let path = format!("/ssh-keys/{id}");
            self.call(Method::DELETE, &path, &Value::Null).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl ForeignChanges for User {
    async fn make(&self, name: &str) -> Result<(), String> {
        match name {
            "rename" => self.renames().await,
            "moves-in" => self.moves_in().await,
            "moves-out" => self.moves_out(OLD_MACHINE, OLD_KEY).await,
            "visits" => {
                self.moves_in().await?;
                self.moves_out(NEWCOMER, NEWCOMER).await
            }
            _ => Err(format!("there is no change `{name}`")),
        }
    }
}
