//! The bearer token of an EKS cluster: a presigned request to STS, and what a cluster checks in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;

use super::signature;
use crate::setup::{ACCESS_KEY_ID, LIMITED_ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use crate::sts;

/// What the token begins with.
const PREFIX: &str = "k8s-aws-v1.";
/// How long a token is accepted at most, whatever expiry it states.
const AGE_MAX: SignedDuration = SignedDuration::from_mins(15);
/// The longest expiry that a presigned URL in a token may have, seconds.
const EXPIRES_MAX_SECONDS: u64 = 900;

/// The principal of a token.
///
/// # Errors
/// Why it is refused; a real cluster says only 401.
pub fn principal(token: &str, cluster: &str, now: Timestamp) -> Result<String, &'static str> {
    let encoded = token.strip_prefix(PREFIX).ok_or("not a token of EKS")?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| "not base64")?;
    let url = String::from_utf8(bytes).map_err(|_| "not text")?;
    let (host, path, query) = split(&url).ok_or("not a URL")?;
    let pairs = pairs(query);
    let get = |name: &str| {
        pairs
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    if get("Action") != "GetCallerIdentity" {
        return Err("not a request for the caller's identity");
    }
    let expires: u64 = get("X-Amz-Expires").parse().map_err(|_| "no expiry")?;
    if expires == 0 || expires > EXPIRES_MAX_SECONDS {
        return Err("expiry out of range");
    }
    check_date(get("X-Amz-Date"), now)?;
    if !get("X-Amz-SignedHeaders")
        .split(';')
        .any(|name| name == "x-k8s-aws-id")
    {
        return Err("the cluster's name is not signed");
    }
    let key = get("X-Amz-Credential").split('/').next();
    // Both keys are the same user's, and a token needs no permission of IAM.
    if ![ACCESS_KEY_ID, LIMITED_ACCESS_KEY_ID]
        .map(Some)
        .contains(&key)
    {
        return Err("unknown access key");
    }
    let signed = signature::SigningInput {
        host,
        path,
        pairs: &pairs,
        cluster,
    };
    if signature::of(&signed, SECRET_ACCESS_KEY).as_deref() != Some(get("X-Amz-Signature")) {
        return Err("the signature does not match");
    }
    Ok(sts::caller_arn())
}

/// Host, path and query of a URL.
fn split(url: &str) -> Option<(&str, &str, &str)> {
    let (_scheme, rest) = url.split_once("://")?;
    let (place, query) = rest.split_once('?')?;
    let slash = place.find('/').unwrap_or(place.len());
    let path = if slash == place.len() {
        "/"
    } else {
        &place[slash..]
    };
    Some((&place[..slash], path, query))
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

fn check_date(date: &str, now: Timestamp) -> Result<(), &'static str> {
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", date).map_err(|_| "no date")?;
    let zoned = civil
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|_| "no date")?;
    let age = now.duration_since(zoned.timestamp());
    if age > AGE_MAX || age < -AGE_MAX {
        Err("too old, or of the future")
    } else {
        Ok(())
    }
}
