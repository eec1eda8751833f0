//! Writes down each change before it makes it, and keeps the seed of its tokens on its disk.
//!
//! A torn or lost file is no reason to believe that nothing was made: tags and names decide.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::Signature;
use kubeproof_contract::disk::Disk;
use kubeproof_contract::provider::Connection;
use kubeproof_contract::provisioner::{Provisioned, Provisioner, ProvisionerError};
use kubeproof_contract::transport::{SharedTransport, TransportError};

use crate::variant::{Acts, Bend, Parts, Work};

const SEED: &str = "seed";
const JOURNAL: &str = "journal";

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("journals", parts, provision, |parts| {
        Box::pin(async {
            let disk = parts.connection.disk.clone();
            parts.bent(WritesFirst(disk)).teardown().await
        })
    })
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let disk = parts.connection.disk.clone();
        let seed = match parts.file(SEED).await.and_then(|text| text.parse().ok()) {
            Some(seed) => seed,
            None => {
                let seed: u64 = parts.connection.seed.wrapping_add(1000);
                let written = disk.write(SEED, format!("{seed:020}")).await;
                written.map_err(|error| ProvisionerError::new(error.to_string()))?;
                seed
            }
        };
        let keeps = |connection: &mut Connection| connection.seed = seed;
        parts.bent_under(WritesFirst(disk), keeps).provision().await
    })
}

#[derive(Debug)]
struct WritesFirst(Disk);

#[async_trait]
impl Bend for WritesFirst {
    async fn send(
        &self,
        call: &Signature,
        request: Request<Bytes>,
        inner: &SharedTransport,
    ) -> Result<Response<Bytes>, TransportError> {
        if call.mutating {
            // What cannot be written down is not done.
            self.0.write(JOURNAL, call.to_string()).await?;
        }
        inner.send(request).await
    }
}
