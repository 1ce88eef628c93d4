//! A server's rate limit is approached and not hit, and what it asks for in silence it gets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jiff::Timestamp;
use trunkline::model::AccountId;

use crate::support::bodies::{account_with_secrets, one};
use crate::support::server::{Reply, Server};
use crate::support::{budget, patient};

/// The rate limit of the servers in these tests, in requests per second.
const LIMIT: usize = 20;
const SECOND: Duration = Duration::from_secs(1);

/// The way a server counts requests.
#[derive(Clone, Copy, Debug)]
enum Windows {
    /// A second begins with the first request after the last one.
    FromFirst,
    /// Seconds follow each other from the start of the server.
    Aligned,
    /// No second of any beginning has more.
    Sliding,
}

/// A server's view of who sends how much, all connections together.
struct Counter {
    windows: Windows,
    begun: Instant,
    /// The requests accepted in the window, oldest first.
    taken: VecDeque<Instant>,
    refused: usize,
}

impl Counter {
    fn new(windows: Windows) -> Self {
        Self { windows, begun: Instant::now(), taken: VecDeque::new(), refused: 0 }
    }

    /// Counts a request: how many more it would take now, and when it forgets; `None`: refused.
    fn count(&mut self, now: Instant) -> (Option<usize>, Duration) {
        match self.windows {
            Windows::FromFirst if now >= self.begun + SECOND => {
                self.begun = now;
                self.taken.clear();
            }
            Windows::Aligned => {
                while now >= self.begun + SECOND {
                    self.begun += SECOND;
                    self.taken.clear();
                }
            }
            Windows::Sliding => {
                while self.taken.front().is_some_and(|at| now >= *at + SECOND) {
                    self.taken.pop_front();
                }
                self.begun = self.taken.front().copied().unwrap_or(now);
            }
            Windows::FromFirst => {}
        }
        let reset = (self.begun + SECOND).saturating_duration_since(now);
        if self.taken.len() == LIMIT {
            self.refused += 1;
            return (None, reset);
        }
        self.taken.push_back(now);
        (Some(LIMIT - self.taken.len()), reset)
    }
}

/// Answers with the account, or with a 429; says what it counts, if `described`.
fn limited(counter: &Mutex<Counter>, described: bool) -> Reply {
    let (left, reset) =
        counter.lock().unwrap_or_else(PoisonError::into_inner).count(Instant::now());
    let reply = match left {
        Some(_) => Reply::json(200, one(&account_with_secrets("a1"))),
        None => Reply::too_many("1"),
    };
    // What a server far away takes: answers come when more has been sent.
    let reply = reply.after(Duration::from_millis(30));
    if !described {
        return reply;
    }
    reply
        .header("x-ratelimit-limit", &LIMIT.to_string())
        .header("x-ratelimit-remaining", &left.unwrap_or_default().to_string())
        .header("x-ratelimit-reset", &reset.as_secs_f64().ceil().to_string())
}

/// 400 reads at once: all succeed, and few are refused on the way.
async fn few_are_refused(windows: Windows, described: bool) {
    const READS: usize = 400;
    let counter = Arc::new(Mutex::new(Counter::new(windows)));
    let counting = Arc::clone(&counter);
    let server = Server::start(move |_, _| limited(&counting, described)).await;
    let reader = patient(&server.origin, budget(10)).reader();
    let id = AccountId::new("a1");
    let reads = join_all((0..READS).map(|_| reader.account(&id))).await;
    for read in reads {
        assert_eq!(read.unwrap().id, id, "{windows:?}");
    }
    let refused = counter.lock().unwrap().refused;
    let seen = server.count();
    assert_eq!(seen, READS + refused, "{windows:?}");
    assert!(refused * 10 < seen, "{windows:?}: {refused} of {seen} were refused");
}

#[tokio::test]
async fn a_limit_that_is_described_is_approached_and_hardly_ever_hit() {
    let all = [Windows::FromFirst, Windows::Aligned, Windows::Sliding];
    join_all(all.map(|windows| few_are_refused(windows, true))).await;
}

#[tokio::test]
async fn a_limit_that_only_refusals_tell_of_is_measured_and_hardly_ever_hit() {
    let all = [Windows::FromFirst, Windows::Aligned, Windows::Sliding];
    join_all(all.map(|windows| few_are_refused(windows, false))).await;
}

/// The HTTP date that is `seconds` from now, and when that is. Dates have whole seconds.
fn date(seconds: i64) -> (String, Instant) {
    let (now, at) = (Instant::now(), Timestamp::now());
    let date = Timestamp::from_second(at.as_second() + seconds).unwrap();
    let wait = Duration::try_from(date.duration_since(at)).unwrap();
    (date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(), now + wait)
}

#[tokio::test]
async fn silence_that_is_asked_for_is_kept_by_every_request_of_the_key() {
    let (date, at) = date(4);
    let a_second_from_now = Instant::now() + SECOND;
    let too_many = Reply::too_many;
    let maintenance = Reply::json(503, "");
    let cases = [
        ("429, seconds", too_many("1"), a_second_from_now),
        ("429, a date", too_many(&date), at),
        ("503, seconds", maintenance.clone().header("Retry-After", "1"), a_second_from_now),
        ("503, a date", maintenance.header("Retry-After", &date), at),
        (
            "429, a reset that is longer",
            too_many("1")
                .header("x-ratelimit-limit", "20")
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset", "2"),
            a_second_from_now + SECOND,
        ),
    ];
    join_all(cases.map(|(case, refusal, end)| async move {
        let answer = Reply::json(200, one(&account_with_secrets("a1")));
        let server = Server::script([refusal, answer]).await;
        let reader = patient(&server.origin, budget(3)).reader();
        let id = AccountId::new("a1");
        let first = reader.account(&id);
        // These come when the refusal has long been read.
        let others = join_all((0..4).map(|_| async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            reader.account(&id).await
        }));
        let (first, others) = futures_util::future::join(first, others).await;
        assert!(first.is_ok() && others.iter().all(Result::is_ok), "{case}");
        let seen = server.seen();
        assert_eq!(seen.len(), 6, "{case}");
        for request in &seen[1..] {
            let early = end.saturating_duration_since(request.at);
            assert!(early < Duration::from_millis(50), "{case}: {early:?} too early");
        }
    }))
    .await;
}
