// SPDX-License-Identifier: MIT

//! What perf/measure.c is for the programs in C: counted tasks, percentiles, placement.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::time::{Duration, Instant};

/// A line for each thread of a pool.
#[repr(align(64))]
struct Line(AtomicUsize);

const EMPTY: Line = Line(AtomicUsize::new(0));
static COUNTS: [Line; 64] = [EMPTY; 64];

pub fn count() {
    COUNTS[rayon::current_thread_index().expect("a pool") % 64].0.fetch_add(1, Release);
}

pub fn counted() -> usize {
    COUNTS.iter().map(|line| line.0.load(Acquire)).sum()
}

pub fn await_counted(total: usize, begun: Instant) {
    while counted() < total {
        let nap = begun.elapsed() / 100;
        if nap >= Duration::from_micros(100) {
            std::thread::sleep(nap);
        } else {
            std::thread::yield_now();
        }
    }
    assert_eq!(counted(), total);
}

pub fn report(metric: &str, value: f64, unit: &str) {
    println!("{metric} {value:.4} {unit}");
}

pub fn percentiles(times: &mut [u64]) {
    times.sort_unstable();
    for percent in [1.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 99.95, 99.99]
    {
        let beyond = times.len() as f64 * (1.0 - percent / 100.0);
        if beyond < 9.99 {
            break;
        }
        let value = times[times.len() - 1 - beyond as usize] as f64 / 1e3;
        report(&format!("p{percent}"), value, "us");
    }
    report("max", times[times.len() - 1] as f64 / 1e3, "us");
}

/// The number behind "name:" in such a file.
pub fn status(path: &str, name: &str) -> f64 {
    let text = fs::read_to_string(path).unwrap_or_default(); // a thread may have ended
    text.lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .filter_map(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .sum()
}

pub fn cpu() -> f64 {
    // SAFETY: plain system calls
    unsafe {
        let mut used: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut used);
        used.tv_sec as f64 * 1e9 + used.tv_nsec as f64
    }
}

fn for_others(mut visit: impl FnMut(i32)) {
    // SAFETY: no arguments
    let own = unsafe { libc::syscall(libc::SYS_gettid) } as i32;
    for entry in fs::read_dir("/proc/self/task").expect("/proc").flatten() {
        let thread = entry.file_name().to_string_lossy().parse().unwrap_or(own);
        if thread != own {
            visit(thread);
        }
    }
}

/// Switches and ns on a CPU of all threads but the caller.
pub fn others() -> (f64, f64) {
    let (mut switches, mut used) = (0.0, 0.0);
    for_others(|thread| {
        let path = format!("/proc/self/task/{thread}");
        switches += status(&format!("{path}/status"), "voluntary_ctxt_switches")
            + status(&format!("{path}/status"), "nonvoluntary_ctxt_switches");
        let text = fs::read_to_string(format!("{path}/schedstat")).unwrap_or_default();
        used += text.split(' ').next().and_then(|x| x.parse().ok()).unwrap_or(0.0);
    });
    (switches, used)
}

fn may_run_on(thread: i32, cpus: impl Iterator<Item = usize>) {
    // SAFETY: the set lives for the call
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        cpus.for_each(|cpu| libc::CPU_SET(cpu, &mut set));
        libc::sched_setaffinity(thread, std::mem::size_of_val(&set), &set);
    }
}

/// A CPU for who calls, all the others for all other threads.
pub fn keep_apart() {
    let cpus = std::thread::available_parallelism().map_or(1, |n| n.get());
    for_others(|thread| may_run_on(thread, 1..cpus));
    may_run_on(0, 0..1);
}

static SINK: AtomicUsize = AtomicUsize::new(1);

pub fn compute(rounds: usize) {
    let mut x = SINK.load(Relaxed) as u64 | 1;
    for _ in 0..rounds {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    SINK.store(x as usize, Relaxed);
}

pub fn calibrate(work: f64) -> usize {
    let best = (0..50).map(|_| {
        let begun = Instant::now();
        compute(100_000);
        begun.elapsed()
    });
    (work * 100_000.0 / best.min().unwrap().as_nanos() as f64) as usize
}

/// The same arrivals as in perf/bench_latency.c.
pub fn arrivals(n: usize, gap: f64, mut state: u64) -> Vec<usize> {
    let mut at = 0.0;
    (0..n)
        .map(|_| {
            state = state.wrapping_add(0x9e3779b97f4a7c15);
            let mut x = state;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d049bb133111eb);
            x ^= x >> 31;
            at -= (((x >> 12) as f64 + 0.5) / 4503599627370496.0).ln() * gap;
            at as usize
        })
        .collect()
}
