//! A session: serves accounts on a paced clock while a command runs, then compares them with the beginning.
//!
//! It prints nothing. Steps: serve, let the command work, close the sockets, read the bill, let the clock jump
//! until the cloud has removed what it removes by itself, and compare.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::ground_truth::GroundTruth;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::serve::{ClientEnvironment, ServeError, Served, Serving};
use kubeproof_simkit::paced_clock::PacedClock;

use super::account_diff::{AccountDiff, AccountState};
use super::environment;
use crate::scenario::injectable;

/// How long the cloud gets to remove by itself what it removes late (interfaces of a deleted cluster).
const SETTLE_MAX: Duration = Duration::from_hours(2);
/// How often to check whether it has.
const SETTLE_STEP: Duration = Duration::from_mins(1);

/// How to serve.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port of the first cloud, the next ones follow; 0 lets the system choose all.
    pub port: u16,
    /// The date at which the accounts begin.
    pub today: Timestamp,
    /// Simulated seconds per real second.
    pub time_scale: NonZeroU32,
    /// Random seed.
    pub seed: u64,
    /// Faults to inject into client calls.
    pub faults: Vec<Fault>,
    /// The caller's environment.
    pub environment: BTreeMap<String, String>,
}

/// A served cloud.
struct Cloud {
    provider: Arc<dyn Provider>,
    served: Arc<dyn Served>,
    before: AccountState,
}

/// Where a cloud is served.
pub struct CloudUrl {
    pub name: &'static str,
    pub title: &'static str,
    /// Of its API.
    pub url: String,
}

/// Served accounts. On a runtime of [`kubeproof_simkit::paced_clock::runtime`].
pub struct Session {
    clouds: Vec<Cloud>,
    pace: PacedClock,
    programs: Programs,
    clock: Clock,
}

impl Session {
    /// Begins to serve these clouds.
    ///
    /// # Errors
    /// With the cloud that cannot be served, and why.
    pub fn begin(
        providers: Vec<Arc<dyn Provider>>,
        settings: &Settings,
    ) -> Result<Self, (String, ServeError)> {
        let programs = Programs::default();
        let pace = PacedClock::keep(settings.time_scale, &programs);
        let clock = Clock::starting_at(settings.today);
        let mut clouds = Vec::new();
        for (index, provider) in (0_u16..).zip(providers) {
            let port = match settings.port {
                0 => 0,
                port => port.saturating_add(index),
            };
            let serving = Serving {
                listen: SocketAddr::new(settings.address, port),
                clock,
                time_scale: settings.time_scale.get(),
                seed: settings.seed,
                faults: of_cloud(&settings.faults, provider.as_ref()),
                environment: settings.environment.clone(),
            };
            let served = provider
                .serve(serving)
                .map_err(|error| (provider.name().to_owned(), error))?;
            let before = moment(served.ground_truth().as_ref());
            clouds.push(Cloud {
                provider,
                served,
                before,
            });
        }
        open_all_doors(&clouds);
        Ok(Self {
            clouds,
            pace,
            programs,
            clock,
        })
    }

    /// Each cloud with the URL of its API.
    pub fn urls(&self) -> Vec<CloudUrl> {
        let of = |cloud: &Cloud| CloudUrl {
            name: cloud.provider.name(),
            title: cloud.provider.title(),
            url: format!("http://{}", cloud.served.address()),
        };
        self.clouds.iter().map(of).collect()
    }

    /// The environment that redirects clients, in files of this folder where variables name some.
    pub fn redirects(
        &self,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Vec<ClientEnvironment> {
        let first = self.clouds.first().map(|cloud| cloud.served.address());
        let address = first.map_or_else(|| "localhost".to_owned(), |it| it.ip().to_string());
        let mut redirects = vec![environment::common(folder, environment, &address)];
        for cloud in &self.clouds {
            let (provider, served) = (cloud.provider.as_ref(), cloud.served.as_ref());
            redirects.push(environment::of_cloud(provider, served, folder, environment));
        }
        environment::settled(redirects)
    }

    /// The programs that use the accounts: while one of them computes, the clock stands.
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Waits until a fault of any cloud ends the command; returns true if it is interrupted, false if it is killed.
    pub async fn crash(&self) -> bool {
        let clouds = self.clouds.iter();
        let crashes = clouds.map(|cloud| cloud.served.crash());
        if crashes.len() == 0 {
            return std::future::pending().await;
        }
        let ((), index, _) = futures::future::select_all(crashes).await;
        self.clouds[index].served.faults().was_cancelled()
    }

    /// Closes the sockets, lets the clouds finish what they do by themselves, and compares the accounts with the
    /// beginning.
    pub async fn end(self) -> Vec<AccountDiff> {
        let mut diffs = Vec::new();
        for cloud in &self.clouds {
            cloud.served.faults().trial_is_over();
            cloud.served.stop().await;
        }
        let minutes = self.clock.elapsed().as_secs() / 60;
        let charges: Vec<_> = self
            .clouds
            .iter()
            .map(|cloud| {
                let ground_truth = cloud.served.ground_truth();
                (
                    ground_truth.charges(Timestamp::MIN),
                    ground_truth.unpriced(),
                )
            })
            .collect();
        self.pace.release().await;
        for (cloud, (charges, unpriced)) in self.clouds.into_iter().zip(charges) {
            let mut diff = settled(&cloud).await;
            cloud.provider.title().clone_into(&mut diff.title);
            cloud.provider.name().clone_into(&mut diff.provider);
            diff.charges = charges;
            diff.unpriced = unpriced;
            diff.minutes = minutes;
            diff.faults = cloud.served.faults().tally();
            diff.calls = cloud.served.journal().len();
            diffs.push(diff);
        }
        diffs
    }
}

/// Clients get the door of one cloud, and the hosts of all of them are behind it.
fn open_all_doors(clouds: &[Cloud]) {
    for cloud in clouds {
        let (hosts, door) = (cloud.served.api_hosts(), cloud.served.address());
        let is_other = |other: &&Cloud| other.served.address() != door;
        for other in clouds.iter().filter(is_other) {
            other.served.lead_on(&hosts, door);
        }
    }
}

/// The faults that are aimed at calls of this cloud.
fn of_cloud(faults: &[Fault], provider: &dyn Provider) -> Vec<Fault> {
    let mut faults = faults.to_vec();
    faults.retain(|fault| injectable::is_of(fault, provider));
    faults
}

fn moment(ground_truth: &dyn GroundTruth) -> AccountState {
    AccountState {
        states: ground_truth.states(),
    }
}

/// The difference once nothing is left, or after [`SETTLE_MAX`].
async fn settled(cloud: &Cloud) -> AccountDiff {
    let ground_truth = cloud.served.ground_truth();
    let compare = || {
        AccountDiff::of(
            &cloud.before,
            &moment(ground_truth.as_ref()),
            |resource| cloud.provider.retained(resource),
            |resource| Some(cloud.provider.monthly_cost(resource)?.usd),
        )
    };
    let began = tokio::time::Instant::now();
    let mut diff = compare();
    while !diff.left.is_empty() && began.elapsed() < SETTLE_MAX {
        tokio::time::sleep(SETTLE_STEP).await;
        diff = compare();
    }
    diff
}
