//! Names what it makes by a word of chance that only its disk knows.
//!
//! Seen in the wild as external names that are lost (upjet-aws issue 1482): a file that is torn or gone
//! is taken for the first run.

use kubeproof_contract::provisioner::{Provisioned, Provisioner};

use crate::variant::{Acts, Parts, Work};

const WORD: &str = "word";
/// Letters of the word.
const LENGTH: usize = 6;

pub fn make(parts: Parts) -> Box<dyn Provisioner> {
    Acts::boxed("names by disk", parts, provision, |parts| {
        Box::pin(async {
            let Some(word) = known(parts).await else {
                return Ok(());
            };
            named(parts, &word).teardown().await
        })
    })
}

async fn known(parts: &Parts) -> Option<String> {
    let word = parts.file(WORD).await?;
    (word.len() == LENGTH).then_some(word)
}

fn named(parts: &Parts, word: &str) -> Box<dyn Provisioner> {
    parts.under(|connection| connection.run.id.push_str(word))
}

fn provision(parts: &Parts) -> Work<'_, Provisioned> {
    Box::pin(async {
        let word = match known(parts).await {
            Some(word) => word,
            // The bug: what an earlier process named is forgotten.
            None => format!("{:06}", parts.connection.clock.elapsed().as_secs() % 1_000_000),
        };
        let _ = parts.connection.disk.write(WORD, word.clone()).await;
        let made = named(parts, &word).provision().await?;
        let _ = parts.connection.disk.write(WORD, word).await;
        Ok(made)
    })
}
