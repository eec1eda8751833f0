//! The table of the environment of `kubeproof simulate -- COMMAND`, from what a command is really given.

use crate::program::{code, command, stderr, stdout};
use crate::tables::hold;

/// The prefix of variables that are removed only if the caller has set them.
const OF_THE_CALLER: &str = "AWS_ENDPOINT_URL_";

/// Rows of variables with the same effect, in the order in which they are set.
fn table(lines: &str) -> String {
    let mut rows: Vec<(bool, &str, Vec<String>)> = Vec::new();
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        let (set, about) = line.rsplit_once(" # ").expect("what it is about");
        let (verb, rest) = set.split_once(' ').expect("a verb");
        let name = rest.split('=').next().unwrap_or(rest);
        if name.starts_with(OF_THE_CALLER) || about.starts_with("a real cloud's:") {
            continue;
        }
        let (is_set, name) = (verb == "export", format!("`{name}`"));
        let row = rows
            .iter_mut()
            .find(|(set, words, _)| (*set, *words) == (is_set, about));
        match row {
            Some((_, _, names)) => names.push(name),
            None => rows.push((is_set, about, vec![name])),
        }
    }
    let mut text = "| variable | what it does |\n|---|---|\n".to_owned();
    for (is_set, about, names) in rows {
        let taken = if is_set { "" } else { "taken out: " };
        text += &format!("| {} | {taken}{about} |\n", names.join(", "));
    }
    text
}

#[cfg(unix)]
#[test]
fn the_documentation_has_the_table_of_all_variables_that_a_command_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["simulate", "--env-file", "env", "--", "cat", "env"];
    let output = command(folder.path(), &arguments)
        .env_remove("AWS_REGION")
        .env_remove("AWS_DEFAULT_REGION")
        .output()
        .expect("the program starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let held = hold(
        "harness/src/simulate/environment.rs",
        "environment of a command",
        &table(&stdout(&output)),
    );
    assert!(held.is_ok(), "{}", held.unwrap_err());
}

#[cfg(unix)]
#[test]
fn each_line_of_the_env_file_is_what_the_command_has_in_its_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = "cat env; echo ---; env";
    let arguments = ["simulate", "--env-file", "env", "--", "sh", "-c", script];
    let output = command(folder.path(), &arguments)
        .env("AWS_PROFILE", "mine")
        .output()
        .expect("the program starts");
    let text = stdout(&output);
    let (lines, environment) = text.split_once("---\n").expect("both");
    let given: Vec<&str> = environment.lines().collect();
    for line in lines.lines().filter(|line| !line.starts_with('#')) {
        let set = line.rsplit_once(" # ").expect("what it is about").0;
        if let Some(set) = set.strip_prefix("export ") {
            let plain = set.replace('\'', "");
            assert!(given.contains(&plain.as_str()), "{plain}\n{environment}");
        } else {
            let name = format!("{}=", set.trim_start_matches("unset "));
            let found = given.iter().find(|line| line.starts_with(&name));
            assert_eq!(found, None);
        }
    }
}
