//! The signature of a request (Signature Version 4): reads it, and makes one over the same headers with any keys.
//!
//! Source: AWS's IAM user guide, "Create a signed AWS API request", and the Amazon S3 API reference, "Authenticating
//! Requests (AWS Signature Version 4)", for what S3 does otherwise.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningInstructions,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Uri};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::payload;

/// The one algorithm that is understood.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The header of a signature's date.
pub const DATE: &str = "x-amz-date";
/// The header of a session's token.
pub const TOKEN: &str = "x-amz-security-token";
/// What a presigned request has in its query, in lower case; the signer writes it anew.
const OF_QUERY: [&str; 7] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signedheaders",
    "x-amz-signature",
];
/// The longest that a presigned request may be valid (Amazon S3 API reference, "X-Amz-Expires").
const EXPIRES_MAX: u64 = 604_800;

/// Why a signature cannot be read, checked or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is of another kind.
    #[error("it is authorized otherwise than by {ALGORITHM}")]
    Other,
    /// A part is missing, or not as AWS writes it.
    #[error("its signature has no usable {0}")]
    Part(&'static str),
    /// A header that is signed is no text.
    #[error("a signed header is no text")]
    Header,
    /// The body cannot be signed anew.
    #[error(transparent)]
    Payload(#[from] payload::PayloadError),
    /// The signer's own reason, which names no value.
    #[error("it cannot be signed: {0}")]
    Signing(String),
}

/// The signature of a request, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenSignature {
    pub key_id: String,
    pub at: Timestamp,
    pub region: String,
    pub service: String,
    /// The names of the headers that it covers.
    names: Vec<String>,
    pub signature: String,
    /// For how many seconds it is valid, if it is in the query.
    expires: Option<u64>,
}

