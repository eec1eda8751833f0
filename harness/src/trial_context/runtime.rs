//! The runtime of one trial: with a paused clock, a paced one, or that of the machine.

use kubeproof_contract::scenario::Tier;

use crate::trial::Trial;

/// The runtime of one trial: virtual time in rehearsal, with sockets when the provisioner is a program;
/// real time and sockets elsewhere.
///
/// # Errors
/// When the system cannot create one.
pub fn runtime(trial: &Trial) -> std::io::Result<tokio::runtime::Runtime> {
    let tier = trial.tier;
    if tier == Tier::Rehearsal && trial.scenario.content.provisioner.is_external() {
        return kubeproof_simkit::paced_clock::runtime();
    }
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time();
    match tier {
        Tier::Rehearsal => builder.start_paused(true),
        Tier::Kind | Tier::Live => builder.enable_io(),
    };
    builder.build()
}
