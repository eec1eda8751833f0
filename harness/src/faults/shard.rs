//! Shards: splits a campaign over several machines into disjoint parts that are complete together.

use std::fmt;
use std::str::FromStr;

use kubeproof_contract::journal::digest;

/// Shard `number` of `of`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 1.
    pub number: u64,
    /// The number of shards.
    pub of: u64,
}

impl Shard {
    /// Whether a lifecycle with these faults, written as one text, belongs to this shard.
    pub fn has(&self, scenario: &str, faults: &str) -> bool {
        let hash = digest(format!("{scenario}|{faults}").as_bytes());
        let number = u64::from_str_radix(&hash, 16).unwrap_or(0);
        number % self.of.max(1) == self.number.saturating_sub(1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// A text that names no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard: write K/N, such as 1/3, with K from 1 to N")]
pub struct NoShard(String);

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NoShard(text.to_owned());
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        let of = of.parse().map_err(|_| wrong())?;
        if number == 0 || number > of {
            return Err(wrong());
        }
        Ok(Self { number, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lifecycle_is_in_exactly_one_shard() {
        for of in 1..=7 {
            let mut sizes = vec![0; usize::try_from(of).unwrap_or(0)];
            for fault in 0..500 {
                let text = format!("s:Make#{fault}=hang");
                let mut homes = Vec::new();
                for number in 1..=of {
                    if (Shard { number, of }).has("a scenario", &text) {
                        homes.push(number);
                    }
                }
                assert_eq!(homes.len(), 1, "{text} of {of}: {homes:?}");
                sizes[usize::try_from(homes[0] - 1).unwrap_or(0)] += 1;
            }
            let least = sizes.iter().min().copied().unwrap_or(0);
            assert!(least > 500 / sizes.len() / 2, "uneven: {sizes:?}");
        }
    }

    #[test]
    fn a_shard_is_read_back_and_nonsense_is_refused() {
        assert_eq!("2/3".parse(), Ok(Shard { number: 2, of: 3 }));
        assert_eq!(Shard { number: 2, of: 3 }.to_string(), "2/3");
        for wrong in ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
