// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

func must(holds bool, what string) {
	if !holds {
		fmt.Fprintln(os.Stderr, what)
		os.Exit(1)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	must(err == nil && value > 0, "a number")
	return value
}

func report(metric string, value float64, unit string) {
	fmt.Printf("%s %.6g %s\n", metric, value, unit)
}

func percentiles(times []int64) {
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	for _, percent := range []float64{1, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9, 99.95, 99.99} {
		beyond := float64(len(times)) * (1 - percent/100)
		if beyond < 9.99 {
			break
		}
		report(fmt.Sprintf("p%g", percent), float64(times[len(times)-1-int(beyond)])/1e3, "us")
	}
	report("max", float64(times[len(times)-1])/1e3, "us")
}

// The number behind "name:" in such a file.
func status(path, name string) float64 {
	text, _ := os.ReadFile(path) // a thread may have ended
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, name+":") {
			value, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
			return value
		}
	}
	return 0
}

func cpu() int64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return used.Utime.Nano() + used.Stime.Nano()
}

// Switches and ns on a CPU of all threads; here the caller is none in particular.
func others() (switches, used float64) {
	threads, _ := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		path := "/proc/self/task/" + thread.Name()
		switches += status(path+"/status", "voluntary_ctxt_switches") +
			status(path+"/status", "nonvoluntary_ctxt_switches")
		text, _ := os.ReadFile(path + "/schedstat")
		if fields := strings.Fields(string(text)); len(fields) > 0 {
			value, _ := strconv.ParseFloat(fields[0], 64)
			used += value
		}
	}
	return switches, used
}

func mayRunOn(thread int, set uint64) {
	// a thread may have ended
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(thread), 8,
		uintptr(unsafe.Pointer(&set)))
}

// A CPU for who calls, all the others (of the first 64) for all other threads.
func keepApart() {
	runtime.LockOSThread()
	threads, _ := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		mayRunOn(number(thread.Name()), 1<<runtime.NumCPU()-2)
	}
	mayRunOn(0, 1)
}

var sink uint64

func compute(rounds int) uint64 {
	x := uint64(88172645463325252)
	for i := 0; i < rounds; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func calibrate(work float64) int {
	best := time.Hour
	for i := 0; i < 50; i++ {
		begun := time.Now()
		sink += compute(100000)
		if used := time.Since(begun); used < best {
			best = used
		}
	}
	return int(work * 100000 / float64(best))
}

// The same arrivals as in perf/bench_latency.c.
func arrivals(n int, gap float64, state uint64) []int64 {
	times, at := make([]int64, n), 0.0
	for i := range times {
		state += 0x9e3779b97f4a7c15
		x := state
		x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
		x = (x ^ (x >> 27)) * 0x94d049bb133111eb
		x ^= x >> 31
		at -= math.Log((float64(x>>12)+0.5)/4503599627370496.0) * gap
		times[i] = int64(at)
	}
	return times
}

func latency(workers, n int, load, work float64, seed uint64) {
	due := arrivals(n, work/load/float64(workers), seed)
	latencies, rounds, worst := make([]int64, n), calibrate(work), int64(0)
	results := make([]uint64, n) // so that the work is not taken away
	post(1000) // brings the threads to life
	await(1000, time.Now())
	keepApart()
	before, begun := counted(), time.Now()
	for i := range due {
		now := int64(time.Since(begun))
		for now < due[i] {
			now = int64(time.Since(begun))
		}
		if now-due[i] > worst {
			worst = now - due[i]
		}
		i := i
		go func() {
			results[i] = compute(rounds)
			latencies[i] = int64(time.Since(begun)) - due[i]
			count(i)
		}()
	}
	await(before+int64(n), begun)
	report("rate", float64(n)/time.Since(begun).Seconds(), "tasks/s")
	report("lag", float64(worst)/1e3, "us")
	percentiles(latencies)
}
