//! Treats an unreadable state as no state, and starts over next to what exists.
//!
//! Seen in the wild as ids that are lost with their file (CAPA issue 2563, upjet-aws issue 1482). Like those, a process
//! without a state knows only the network that it makes, so which of two networks it continues with does not depend on
//! the order of their ids.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use kubeproof_contract::call::Signature;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work, tears_down};

const STATE: &str = "state";
/// An id that no network has.
const NONE: &str = "vpc-00000000000000000";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("begins anew", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let disk = &parts.connection.disk;
        let state = parts.file(STATE).await;
        let _ = disk.write(STATE, "begun").await;
        let mut provisioner = match state.as_deref() {
            Some("begun" | "made") => parts.reference(),
            // The bug: a torn or lost file does not mean that nothing was made.
            _ => parts.intercepted(OwnNetwork::default()),
        };
        let made = provisioner.provision().await?;
        let _ = disk.write(STATE, "made").await;
        Ok(made)
    })
}

/// Sees the network that was made through it, and no other.
#[derive(Debug, Default)]
struct OwnNetwork(Mutex<Option<String>>);

impl OwnNetwork {
    fn id(&self) -> String {
        let id = lock(&self.0);
        id.clone().unwrap_or_else(|| NONE.to_owned())
    }
}

#[async_trait]
impl Intercept for OwnNetwork {
    async fn send(
        &self,
        call: &Signature,
        mut request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.operation == "DescribeVpcs" {
            let asked = String::from_utf8_lossy(request.body()).into_owned();
            let is_free = |number: &usize| !asked.contains(&format!("Filter.{number}."));
            let number = (1..100).find(is_free).unwrap_or_default();
            let id = self.id();
            let filter = format!("&Filter.{number}.Name=vpc-id&Filter.{number}.Value.1={id}");
            *request.body_mut() = (asked + &filter).into();
            request.headers_mut().remove(header::CONTENT_LENGTH);
        }
        let answer = inner.send(request).await?;
        if call.operation == "CreateVpc" {
            let text = String::from_utf8_lossy(answer.body());
            let id = text.split("<vpcId>").nth(1);
            let id = id.and_then(|rest| rest.split('<').next());
            if let Some(id) = id {
                let mut own = lock(&self.0);
                *own = Some(id.to_owned());
            }
        }
        Ok(answer)
    }
}
