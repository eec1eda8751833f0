//! Formats SDK errors as one sentence: the whole chain of causes, never a `Debug` dump.

/// The whole chain of an error, for errors without a message from the cloud.
pub(crate) fn sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    // Limited, because a chain of sources may in theory not end.
    for _ in 0..8 {
        let Some(source) = next else { break };
        let said = source.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
    use kubeproof_contract::transport::TransportError;

    use super::*;

    #[test]
    fn an_unreachable_cloud_is_reported_in_one_sentence() {
        let refused = TransportError::Connect("tcp connect error: Connection refused".to_owned());
        let error: SdkError<std::io::Error, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::io(refused.into()));
        let told = sources(&error);
        assert!(told.contains("Connection refused"), "{told}");
        assert!(
            !told.contains("DispatchFailure") && !told.contains('{'),
            "{told}"
        );
    }
}
