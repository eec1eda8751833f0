//! The least permissions that calls need, in the cloud's own form, and a simulated account that grants no more.

use serde_json::Value;

use crate::clock::Clock;
use crate::ground_truth::Rehearsal;
use crate::journal::Call;
use crate::provider::CredentialVariables;
use crate::scenario::AnyScenario;

/// An action that a document grants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantedAction {
    /// Its name, as the cloud writes it: `ec2:CreateVpc`.
    pub name: String,
    /// The operations that need it, as the journal names them.
    pub needed_by: Vec<String>,
    /// Why it is granted although no simulator checks it, with the source. `None` where a rehearsal can show that it is
    /// needed.
    pub documented: Option<String>,
}

/// The least permissions for some calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LeastPermissions {
    /// What the document is: `IAM policy`.
    pub form: &'static str,
    /// The document, as the cloud takes it. `Null`: the cloud has none, and `notes` say so.
    pub document: Value,
    /// What it grants, by name, each once.
    pub actions: Vec<GrantedAction>,
    /// What a reader should know: what cannot be narrowed, and what was left open.
    pub notes: Vec<String>,
    /// Operations for which no permission is known: the document does not suffice.
    pub unknown: Vec<String>,
}

/// What a cloud's permissions are.
pub trait Permissions: Send + Sync {
    /// The least permissions for these calls of a provisioner; all actions but `without`, if one is named. `None`: calls of
    /// this provider are not subject to permissions of a cloud.
    fn least_permissions(
        &self,
        _scenario: &AnyScenario,
        _calls: &[Call],
        _without: Option<&str>,
    ) -> Option<LeastPermissions> {
        let [form, note] = self.unlimited()?;
        Some(LeastPermissions {
            form,
            notes: vec![note.to_owned()],
            ..LeastPermissions::default()
        })
    }

    /// Where credentials may do everything: what they are, and a sentence that says so.
    fn unlimited(&self) -> Option<[&'static str; 2]> {
        None
    }

    /// As [`crate::provider::Simulated::rehearse`], with a second caller that may do what the document allows and nothing
    /// else. `None`: no simulator checks this provider's permissions.
    fn rehearse_limited(
        &self,
        _scenario: &AnyScenario,
        _start: (Clock, u64),
        _document: &Value,
    ) -> Option<Rehearsal> {
        None
    }

    /// The credentials of that caller.
    fn limited_credentials(&self) -> Option<CredentialVariables> {
        None
    }
}
