//! Tears down everything that was not there when it started, as if it were alone in the account.
//!
//! Cleaning up by comparing two listings also removes what others created in between.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::run::RUN_TAG;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use serde_json::{Value, json};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "takes newcomers",
        parts,
        |parts| {
            Box::pin(async {
                parts
                    .intercepted(Compares::of(parts, false))
                    .provision()
                    .await
            })
        },
        |parts| {
            Box::pin(async {
                parts
                    .intercepted(Compares::of(parts, true))
                    .teardown()
                    .await
            })
        },
    )
}

#[derive(Debug)]
struct Compares {
    run: String,
    name: String,
    disk: Disk,
    takes: bool,
}

impl Compares {
    fn of(parts: &Parts, takes: bool) -> Self {
        let connection = &parts.connection;
        Self {
            run: connection.run.id.clone(),
            name: connection.run.name(""),
            disk: connection.disk.clone(),
            takes,
        }
    }

    /// The first listing.
    async fn before(&self, list: &str, now: &[Value]) -> Vec<Value> {
        if let Ok(Some(kept)) = self.disk.read(list).await {
            return serde_json::from_slice(&kept).unwrap_or_default();
        }
        let ids: Vec<Value> = now.iter().map(|one| one["id"].clone()).collect();
        let _ = self.disk.write(list, json!(ids).to_string()).await;
        ids
    }
}

#[async_trait]
impl Intercept for Compares {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let of_machines = call.operation == "ListInstances";
        let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else {
            return Ok(answer);
        };
        let Some(all) = body["data"].as_array_mut() else {
            return Ok(answer);
        };
        if !of_machines && call.operation != "ListSshKeys" {
            return Ok(answer);
        }
        let before = self.before(&call.operation, all).await;
        let new = all.iter_mut().filter(|one| !before.contains(&one["id"]));
        for newcomer in new.filter(|_| self.takes) {
            // The bug: it does not check who created them.
            if of_machines {
                newcomer["tags"] = json!([{"key": RUN_TAG, "value": self.run}]);
            } else {
                newcomer["name"] = json!(self.name);
            }
        }
        Ok(answer.map(|_| Bytes::from(body.to_string())))
    }
}
