//! Gives up when reading a new machine is throttled, and knows only the machines that it has read.
//!
//! Seen in the wild (skypilot issue 2261: the list after a launch was answered 429, so the launch was
//! given up, and its machine was left running under a name that is never queried again).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use kubeproof_contract::call::Signature;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::provisioner::{Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::transport::{SharedTransport, TransportError};
use serde_json::Value;
use tokio::sync::Notify;

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work};

const KNOWN: &str = "known";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("stops at haste", parts, provision, |parts| {
        Box::pin(async { parts.intercepted(OwnOnly::of(parts).await).teardown().await })
    })
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let own = OwnOnly::of(parts).await;
        let refused = Arc::clone(&own.refused);
        let mut provisioner = parts.intercepted(own);
        tokio::select! {
            made = provisioner.provision() => made,
            // The bug: it is not retried, and nothing is undone.
            () = refused.notified() => Err(ProvisionerError::new("429: too many requests")),
        }
    })
}

/// Sees only the machines that it could read after their launch.
#[derive(Debug)]
struct OwnOnly {
    known: Mutex<BTreeSet<String>>,
    disk: Disk,
    refused: Arc<Notify>,
}

impl OwnOnly {
    async fn of(parts: &Parts) -> Self {
        let known = parts.file(KNOWN).await.unwrap_or_default();
        Self {
            known: Mutex::new(known.split_whitespace().map(str::to_owned).collect()),
            disk: parts.connection.disk.clone(),
            refused: Arc::default(),
        }
    }

    async fn looked_at(&self, machine: &Value) {
        let id = machine["data"]["id"].as_str().unwrap_or_default();
        let all: Vec<String> = {
            let mut known = lock(&self.known);
            if !known.insert(id.to_owned()) {
                return;
            }
            known.iter().cloned().collect()
        };
        let _ = self.disk.write(KNOWN, all.join(" ")).await;
    }

    fn only(&self, mut list: Value) -> Value {
        let known = lock(&self.known);
        if let Some(machines) = list["data"].as_array_mut() {
            machines.retain(|one| one["id"].as_str().is_some_and(|id| known.contains(id)));
        }
        list
    }
}

#[async_trait]
impl Intercept for OwnOnly {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        let hasty = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        if hasty && call.operation == "GetInstance" {
            self.refused.notify_one();
            return std::future::pending().await;
        }
        let Ok(body) = serde_json::from_slice::<Value>(answer.body()) else {
            return Ok(answer);
        };
        match call.operation.as_str() {
            "GetInstance" if answer.status().is_success() => self.looked_at(&body).await,
            "ListInstances" => {
                let body = self.only(body).to_string();
                return Ok(answer.map(|_| Bytes::from(body)));
            }
            _ => {}
        }
        Ok(answer)
    }
}
