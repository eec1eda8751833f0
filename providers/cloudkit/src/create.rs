//! The two ways never to make a second one of what may exist already.
//!
//! Where the cloud refuses a second one of a name: [`create_or_adopt`]. Where only looking first and looking again
//! prevents one, since there is neither a unique name nor an idempotency token: [`find_or_create`].

use std::future::Future;
use std::time::Duration;

use crate::error::{Applied, CallError, Cause};
use crate::session::Session;

/// How often a creation that left nothing behind is tried again.
const ATTEMPTS: usize = 4;

/// How long to look for what a call without an answer may have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupWindows {
    /// After an answer was lost.
    pub after_lost: Duration,
    /// After a timeout: the request may still be applied a while later.
    pub after_timeout: Duration,
    /// How long a resource that must exist may stay invisible.
    pub shown_within: Duration,
    /// How often to look.
    pub every: Duration,
}

impl LookupWindows {
    /// For a cloud whose reads lag by seconds.
    pub const DEFAULT: Self = Self {
        after_lost: Duration::from_secs(15),
        after_timeout: Duration::from_secs(45),
        shown_within: Duration::from_mins(1),
        every: Duration::from_secs(3),
    };
}

/// Finds or makes a resource that has neither a token nor a unique name. `create` must never repeat itself once it
/// may have been applied ([`crate::RetryPolicy::ONCE`]).
///
/// # Errors
/// When finding or making fails, or the answer stays unknown too often.
pub async fn find_or_create<T, L, LF, C, CF>(
    session: &Session,
    windows: LookupWindows,
    find: L,
    create: C,
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
    let unsettled = session.unsettled();
    if !unsettled.is_zero() {
        session.sleep(unsettled).await?;
        if let Some(found) = find().await? {
            return Ok(found);
        }
    }
    let mut last = CallError::state("create", "never tried");
    for _ in 0..ATTEMPTS {
        match create().await {
            Ok(made) => return Ok(made),
            Err(error) => last = error,
        }
        let window = match last.applied {
            Applied::No => return Err(last),
            Applied::Unknown => windows.after_lost,
            Applied::MaybeLater => windows.after_timeout,
        };
        // Another branch may cancel this one before the window is over.
        session.note_unanswered(window);
        if let Some(found) = shown(session, window, windows.every, &find).await? {
            return Ok(found);
        }
    }
    Err(last)
}

/// Finds or makes a resource whose unique name makes a second one impossible. `is_taken` tells the refusal that
/// names an existing one; that one is adopted only if `find`, which knows the run's marks, finds it.
///
/// # Errors
/// When finding or making fails, or the name is taken by something that is not the run's.
pub async fn create_or_adopt<T, L, LF, C, CF>(
    session: &Session,
    windows: LookupWindows,
    find: L,
    create: C,
    is_taken: impl Fn(&CallError) -> bool + Send,
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
    if !is_taken(&error) {
        return Err(error);
    }
    match shown(session, windows.shown_within, windows.every, &find).await? {
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

/// Makes something in the first of these places that has capacity. `leave` removes what a refused try has made.
///
/// # Errors
/// With the refusal of the last place when none has capacity (none: there was no place to try), or any other error.
pub async fn first_with_capacity<P, T, M, MF, L, LF>(
    places: &[P],
    make: M,
    leave: L,
) -> Result<T, Option<CallError>>
where
    P: Copy + Send + Sync,
    M: Fn(P) -> MF + Send + Sync,
    MF: Future<Output = Result<T, CallError>> + Send,
    L: Fn(P, CallError) -> LF + Send + Sync,
    LF: Future<Output = Result<(), CallError>> + Send,
{
    let mut refusal = None;
    for place in places {
        match make(*place).await {
            Ok(made) => return Ok(made),
            Err(error) if error.cause == Cause::NoCapacity => {
                leave(*place, error.clone()).await?;
                refusal = Some(error);
            }
            Err(error) => return Err(Some(error)),
        }
    }
    Err(refusal)
}

/// Looks again and again until a resource shows, at most so long.
///
/// # Errors
/// When looking fails.
pub async fn shown<T, L, LF>(
    session: &Session,
    within: Duration,
    every: Duration,
    find: &L,
) -> Result<Option<T>, CallError>
where
    T: Send,
    L: Fn() -> LF + Send + Sync,
    LF: Future<Output = Result<Option<T>, CallError>> + Send,
{
    let until = session.elapsed() + within;
    // Ends by the clock, which every round lets pass.
    while session.elapsed() < until {
        session.sleep(every).await?;
        if let Some(found) = find().await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
