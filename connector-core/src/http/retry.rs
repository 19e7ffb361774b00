//! What is tried again, when, and how often: one budget for a request, its head and its body.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use http::{HeaderMap, header};

use crate::Error;

/// The longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// How stubbornly a request is repeated. Waiting for a limit does not count.
///
/// ```
/// use std::time::Duration;
/// use connector_core::http::RetryPolicy;
/// let mut policy = RetryPolicy::default();
/// policy.within = Duration::from_secs(60);
/// assert_eq!((policy.attempts, RetryPolicy::once().attempts), (5, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many times it is sent at most.
    pub attempts: u32,
    /// How long all attempts and the pauses between them may take.
    pub within: Duration,
    /// The pause after the first failure is up to this long; up to twice as long after each further one.
    pub pause: Duration,
    /// But no longer than this.
    pub longest_pause: Duration,
    /// When the vendor asks for a longer wait than this, the request fails, and the error says for how long to wait.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    /// 5 attempts within 10 minutes; pauses up to 1 s, then 2 s, 4 s, 8 s; waits of up to 5 minutes.
    fn default() -> Self {
        Self {
            attempts: 5,
            within: Duration::from_secs(600),
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            longest_retry_after: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// Nothing is repeated.
    pub fn once() -> Self {
        Self { attempts: 1, ..Self::default() }
    }
}

/// What is left of a policy for one request.
#[derive(Debug)]
pub(crate) struct Budget {
    policy: RetryPolicy,
    used: u32,
    spent: Duration,
}

impl Budget {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy, used: 0, spent: Duration::ZERO }
    }

    /// How long the next attempt may take.
    pub(crate) fn left(&self) -> Duration {
        self.policy.within.saturating_sub(self.spent)
    }

    /// Something that is no failure took so long.
    pub(crate) fn spend(&mut self, took: Duration) {
        self.spent += took;
    }

    /// An attempt failed after so long. How long to pause before the next; `None` when it was the last.
    pub(crate) fn pause_after(&mut self, took: Duration, error: &Error) -> Option<Duration> {
        self.used += 1;
        self.spent += took;
        if self.used >= self.policy.attempts || !(error.is_transient() || error.is_rate_limited()) {
            return None;
        }
        let pause = match error.retry_after() {
            Some(wait) if wait > self.policy.longest_retry_after => return None,
            Some(wait) => wait,
            None => self.jitter(),
        };
        self.spent += pause;
        (self.spent < self.policy.within).then_some(pause)
    }

    /// Anything between nothing and the longest pause of this attempt, so that those who failed together do not come
    /// back together.
    fn jitter(&self) -> Duration {
        let doubled = self.policy.pause.saturating_mul(2u32.saturating_pow(self.used.saturating_sub(1)));
        doubled.min(self.policy.longest_pause).mul_f64(fastrand::f64())
    }
}

/// How long the header `Retry-After` asks to wait: a number of seconds, or a date in any of the three forms.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        // Neither negative nor infinite, and longer waits are not believed.
        return Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST_WAIT));
    }
    // By the clock of who says it.
    let now = headers.get(header::DATE).and_then(|date| http_date(date.to_str().ok()?)).unwrap_or(now);
    let wait = (http_date(text)? - now).to_std().unwrap_or_default();
    Some(wait.min(LONGEST_WAIT))
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.to_utc());
    }
    let obsolete = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    obsolete.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|date| date.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(fields: &[(header::HeaderName, &str)]) -> Option<Duration> {
        let now = "1994-11-06T08:49:30Z".parse().unwrap();
        let headers = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        retry_after(&headers, now)
    }

    #[test]
    fn a_wait_is_read_in_seconds_and_in_all_forms_of_a_date() {
        for text in ["7", " 7 ", "7.0", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"]
            .into_iter()
            .chain(["Sun Nov  6 08:49:37 1994"])
        {
            assert_eq!(wait(&[(header::RETRY_AFTER, text)]), Some(Duration::from_secs(7)), "{text}");
        }
    }

    #[test]
    fn a_date_is_meant_by_the_clock_of_who_says_it() {
        let date = "Mon, 07 Nov 1994 10:00:00 GMT";
        let again = "Mon, 07 Nov 1994 10:00:05 GMT";
        assert_eq!(wait(&[(header::RETRY_AFTER, again), (header::DATE, date)]), Some(Duration::from_secs(5)));
    }

    #[test]
    fn a_wait_that_is_past_absurd_or_unreadable_does_no_harm() {
        assert_eq!(wait(&[(header::RETRY_AFTER, "Sat, 05 Nov 1994 08:49:37 GMT")]), Some(Duration::ZERO));
        assert_eq!(wait(&[(header::RETRY_AFTER, "99999999999999999")]), Some(LONGEST_WAIT));
        assert_eq!(wait(&[(header::RETRY_AFTER, "Sat, 06 Nov 2094 08:49:37 GMT")]), Some(LONGEST_WAIT));
        for text in ["-1", "soon", "", "inf", "NaN"] {
            assert_eq!(wait(&[(header::RETRY_AFTER, text)]), None, "{text}");
        }
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_budget_ends_by_attempts_by_time_and_by_a_wait_that_is_too_long() {
        let lost = || Error::transient("lost");
        let mut budget = Budget::new(RetryPolicy::default());
        assert_eq!((1..10).take_while(|_| budget.pause_after(Duration::ZERO, &lost()).is_some()).count(), 4);

        let mut budget = Budget::new(RetryPolicy::default());
        assert!(budget.pause_after(Duration::from_secs(599), &lost().with_retry_after(Duration::ZERO)).is_some());
        assert_eq!(budget.left(), Duration::from_secs(1));
        assert!(budget.pause_after(Duration::from_secs(1), &lost()).is_none());

        let mut budget = Budget::new(RetryPolicy::default());
        assert!(budget.pause_after(Duration::ZERO, &lost().with_retry_after(Duration::from_secs(301))).is_none());
    }

    #[test]
    fn only_what_may_pass_by_itself_is_repeated() {
        for error in [Error::unauthorized(""), Error::forbidden(""), Error::invalid(""), Error::changed("")] {
            assert!(Budget::new(RetryPolicy::default()).pause_after(Duration::ZERO, &error).is_none(), "{error:?}");
        }
    }

    #[test]
    fn pauses_are_spread_over_their_whole_range() {
        let error = Error::transient("lost");
        let pauses: Vec<_> = (0..1000)
            .map(|_| {
                let mut budget = Budget::new(RetryPolicy::default());
                budget.pause_after(Duration::ZERO, &error);
                budget.pause_after(Duration::ZERO, &error).unwrap().as_secs_f64()
            })
            .collect();
        assert!(pauses.iter().all(|pause| (0.0..2.0).contains(pause)));
        assert!(pauses.iter().any(|pause| *pause < 0.2) && pauses.iter().any(|pause| *pause > 1.8));
    }
}
