//! A kube-rs client over the contract's transport: the only code that handles the token and the server's address.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response};
use http_body_util::Full;
use kube::client::Body;
use kubeproof_contract::provisioner::{Credential, KubernetesAccess};
use kubeproof_contract::transport::{CertificateAuthority, ClientIdentity, SharedTransport};
use tower::BoxError;

use crate::error::{Cause, KubernetesError};

/// What is added to each request.
#[derive(Clone)]
struct Route {
    server: Uri,
    authorization: Option<HeaderValue>,
    identity: Option<ClientIdentity>,
    authority: Option<CertificateAuthority>,
    transport: SharedTransport,
}

/// A client for a cluster. Call it inside the runtime that will use it.
///
/// # Errors
/// When the server's address or the token cannot be put into a request.
pub fn client(
    access: &KubernetesAccess,
    transport: SharedTransport,
) -> Result<kube::Client, KubernetesError> {
    let what = "use the access to the cluster";
    let next = "check what the provisioner handed over";
    let server: Uri = access.server.parse().map_err(|error| {
        let message = format!("`{}` is not a URL: {error}", access.server);
        KubernetesError::new(what, Cause::Usage, message, next)
    })?;
    if server.authority().is_none() || server.scheme().is_none() {
        let message = format!("`{}` is not a URL with scheme and host", access.server);
        return Err(KubernetesError::new(what, Cause::Usage, message, next));
    }
    let (authorization, identity) = match &access.credential {
        Credential::Token(token) => {
            let header = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                let message = "the token has characters that no header may have";
                KubernetesError::new(what, Cause::Usage, message, next)
            })?;
            (Some(sensitive(header)), None)
        }
        Credential::ClientCertificate {
            certificate_pem,
            key_pem,
        } => {
            let identity = ClientIdentity {
                certificate_pem: certificate_pem.clone(),
                key_pem: key_pem.clone(),
            };
            (None, Some(identity))
        }
    };
    let authority = access
        .certificate_authority_pem
        .clone()
        .map(CertificateAuthority);
    let route = Route {
        server,
        authorization,
        identity,
        authority,
        transport,
    };
    let service = tower::service_fn(move |request| send(route.clone(), request));
    Ok(kube::Client::new(service, "default"))
}

fn sensitive(mut header: HeaderValue) -> HeaderValue {
    header.set_sensitive(true);
    header
}

async fn send(route: Route, request: Request<Body>) -> Result<Response<Full<Bytes>>, BoxError> {
    let (mut parts, body) = request.into_parts();
    parts.uri = absolute(&route.server, &parts.uri)?;
    if let Some(authorization) = route.authorization {
        parts.headers.insert(AUTHORIZATION, authorization);
    }
    if let Some(identity) = route.identity {
        parts.extensions.insert(identity);
    }
    if let Some(authority) = route.authority {
        parts.extensions.insert(authority);
    }
    let body = body.collect_bytes().await?;
    let response = route
        .transport
        .send(Request::from_parts(parts, body))
        .await?;
    Ok(response.map(Full::new))
}

/// The request's path on the server, below the server's own path when it has one.
fn absolute(server: &Uri, path: &Uri) -> Result<Uri, BoxError> {
    let below = path.path_and_query().map_or("/", PathAndQuery::as_str);
    let prefix = server.path().trim_end_matches('/');
    let mut parts = server.clone().into_parts();
    parts.path_and_query = Some(format!("{prefix}{below}").parse()?);
    Ok(Uri::from_parts(parts)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(server: &str, path: &str, expected: &str) {
        let uri = absolute(&server.parse().unwrap(), &path.parse().unwrap()).unwrap();
        assert_eq!(uri.to_string(), expected);
    }

    #[test]
    fn paths_are_put_below_the_servers_own_path() {
        check(
            "https://host:6443",
            "/api/v1/pods?limit=1",
            "https://host:6443/api/v1/pods?limit=1",
        );
        check(
            "https://host/k8s/c-1/",
            "/version",
            "https://host/k8s/c-1/version",
        );
    }
}
