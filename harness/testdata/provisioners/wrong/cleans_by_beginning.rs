//! Tears down everything whose name starts with the cluster's.
//!
//! Seen in the wild as clean-up by `NAME*`: `prod` takes `prod-2` with it (kops issue 2003).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::run::RUN_TAG;
use kubeproof_contract::transport::{SharedTransport, TransportError};
use serde_json::json;

use crate::provisioners::variant::{
    FunctionProvisioner, Intercept, Parts, Work, provisions, with_json,
};

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("cleans by beginning", parts, provisions, |parts| {
        Box::pin(async { parts.intercepted(ByBeginning::of(parts)).teardown().await })
    })
}

/// The same, only where an earlier teardown was interrupted.
pub fn after_a_crash(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed(
        "cleans by beginning after a crash",
        parts,
        provisions,
        later,
    )
}

fn later(parts: &Parts) -> Work<'_, ()> {
    Box::pin(async {
        if parts.begins_again().await {
            parts.intercepted(ByBeginning::of(parts)).teardown().await?;
        } else {
            parts.reference().teardown().await?;
        }
        parts.ends().await;
        Ok(())
    })
}

#[derive(Debug)]
struct ByBeginning {
    run: String,
    name: String,
}

impl ByBeginning {
    fn of(parts: &Parts) -> Self {
        let run = &parts.connection.run;
        Self {
            run: run.id.clone(),
            name: run.name(""),
        }
    }
}

#[async_trait]
impl Intercept for ByBeginning {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        if !matches!(call.operation.as_str(), "ListInstances" | "ListSshKeys") {
            return Ok(answer);
        }
        Ok(with_json(answer, |body| {
            for one in body["data"].as_array_mut().into_iter().flatten() {
                let name = one["name"].as_str().unwrap_or_default();
                if name.starts_with(&self.name) && call.operation == "ListInstances" {
                    // The bug: a name that starts like this may be another cluster's.
                    one["tags"] = json!([{"key": RUN_TAG, "value": self.run}]);
                } else if name.starts_with(&self.name) {
                    one["name"] = json!(self.name);
                }
            }
        }))
    }
}
