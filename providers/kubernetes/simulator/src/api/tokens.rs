//! Tokens of service accounts: issued on request, and accepted from callers.
//!
//! The cluster knows these callers itself, independent of the cloud's authentication.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use crate::api::create::WriteResponse;
use crate::api::options::Options;
use crate::cluster::Cluster;
use crate::json::{items, number, set, set_default, text};
use crate::server::Identity;
use crate::store::Key;
use crate::store::types::Type;
use crate::wire::body;
use crate::wire::status::Failure;

/// Who issues tokens, unless the cloud says otherwise, and the audience of those that are for this server.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// The lifetime of a token in seconds, unless the request names one, and the shortest possible one.
const LIFETIME: i64 = 3600;
const SHORTEST_LIFETIME: i64 = 600;

/// An issued token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    account: Key,
    uid: String,
    /// Its last second.
    expires: i64,
    /// Whom it is for.
    audiences: Vec<String>,
}

/// The service account that a valid token stands for, as its subject, and whom the token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// `system:serviceaccount:<namespace>:<name>`.
    pub subject: String,
    /// Whom it is for.
    pub audiences: Vec<String>,
}

/// Answers a `TokenRequest` for a service account.
pub(crate) fn request(
    cluster: &mut Cluster,
    key: &Key,
    request: &Request<Bytes>,
    options: &Options,
) -> Result<WriteResponse, Failure> {
    let (mut asked, warnings) = body::object(
        "TokenRequest",
        "authentication.k8s.io/v1",
        request,
        options.validation,
    )?;
    let account = cluster.store.get(key);
    let account =
        account.ok_or_else(|| Failure::not_found(Type::of("serviceaccounts"), &key.name))?;
    let uid = text(account, "/metadata/uid").to_owned();
    set_default(&mut asked, "/spec/expirationSeconds", LIFETIME);
    set_default(&mut asked, "/spec/audiences", json!([ISSUER]));
    let life = number(&asked, "/spec/expirationSeconds").unwrap_or(LIFETIME);
    if life < SHORTEST_LIFETIME {
        let what =
            format!("Invalid value: {life}: may not specify a duration less than 10 minutes");
        let errors = [("spec.expirationSeconds".to_owned(), what)];
        let group = "authentication.k8s.io";
        return Err(Failure::invalid_kind("TokenRequest", group, "", &errors));
    }
    if asked
        .pointer("/spec/boundObjectRef")
        .is_some_and(|bound| !bound.is_null())
    {
        return Err(Failure::not_simulated(
            "a token that is bound to another object",
        ));
    }
    let expires = cluster.now.as_second() + life;
    let token = signed(cluster, key, &uid, &asked, expires);
    let audiences = items(&asked, "/spec/audiences").iter();
    if !options.dry {
        let known = Token {
            account: key.clone(),
            uid: uid.clone(),
            expires,
            audiences: audiences
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect(),
        };
        cluster.tokens.insert(token.clone(), known);
    }
    let end = jiff::Timestamp::from_second(expires).unwrap_or(cluster.now);
    set(&mut asked, "/kind", "TokenRequest");
    set(&mut asked, "/apiVersion", "authentication.k8s.io/v1");
    set(
        &mut asked,
        "/metadata",
        json!({
            "name": key.name, "namespace": key.namespace, "uid": uid,
            "creationTimestamp": cluster.stamp(),
        }),
    );
    set(&mut asked, "/spec/boundObjectRef", Value::Null);
    set(
        &mut asked,
        "/status",
        json!({
            "token": token, "expirationTimestamp": crate::json::time(end),
        }),
    );
    Ok(WriteResponse {
        warnings,
        ..WriteResponse::new(201, asked)
    })
}

/// A token in the form of a JSON web token. Its signature is random: the server remembers its tokens.
fn signed(cluster: &mut Cluster, key: &Key, uid: &str, asked: &Value, expires: i64) -> String {
    let now = cluster.now.as_second();
    let claims = json!({
        "aud": asked["spec"]["audiences"], "exp": expires, "iat": now, "nbf": now, "iss": cluster.issuer,
        "jti": cluster.ids.uuid(),
        "kubernetes.io": {
            "namespace": key.namespace, "serviceaccount": {"name": key.name, "uid": uid},
        },
        "sub": format!("system:serviceaccount:{}:{}", key.namespace, key.name),
    });
    let parts = [
        json!({"alg": "RS256", "kid": "simulated"}).to_string(),
        claims.to_string(),
        cluster.ids.hex(64),
    ];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// A token that this cluster issued, that has not expired, and whose account is still the same.
fn valid<'a>(cluster: &'a Cluster, token: &str) -> Option<&'a Token> {
    let known = cluster.tokens.get(token)?;
    let account = cluster.store.get(&known.account)?;
    let same = text(account, "/metadata/uid") == known.uid;
    (same && cluster.now.as_second() < known.expires).then_some(known)
}

/// What a valid token of this cluster stands for.
pub(crate) fn issued(cluster: &Cluster, token: &str) -> Option<IssuedToken> {
    let known = valid(cluster, token)?;
    let (namespace, name) = (&known.account.namespace, &known.account.name);
    Some(IssuedToken {
        subject: format!("system:serviceaccount:{namespace}:{name}"),
        audiences: known.audiences.clone(),
    })
}

/// Who a request comes from, if it carries a valid token of this cluster.
pub(crate) fn caller(cluster: &Cluster, request: &Request<Bytes>) -> Option<Identity> {
    let header = request.headers().get(header::AUTHORIZATION)?;
    let token = header.to_str().ok()?.strip_prefix("Bearer ")?;
    let known = valid(cluster, token)?;
    // A token for another audience is not valid for this server.
    if !known.audiences.iter().any(|name| name == ISSUER) {
        return None;
    }
    let (namespace, name) = (&known.account.namespace, &known.account.name);
    Some(Identity::User {
        name: format!("system:serviceaccount:{namespace}:{name}"),
        groups: vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            "system:authenticated".to_owned(),
        ],
    })
}