impl GivenSignature {
    /// The signature of a request; `None` when it has none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(request: &Request<Bytes>) -> Result<Option<Self>, SignatureError> {
        if let Some(value) = request.headers().get(AUTHORIZATION) {
            let text = value.to_str().map_err(|_| SignatureError::Other)?;
            let rest = text.strip_prefix(ALGORITHM).ok_or(SignatureError::Other)?;
            let part = |name: &'static str| {
                let mut parts = rest.split(',').map(str::trim);
                parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
            };
            let date = request.headers().get(DATE);
            let date = date.and_then(|value| value.to_str().ok());
            return Self::read(&part, date, None).map(Some);
        }
        let query = request.uri().query().unwrap_or_default();
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let value = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        if value("AWSAccessKeyId").is_some() {
            // Signature Version 2.
            return Err(SignatureError::Other);
        }
        let Some(algorithm) = value("X-Amz-Algorithm") else {
            return Ok(None);
        };
        if algorithm != ALGORITHM {
            return Err(SignatureError::Other);
        }
        let expires = value("X-Amz-Expires").and_then(|text| text.parse().ok());
        let expires = expires.filter(|seconds| (1..=EXPIRES_MAX).contains(seconds));
        let expires = expires.ok_or(SignatureError::Part("X-Amz-Expires"))?;
        let part = |name: &'static str| value(&format!("X-Amz-{name}"));
        Self::read(&part, value("X-Amz-Date"), Some(expires)).map(Some)
    }

    fn read<'a>(
        part: &dyn Fn(&'static str) -> Option<&'a str>,
        date: Option<&str>,
        expires: Option<u64>,
    ) -> Result<Self, SignatureError> {
        let of = |name: &'static str| part(name).ok_or(SignatureError::Part(name));
        let scope: Vec<&str> = of("Credential")?.split('/').collect();
        let [key_id, _, region, service, "aws4_request"] = scope.as_slice() else {
            return Err(SignatureError::Part("Credential"));
        };
        let civil = date.and_then(|text| DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok());
        let at = civil.and_then(|civil| civil.to_zoned(TimeZone::UTC).ok());
        Ok(Self {
            key_id: (*key_id).to_owned(),
            at: at.ok_or(SignatureError::Part("date"))?.timestamp(),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
            names: of("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: of("Signature")?.to_owned(),
            expires,
        })
    }

    /// Whether it was made with these keys over this request as it is.
    ///
    /// # Errors
    /// When that cannot be computed.
    pub fn is_of(
        &self,
        request: &Request<Bytes>,
        keys: &Credentials,
    ) -> Result<bool, SignatureError> {
        let host = self.names.iter().any(|name| name == "host");
        let (_, signature) = self.make(request, keys, self.at)?;
        Ok(host && self.key_id == keys.access_key_id() && signature == self.signature)
    }

    /// The request with a signature of these keys and this date in place of its own, over the same headers.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn replace(
        &self,
        mut request: Request<Bytes>,
        keys: &Credentials,
        at: Timestamp,
    ) -> Result<Request<Bytes>, SignatureError> {
        for name in [AUTHORIZATION.as_str(), DATE, TOKEN] {
            request.headers_mut().remove(name);
        }
        *request.uri_mut() = self.unsigned(request.uri());
        let (instructions, _) = self.make(&request, keys, at)?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }

    fn make(
        &self,
        request: &Request<Bytes>,
        keys: &Credentials,
        at: Timestamp,
    ) -> Result<(SigningInstructions, String), SignatureError> {
        let signing = |error: &dyn std::error::Error| SignatureError::Signing(error.to_string());
        let identity: Identity = keys.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(SystemTime::from(at))
            .settings(self.settings())
            .build()
            .map_err(|error| signing(&error))?
            .into();
        let body = match payload::of(request)? {
            // S3 signs no body in a presigned request.
            payload::Payload::Whole if self.expires.is_some() && self.is_of_s3() => {
                SignableBody::UnsignedPayload
            }
            payload::Payload::Whole => SignableBody::Bytes(request.body()),
            payload::Payload::Unsigned => SignableBody::UnsignedPayload,
            payload::Payload::UnsignedTrailer => SignableBody::StreamingUnsignedPayloadTrailer,
        };
        let headers = self.headers(request.headers())?;
        let headers = headers.iter().map(|(name, value)| (*name, *value));
        let uri = self.unsigned(request.uri()).to_string();
        let signable = SignableRequest::new(request.method().as_str(), &uri, headers, body)
            .map_err(|error| signing(&error))?;
        let signed = sign(signable, &params).map_err(|error| signing(&error))?;
        Ok(signed.into_parts())
    }

    /// The headers that it covers, without those that the signer adds.
    fn headers<'a>(
        &'a self,
        all: &'a HeaderMap,
    ) -> Result<Vec<(&'a str, &'a str)>, SignatureError> {
        let mut headers = Vec::new();
        let own = self
            .names
            .iter()
            .filter(|name| ![DATE, TOKEN].contains(&name.as_str()));
        for name in own {
            for value in all.get_all(name.as_str()) {
                let value = value.to_str().map_err(|_| SignatureError::Header)?;
                headers.push((name.as_str(), value));
            }
        }
        Ok(headers)
    }

    /// The address without the signature, which a presigned request has in its query.
    fn unsigned(&self, uri: &Uri) -> Uri {
        match self.expires {
            Some(_) => without_signature(uri),
            None => uri.clone(),
        }
    }

    fn is_of_s3(&self) -> bool {
        self.service == "s3"
    }

    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        // What is covered is what the program covered.
        settings.excluded_headers = None;
        if self.is_of_s3() {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        if let Some(seconds) = self.expires {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(seconds));
        }
        settings
    }
}

/// The address without what a presigned request has in its query.
fn without_signature(uri: &Uri) -> Uri {
    let Some(query) = uri.query() else {
        return uri.clone();
    };
    let is_of_signature = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        OF_QUERY.contains(&name.to_ascii_lowercase().as_str())
    };
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| !is_of_signature(pair))
        .collect();
    let mut path = uri.path().to_owned();
    if !rest.is_empty() {
        path = format!("{path}?{}", rest.join("&"));
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = path.parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}
