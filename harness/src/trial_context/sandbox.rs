//! The sandbox of a campaign's thread: the place where one rehearsal of a program after the other happens.
//!
//! Each has an address, ports, an authority and a folder of its own. So a copy of an account and of a program's files is
//! valid where the original was: what the files say about addresses and paths still holds.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use kubeproof_contract::mutex::lock;
use kubeproof_contract::serve::Place;
use tempfile::TempDir;

use super::checkpoint::Checkpoint;

/// A sandbox. It is used by one trial at a time.
pub struct Sandbox {
    /// The address that its account is served at.
    pub address: IpAddr,
    pub place: Place,
    folder: TempDir,
    checkpoint: Mutex<Option<Arc<Checkpoint>>>,
}

impl Sandbox {
    /// The sandbox of this number.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new(number: usize) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kubeproof-").tempdir()?;
        Ok(Self {
            address: address(number, std::process::id()),
            place: Place::default(),
            folder,
            checkpoint: Mutex::default(),
        })
    }

    /// The folder of its runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The checkpoint after a clean provision in this sandbox, once there is one.
    pub fn checkpoint(&self) -> Option<Arc<Checkpoint>> {
        lock(&self.checkpoint).clone()
    }

    /// Keeps a checkpoint.
    pub fn keep(&self, checkpoint: Arc<Checkpoint>) {
        *lock(&self.checkpoint) = Some(checkpoint);
    }
}

/// An address of this machine for a sandbox of a process. On Linux all of 127.0.0.0/8 is; elsewhere sandboxes share one
/// address, and differ by their ports.
fn address(number: usize, process: u32) -> IpAddr {
    if !cfg!(target_os = "linux") {
        return Ipv4Addr::LOCALHOST.into();
    }
    let byte = |number: u32| u8::try_from(number % 250 + 2).unwrap_or(2);
    let number = u32::try_from(number).unwrap_or(0);
    Ipv4Addr::new(127, byte(process / 250), byte(process), byte(number)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sandboxes_have_addresses_and_folders_of_their_own() {
        let [one, two] = [0, 1].map(|number| Sandbox::new(number).expect("a sandbox"));
        assert_ne!(one.folder(), two.folder());
        if cfg!(target_os = "linux") {
            assert_ne!(one.address, two.address);
        }
        assert!(one.address.is_loopback() && two.address.is_loopback());
        assert_ne!(address(0, 1000), address(0, 1001));
    }
}
