//! Laws of finding, making, waiting and paging, over clouds that lose answers and lag.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kubeproof_cloudkit::create::{LookupWindows, create_or_adopt, find_or_create};
use kubeproof_cloudkit::poll::{Poll, PollSchedule, poll_until};
use kubeproof_cloudkit::{Applied, CallError, Cause, RetryPolicy, Session};
use kubeproof_contract::disk::Files;
use proptest::prelude::*;

use crate::connection;

/// A session on a paused clock; no call goes over its transport.
fn session() -> Session {
    Session::new(&connection(Files::empty()), Duration::from_secs(10))
}

fn paused<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(work)
}

/// What becomes of a creation.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Made,
    Refused,
    LostButMade,
    Lost,
    /// Timed out, and applied so many seconds later.
    Late(u64),
}

/// A cloud with reads that lag and creations without a token.
struct Model {
    answers: Mutex<VecDeque<Answer>>,
    /// When each one shows.
    made: Mutex<Vec<Duration>>,
    lag: Duration,
}

impl Model {
    fn new(answers: &[Answer], lag_seconds: u64) -> Self {
        Self {
            answers: Mutex::new(answers.iter().copied().collect()),
            made: Mutex::default(),
            lag: Duration::from_secs(lag_seconds),
        }
    }

    fn find(&self, now: Duration) -> Option<usize> {
        self.made
            .lock()
            .expect("a lock")
            .iter()
            .position(|shows| *shows <= now)
    }

    fn create(&self, now: Duration) -> Result<usize, CallError> {
        let answer = self.answers.lock().expect("a lock").pop_front();
        let mut made = self.made.lock().expect("a lock");
        let mut make = |after: u64| made.push(now + self.lag + Duration::from_secs(after));
        match answer.unwrap_or(Answer::Made) {
            Answer::Made => make(0),
            Answer::Refused => return Err(CallError::state("create", "refused")),
            Answer::Lost => return Err(CallError::no_answer("create", "lost", Applied::Unknown)),
            Answer::LostButMade => {
                make(0);
                return Err(CallError::no_answer("create", "lost", Applied::Unknown));
            }
            Answer::Late(seconds) => {
                make(seconds);
                return Err(CallError::no_answer("create", "late", Applied::MaybeLater));
            }
        }
        Ok(made.len() - 1)
    }
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(Answer::Made),
        Just(Answer::Refused),
        Just(Answer::LostButMade),
        Just(Answer::Lost),
        (0_u64..30).prop_map(Answer::Late),
    ]
}

proptest! {
    #[test]
    fn what_has_neither_token_nor_name_is_never_made_twice(
        answers in prop::collection::vec(answers(), 0..6),
        lag in 0_u64..10,
    ) {
        let model = Model::new(&answers, lag);
        let found = paused(async {
            let session = session();
            find_or_create(
                &session,
                LookupWindows::DEFAULT,
                || async { Ok(model.find(session.elapsed())) },
                || async { model.create(session.elapsed()) },
            )
            .await
        });
        let made = model.made.lock().expect("a lock").len();
        prop_assert!(made <= 1, "{made} were made");
        if let Ok(found) = found {
            prop_assert_eq!((found, made), (0, 1));
        }
    }

    #[test]
    fn paging_returns_every_item_in_order(sizes in prop::collection::vec(0_usize..4, 1..20)) {
        let last = sizes.len() - 1;
        let read = paused(async {
            session()
                .all_pages("list", |token| {
                    let page: usize = token.map_or(0, |token| token.parse().expect("a page"));
                    let items = (0..sizes[page]).map(|item| (page, item)).collect();
                    let next = (page < last).then(|| (page + 1).to_string());
                    async move { Ok((items, next)) }
                })
                .await
        });
        let all = sizes.iter().enumerate();
        let expected: Vec<_> = all.flat_map(|(page, size)| (0..*size).map(move |item| (page, item))).collect();
        prop_assert_eq!(read, Ok(expected));
    }
}

