//! A fault that the caller's fault layer leaves to the simulator, and whether an operation carried it out.
//!
//! An operation that cannot carry a fault out never asks for it, so the fault is not acknowledged and does
//! not count as injected.

use std::cell::Cell;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_contract::fault::{Effect, read_effect};
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;

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

/// A fault that no simulator, or not this one, can carry out. Simulators answer it with 501.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fault `{0}`")]
pub struct UnknownFault(pub String);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    Async(AsyncFault),
    Partial,
    Capacity,
    Hidden(SignedDuration),
}

impl Asked {
    fn read(text: &str) -> Option<Self> {
        Some(match read_effect(text).ok()? {
            Effect::AsyncFail(code) => Self::Async(AsyncFault::Fail(code)),
            Effect::AsyncStuck => Self::Async(AsyncFault::Stuck),
            Effect::AsyncLate(times) => Self::Async(AsyncFault::Late(u32::try_from(times).ok()?)),
            Effect::Partial => Self::Partial,
            Effect::Capacity => Self::Capacity,
            Effect::NotYetVisible(seconds) => {
                Self::Hidden(SignedDuration::from_secs(i64::try_from(seconds).ok()?))
            }
            _ => return None,
        })
    }
}

/// A fault to be carried out with a call.
#[derive(Clone, Debug, Default)]
pub struct InjectedFault {
    asked: Option<Asked>,
    taken: Cell<bool>,
}

impl InjectedFault {
    /// The fault that the header of a request asks for; none without the header.
    ///
    /// # Errors
    /// For a fault that is not left to simulators.
    pub fn of(request: &Request<Bytes>) -> Result<Self, UnknownFault> {
        match request.headers().get(ASYNC_FAULT_HEADER) {
            None => Ok(Self::default()),
            Some(value) => Self::read(&String::from_utf8_lossy(value.as_bytes())),
        }
    }

    fn read(text: &str) -> Result<Self, UnknownFault> {
        let asked = Asked::read(text).ok_or_else(|| UnknownFault(text.to_owned()))?;
        Ok(Self::asking(asked))
    }

    fn asking(asked: Asked) -> Self {
        Self {
            asked: Some(asked),
            taken: Cell::new(false),
        }
    }

    /// A fault that makes the operation fail.
    pub fn failing() -> Self {
        Self::asking(Asked::Async(AsyncFault::Fail(None)))
    }

    /// The fault of the asynchronous operation that begins now, if any.
    pub fn take_async(&self) -> Option<&AsyncFault> {
        let fault = match self.asked.as_ref()? {
            Asked::Async(fault) => fault,
            Asked::Partial | Asked::Capacity | Asked::Hidden(_) => return None,
        };
        self.taken.set(true);
        Some(fault)
    }

    /// The same, if the operation can fail with such a code.
    ///
    /// # Errors
    /// With the fault, when it asks for a failure that the operation does not know.
    pub fn take_async_if(
        &self,
        knows: impl Fn(&str) -> bool,
    ) -> Result<Option<AsyncFault>, UnknownFault> {
        match self.take_async() {
            Some(AsyncFault::Fail(Some(code))) if !knows(code) => {
                Err(UnknownFault(format!("async-fail({code})")))
            }
            asked => Ok(asked.cloned()),
        }
    }

    /// Whether only a part of the request is to be carried out.
    pub fn take_partial(&self) -> bool {
        let is_partial = self.asked == Some(Asked::Partial);
        if is_partial {
            self.taken.set(true);
        }
        is_partial
    }

    /// Whether there is no capacity for the request.
    pub fn take_capacity(&self) -> bool {
        let is_lacking = self.asked == Some(Asked::Capacity);
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
            Some(Asked::Hidden(span)) => now.duration_since(created) < *span,
            _ => false,
        }
    }

    /// Whether reads must miss new resources.
    pub fn is_of_reads(&self) -> bool {
        matches!(self.asked, Some(Asked::Hidden(_)))
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
        let partial = InjectedFault::read("partial").unwrap();
        assert_eq!(partial.take_async(), None);
        assert!(!partial.is_taken());
        assert!(partial.take_partial() && partial.is_taken());
        let late = InjectedFault::read("async-late(3)").unwrap();
        assert!(!late.take_partial() && !late.is_taken());
        assert_eq!(late.take_async(), Some(&AsyncFault::Late(3)));
        assert!(late.is_taken());
    }

    #[test]
    fn a_read_hides_only_what_is_new() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let hidden = InjectedFault::read("stale-read(30)").unwrap();
        assert!(!hidden.hides(at(0), at(30)) && !hidden.is_taken());
        assert!(hidden.hides(at(1), at(30)) && hidden.is_taken());
    }

    #[test]
    fn what_is_not_left_to_simulators_is_refused_by_its_name() {
        for text in ["throttle", "async-late(soon)", "stale-read", "explode", ""] {
            let error = InjectedFault::read(text).unwrap_err();
            assert_eq!(error, UnknownFault(text.to_owned()));
        }
        let fault = |value: &str| {
            let request = Request::get("/").header(ASYNC_FAULT_HEADER, value);
            InjectedFault::of(&request.body(Bytes::new()).unwrap())
        };
        assert_eq!(
            fault("explode").unwrap_err().to_string(),
            "the fault `explode`"
        );
        let failing = fault("async-fail(broken)").unwrap();
        let expected = AsyncFault::Fail(Some("broken".to_owned()));
        assert_eq!(failing.take_async(), Some(&expected));
        let unknown = failing.take_async_if(|code| code == "late");
        assert_eq!(unknown, Err(UnknownFault("async-fail(broken)".to_owned())));
        assert_eq!(failing.take_async_if(|_| true), Ok(Some(expected)));
        let none = InjectedFault::of(&Request::get("/").body(Bytes::new()).unwrap());
        assert_eq!(none.unwrap().take_async(), None);
    }
}
