//! Writes each change to a journal before making it, and keeps the seed of its tokens on disk.
//!
//! It does not take a torn or lost file for proof that nothing was made: tags and names decide. Its tokens then differ,
//! so that they alone would create everything twice.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::provisioner::{Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::provisioners::variant::{FunctionProvisioner, Intercept, Parts, Work};

const SEED: &str = "seed";
const SEED_LENGTH: usize = 20;
const JOURNAL: &str = "journal";
/// What precedes a token, in the two request formats.
const TOKENS: [&str; 2] = ["ClientToken=", "\"clientRequestToken\":\""];

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    FunctionProvisioner::boxed("journals", parts, provision, |parts| {
        Box::pin(async {
            let disk = parts.connection.disk.clone();
            let seed = String::new();
            parts
                .intercepted(WritesFirst { disk, seed })
                .teardown()
                .await
        })
    })
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let disk = parts.connection.disk.clone();
        let whole = |seed: &String| seed.len() == SEED_LENGTH;
        let seed = match parts.file(SEED).await.filter(whole) {
            Some(seed) => seed,
            None => {
                // Derived from the current time: a process that does not find the file gets another seed.
                let moment = parts.connection.clock.now().as_millisecond();
                let seed = format!("{moment:0SEED_LENGTH$}");
                let written = disk.write(SEED, seed.clone()).await;
                written.map_err(|error| ProvisionerError::new(error.to_string()))?;
                seed
            }
        };
        parts
            .intercepted(WritesFirst { disk, seed })
            .provision()
            .await
    })
}

#[derive(Debug)]
struct WritesFirst {
    disk: Disk,
    seed: String,
}

/// A request with the seed in its token, if it has one.
fn seeded(body: &str, seed: &str) -> Option<String> {
    let end = |mark: &&str| body.find(*mark).map(|at| at + mark.len());
    let (before, token) = body.split_at(TOKENS.iter().find_map(end)?);
    Some(format!("{before}{seed}-{token}"))
}

#[async_trait]
impl Intercept for WritesFirst {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if !call.mutating {
            return inner.send(request).await;
        }
        // A change that cannot be written to the journal is not made.
        self.disk.write(JOURNAL, call.to_string()).await?;
        let body = seeded(&String::from_utf8_lossy(request.body()), &self.seed);
        inner
            .send(match body {
                Some(body) => request.map(|_| Bytes::from(body)),
                None => request,
            })
            .await
    }
}
