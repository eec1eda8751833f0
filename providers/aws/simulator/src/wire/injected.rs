//! A fault that the caller's fault layer leaves to the simulator, and whether an operation took it.
//!
//! An operation that cannot carry a fault out never asks for it, so that it is not acknowledged and does
//! not count as injected.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};

/// What an asynchronous operation can meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsyncFault {
    /// The operation fails with this code, or the service's usual one.
    Fail(Option<String>),
    /// The operation never ends.
    Stuck,
    /// The operation takes so many times as long.
    Late(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Async(AsyncFault),
    Partial,
    Capacity,
    Hidden(SignedDuration),
}

/// What is to be carried out with a call.
#[derive(Clone, Debug, Default)]
pub struct Injected {
    asked: Option<Asked>,
    taken: Cell<bool>,
}

impl Injected {
    /// Reads the written form of an effect.
    pub fn read(text: &str) -> Self {
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => (name, Some(rest.trim_end_matches(')').to_owned())),
            None => (text, None),
        };
        let number = |default: u32| {
            let argument = argument.as_ref();
            argument
                .and_then(|text| text.parse().ok())
                .unwrap_or(default)
        };
        let asked = match name {
            "async-fail" => Some(Asked::Async(AsyncFault::Fail(argument.clone()))),
            "async-stuck" => Some(Asked::Async(AsyncFault::Stuck)),
            "async-late" => Some(Asked::Async(AsyncFault::Late(number(2)))),
            "partial" => Some(Asked::Partial),
            "capacity" => Some(Asked::Capacity),
            "stale-read" => {
                let seconds = i64::from(number(30));
                Some(Asked::Hidden(SignedDuration::from_secs(seconds)))
            }
            _ => None,
        };
        Self {
            asked,
            taken: Cell::new(false),
        }
    }

    /// The operation fails, whoever wants it.
    pub fn failing() -> Self {
        Self {
            asked: Some(Asked::Async(AsyncFault::Fail(None))),
            taken: Cell::new(false),
        }
    }

    /// What the asynchronous operation that begins now must meet.
    pub fn take_async(&self) -> Option<&AsyncFault> {
        match &self.asked {
            Some(Asked::Async(fault)) => {
                self.taken.set(true);
                Some(fault)
            }
            _ => None,
        }
    }

    /// Whether only a part is made of what is asked for.
    pub fn take_partial(&self) -> bool {
        let is_partial = self.asked == Some(Asked::Partial);
        if is_partial {
            self.taken.set(true);
        }
        is_partial
    }

    /// Whether there is no capacity for what is asked for.
    pub fn take_capacity(&self) -> bool {
        let is_lacking = self.asked == Some(Asked::Capacity);
        if is_lacking {
            self.taken.set(true);
        }
        is_lacking
    }

    /// Whether a read does not show what came to be at `created`. It takes the fault, so only what would be
    /// in the answer is asked for.
    pub fn hides(&self, created: Timestamp, now: Timestamp) -> bool {
        let is_hidden = self.is_too_young(created, now);
        if is_hidden {
            self.taken.set(true);
        }
        is_hidden
    }

    /// Whether what came to be at `created` is too young to be shown; takes nothing.
    pub fn is_too_young(&self, created: Timestamp, now: Timestamp) -> bool {
        match &self.asked {
            Some(Asked::Hidden(span)) => now.duration_since(created) < *span,
            _ => false,
        }
    }

    /// Whether reads are to miss what is young.
    pub fn is_of_reads(&self) -> bool {
        matches!(self.asked, Some(Asked::Hidden(_)))
    }

    /// An answer lacked something young.
    pub fn take_hidden(&self) {
        self.taken.set(true);
    }

    /// Whether an operation took it.
    pub fn is_taken(&self) -> bool {
        self.taken.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_operation_asks_for_is_taken() {
        let partial = Injected::read("partial");
        assert_eq!(partial.take_async(), None);
        assert!(!partial.is_taken());
        assert!(partial.take_partial() && partial.is_taken());
        let late = Injected::read("async-late(3)");
        assert!(!late.take_partial() && !late.is_taken());
        assert_eq!(late.take_async(), Some(&AsyncFault::Late(3)));
        assert!(late.is_taken());
    }

    #[test]
    fn a_read_hides_only_what_is_young() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let hidden = Injected::read("stale-read(30)");
        assert!(!hidden.hides(at(0), at(30)) && !hidden.is_taken());
        assert!(hidden.hides(at(1), at(30)) && hidden.is_taken());
    }
}
