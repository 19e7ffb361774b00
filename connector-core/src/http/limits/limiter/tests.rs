use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures_util::FutureExt;
use futures_util::future::join_all;
use http::HeaderValue;

use super::*;

const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// Sends so many requests at once, each of which takes no time; the seconds at which they went.
async fn went(class: &EndpointClass, requests: usize) -> Vec<Instant> {
    let mut times = join_all((0..requests).map(|_| async {
        let _permit = class.acquire(Priority::Live).await.unwrap();
        Instant::now()
    }))
    .await;
    times.sort();
    times
}

#[tokio::test(start_paused = true)]
async fn no_window_of_five_minutes_ever_holds_more_than_150() {
    let class = EndpointClass::new(&Limits::none().with_rate(150, FIVE_MINUTES));
    let start = Instant::now();
    let times = went(&class, 1000).await;
    for pair in times.windows(151) {
        assert!(pair[150] - pair[0] >= FIVE_MINUTES, "{:?}", pair[0] - start);
    }
    // Nor does it dawdle: six full windows, and the seventh begun.
    assert_eq!(times[999] - start, FIVE_MINUTES * 6);
}

#[tokio::test(start_paused = true)]
async fn a_window_slides_and_does_not_start_anew() {
    let class = EndpointClass::new(&Limits::none().with_rate(2, Duration::from_secs(10)));
    let start = Instant::now();
    went(&class, 1).await;
    tokio::time::advance(Duration::from_secs(9)).await;
    let times = went(&class, 3).await;
    let seconds: Vec<_> = times.iter().map(|time| (*time - start).as_secs()).collect();
    assert_eq!(seconds, [9, 10, 19]);
}

#[tokio::test(start_paused = true)]
async fn every_rate_of_a_class_holds() {
    let class =
        EndpointClass::new(&Limits::none().with_rate(3, Duration::from_secs(60)).with_rate(1, Duration::from_secs(2)));
    let start = Instant::now();
    let seconds: Vec<_> = went(&class, 5).await.iter().map(|time| (*time - start).as_secs()).collect();
    assert_eq!(seconds, [0, 2, 4, 60, 62]);
}

#[tokio::test(start_paused = true)]
async fn live_goes_first_then_reconcile_then_backfill_each_in_order() {
    let class = EndpointClass::new(&Limits::none().with_rate(1, Duration::from_secs(1)).with_at_once(1));
    let order = Mutex::new(Vec::new());
    let busy = class.acquire(Priority::Live).await.unwrap();
    let (class, order_ref) = (&class, &order);
    let ask = |name: &'static str, priority| async move {
        let _permit = class.acquire(priority).await.unwrap();
        order_ref.lock().unwrap().push(name);
    };
    let all = join_all([
        ask("backfill 1", Priority::Backfill),
        ask("reconcile", Priority::Reconcile),
        ask("live 1", Priority::Live),
        ask("backfill 2", Priority::Backfill),
        ask("live 2", Priority::Live),
    ]);
    let release = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(busy);
    };
    tokio::join!(all, release);
    assert_eq!(*order.lock().unwrap(), ["live 1", "live 2", "reconcile", "backfill 1", "backfill 2"]);
}

