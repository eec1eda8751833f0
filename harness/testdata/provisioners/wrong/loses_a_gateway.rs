//! Ignores that one of its NAT gateways was refused, and reports the cluster ready without it.
//!
//! Seen in the wild (cluster-api-provider-aws pull 5856: gateways are made in parallel, and the error of
//! one is returned as `nil`). A node behind the missing gateway would never join, so this shows only
//! where a zone has no node yet.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::{Provisioned, Provisioner};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work, tears_down};

/// Stands for the gateway that was not made, within one process.
const NONE: &str = "nat-00000000000000000";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("loses a gateway", parts, provision, tears_down)
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let mut made = parts.intercepted(Swallows).provision().await?;
        // It does not list the missing gateway: it just does not notice.
        made.made.retain(|_, id| id != NONE);
        Ok(made)
    })
}

#[derive(Debug)]
struct Swallows;

fn answer(operation: &str, content: &str) -> Response<Bytes> {
    let body = format!("<{operation}Response>{content}</{operation}Response>");
    Response::new(Bytes::from(body))
}

#[async_trait]
impl Intercept for Swallows {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let of_none = String::from_utf8_lossy(request.body()).contains(NONE);
        match call.operation.as_str() {
            "CreateNatGateway" => {
                let said = inner.send(request).await?;
                if !said.status().is_client_error() {
                    return Ok(said);
                }
                // The bug: the error of this one is dropped, those of the others are handled.
                let id = format!("<natGateway><natGatewayId>{NONE}</natGatewayId></natGateway>");
                Ok(answer(&call.operation, &id))
            }
            "DescribeNatGateways" if of_none => {
                let item = format!(
                    "<natGatewaySet><item><natGatewayId>{NONE}</natGatewayId>\
                     <state>available</state></item></natGatewaySet>"
                );
                Ok(answer(&call.operation, &item))
            }
            // No gateway, no route: that is ignored too.
            "CreateRoute" if of_none => Ok(answer(&call.operation, "<return>true</return>")),
            _ => inner.send(request).await,
        }
    }
}
