//! The transport to moto: requests to any service go to its one port, and the `Host` header says which service is
//! meant.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use kubeproof_contract::https::Https;
use kubeproof_contract::transport::{Transport, TransportError};
use serde_json::Value;

/// The domain of clusters' API servers, which moto does not have.
const API_SERVERS: &str = ".eks.amazonaws.com";

#[derive(Debug)]
pub struct MotoTransport {
    https: Https,
    authority: Authority,
}

impl MotoTransport {
    pub fn new(https: Https, address: &str) -> Result<Self, String> {
        let authority = address
            .parse()
            .map_err(|error| format!("{address}: {error}"))?;
        Ok(Self { https, authority })
    }
}

#[async_trait]
impl Transport for MotoTransport {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut parts = request.uri().clone().into_parts();
        let host = parts.authority.as_ref().map_or("", Authority::host);
        if host.ends_with(API_SERVERS) {
            let words = format!("{host}: moto has no API server");
            return Err(TransportError::Connect(words));
        }
        let named = HeaderValue::from_str(host);
        let named = named.map_err(|error| TransportError::Connect(error.to_string()))?;
        request.headers_mut().insert(HOST, named);
        parts.authority = Some(self.authority.clone());
        parts.scheme = Some(Scheme::HTTP);
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|error: http::uri::InvalidUriParts| {
                TransportError::Connect(error.to_string())
            })?;
        Ok(with_group(self.https.send(request).await?))
    }
}

/// moto's clusters lack the security group that EKS creates and our provisioner needs for nodes: the caller's own group
/// takes its place.
fn with_group(response: Response<Bytes>) -> Response<Bytes> {
    let (mut parts, body) = response.into_parts();
    let mut value: Value = serde_json::from_slice(&body).unwrap_or_default();
    let network = value.pointer_mut("/cluster/resourcesVpcConfig");
    let Some(network) = network.and_then(Value::as_object_mut) else {
        return Response::from_parts(parts, body);
    };
    if !network.contains_key("clusterSecurityGroupId") {
        let first = network["securityGroupIds"][0].clone();
        network.insert("clusterSecurityGroupId".to_owned(), first);
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Bytes::from(value.to_string()))
}
