//! Writes down each change before it makes it, and keeps on its disk what its tokens are made of.
//!
//! A torn or lost file is no reason to believe that nothing was made: tags and names decide. Its tokens
//! are other ones then, so that they alone would make everything twice.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::provisioner::{Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts, Work};

const SEED: &str = "seed";
const SEED_LENGTH: usize = 20;
const JOURNAL: &str = "journal";
/// What stands before a token, in the two forms that requests have.
const TOKENS: [&str; 2] = ["ClientToken=", "\"clientRequestToken\":\""];

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("journals", parts, provision, |parts| {
        Box::pin(async {
            let disk = parts.connection.disk.clone();
            let seed = String::new();
            parts.bent(WritesFirst { disk, seed }).teardown().await
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
                // Of this moment: another process that does not find it has another one.
                let moment = parts.connection.clock.now().as_millisecond();
                let seed = format!("{moment:0SEED_LENGTH$}");
                let written = disk.write(SEED, seed.clone()).await;
                written.map_err(|error| ProvisionerError::new(error.to_string()))?;
                seed
            }
        };
        parts.bent(WritesFirst { disk, seed }).provision().await
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
impl Bend for WritesFirst {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if !call.mutating {
            return inner.send(request).await;
        }
        // What cannot be written down is not done.
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
