//! Holds the table of a simulator's README against what a client's script printed: shared by the tests of real clients.

/// The table of README of how many operations of each service were driven is what the script printed.
pub fn hold(printed: &str, readme: &str) -> Result<(), String> {
    let counted = printed.lines().filter_map(|line| {
        let (service, count) = line.strip_prefix("driven: ")?.split_once(' ')?;
        Some(format!("| `{service}` | {count} |"))
    });
    let counted: Vec<String> = counted.collect();
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    if counted == rows.collect::<Vec<&str>>() {
        return Ok(());
    }
    let counted = counted.join("\n");
    Err(format!(
        "the table of driven operations in the simulator's README is out of date; it should be:\n{counted}"
    ))
}
