//! Find or create: never make a second one of what may exist already.
//!
//! There are two ways: a unique name, by which the cloud refuses a duplicate, and otherwise listing before and after
//! each creation.

use std::future::Future;
use std::time::Duration;

use crate::provisioner::error::{CallError, CallOutcome};
use crate::provisioner::session::Session;

/// How long a resource that must exist may stay invisible.
const VISIBLE_WITHIN: Duration = Duration::from_secs(60);
/// How long to keep listing for what a call with a lost answer may have made.
const AFTER_LOST: Duration = Duration::from_secs(15);
/// The same after a timeout: the request may still be applied a while later.
const AFTER_SILENCE: Duration = Duration::from_secs(45);
/// The pause between two listings.
const LIST_EVERY: Duration = Duration::from_secs(3);
/// How often a creation is tried while nothing comes of it.
const ATTEMPTS: usize = 4;

/// Finds or makes a resource that has neither a token nor a unique name.
///
/// # Errors
/// When listing or creating fails, or the outcome stays unknown too often.
pub(crate) async fn find_or_create<L, LF, C, CF>(
    session: &Session,
    find: L,
    create: C,
) -> Result<String, CallError>
where
    L: Fn() -> LF + Send + Sync,
    LF: Future<Output = Result<Option<String>, CallError>> + Send,
    C: Fn() -> CF + Send + Sync,
    CF: Future<Output = Result<String, CallError>> + Send,
{
    if let Some(id) = find().await? {
        return Ok(id);
    }
    let predecessor_delay = session.predecessor_delay();
    if !predecessor_delay.is_zero() {
        session.sleep(predecessor_delay).await?;
        if let Some(id) = find().await? {
            return Ok(id);
        }
    }
    let mut last = CallError::other("create", "never tried");
    for _ in 0..ATTEMPTS {
        match create().await {
            Ok(id) => return Ok(id),
            Err(error) => last = error,
        }
        let window = match last.outcome {
            CallOutcome::Unknown => AFTER_LOST,
            CallOutcome::TimedOut => AFTER_SILENCE,
            _ => return Err(last),
        };
        // Another branch may cancel this one before the window is over.
        session.note_unanswered(window);
        if let Some(id) = wait_until_visible(session, window, &find).await? {
            return Ok(id);
        }
    }
    Err(last)
}

/// Finds or makes a resource whose unique name rules out a duplicate. `taken` holds the error codes for a name that
/// exists already; that resource is adopted only if `find`, which filters by our tags, finds it.
///
/// # Errors
/// When listing or creating fails, or the name is taken by something that is not ours.
pub(crate) async fn create_or_adopt<T, L, LF, C, CF>(
    session: &Session,
    find: L,
    create: C,
    taken: &[&str],
) -> Result<T, CallError>
where
    T: Send,
    L: Fn() -> LF + Send + Sync,
    LF: Future<Output = Result<Option<T>, CallError>> + Send,
    C: Fn() -> CF + Send + Sync,
    CF: Future<Output = Result<T, CallError>> + Send,
{
    if let Some(found) = find().await? {
        return Ok(found);
    }
    let error = match create().await {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    if !taken.iter().any(|code| error.is(code)) {
        return Err(error);
    }
    match wait_until_visible(session, VISIBLE_WITHIN, &find).await? {
        Some(found) => Ok(found),
        None => Err(CallError {
            message: format!(
                "{}; it does not carry this run's tag, so it is someone else's: remove or rename \
                 it, or start a run with another id",
                error.message
            ),
            ..error
        }),
    }
}

/// Repeats the listing until the resource is visible, for at most `within`.
///
/// # Errors
/// When listing fails.
pub(crate) async fn wait_until_visible<T, L, LF>(
    session: &Session,
    within: Duration,
    find: &L,
) -> Result<Option<T>, CallError>
where
    T: Send,
    L: Fn() -> LF + Send + Sync,
    LF: Future<Output = Result<Option<T>, CallError>> + Send,
{
    let until = session.elapsed() + within;
    // Ends by the clock: every round takes time.
    while session.elapsed() < until {
        session.sleep(LIST_EVERY).await?;
        if let Some(found) = find().await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
