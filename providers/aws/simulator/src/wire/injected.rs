//! A fault that the caller's fault layer leaves to the simulator, and whether an operation carried it out.
//!
//! An operation that cannot carry a fault out never asks for it, so the fault is not acknowledged and does
//! not count as injected.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};

/// A fault of an asynchronous operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsyncFault {
    /// The operation fails with this code, or the service's usual one.
    Fail(Option<String>),
    /// The operation never ends.
    Stuck,
    /// The operation takes this many times as long.
    Late(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Effect {
    Async(AsyncFault),
    Partial,
    Capacity,
    Hidden(SignedDuration),
}

/// A fault to be carried out with a call.
#[derive(Clone, Debug, Default)]
pub struct InjectedFault {
    asked: Option<Effect>,
    taken: Cell<bool>,
}

impl InjectedFault {
    /// Parses an effect.
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
            "async-fail" => Some(Effect::Async(AsyncFault::Fail(argument.clone()))),
            "async-stuck" => Some(Effect::Async(AsyncFault::Stuck)),
            "async-late" => Some(Effect::Async(AsyncFault::Late(number(2)))),
            "partial" => Some(Effect::Partial),
            "capacity" => Some(Effect::Capacity),
            "stale-read" => {
                let seconds = i64::from(number(30));
                Some(Effect::Hidden(SignedDuration::from_secs(seconds)))
            }
            _ => None,
        };
        Self {
            asked,
            taken: Cell::new(false),
        }
    }

    /// A fault that makes the operation fail.
    pub fn failing() -> Self {
        Self {
            asked: Some(Effect::Async(AsyncFault::Fail(None))),
            taken: Cell::new(false),
        }
    }

    /// The fault of the asynchronous operation that begins now, if any.
    pub fn take_async(&self) -> Option<&AsyncFault> {
        match &self.asked {
            Some(Effect::Async(fault)) => {
                self.taken.set(true);
                Some(fault)
            }
            _ => None,
        }
    }

    /// Whether only a part of the request is to be carried out.
    pub fn take_partial(&self) -> bool {
        let is_partial = self.asked == Some(Effect::Partial);
        if is_partial {
            self.taken.set(true);
        }
        is_partial
    }

    /// Whether there is no capacity for the request.
    pub fn take_capacity(&self) -> bool {
        let is_lacking = self.asked == Some(Effect::Capacity);
        if is_lacking {
            self.taken.set(true);
        }
        is_lacking
    }

    /// Whether a read does not show what was created at `created`. It carries out the fault, so it must be
    /// called only for what would be in the answer.
    pub fn hides(&self, created: Timestamp, now: Timestamp) -> bool {
        let is_hidden = self.is_too_new(created, now);
        if is_hidden {
            self.taken.set(true);
        }
        is_hidden
    }

    /// Whether what was created at `created` is too new to be shown; does not carry out the fault.
    pub fn is_too_new(&self, created: Timestamp, now: Timestamp) -> bool {
        match &self.asked {
            Some(Effect::Hidden(span)) => now.duration_since(created) < *span,
            _ => false,
        }
    }

    /// Whether reads must miss new resources.
    pub fn is_of_reads(&self) -> bool {
        matches!(self.asked, Some(Effect::Hidden(_)))
    }

    /// Notes that an answer lacked a new resource.
    pub fn take_hidden(&self) {
        self.taken.set(true);
    }

    /// Whether an operation carried it out.
    pub fn is_taken(&self) -> bool {
        self.taken.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_operation_asks_for_is_taken() {
        let partial = InjectedFault::read("partial");
        assert_eq!(partial.take_async(), None);
        assert!(!partial.is_taken());
        assert!(partial.take_partial() && partial.is_taken());
        let late = InjectedFault::read("async-late(3)");
        assert!(!late.take_partial() && !late.is_taken());
        assert_eq!(late.take_async(), Some(&AsyncFault::Late(3)));
        assert!(late.is_taken());
    }

    #[test]
    fn a_read_hides_only_what_is_new() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let hidden = InjectedFault::read("stale-read(30)");
        assert!(!hidden.hides(at(0), at(30)) && !hidden.is_taken());
        assert!(hidden.hides(at(1), at(30)) && hidden.is_taken());
    }
}
