//! The list of providers: the only place in the harness that names a cloud.

use std::sync::Arc;

use kubeproof_contract::provider::Provider;

/// All providers, in the order in which reports show them.
pub fn all() -> Vec<Box<dyn Provider>> {
    vec![
        Box::new(kubeproof_aws::provider::Aws),
        Box::new(kubeproof_gcp::provider::Gcp),
        Box::new(kubeproof_azure::provider::Azure),
        Box::new(kubeproof_huggingface::provider::HuggingFace),
        Box::new(kubeproof_lambda::provider::Lambda),
        Box::new(kubeproof_kind::provider::Kind),
    ]
}

/// All providers, to be shared by scenarios and threads.
pub fn shared() -> Vec<Arc<dyn Provider>> {
    all().into_iter().map(Arc::from).collect()
}

/// The provider of this name.
pub fn find(name: &str) -> Option<Arc<dyn Provider>> {
    shared()
        .into_iter()
        .find(|provider| provider.name() == name)
}

/// The names of all providers, for messages: `aws, lambda`.
pub fn names() -> String {
    all()
        .iter()
        .map(|provider| provider.name())
        .collect::<Vec<_>>()
        .join(", ")
}
