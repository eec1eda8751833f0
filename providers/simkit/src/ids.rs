//! Seeded ids: the same seed gives the same ids in the same order.

use fastrand::Rng;

/// A source of ids for one simulated account.
#[derive(Clone, Debug)]
pub struct Ids {
    rng: Rng,
}

impl Ids {
    /// A source whose ids are determined by the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
        }
    }

    /// `digits` hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from_digit(self.rng.u32(0..16), 16).unwrap_or('0'))
            .collect()
    }

    /// `prefix` and 17 hexadecimal digits, as in EC2-like ids.
    pub fn prefixed(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.hex(17))
    }

    /// A UUID in the format of version 4.
    pub fn uuid(&mut self) -> String {
        let variant = ["8", "9", "a", "b"][self.rng.usize(0..4)];
        format!(
            "{}-{}-4{}-{variant}{}-{}",
            self.hex(8),
            self.hex(4),
            self.hex(3),
            self.hex(3),
            self.hex(12)
        )
    }

    /// Upper-case letters and digits, as in access keys and role ids.
    pub fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        (0..count)
            .map(|_| char::from(LETTERS[self.rng.usize(0..LETTERS.len())]))
            .collect()
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.rng.u64(0..end.max(1))
    }
}