#[test]
fn a_list_without_a_last_page_is_an_error() {
    let read = paused(async {
        let page = |_| async { Ok((vec![0], Some("again".to_owned()))) };
        session().all_pages("list", page).await
    });
    assert_eq!(
        read.map_err(|error| error.message),
        Err("no last page".to_owned())
    );
}

#[test]
fn a_name_that_someone_else_has_is_not_adopted() {
    let adopted = |found: Option<u8>| {
        paused(async {
            let looked = AtomicUsize::new(0);
            let find = || async {
                // The first look comes before the creation, and sees nothing.
                Ok(if looked.fetch_add(1, Ordering::Relaxed) == 0 {
                    None
                } else {
                    found
                })
            };
            let create = || async {
                Err(CallError {
                    cause: Cause::AlreadyExists,
                    ..CallError::state("create", "taken")
                })
            };
            let is_taken = |error: &CallError| error.cause == Cause::AlreadyExists;
            create_or_adopt(&session(), LookupWindows::DEFAULT, find, create, is_taken).await
        })
    };
    assert_eq!(adopted(Some(7)), Ok(7));
    let error = adopted(None).expect_err("someone else's");
    assert!(error.message.contains("someone else's"), "{error}");
}

#[test]
fn a_wait_ends_at_its_limit_and_says_what_it_saw_last() {
    let (error, waited) = paused(async {
        let session = session();
        let check = || async { Ok(Poll::<()>::Pending("CREATING".to_owned())) };
        let limit = Duration::from_secs(100);
        let schedule = PollSchedule::new(30, 60, 10);
        let error = poll_until(&session, schedule, limit, "wait for it", check).await;
        (
            error.expect_err("it never comes"),
            session.elapsed().as_secs(),
        )
    });
    assert_eq!(
        error.to_string(),
        "wait for it: still `CREATING` after 100 s"
    );
    assert_eq!(waited, 100);
}

#[test]
fn a_state_that_leads_nowhere_ends_the_wait_at_once() {
    let error = paused(async {
        let check = || async { Ok(Poll::<()>::Failed("CREATE_FAILED".to_owned())) };
        let (schedule, limit) = (PollSchedule::every(10), Duration::from_secs(100));
        poll_until(&session(), schedule, limit, "wait", check).await
    });
    assert_eq!(error, Err(CallError::state("wait", "CREATE_FAILED")));
}

#[test]
fn once_a_call_was_throttled_out_no_other_waits_as_long() {
    let (first, second) = paused(async {
        let session = session();
        let throttled = || async {
            Err::<(), _>(CallError {
                cause: Cause::Throttled,
                ..CallError::state("list", "slow down")
            })
        };
        let spent = async || {
            let began = session.elapsed();
            let result = session.call(RetryPolicy::IDEMPOTENT, throttled).await;
            assert!(result.is_err());
            session.elapsed().checked_sub(began).unwrap().as_secs()
        };
        (spent().await, spent().await)
    });
    assert!(first > 500, "{first}");
    assert!(second < 100, "{second}");
}

#[test]
fn a_cancelled_session_makes_no_further_call() {
    let called = AtomicUsize::new(0);
    let result = paused(async {
        let session = session();
        session.cancel();
        let count = || async {
            called.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        session.call(RetryPolicy::IDEMPOTENT, count).await
    });
    assert_eq!(result, Err(CallError::cancelled()));
    assert_eq!(called.load(Ordering::Relaxed), 0);
}

#[test]
fn a_token_depends_on_the_run_and_on_every_part() {
    let token = |parts: &[&str]| paused(async { session().idempotency_token(parts) });
    assert_eq!(token(&["a", "b"]), token(&["a", "b"]));
    assert_ne!(token(&["a", "b"]), token(&["ab"]));
    assert!(token(&["a"]).len() <= 64);
}
