//! The container of an endpoint: a union with one variant, of which the service drops silently what it does not know
//! (`huggingface_hub` 2.4.0, `_inference_endpoints.py`).

use kubeproof_simkit::rest::ApiError;
use serde_json::{Map, Value};

use crate::wire::bad_request;

/// Members of every container that has an address.
const COMMON: &[&str] = &[
    "url",
    "port",
    "healthRoute",
    "health_route",
    "env",
    "credentials",
];

/// The variants, each with its members besides the common ones. The names are those that the client's documentation
/// shows; members of the engines without a source are those of their own settings.
const VARIANTS: &[(&str, &[&str])] = &[
    ("huggingface", &[]),
    ("huggingfaceNeuron", &[]),
    ("custom", &[]),
    (
        "tgi",
        &[
            "maxInputLength",
            "maxTotalTokens",
            "maxBatchPrefillTokens",
            "quantize",
        ],
    ),
    ("tgiNeuron", &["maxInputLength", "maxTotalTokens"]),
    (
        "tei",
        &["maxBatchTokens", "maxConcurrentRequests", "pooling"],
    ),
    (
        "vLLM",
        &[
            "tensorParallelSize",
            "dataParallelSize",
            "maxNumBatchedTokens",
            "kvCacheDtype",
        ],
    ),
    ("sGLang", &["tensorParallelSize"]),
    (
        "llamacpp",
        &["ctxSize", "mode", "modelPath", "nGpuLayers", "nParallel"],
    ),
    ("hfServe", &[]),
];

/// The variants whose containers speak `OpenAI`'s chat, and tell which model they serve.
const CHAT: &[&str] = &[
    "tgi",
    "tgiNeuron",
    "vLLM",
    "sGLang",
    "llamacpp",
    "hfServe",
    "custom",
];

fn known(variant: &str) -> Option<&'static [&'static str]> {
    let found = VARIANTS.iter().find(|(name, _)| *name == variant);
    found.map(|(_, members)| *members)
}

/// Drops the members that the service does not know.
pub(crate) fn drop_unknown(image: &mut Map<String, Value>) {
    for (variant, content) in image.iter_mut() {
        let (Some(own), Value::Object(content)) = (known(variant), content) else {
            continue;
        };
        content.retain(|name, _| COMMON.contains(&name.as_str()) || own.contains(&name.as_str()));
    }
}

/// Refuses what is no image.
pub(crate) fn check(image: &Map<String, Value>) -> Result<(), ApiError> {
    let mut variants = image.iter();
    let (Some((variant, content)), None) = (variants.next(), variants.next()) else {
        return Err(bad_request("model.image must have exactly one variant"));
    };
    if known(variant).is_none() {
        return Err(bad_request(format!(
            "unknown variant `{variant}` of model.image"
        )));
    }
    let Value::Object(content) = content else {
        return Err(bad_request(format!(
            "model.image.{variant} must be an object"
        )));
    };
    let needs_url = !variant.starts_with("huggingface");
    if needs_url && !content.get("url").is_some_and(Value::is_string) {
        return Err(bad_request(format!("model.image.{variant} needs a `url`")));
    }
    Ok(())
}

/// The image as answers show it: without the password of its registry.
pub(crate) fn shown(image: &Map<String, Value>) -> Value {
    let mut shown = image.clone();
    for content in shown.values_mut() {
        let credentials = content
            .get_mut("credentials")
            .and_then(Value::as_object_mut);
        credentials.and_then(|credentials| credentials.remove("password"));
    }
    Value::Object(shown)
}

/// The variant.
pub(crate) fn variant(image: &Map<String, Value>) -> &str {
    image.keys().next().map_or("", String::as_str)
}

/// Whether its container speaks `OpenAI`'s API. The toolkit of Hugging Face does not.
pub(crate) fn speaks_openai(image: &Map<String, Value>) -> bool {
    CHAT.contains(&variant(image)) || variant(image) == "tei"
}

/// The path of its health check.
pub(crate) fn health_route(image: &Map<String, Value>) -> String {
    let content = image.values().next();
    let named = ["healthRoute", "health_route"].iter();
    let mut found = named.filter_map(|name| content?.get(*name)?.as_str());
    found.next().unwrap_or("/health").to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn members_that_the_variant_does_not_know_are_dropped_silently() {
        let mut image =
            object(&json!({"vLLM": {"url": "u", "tensorParallelSize": 2, "nonsense": 1}}));
        drop_unknown(&mut image);
        let expected = json!({"vLLM": {"url": "u", "tensorParallelSize": 2}});
        assert_eq!(Value::Object(image), expected);
        let mut image = object(&json!({"tgi": {"url": "u", "tensorParallelSize": 2}}));
        drop_unknown(&mut image);
        assert_eq!(Value::Object(image), json!({"tgi": {"url": "u"}}));
    }

    #[test]
    fn an_image_is_one_known_variant() {
        let is_image = |image: Value, expected: bool| {
            assert_eq!(check(&object(&image)).is_ok(), expected, "{image}");
        };
        is_image(json!({"huggingface": {}}), true);
        is_image(json!({"custom": {"url": "u"}}), true);
        is_image(json!({"custom": {}}), false);
        is_image(json!({"huggingface": {}, "custom": {"url": "u"}}), false);
        is_image(json!({}), false);
        is_image(json!({"toolkit": {}}), false);
        is_image(json!({"huggingface": []}), false);
    }

    #[test]
    fn the_password_of_a_registry_is_never_shown() {
        let credentials = json!({"username": "u", "password": "p"});
        let image = object(&json!({"custom": {"url": "u", "credentials": credentials}}));
        assert_eq!(
            shown(&image)["custom"]["credentials"],
            json!({"username": "u"})
        );
    }
}
