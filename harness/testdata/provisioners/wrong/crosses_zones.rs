//! Uses the first of its NAT gateways for every zone, and so redirects the routes of the other zones to it.
//!
//! Seen in the wild often enough that auditors of accounts look for it (cloud-custodian pull 7499). A zone
//! whose traffic leaves by another one pays for the crossing and goes down with it, while its own gateway
//! is paid for and idle.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::mutex::lock;
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work, tears_down};

const BEGUN: &str = "begun";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("crosses zones", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        if parts.file(BEGUN).await.is_none() {
            let _ = parts.connection.disk.write(BEGUN, "yes").await;
            return parts.reference().provision().await;
        }
        parts.intercepted(FirstForAll::default()).provision().await
    })
}

#[derive(Debug, Default)]
struct FirstForAll(Mutex<Option<String>>);

#[async_trait]
impl Intercept for FirstForAll {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let by_name = String::from_utf8_lossy(request.body()).contains("tag%3AName");
        let answer = inner.send(request).await?;
        if call.operation != "DescribeNatGateways" || !by_name {
            return Ok(answer);
        }
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        let id = |text: &str| {
            let (_, rest) = text.split_once("<natGatewayId>")?;
            rest.split_once('<').map(|(id, _)| id.to_owned())
        };
        let Some(own) = id(&body) else {
            return Ok(answer);
        };
        let first = {
            let mut first = lock(&self.0);
            first.get_or_insert_with(|| own.clone()).clone()
        };
        // The bug: any gateway of the run is accepted.
        Ok(answer.map(|_| Bytes::from(body.replace(&own, &first))))
    }
}
