//! Takes a throttled rule of a firewall for one that was made.
//!
//! Seen in the wild (terraform-provider-aws issue 3128: the group is recorded, its rules are not there).

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::provisioner::Provisioner;
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts, tears_down};

const MADE: &str = "<AuthorizeSecurityGroupIngressResponse><return>true</return>\
                    </AuthorizeSecurityGroupIngressResponse>";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed(
        "loses a rule",
        parts,
        |parts| Box::pin(async { parts.bent(Careless).provision().await }),
        tears_down,
    )
}

#[derive(Debug)]
struct Careless;

#[async_trait]
impl Bend for Careless {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        let answer = inner.send(request).await?;
        if call.operation == "AuthorizeSecurityGroupIngress" && answer.status().is_server_error() {
            return Ok(Response::new(Bytes::from_static(MADE.as_bytes())));
        }
        Ok(answer)
    }
}
