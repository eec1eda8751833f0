//! `kubeproof supported`: the operations that the simulators answer, by cloud and service, from their own tables.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::provider::Provider;
use kubeproof_reports::output::{self, Output as JsonOutput};
use kubeproof_reports::table::wrapped;
use kubeproof_reports::word::counted;
use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Output, TableOrJson};
use crate::scenario::message::did_you_mean;
use crate::{exit_code, providers};

/// Columns of a text whose reader is not known.
const USUAL_WIDTH: usize = 100;

const AFTER_HELP: &str = "\
Any other call is answered with 501 and its name, never with an empty success. Of the service
`kubernetes`, which every cluster's API server is, the resource types are listed.

Exit codes:
  0   the operations are listed
  2   no simulator has this service

Examples:
  kubeproof supported                                  everything
  kubeproof supported SERVICE                          one service, or one cloud
  kubeproof supported --format json";

/// Options of `supported`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// A service or a cloud [default: all]
    #[arg(value_name = "SERVICE")]
    service: Option<String>,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: TableOrJson,
}

/// What is simulated. The verdict is always `pass`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Supported {
    clouds: Vec<Cloud>,
}

/// One cloud.
#[derive(Debug, Serialize, JsonSchema)]
struct Cloud {
    /// Its name, as the command line and scenario files have it.
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    services: Vec<Service>,
}

/// One service of a cloud.
#[derive(Debug, Serialize, JsonSchema)]
struct Service {
    /// Its name in faults, such as `ec2` or `kubernetes`.
    name: &'static str,
    /// The operations that are answered; of an API server, the resource types.
    operations: Vec<&'static str>,
}

/// The schema of what it prints as JSON.
pub fn schema() -> serde_json::Value {
    output::schema::<Supported>()
}

/// Lists the operations.
pub fn run(args: &Args, out: &Output) -> u8 {
    let all: Vec<Cloud> = providers::all()
        .iter()
        .filter_map(|it| cloud(&**it))
        .collect();
    let clouds = match &args.service {
        None => all,
        Some(name) => match chosen(all, name) {
            Ok(clouds) => clouds,
            Err(problem) => {
                out.error(&problem);
                return exit_code::USAGE;
            }
        },
    };
    match args.format {
        TableOrJson::Table => out.report(&text(&clouds, out.style().width)),
        TableOrJson::Json => {
            out.report(&JsonOutput::new(Verdict::Pass, Supported { clouds }).text());
        }
    }
    exit_code::PASSED
}

/// What the simulator of a provider answers, if it has one.
fn cloud(provider: &dyn Provider) -> Option<Cloud> {
    let services: Vec<Service> = provider
        .operations()
        .into_iter()
        .map(|(name, operations)| Service {
            name,
            operations: operations.into_iter().collect(),
        })
        .collect();
    (!services.is_empty()).then(|| Cloud {
        name: provider.name(),
        title: provider.title(),
        services,
    })
}

/// The cloud of this name, else the service of this name in each cloud that has one.
fn chosen(all: Vec<Cloud>, name: &str) -> Result<Vec<Cloud>, String> {
    let names: Vec<&str> = all
        .iter()
        .flat_map(|cloud| {
            cloud
                .services
                .iter()
                .map(|service| service.name)
                .chain([cloud.name])
        })
        .collect();
    if !names.contains(&name) {
        let hint = did_you_mean(name, &names);
        return Err(format!(
            "unknown service `{name}`: no simulator has it; {hint}`kubeproof supported` lists all"
        ));
    }
    if all.iter().any(|cloud| cloud.name == name) {
        return Ok(all.into_iter().filter(|cloud| cloud.name == name).collect());
    }
    let with_service = all.into_iter().map(|mut cloud| {
        cloud.services.retain(|service| service.name == name);
        cloud
    });
    Ok(with_service
        .filter(|cloud| !cloud.services.is_empty())
        .collect())
}

fn text(clouds: &[Cloud], width: Option<u16>) -> String {
    let width = width.map_or(USUAL_WIDTH, usize::from).max(30);
    let mut text = String::new();
    for cloud in clouds {
        let count = cloud
            .services
            .iter()
            .map(|service| service.operations.len())
            .sum();
        text.push_str(&format!(
            "{} ({}): {}\n",
            cloud.title,
            cloud.name,
            counted(count, "operation")
        ));
        for service in &cloud.services {
            let head = format!("  {} ({}): ", service.name, service.operations.len());
            let operations = service.operations.join(", ");
            text.push_str(&wrapped(&operations, width, &head, "    "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Cloud> {
        let service = |name, operations: &[&'static str]| Service {
            name,
            operations: operations.to_vec(),
        };
        let cloud = |name, title, services| Cloud {
            name,
            title,
            services,
        };
        vec![
            cloud(
                "sky",
                "The Sky",
                vec![
                    service("box", &["CreateBox", "ListBoxes"]),
                    service("kubernetes", &["pods"]),
                ],
            ),
            cloud("sea", "The Sea", vec![service("kubernetes", &["pods"])]),
        ]
    }

    #[test]
    fn operations_are_listed_by_cloud_and_service_with_their_numbers() {
        insta::assert_snapshot!(text(&sample(), Some(40)));
    }

    #[test]
    fn a_name_chooses_a_cloud_or_a_service_in_every_cloud() {
        let check = |name: &str, expected: &[(&str, usize)]| {
            let found = chosen(sample(), name).expect("known");
            let found: Vec<(&str, usize)> = found
                .iter()
                .map(|cloud| (cloud.name, cloud.services.len()))
                .collect();
            assert_eq!(found, expected, "{name}");
        };
        check("sky", &[("sky", 2)]);
        check("box", &[("sky", 1)]);
        check("kubernetes", &[("sky", 1), ("sea", 1)]);
        let error = chosen(sample(), "bix").err();
        assert_eq!(
            error.as_deref(),
            Some(
                "unknown service `bix`: no simulator has it; did you mean `box`? `kubeproof supported` lists all"
            )
        );
    }

    #[test]
    fn the_lists_are_those_of_the_simulators() {
        let all: Vec<Cloud> = providers::all()
            .iter()
            .filter_map(|it| cloud(&**it))
            .collect();
        assert!(all.len() >= 5, "{}", all.len());
        for cloud in &all {
            let served = cloud.services.iter();
            let pods = served.flat_map(|service| &service.operations);
            assert!(
                pods.into_iter().any(|name| *name == "pods"),
                "{}",
                cloud.name
            );
            assert!(
                cloud
                    .services
                    .iter()
                    .all(|service| !service.operations.is_empty())
            );
        }
    }
}
