//! What a job has printed: a stream of events (`text/event-stream`), which ends with the job.

use bytes::Bytes;
use http::Method;
use kubeproof_cloudkit::{CallError, RetryPolicy};
use serde_json::Value;

use super::{Api, Hub, OfService, raw};

/// How a line begins that the service adds itself.
const ADDED: &str = "===== ";

/// The lines that a job has printed.
///
/// # Errors
/// When they cannot be read.
pub async fn of_job(api: &Api, namespace: &str, id: &str) -> Result<String, CallError> {
    let url = format!("{}/jobs/{namespace}/{id}/logs", Hub::URL);
    let url = &url;
    let read = || async move {
        let call = ("hub:GetJobLogs", Method::GET);
        raw::send(api, call, url, Bytes::new()).await
    };
    let answer = api.session().call(RetryPolicy::IDEMPOTENT, read).await?;
    Ok(printed(&String::from_utf8_lossy(answer.body())))
}

/// The data of all events, line by line.
fn printed(events: &str) -> String {
    let data = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let texts = data.filter_map(|data| {
        let event: Value = serde_json::from_str(data).ok()?;
        Some(event["data"].as_str()?.trim_end_matches('\n').to_owned())
    });
    let texts = texts.filter(|text| !text.starts_with(ADDED));
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_job_has_printed_is_the_data_of_its_events() {
        let check =
            |events: &str, expected: &str| assert_eq!(printed(events), expected, "{events}");
        let started = r#"data: {"timestamp":"t","data":"===== Job started at t ====="}"#;
        let line = r#"data: {"timestamp":"t","data":"hello\n"}"#;
        check(
            &format!("{started}\n\n: keep-alive\n\n{line}\n\n{line}\n\n"),
            "hello\nhello",
        );
        check(": keep-alive\n\n", "");
        check("data: cut", "");
    }
}
