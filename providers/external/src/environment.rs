//! The environment of a program: our interface to external programs, documented in
//! `providers/external/README.md`.

use std::path::Path;

use kubeproof_contract::run::Run;

/// What a program is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// To check whether it can run.
    Ready,
    /// To report what an hour will cost.
    Estimate,
    /// To make the cluster.
    Provision,
    /// To remove everything.
    Teardown,
}

impl Phase {
    /// Its name in `KUBEPROOF_PHASE`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Estimate => "estimate",
            Self::Provision => "provision",
            Self::Teardown => "teardown",
        }
    }
}

/// The variables of one run of a program. `folder` is its own, `output` the file that it may write.
pub fn variables(run: &Run, phase: Phase, folder: &Path, output: &Path) -> Vec<(String, String)> {
    let text = |path: &Path| path.display().to_string();
    let tags = serde_json::json!(run.tags()).to_string();
    let mut variables: Vec<(String, String)> = [
        ("KUBEPROOF_PHASE", phase.name().to_owned()),
        ("KUBEPROOF_RUN_ID", run.id.clone()),
        ("KUBEPROOF_NAME", run.name("")),
        ("KUBEPROOF_TAGS", tags),
        ("KUBEPROOF_DIR", text(folder)),
        ("KUBEPROOF_OUTPUT", text(output)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    variables.extend(
        run.tags()
            .into_iter()
            .map(|(key, value)| (variable_of(&key), value)),
    );
    variables
}

/// The variable of one tag: `kubeproof:run` is in `KUBEPROOF_TAG_RUN`.
fn variable_of(tag: &str) -> String {
    let key = tag.strip_prefix("kubeproof:").unwrap_or(tag);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    format!(
        "KUBEPROOF_TAG_{}",
        key.chars().map(plain).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_program_gets_its_run_and_the_tags_to_set() {
        let run = Run::new("r1-ab", "me", Timestamp::UNIX_EPOCH);
        let all = variables(
            &run,
            Phase::Provision,
            Path::new("/d"),
            Path::new("/d/o.json"),
        );
        let value = |key: &str| {
            let found = all.iter().find(|(name, _)| name == key);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        assert_eq!(value("KUBEPROOF_PHASE"), "provision");
        assert_eq!(value("KUBEPROOF_NAME"), "kp-r1-ab");
        assert_eq!(value("KUBEPROOF_OUTPUT"), "/d/o.json");
        assert_eq!(value("KUBEPROOF_TAG_RUN"), "r1-ab");
        assert_eq!(value("KUBEPROOF_TAG_OWNER"), "me");
        assert!(value("KUBEPROOF_TAGS").contains("\"kubeproof:run\":\"r1-ab\""));
    }
}
