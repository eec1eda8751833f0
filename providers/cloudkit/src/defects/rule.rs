//! Rules of wrong provisioners: which calls, when, and what is done instead.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::run::Run;

/// What a wrong provisioner does with some calls.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The phase in which it does so.
    pub phase: Phase,
    /// The calls, such as `ec2:DescribeVpcs`; a trailing `*` matches any ending.
    pub calls: &'static [&'static str],
    /// From when on, and how often.
    pub when: When,
    /// What it does.
    pub does: Does,
}

impl Rule {
    /// What is always done with these calls in a phase.
    pub const fn new(phase: Phase, calls: &'static [&'static str], does: Does) -> Self {
        Self {
            phase,
            calls,
            when: When::ALWAYS,
            does,
        }
    }

    /// The same, only then.
    #[must_use]
    pub const fn when(self, when: When) -> Self {
        Self { when, ..self }
    }
}

/// A phase of a wrong provisioner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Every phase.
    Any,
    /// The provision.
    Provision,
    /// The teardown.
    Teardown,
    /// The second teardown of [`super::WrongTeardown::Twice`].
    SecondTeardown,
}

/// When a rule holds, within its phase.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// From this event on.
    pub since: Option<Event>,
    /// Until this call was sent.
    pub until: Option<&'static str>,
    /// For so many calls of each operation.
    pub times: usize,
}

impl When {
    /// From the beginning to the end.
    pub const ALWAYS: Self = Self {
        since: None,
        until: None,
        times: usize::MAX,
    };
}

/// Something that a wrong provisioner meets.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A call was refused with this error code.
    Refused(&'static str, &'static str),
    /// The list of a call has shown such an item, in the cloud's own notation.
    Shown(&'static str, fn(&Known<'_>, &str) -> bool),
}

/// What a wrong provisioner knows.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its run.
    pub run: &'a Run,
    /// The ids of what it has made in this process.
    pub made: &'a [String],
}

/// Makes the call that follows one, from its request and its answer.
pub type NextCall = fn(&Run, &Request<Bytes>, &Response<Bytes>) -> Option<Request<Bytes>>;

/// What is done with a call. When several rules hold for one call, each does its part.
#[derive(Clone, Copy, Debug)]
pub enum Does {
    /// It is not sent. This is the answer.
    Answer(fn(&Run, &Request<Bytes>) -> Response<Bytes>),
    /// It is sent once; later it is answered as it was then.
    AnswerAsFirst,
    /// It is sent with this change.
    Change(fn(&Run, Request<Bytes>) -> Request<Bytes>),
    /// Without a clear answer it is sent again: so often at most, after this pause.
    Resend(usize, Duration),
    /// Without a clear answer it is sent once more, with this change.
    ResendChanged(fn(&Run, Request<Bytes>) -> Request<Bytes>),
    /// After it has worked, this call is sent too. If that one is refused, its answer is that of both. Gets the
    /// request before any change.
    Then(NextCall),
    /// A refusal with such an error code is taken for success, and no list shows any more what the call names.
    TakeForSuccess(fn(&str) -> bool),
    /// No list shows any more what the call names.
    Forget,
    /// When it is refused with this error code, no list shows any more what the same calls have made.
    ForgetMadeWhenRefused(&'static str),
    /// An answer that is no refusal is taken for this one.
    TakeFor(fn(&Run, Response<Bytes>) -> Response<Bytes>),
    /// The answer shows an empty list.
    ShowNothing,
    /// The answer does not show items that contain this.
    Hide(fn(&Run) -> String),
}
