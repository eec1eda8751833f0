//! Reads scenario files through their providers and collects the errors of all of them; if any file is wrong,
//! nothing runs.

use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;
use std::sync::Arc;

use kubeproof_contract::bounded;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::provider_of;

use super::{FileError, Scenario, find, injectable, limits, message};

/// The largest scenario file, bytes.
const SIZE_MAX: u64 = 1 << 20;

/// Reads all scenarios at these paths.
///
/// # Errors
/// With every problem of every file.
pub fn all(
    paths: &[PathBuf],
    providers: &[Arc<dyn Provider>],
) -> Result<Vec<Scenario>, Vec<FileError>> {
    let mut problems = Vec::new();
    let mut scenarios: Vec<Scenario> = Vec::new();
    for file in find::files(paths)? {
        match one(&file, providers) {
            Ok(scenario) => {
                if let Some(problem) = same_name(&scenarios, &scenario) {
                    problems.push(problem);
                }
                scenarios.push(scenario);
            }
            Err(mut wrong) => problems.append(&mut wrong),
        }
    }
    if problems.is_empty() {
        Ok(scenarios)
    } else {
        Err(problems)
    }
}

/// Two scenarios of one provider with one name would share run ids and records.
fn same_name(scenarios: &[Scenario], new: &Scenario) -> Option<FileError> {
    let other = scenarios
        .iter()
        .find(|old| old.name() == new.name() && old.provider.name() == new.provider.name())?;
    let message = format!(
        "scenario `{}` is also the name of {}",
        new.name(),
        other.file
    );
    Some(FileError::whole(&new.file, message))
}

/// Reads one scenario file.
///
/// # Errors
/// With every problem of it.
pub fn one(path: &Path, providers: &[Arc<dyn Provider>]) -> Result<Scenario, Vec<FileError>> {
    let file = path.display().to_string();
    let text = text(path).map_err(|error| vec![FileError::whole(&file, error.to_string())])?;
    parse(&file, &text, providers)
}

/// Why a file cannot be a scenario.
#[derive(Debug, thiserror::Error)]
enum NotAScenario {
    #[error("{}", find::reason(.0))]
    Unreadable(#[from] std::io::Error),
    #[error("is {0} bytes: a scenario has at most {max} (1 MiB)", max = SIZE_MAX)]
    TooLarge(u64),
    #[error("is not text: a scenario is YAML in UTF-8")]
    NotText(#[from] FromUtf8Error),
    #[error("is not text: it holds NUL bytes; a scenario is YAML in UTF-8")]
    HoldsNul,
    #[error("is empty: a scenario needs at least scenario, description, provider and cluster")]
    Empty,
}

/// The text of a file that can be a scenario.
fn text(path: &Path) -> Result<String, NotAScenario> {
    let size = std::fs::metadata(path)?.len();
    if size > SIZE_MAX {
        return Err(NotAScenario::TooLarge(size));
    }
    let text = String::from_utf8(bounded::bytes(path, SIZE_MAX)?)?;
    if text.contains('\0') {
        return Err(NotAScenario::HoldsNul);
    }
    if text.trim().is_empty() {
        return Err(NotAScenario::Empty);
    }
    Ok(text)
}

/// Reads a scenario from its text.
///
/// # Errors
/// With every problem of it.
pub fn parse(
    file: &str,
    text: &str,
    providers: &[Arc<dyn Provider>],
) -> Result<Scenario, Vec<FileError>> {
    let said = |error: kubeproof_contract::scenario::ScenarioError| {
        message::problems(file, text, &error.message)
    };
    let name = provider_of(text).map_err(said)?;
    let Some(provider) = providers.iter().find(|provider| provider.name() == name) else {
        return Err(vec![unknown_provider(file, text, &name, providers)]);
    };
    let content = provider.read(text).map_err(said)?;
    let problems: Vec<FileError> = limits::broken(&content)
        .into_iter()
        .chain(unknown_defect(&content, provider.as_ref()))
        .chain(foreign_tiers(&content, provider.as_ref()))
        .chain(uninjectable(&content, provider.as_ref()))
        .map(|broken| FileError {
            file: file.to_owned(),
            place: limits::place(text, &broken.near, broken.occurrence),
            message: broken.message,
            excerpt: String::new(),
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let provider = Arc::clone(provider);
    Ok(Scenario {
        file: file.to_owned(),
        text: Arc::from(text),
        content: Arc::new(content),
        provider,
    })
}

fn unknown_provider(
    file: &str,
    text: &str,
    name: &str,
    providers: &[Arc<dyn Provider>],
) -> FileError {
    let known: Vec<&str> = providers.iter().map(|provider| provider.name()).collect();
    let mut message = format!(
        "unknown provider `{name}` (expected one of {})",
        known.join(", ")
    );
    if let Some(near) = message::nearest(name, &known) {
        message = format!("{message}; did you mean `{near}`?");
    }
    FileError {
        file: file.to_owned(),
        place: limits::place(text, "provider:", 0),
        message,
        excerpt: String::new(),
    }
}

/// Tiers that the provider does not support.
fn foreign_tiers(
    scenario: &kubeproof_contract::scenario::AnyScenario,
    provider: &dyn Provider,
) -> Vec<limits::BrokenRule> {
    let known = provider.tiers();
    let names: Vec<String> = known.iter().map(ToString::to_string).collect();
    let foreign = scenario.tiers.iter().filter(|tier| !known.contains(tier));
    foreign
        .map(|tier| limits::BrokenRule {
            near: tier.to_string(),
            occurrence: 0,
            message: format!(
                "tier `{tier}` is not supported by {} (expected one of {})",
                provider.title(),
                names.join(", ")
            ),
        })
        .collect()
}

/// Forced failures whose faults can never be injected, whatever the tier.
fn uninjectable(
    scenario: &kubeproof_contract::scenario::AnyScenario,
    provider: &dyn Provider,
) -> Vec<limits::BrokenRule> {
    let mut broken = Vec::new();
    for failure in &scenario.failures {
        let faults: Vec<Fault> = failure.faults.iter().map(|text| text.0.clone()).collect();
        let tiers = scenario.tiers.iter();
        let refusals: Option<Vec<String>> = tiers
            .map(|tier| injectable::refusal(&faults, provider, *tier))
            .collect();
        if let Some(reason) = refusals.and_then(|all| all.into_iter().next()) {
            broken.push(limits::BrokenRule {
                near: format!("name: {}", failure.name.as_str()),
                occurrence: 0,
                message: reason,
            });
        }
    }
    broken
}

fn unknown_defect(
    scenario: &kubeproof_contract::scenario::AnyScenario,
    provider: &dyn Provider,
) -> Option<limits::BrokenRule> {
    let defect = scenario.provisioner.defect.as_deref()?;
    let known: Vec<&str> = provider
        .defects()
        .iter()
        .map(|defect| defect.name)
        .collect();
    if known.contains(&defect) {
        return None;
    }
    Some(limits::BrokenRule {
        near: "defect:".to_owned(),
        occurrence: 0,
        message: format!(
            "unknown defect `{defect}` (expected one of {})",
            known.join(", ")
        ),
    })
}
