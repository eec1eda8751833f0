//! Serves a simulated subscription over a socket to be driven by real clients: `serve PORT TIME_SCALE CA_FILE`. The file
//! gets the certificate authority that the clients must trust.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_azure_simulator::cloud::AzureCloud;
use kubeproof_azure_simulator::setup::Setup;
use kubeproof_contract::call::{Dialect, ErrorKind, Signature};
use kubeproof_contract::clock::Clock;
use kubeproof_contract::process::Programs;
use kubeproof_contract::serve::Serving;
use kubeproof_simkit::paced_clock::{self, PacedClock};

/// Names each call by its method and path.
#[derive(Debug)]
struct ByPath;

impl Dialect for ByPath {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        Signature {
            service: "azure".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: request.method() != http::Method::GET,
        }
    }

    fn error(&self, _request: &Request<Bytes>, _kind: &ErrorKind) -> Response<Bytes> {
        Response::new(Bytes::new())
    }

    fn error_code(&self, _response: &Response<Bytes>) -> Option<String> {
        None
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_default().parse()?;
    let scale: NonZeroU32 = arguments.next().unwrap_or_default().parse()?;
    let authority = arguments.next().unwrap_or_default();
    paced_clock::runtime()?.block_on(async {
        let programs = Programs::default();
        let _pace = PacedClock::keep(scale, &programs);
        let clock = Clock::starting_at(Timestamp::from_second(1_795_000_000)?);
        let serving = Serving {
            listen: ([127, 0, 0, 1], port).into(),
            clock,
            time_scale: scale.get(),
            seed: 1,
            faults: Vec::new(),
            environment: BTreeMap::new(),
        };
        let fresh = |now| AzureCloud::new(Setup::new(1, now));
        let served = kubeproof_simkit::serve::serve(fresh, Arc::new(ByPath), serving)?;
        std::fs::write(&authority, served.authority_pem())?;
        println!("{}", served.address());
        tokio::signal::ctrl_c().await?;
        Ok(())
    })
}
