//! Other users of an account, who make the foreign changes that no provider makes by itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, header};
use kubeproof_contract::fault_layer::ForeignChanges;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provider_errors::ForeignChangeError;
use kubeproof_contract::run::{OWNER_TAG, RUN_TAG};
use serde_json::{Value, json};

/// Where the cloud is.
const API: &str = "https://cloud.lambda.ai/api/v1";
/// Pause between calls: an account may make one a second.
const PACE: Duration = Duration::from_secs(2);
/// Pause before and after a launch: an account may launch about once in ten seconds.
const LAUNCH_PACE: Duration = Duration::from_secs(13);
/// The changes, with what each does.
const CHANGES: &[(&str, &str)] = &[
    ("rename", "renames every machine of the run"),
    ("moves-in", "another run begins"),
    ("moves-out", "what was there before the run is removed"),
    ("visits", "another run begins and ends"),
];
/// The name of what another user creates; the run has no such names.
const NEWCOMER: &str = "kp-newcomer";
/// Names of what another user had before the run.
const OLD_MACHINE: &str = "kp-legacy-training";
const OLD_KEY: &str = "alice";
/// The key that the simulated account knows.
const KEY: &str = "Bearer secret_kubeproof-rehearsal_00000000000000000000000000000000";

/// Another user with machines in the account, who may change those of the run.
#[derive(Debug)]
struct User(Connection);

/// The user of an account with machines.
pub fn user(connection: Connection) -> Arc<dyn ForeignChanges> {
    Arc::new(User(connection))
}

impl User {
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ForeignChangeError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{API}{path}"))
            .header(header::AUTHORIZATION, KEY)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body.to_string()))
            .map_err(ForeignChangeError::failed)?;
        tokio::time::sleep(PACE).await;
        let answer = self.0.transport.send(request).await;
        let answer = answer.map_err(ForeignChangeError::failed)?;
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        if !answer.status().is_success() {
            return Err(ForeignChangeError::failed(text));
        }
        serde_json::from_str(&text).map_err(ForeignChangeError::failed)
    }

    /// The ids of listed resources whose names start like this.
    async fn named(&self, path: &str, start: &str) -> Result<Vec<String>, ForeignChangeError> {
        let all = self.call(Method::GET, path, &Value::Null).await?;
        let all = all["data"].as_array().into_iter().flatten();
        let named = all.filter(|one| one["name"].as_str().is_some_and(|it| it.starts_with(start)));
        let ids = named.map(|one| one["id"].as_str().unwrap_or_default().to_owned());
        Ok(ids.collect())
    }

    /// Renames every machine of the run.
    async fn renames(&self) -> Result<(), ForeignChangeError> {
        for id in self.named("/instances", &self.0.run.name("node")).await? {
            let name = json!({"name": "alice"});
            let path = format!("/instances/{id}");
            self.call(Method::POST, &path, &name).await?;
        }
        Ok(())
    }

    /// Another run begins: it creates a key, which has no tags, and a machine, which has.
    async fn moves_in(&self) -> Result<(), ForeignChangeError> {
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

    /// Removes the machines and keys with these names.
    async fn moves_out(&self, machine: &str, key: &str) -> Result<(), ForeignChangeError> {
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
    async fn make(&self, name: &str) -> Result<(), ForeignChangeError> {
        match name {
            "rename" => self.renames().await,
            "moves-in" => self.moves_in().await,
            "moves-out" => self.moves_out(OLD_MACHINE, OLD_KEY).await,
            "visits" => {
                self.moves_in().await?;
                self.moves_out(NEWCOMER, NEWCOMER).await
            }
            _ => Err(ForeignChangeError::unknown(name, CHANGES)),
        }
    }
}
