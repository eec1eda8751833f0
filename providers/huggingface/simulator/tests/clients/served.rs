//! Runs a client's script against a served account, in a folder of its own.
//!
//! tidy: real time (clients use their own clock).

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use kubeproof_contract::call::{Dialect, ErrorKind, Signature};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::process::{ProcessSpec, Programs};
use kubeproof_contract::serve::{Served, Serving};
use kubeproof_huggingface_simulator::cloud::HuggingFaceCloud;
use kubeproof_huggingface_simulator::operation_of;
use kubeproof_huggingface_simulator::setup::{Setup, TOKEN};
use kubeproof_simkit::paced_clock::{PacedClock, runtime};
use kubeproof_simkit::serve::serve;

/// An endpoint of 80 s takes little more than a second, and its 15 minutes of idleness a quarter of a minute.
const SCALE: u32 = 60;
/// The longest that a script takes.
const LIMIT: Duration = Duration::from_mins(10);

/// Names each call by its operation.
#[derive(Debug)]
struct ByOperation;

impl Dialect for ByOperation {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        Signature {
            service: "huggingface".to_owned(),
            operation: operation_of(request).unwrap_or("CallModel").to_owned(),
            mutating: request.method() != Method::GET,
        }
    }

    fn error(&self, _request: &Request<Bytes>, _kind: &ErrorKind) -> Response<Bytes> {
        Response::new(Bytes::new())
    }

    fn error_code(&self, _response: &Response<Bytes>) -> Option<String> {
        None
    }
}

/// A finished script.
pub struct Ran {
    pub success: bool,
    pub printed: String,
    pub said: String,
    /// What is in the account that was not, and what is not that was.
    pub changes: Vec<String>,
    /// The operations that succeeded.
    pub called: Vec<String>,
}

/// The folder of the clients' scripts.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../harness/testdata/clients")
}

/// What exists, as text.
fn names(served: &dyn Served) -> Vec<String> {
    let all = served.ground_truth().inventory();
    all.iter()
        .map(|one| format!("{} {} in {}", one.resource_type, one.id, one.scope))
        .collect()
}

/// The environment that leads the client here.
fn redirected(
    spec: ProcessSpec,
    served: &dyn Served,
    folder: &Path,
) -> std::io::Result<ProcessSpec> {
    let authority = folder.join("ca.pem");
    std::fs::write(&authority, served.authority_pem())?;
    let address = format!("http://{}", served.address());
    Ok(spec
        .variable("HTTPS_PROXY", &address)
        .variable("https_proxy", &address)
        .variable("NO_PROXY", "127.0.0.1,localhost")
        .variable("no_proxy", "127.0.0.1,localhost")
        .variable("SSL_CERT_FILE", authority)
        .variable("KUBEPROOF_ADDRESS", &address)
        .variable("HF_TOKEN", TOKEN)
        .variable("HF_HOME", folder.join("hf"))
        .variable("HF_HUB_DISABLE_TELEMETRY", "1")
        .variable("HF_HUB_DISABLE_UPDATE_CHECK", "1")
        .variable("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        .variable("HOME", folder)
        .without("HF_ENDPOINT"))
}

/// Runs a program with a script of that folder and its arguments.
pub fn run(words: &[&str]) -> Result<Ran, String> {
    let (program, rest) = words.split_first().ok_or("no program")?;
    let (script, arguments) = rest.split_first().ok_or("no script")?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let runtime = runtime().map_err(|error| error.to_string())?;
    let programs = Programs::default();
    let spec = ProcessSpec::new(program, LIMIT)
        .arguments([scripts().join(script)])
        .arguments(arguments)
        .folder(folder.path())
        .of(&programs);
    runtime.block_on(async {
        let scale = NonZeroU32::new(SCALE).ok_or("no scale")?;
        let _pace = PacedClock::keep(scale, &programs);
        let serving = Serving {
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Clock::starting_at(Timestamp::now()),
            time_scale: SCALE,
            seed: 1,
            faults: Vec::new(),
            environment: BTreeMap::new(),
        };
        let fresh = |now| HuggingFaceCloud::new(Setup::new(1, now));
        let served =
            serve(fresh, Arc::new(ByOperation), serving).map_err(|error| error.to_string())?;
        let spec =
            redirected(spec, served.as_ref(), folder.path()).map_err(|error| error.to_string())?;
        let before = names(served.as_ref());
        let output = spec.run().await.map_err(|error| error.to_string())?;
        let after = names(served.as_ref());
        let calls = served.journal().calls();
        served.stop().await;
        let succeeded = calls
            .iter()
            .filter(|call| call.status.is_some_and(|it| it < 300));
        let gone = before.iter().filter(|one| !after.contains(one));
        let new = after.iter().filter(|one| !before.contains(one));
        Ok(Ran {
            success: output.status.success(),
            printed: output.output,
            said: output.errors,
            changes: gone.chain(new).cloned().collect(),
            called: succeeded
                .map(|call| call.signature.operation.clone())
                .collect(),
        })
    })
}