#[tokio::test(start_paused = true)]
async fn one_class_does_not_slow_another() {
    let limits = Limits::none().with_rate(1, Duration::from_secs(60));
    let (ours, theirs) = (EndpointClass::new(&limits), EndpointClass::new(&limits));
    let start = Instant::now();
    let (_, last) = tokio::join!(went(&ours, 20), async { went(&theirs, 2).await[1] - start });
    assert_eq!(last.as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn no_more_are_on_their_way_than_allowed_until_a_permit_is_dropped() {
    let class = EndpointClass::new(&Limits::none().with_at_once(2));
    let first = class.acquire(Priority::Live).await.unwrap();
    let _second = class.acquire(Priority::Live).await.unwrap();
    let third = class.acquire(Priority::Live);
    tokio::pin!(third);
    assert!(tokio::time::timeout(Duration::from_secs(3600), &mut third).await.is_err());
    drop(first);
    drop(third.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_gives_the_place_back() {
    let class = EndpointClass::new(&Limits::none().with_at_once(1));
    let busy = class.acquire(Priority::Live).await.unwrap();
    let mut gave_up = Box::pin(class.acquire(Priority::Live));
    let mut next = Box::pin(class.acquire(Priority::Backfill));
    assert!((&mut gave_up).now_or_never().is_none() && (&mut next).now_or_never().is_none());
    // It is told that it may go, and is dropped before it hears of it.
    drop(busy);
    drop(gave_up);
    drop(tokio::time::timeout(Duration::from_secs(1), next).await.expect("the place is free").unwrap());
}

/// Requests that come, hold, give up and pause as they like: limits hold, nobody is forgotten, nothing is left over.
#[tokio::test(start_paused = true)]
async fn whatever_comes_and_goes_the_limits_hold_and_nobody_is_forgotten() {
    const AT_ONCE: usize = 3;
    let (few, per) = (7, Duration::from_secs(10));
    for seed in 0..40 {
        let class = EndpointClass::new(&Limits::none().with_rate(few, per).with_at_once(AT_ONCE));
        let (class, mut rng) = (&class, fastrand::Rng::with_seed(seed));
        let sent: &Mutex<Vec<Instant>> = &Mutex::default();
        let (busy, most) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
        let requests = (0..150).map(|_| {
            let priority = [Priority::Live, Priority::Reconcile, Priority::Backfill][rng.usize(..3)];
            let mut some_time = |most| Duration::from_millis(rng.u64(..most));
            let (comes, holds, patience) = (some_time(60_000), some_time(3_000), some_time(90_000));
            let (gives_up, pauses) = (rng.u8(..4) == 0, rng.u8(..20) == 0);
            async move {
                tokio::time::sleep(comes).await;
                let limit = if gives_up { patience } else { Duration::from_secs(86_400) };
                let Ok(permit) = tokio::time::timeout(limit, class.acquire(priority)).await else { return !gives_up };
                let permit = permit.unwrap();
                sent.lock().unwrap().push(Instant::now());
                most.fetch_max(busy.fetch_add(1, Relaxed) + 1, Relaxed);
                tokio::time::sleep(holds).await;
                if pauses {
                    class.pause(holds);
                }
                busy.fetch_sub(1, Relaxed);
                drop(permit);
                false
            }
        });
        let forgotten = join_all(requests).await.into_iter().filter(|forgotten| *forgotten).count();
        assert_eq!(forgotten, 0, "{seed}");
        assert!(most.load(Relaxed) <= AT_ONCE, "{seed}");
        let sent = sent.lock().unwrap();
        assert!(sent.len() > 100 && sent.windows(few as usize + 1).all(|some| some[few as usize] - some[0] >= per));
        let state = class.state();
        assert!(state.waiters.is_empty() && state.on_their_way == 0, "{seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_waiters_are_refused_and_not_queued() {
    let class = EndpointClass::new(&Limits::none().with_at_once(1).with_waiting(1));
    let _busy = class.acquire(Priority::Live).await.unwrap();
    let mut waits = Box::pin(class.acquire(Priority::Live));
    assert!((&mut waits).now_or_never().is_none());
    assert!(class.acquire(Priority::Live).await.unwrap_err().is_rate_limited());
}

#[tokio::test(start_paused = true)]
async fn a_pause_stops_all_and_a_long_one_is_told_at_once() {
    let class = EndpointClass::new(&Limits::none());
    let start = Instant::now();
    class.pause(Duration::from_secs(37));
    class.pause(Duration::from_secs(5));
    assert_eq!((went(&class, 3).await[0] - start).as_secs(), 37);

    let waits = class.acquire(Priority::Live);
    class.pause(Duration::from_secs(7200));
    assert!(waits.await.unwrap_err().retry_after().unwrap() > PATIENCE);
    assert_eq!((Instant::now() - start).as_secs(), 37);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_no_clock_holds_is_a_day() {
    let class = EndpointClass::new(&Limits::none());
    class.pause(Duration::MAX);
    assert_eq!(class.acquire(Priority::Live).await.unwrap_err().retry_after(), Some(LONGEST_PAUSE));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_nothing_or_for_ever_lets_one_request_a_day_go() {
    let mut rate = Rate::new(1, Duration::MAX);
    rate.requests = 0;
    let class = EndpointClass::new(&Limits { rates: vec![rate], at_once: 0, waiting: 0 });
    let start = Instant::now();
    went(&class, 1).await;
    assert_eq!(went(&class, 1).await[0] - start, LONGEST_PAUSE);
}

#[tokio::test(start_paused = true)]
async fn the_limit_follows_what_the_headers_say() {
    let names =
        RateHeaders { allowed: Some("x-allowed"), used: Some("x-used"), reset: Some("x-reset"), ..RateHeaders::NONE };
    let say = |allowed: &'static str, used: &'static str, reset: &'static str| {
        HeaderMap::from_iter(
            [("x-allowed", allowed), ("x-used", used), ("x-reset", reset)]
                .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value))),
        )
    };
    let class = EndpointClass::new(&Limits::none().with_rate(10, Duration::from_secs(60)));
    let start = Instant::now();

    class.learn(&names, &say("2", "1", "30"));
    let seconds: Vec<_> = went(&class, 4).await.iter().map(|time| (*time - start).as_secs()).collect();
    assert_eq!(seconds, [0, 0, 60, 60]);

    class.learn(&names, &say("4", "1", "30"));
    assert_eq!((went(&class, 2).await[1] - start).as_secs(), 60);

    class.learn(&names, &say("100", "100", "7"));
    assert_eq!((went(&class, 1).await[0] - start).as_secs(), 67);

    class.learn(&names, &say("nonsense", "", "-1"));
    assert_eq!((went(&class, 1).await[0] - start).as_secs(), 67);
}
