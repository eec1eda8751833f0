//! Wrong provisioners, to prove that the harness catches them: each is a layer around a correct one, over its
//! transport and its two methods. The correct one knows nothing of it.
//!
//! A changed request keeps the signature of the original, which only simulators accept.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kubeproof_contract::call::{Dialect, Signature};
use kubeproof_contract::provider::{Connection, Defect};
use kubeproof_contract::provisioner::{ClaimedRate, Provisioned, Provisioner, ProvisionerError};

mod bodies;
mod layer;
mod list;
mod rule;
#[cfg(test)]
mod tests;

pub use bodies::{answer_with, request_with};
use layer::DefectLayer;
pub use rule::{Does, Event, Known, NextCall, Phase, Rule, When};

/// A provisioner with one defect.
#[derive(Debug)]
pub struct WrongProvisioner {
    /// Its name in scenario files, and what is wrong with it.
    pub defect: Defect,
    /// What it does differently, call by call.
    pub rules: &'static [Rule],
    /// How it tears down.
    pub teardown: WrongTeardown,
    /// What it says it made beside what it did: logical name and id.
    pub claims: &'static [(&'static str, &'static str)],
}

impl WrongProvisioner {
    /// One that differs by rules alone.
    pub const fn new(name: &'static str, about: &'static str, rules: &'static [Rule]) -> Self {
        Self {
            defect: Defect { name, about },
            rules,
            teardown: WrongTeardown::ByRules,
            claims: &[],
        }
    }
}

/// How a wrong provisioner tears down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongTeardown {
    /// As the correct one, under the rules.
    ByRules,
    /// It reports success and does nothing.
    DoesNothing,
    /// Twice: the second time under the rules of [`Phase::SecondTeardown`], without a word about its errors.
    Twice,
}

/// The wrong provisioners of a cloud.
#[derive(Debug)]
pub struct WrongProvisioners {
    /// All of them.
    pub all: &'static [WrongProvisioner],
    /// How requests are named.
    pub dialect: &'static dyn Dialect,
    /// The body of the cloud's answer to a call that has worked.
    pub worked: fn(&Signature) -> Bytes,
}

/// Names and descriptions of wrong provisioners.
pub const fn defects<const N: usize>(all: &[WrongProvisioner; N]) -> [Defect; N] {
    let mut defects = [Defect {
        name: "",
        about: "",
    }; N];
    let mut index = 0;
    while index < N {
        defects[index] = all[index].defect;
        index += 1;
    }
    defects
}

impl WrongProvisioners {
    /// The provisioner that a scenario asks for: the correct one, or that with a defect around it. An unknown defect
    /// gives one that refuses to run, because the correct one would prove nothing.
    pub fn provisioner<P: Provisioner + 'static>(
        &self,
        defect: Option<&str>,
        mut connection: Connection,
        correct: impl FnOnce(Connection) -> P,
    ) -> Box<dyn Provisioner> {
        let Some(name) = defect else {
            return Box::new(correct(connection));
        };
        let Some(wrong) = self.all.iter().find(|wrong| wrong.defect.name == name) else {
            return Box::new(UnknownDefect(name.to_owned()));
        };
        let layer = Arc::new(DefectLayer::new(
            wrong.rules,
            (self.dialect, self.worked),
            &connection,
        ));
        connection.transport = Arc::clone(&layer) as _;
        Box::new(Layered {
            wrong,
            layer,
            correct: correct(connection),
        })
    }
}

struct Layered<P> {
    wrong: &'static WrongProvisioner,
    layer: Arc<DefectLayer>,
    correct: P,
}

#[async_trait]
impl<P: Provisioner> Provisioner for Layered<P> {
    fn name(&self) -> String {
        format!("reference with {}", self.wrong.defect.name)
    }

    fn claim(&self) -> Option<ClaimedRate> {
        self.correct.claim()
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        self.layer.begin(Phase::Provision);
        let mut provisioned = self.correct.provision().await?;
        let more = self.wrong.claims.iter();
        let more = more.map(|(name, id)| ((*name).to_owned(), (*id).to_owned()));
        provisioned.made.extend(more);
        Ok(provisioned)
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        if self.wrong.teardown == WrongTeardown::DoesNothing {
            return Ok(());
        }
        self.layer.begin(Phase::Teardown);
        let result = self.correct.teardown().await;
        if self.wrong.teardown == WrongTeardown::Twice {
            self.layer.begin(Phase::SecondTeardown);
            let _ = self.correct.teardown().await;
        }
        result
    }
}

/// Stands in for an unknown defect.
struct UnknownDefect(String);

#[async_trait]
impl Provisioner for UnknownDefect {
    fn name(&self) -> String {
        format!("reference with the unknown defect `{}`", self.0)
    }

    fn claim(&self) -> Option<ClaimedRate> {
        None
    }

    async fn provision(&mut self) -> Result<Provisioned, ProvisionerError> {
        let message = format!("no defect is named `{}`", self.0);
        Err(ProvisionerError::new(message))
    }

    async fn teardown(&mut self) -> Result<(), ProvisionerError> {
        Ok(())
    }
}
