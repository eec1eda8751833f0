//! The catalogue of scenarios matches the scenario files.

use std::path::Path;

use kubeproof::{providers, scenario};

#[test]
fn the_catalogue_has_a_row_for_each_scenario_and_no_other() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let scenarios = scenario::read::all(std::slice::from_ref(&folder), &providers::shared())
        .expect("all scenarios can be read");
    let rows: Vec<String> = scenarios
        .iter()
        .map(|scenario| {
            let file = Path::new(&scenario.file)
                .strip_prefix(&folder)
                .expect("in the folder");
            let failures = scenario
                .content
                .failures
                .iter()
                .map(|failure| failure.name.as_str());
            format!(
                "| [{}]({}) | {} | {} | {} |",
                scenario.name(),
                file.display(),
                scenario.provider.name(),
                scenario.content.description,
                failures.collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("a catalogue");
    let written: Vec<&str> = readme
        .lines()
        .filter(|line| line.starts_with("| ["))
        .collect();
    assert_eq!(written, rows, "write these rows into scenarios/README.md");
}
