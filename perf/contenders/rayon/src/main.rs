// SPDX-License-Identifier: MIT

//! Rust's rayon. A result comes through a mutex and a condition variable in an Arc, as a
//! program has to write it: rayon's own joins are for threads of the pool. The same
//! benches and lines as the programs in C; see perf/main.c, the heads of perf/bench_*.c.

mod measure;

use measure::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_micros(200);

fn create(workers: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(workers).build().expect("a pool"))
}

fn counting(workers: usize, n: usize, produce: impl Fn(&Arc<ThreadPool>)) {
    for run in 0..2 {
        let pool = create(workers);
        let (before, begun) = (counted(), Instant::now());
        produce(&pool);
        await_counted(before + n, begun);
        if run == 1 {
            report("time", begun.elapsed().as_nanos() as f64 / n as f64, "ns");
        }
    }
    report("peak", status("/proc/self/status", "VmHWM") / 1024.0, "MiB");
}

fn post(pool: &ThreadPool, n: usize) {
    for _ in 0..n {
        pool.spawn(count);
    }
}

fn from_many(pool: &Arc<ThreadPool>, n: usize, producers: usize) {
    thread::scope(|scope| {
        for p in 0..producers {
            let share = n / producers + usize::from(p < n % producers);
            scope.spawn(move || post(pool, share));
        }
    });
}

type Promise = Arc<(Mutex<Option<usize>>, Condvar)>;

fn submit(pool: &ThreadPool, x: usize) -> Promise {
    let promise: Promise = Arc::default();
    let ours = promise.clone();
    pool.spawn(move || {
        *ours.0.lock().unwrap() = Some(2 * x);
        ours.1.notify_one();
    });
    promise
}

fn take(promise: Promise) -> usize {
    let mut result = promise.0.lock().unwrap();
    while result.is_none() {
        result = promise.1.wait(result).unwrap();
    }
    result.unwrap()
}

fn e2e(workers: usize, n: usize, ahead: usize) {
    for run in 0..2 {
        let pool = create(workers);
        let (given, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let slots: Vec<std::cell::UnsafeCell<Option<Promise>>> =
            (0..n).map(|_| None.into()).collect();
        let shared = Shared(&slots);
        let begun = Instant::now();
        thread::scope(|scope| {
            let (given, taken) = (&given, &taken);
            scope.spawn(move || {
                for i in 0..n {
                    while given.load(Acquire) <= i {
                        thread::yield_now();
                    }
                    // SAFETY: the producer has left slot i for good, and said so
                    let promise = unsafe { (*shared.get(i)).take() };
                    assert_eq!(take(promise.unwrap()), 2 * i);
                    if (i + 1) % 256 == 0 {
                        taken.store(i + 1, Release);
                    }
                }
            });
            for i in 0..n {
                while ahead > 0 && i - taken.load(Acquire) >= ahead {
                    thread::yield_now();
                }
                // SAFETY: nobody looks into slot i before `given` says that it is there
                unsafe { *shared.get(i) = Some(submit(&pool, i)) };
                given.store(i + 1, Release);
            }
        });
        if run == 1 {
            report("time", begun.elapsed().as_nanos() as f64 / n as f64, "ns");
        }
    }
    let peak = status("/proc/self/status", "VmHWM") / 1024.0;
    report("peak", peak, "MiB");
    report("peak_beside", peak - n as f64 * 8.0 / 1048576.0, "MiB");
}

/// The array through which the futures go from one thread to another.
#[derive(Clone, Copy)]
struct Shared<'a>(&'a Vec<std::cell::UnsafeCell<Option<Promise>>>);
unsafe impl Send for Shared<'_> {}

impl Shared<'_> {
    fn get(&self, i: usize) -> *mut Option<Promise> {
        self.0[i].get()
    }
}

fn ping(workers: usize, n: usize, pause: bool, apart: bool) {
    let pool = create(workers);
    let mut times = vec![0u64; n];
    for i in 0..400 {
        if i == 200 && apart {
            keep_apart();
        }
        assert_eq!(take(submit(&pool, i)), 2 * i);
    }
    let mut used = cpu();
    for (i, time) in times.iter_mut().enumerate() {
        if pause {
            thread::sleep(PAUSE);
        }
        let begun = Instant::now();
        assert_eq!(take(submit(&pool, i)), 2 * i);
        *time = begun.elapsed().as_nanos() as u64;
    }
    used = cpu() - used;
    if pause {
        let before = cpu();
        for _ in 0..n {
            thread::sleep(PAUSE);
        }
        used -= cpu() - before;
    }
    percentiles(&mut times);
    report("cpu", used / 1e3 / n as f64, "us");
}

fn idle(workers: usize, n: usize) {
    let pool = create(workers);
    post(&pool, workers);
    thread::sleep(Duration::from_secs(2));
    let (switches, used) = others();
    thread::sleep(Duration::from_secs(n as u64));
    let (switches_now, used_now) = others();
    report("switches", switches_now - switches, "switches");
    report("cpu", (used_now - used) / 1e6, "ms");
}

fn latency(workers: usize, n: usize, load: f64, work: f64, seed: u64) {
    let pool = create(workers);
    let due = arrivals(n, work / load / workers as f64, seed);
    let latencies: Arc<Vec<AtomicUsize>> = Arc::new((0..n).map(|_| 0.into()).collect());
    let (rounds, mut worst) = (calibrate(work), 0);
    post(&pool, workers);
    await_counted(workers, Instant::now());
    keep_apart();
    let begun = Instant::now();
    for (i, &due) in due.iter().enumerate() {
        let mut now = begun.elapsed().as_nanos() as usize;
        while now < due {
            now = begun.elapsed().as_nanos() as usize;
        }
        worst = worst.max(now - due);
        let latencies = latencies.clone();
        pool.spawn(move || {
            compute(rounds);
            latencies[i].store(begun.elapsed().as_nanos() as usize - due, Relaxed);
            count();
        });
    }
    await_counted(workers + n, begun);
    report("rate", n as f64 / begun.elapsed().as_secs_f64(), "tasks/s");
    report("lag", worst as f64 / 1e3, "us");
    percentiles(&mut latencies.iter().map(|x| x.load(Relaxed) as u64).collect::<Vec<_>>());
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() == 2 && arguments[1] == "list" {
        println!("submit\nmp\ntree\ne2e\nping\nping_same\nping_apart\nping_idle\nidle\nlatency");
        return;
    }
    assert!(arguments.len() >= 4, "rayon BENCH WORKERS N [MORE...]");
    let number = |i: usize| arguments.get(i).map_or(0.0, |x| x.parse().expect("a number"));
    let (workers, n) = (number(2) as usize, number(3) as usize);
    match arguments[1].as_str() {
        "submit" => counting(workers, n, |pool| post(pool, n)),
        "mp" => {
            let producers = if number(4) > 0.0 { number(4) as usize } else { 4 };
            counting(workers, n, |pool| from_many(pool, n, producers));
        }
        "tree" => counting(workers, n, |pool| {
            pool.spawn(move || (0..n).for_each(|_| rayon::spawn(count)))
        }),
        "e2e" => e2e(workers, n, number(4) as usize),
        "ping" | "ping_same" => ping(workers, n, false, false),
        "ping_apart" => ping(workers, n, false, true),
        "ping_idle" => ping(workers, n, true, false),
        "idle" => idle(workers, n),
        "latency" => {
            latency(workers, n, number(4) / 100.0, number(5) * 1000.0, number(6) as u64)
        }
        other => panic!("no bench {other}"),
    }
}
