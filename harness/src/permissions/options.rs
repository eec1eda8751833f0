//! What is asked about the permissions of a provisioner.

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub seed: u64,
    /// Whether the calls of the campaign count too.
    pub with_campaign: bool,
    /// How many lifecycles of the campaign are run, chosen by the seed; all if `None`.
    pub sample: Option<usize>,
    /// Whether it is proved.
    pub prove: bool,
    /// How many rehearsals run side by side.
    pub jobs: usize,
}
