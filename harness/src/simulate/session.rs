//! A session: accounts served on a paced clock, a command or a wait beside them, and stock taken after.
//!
//! Apart from the command line, which prints; here nothing is said. Steps: serve, let the command work,
//! close the sockets, read the bill, let the clock jump until what the cloud itself still removes is
//! gone, and compare with the beginning.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubeproof_contract::clock::Clock;
use kubeproof_contract::fault::Fault;
use kubeproof_contract::process::Programs;
use kubeproof_contract::provider::Provider;
use kubeproof_contract::serve::{Redirect, ServeError, Served, Serving};
use kubeproof_contract::world::World;
use kubeproof_simkit::pace::Pace;

use super::environment;
use super::stock::{Moment, Stock};
use crate::scenario::injectable;

/// How long the cloud gets to remove by itself what it removes late (interfaces of a deleted cluster).
const SETTLE_MAX: Duration = Duration::from_secs(2 * 3600);
/// How often it is looked whether it has.
const SETTLE_STEP: Duration = Duration::from_secs(60);

/// How to serve.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port of the first cloud, the next ones follow; 0 lets the system choose all.
    pub port: u16,
    /// The date at which the accounts begin.
    pub today: Timestamp,
    /// How many seconds of the accounts pass in a real one.
    pub time_scale: NonZeroU32,
    /// Seed of all that would be random.
    pub seed: u64,
    /// Faults that strike the calls of clients.
    pub faults: Vec<Fault>,
    /// The caller's environment.
    pub environment: BTreeMap<String, String>,
}

/// A served cloud.
struct Cloud {
    provider: Arc<dyn Provider>,
    served: Arc<dyn Served>,
    before: Moment,
}

/// Served accounts. On a runtime of [`kubeproof_simkit::pace::runtime`].
pub struct Session {
    clouds: Vec<Cloud>,
    pace: Pace,
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
        let pace = Pace::keep(settings.time_scale, &programs);
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
            let before = moment(served.world().as_ref());
            clouds.push(Cloud {
                provider,
                served,
                before,
            });
        }
        Ok(Self {
            clouds,
            pace,
            programs,
            clock,
        })
    }

    /// Each cloud with the URL of its API.
    pub fn urls(&self) -> Vec<(&'static str, &'static str, String)> {
        let clouds = self.clouds.iter();
        clouds
            .map(|cloud| {
                let url = format!("http://{}", cloud.served.address());
                (cloud.provider.name(), cloud.provider.title(), url)
            })
            .collect()
    }

    /// The environment that redirects clients, in files of this folder where variables name some.
    pub fn redirects(
        &self,
        folder: &Path,
        environment: &BTreeMap<String, String>,
    ) -> Vec<Redirect> {
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

    /// Waits until a fault of any cloud ends the command: whether its user interrupts it, or it dies.
    pub async fn crash(&self) -> bool {
        let clouds = self.clouds.iter();
        let crashes = clouds.map(|cloud| cloud.served.crash());
        if crashes.len() == 0 {
            return std::future::pending().await;
        }
        let (_, index, _) = futures::future::select_all(crashes).await;
        self.clouds[index].served.faults().was_cancelled()
    }

    /// Closes the sockets, lets the clouds finish what they do by themselves, and takes stock.
    pub async fn end(self) -> Vec<Stock> {
        let mut stocks = Vec::new();
        for cloud in &self.clouds {
            cloud.served.faults().trial_is_over();
            cloud.served.stop().await;
        }
        let minutes = self.clock.elapsed().as_secs() / 60;
        let charges: Vec<_> = self
            .clouds
            .iter()
            .map(|cloud| {
                let world = cloud.served.world();
                (world.charges(Timestamp::MIN), world.unpriced())
            })
            .collect();
        self.pace.release().await;
        for (cloud, (charges, unpriced)) in self.clouds.into_iter().zip(charges) {
            let mut stock = settled(&cloud).await;
            stock.title = cloud.provider.title().to_owned();
            stock.charges = charges;
            stock.unpriced = unpriced;
            stock.minutes = minutes;
            stock.faults = cloud.served.faults().tally();
            stock.calls = cloud.served.journal().len();
            stocks.push(stock);
        }
        stocks
    }
}

/// The faults that are aimed at calls of this cloud.
fn of_cloud(faults: &[Fault], provider: &dyn Provider) -> Vec<Fault> {
    let mut faults = faults.to_vec();
    faults.retain(|fault| injectable::is_of(fault, provider));
    faults
}

fn moment(world: &dyn World) -> Moment {
    Moment {
        states: world.states(),
    }
}

/// The stock once nothing is left, or once the cloud has had its time.
async fn settled(cloud: &Cloud) -> Stock {
    let world = cloud.served.world();
    let look = || {
        Stock::of(
            &cloud.before,
            &moment(world.as_ref()),
            |resource| cloud.provider.stays(resource),
            |resource| Some(cloud.provider.monthly_cost(resource)?.usd),
        )
    };
    let began = tokio::time::Instant::now();
    let mut stock = look();
    while !stock.left.is_empty() && began.elapsed() < SETTLE_MAX {
        tokio::time::sleep(SETTLE_STEP).await;
        stock = look();
    }
    stock
}
