//! The parts of HTTP load balancers: URL maps, the proxies in front of them, and certificates. An Ingress makes them.

use serde_json::json;

use super::collection::{Collection, Draft};
use super::members::Member;
use super::place::Level;
use super::rows::{aggregated, resource_table, verb};
use super::write;
use crate::route::Table;
use crate::state::State;
use crate::wire::{ApiError, Object};

/// Only global ones can be made here; an aggregated list covers regions too.
const BOTH: &[Level] = &[Level::Global, Level::Region];

pub(crate) const URL_MAPS_TABLE: Table = resource_table!(
    global "urlMaps", "urlMaps", URL_MAPS,
    aggregated!("urlMaps", URL_MAPS),
    verb!("PATCH", "global/urlMaps/{name}", "urlMaps.patch",
        |state, call| write::patch(state, call, &URL_MAPS)),
);
pub(crate) const HTTP_PROXIES_TABLE: Table = resource_table!(
    global "targetHttpProxies", "targetHttpProxies", HTTP_PROXIES,
    aggregated!("targetHttpProxies", HTTP_PROXIES),
);
pub(crate) const HTTPS_PROXIES_TABLE: Table = resource_table!(
    global "targetHttpsProxies", "targetHttpsProxies", HTTPS_PROXIES,
    aggregated!("targetHttpsProxies", HTTPS_PROXIES),
);
pub(crate) const CERTIFICATES_TABLE: Table = resource_table!(
    global "sslCertificates", "sslCertificates", CERTIFICATES,
    aggregated!("sslCertificates", CERTIFICATES),
);

pub(crate) static URL_MAPS: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("defaultService", Member::Link("backendServices")),
        ("hostRules", Member::Objects),
        ("pathMatchers", Member::Objects),
        ("fingerprint", Member::Output),
    ],
    has_fingerprint: true,
    changeable: &["description", "defaultService", "hostRules", "pathMatchers"],
    properties: &["description", "defaultService"],
    seconds: [5, 5, 5],
    prepare: |_, draft| draft.required("defaultService").map(|_| ()),
    ..Collection::plain("urlMaps", "compute#urlMap", BOTH, "url_map")
};

pub(crate) static HTTP_PROXIES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("urlMap", Member::Link("urlMaps")),
        ("proxyBind", Member::Flag),
        ("fingerprint", Member::Output),
    ],
    has_fingerprint: true,
    properties: &["description", "urlMap"],
    seconds: [5, 5, 5],
    prepare: |_, draft| draft.required("urlMap").map(|_| ()),
    ..Collection::plain(
        "targetHttpProxies",
        "compute#targetHttpProxy",
        BOTH,
        "target_proxy",
    )
};

pub(crate) static HTTPS_PROXIES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("urlMap", Member::Link("urlMaps")),
        ("sslCertificates", Member::Links("sslCertificates")),
        ("quicOverride", Member::Word(&["NONE", "ENABLE", "DISABLE"])),
        ("proxyBind", Member::Flag),
        ("fingerprint", Member::Output),
    ],
    has_fingerprint: true,
    properties: &["description", "urlMap", "sslCertificates"],
    seconds: [5, 5, 5],
    prepare: secured,
    ..Collection::plain(
        "targetHttpsProxies",
        "compute#targetHttpsProxy",
        BOTH,
        "target_proxy",
    )
};

fn secured(_: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    draft.required("urlMap")?;
    draft.required("sslCertificates")?;
    draft.default("quicOverride", json!("NONE"));
    Ok(())
}

/// Certificates that their owner brings. Managed ones wait for a domain that leads here, which nothing does.
pub(crate) static CERTIFICATES: Collection = Collection {
    members: &[
        ("description", Member::Text),
        ("certificate", Member::Text),
        ("privateKey", Member::Text),
        ("type", Member::Word(&["SELF_MANAGED"])),
        ("selfManaged", Member::Object),
        ("expireTime", Member::Output),
    ],
    properties: &["description"],
    seconds: [5, 5, 5],
    prepare: certificate,
    show: |_, _, shown| self_managed(shown),
    ..Collection::plain(
        "sslCertificates",
        "compute#sslCertificate",
        BOTH,
        "ssl_certificate",
    )
};

fn certificate(_: &mut State, draft: &mut Draft) -> Result<(), ApiError> {
    let given = draft.document.remove("selfManaged");
    for member in ["certificate", "privateKey"] {
        if let Some(value) = given.as_ref().and_then(|given| given.get(member)) {
            draft.default(member, value.clone());
        }
        draft.required(member)?;
    }
    // It can be given, and is never shown.
    draft.document.remove("privateKey");
    draft.default("type", json!("SELF_MANAGED"));
    Ok(())
}

fn self_managed(shown: &mut Object) {
    if let Some(certificate) = shown.get("certificate").cloned() {
        shown.insert(
            "selfManaged".to_owned(),
            json!({ "certificate": certificate }),
        );
    }
}
