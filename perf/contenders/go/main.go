// SPDX-License-Identifier: MIT

// Go's scheduler: a goroutine for each task, a channel for each result, and as many
// processors as there are workers and submitting threads (one; none in tree). The same
// benches and lines as the programs in C; see perf/main.c, the heads of perf/bench_*.c.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Tasks count in one of these lines, chosen by their number.
const shards = 64

var counts [shards]struct {
	n   int64
	pad [56]byte
}

func count(i int) {
	atomic.AddInt64(&counts[i%shards].n, 1)
}

func counted() (sum int64) {
	for i := range counts {
		sum += atomic.LoadInt64(&counts[i].n)
	}
	return sum
}

func await(total int64, begun time.Time) {
	for counted() < total {
		if nap := time.Since(begun) / 100; nap >= 100*time.Microsecond {
			time.Sleep(nap)
		} else {
			runtime.Gosched()
		}
	}
	must(counted() == total, "a task ran twice")
}

func counting(n int, produce func()) {
	for run := 0; run < 2; run++ {
		before, begun := counted(), time.Now()
		produce()
		await(before+int64(n), begun)
		if run == 1 {
			report("time", float64(time.Since(begun))/float64(n), "ns")
		}
	}
	report("peak", status("/proc/self/status", "VmHWM")/1024, "MiB")
}

func post(n int) {
	for i := 0; i < n; i++ {
		i := i
		go count(i)
	}
}

func mp(n, producers int) {
	var group sync.WaitGroup
	for p := 0; p < producers; p++ {
		share := n / producers
		if p < n%producers {
			share++
		}
		group.Add(1)
		go func() {
			post(share)
			group.Done()
		}()
	}
	group.Wait()
}

func submit(x int) chan int {
	result := make(chan int, 1)
	go func() { result <- 2 * x }()
	return result
}

func e2e(n, ahead int) {
	handles := make([]chan int, n)
	for run := 0; run < 2; run++ {
		var given, taken int64
		ended := make(chan bool)
		go func() {
			for i := 0; i < n; i++ {
				for atomic.LoadInt64(&given) <= int64(i) {
					runtime.Gosched()
				}
				must(<-handles[i] == 2*i, "a wrong result")
				handles[i] = nil
				if (i+1)%256 == 0 {
					atomic.StoreInt64(&taken, int64(i)+1)
				}
			}
			close(ended)
		}()
		begun := time.Now()
		for i := 0; i < n; i++ {
			for ahead > 0 && int64(i)-atomic.LoadInt64(&taken) >= int64(ahead) {
				runtime.Gosched()
			}
			handles[i] = submit(i)
			atomic.StoreInt64(&given, int64(i)+1)
		}
		<-ended
		if run == 1 {
			report("time", float64(time.Since(begun))/float64(n), "ns")
		}
	}
	peak := status("/proc/self/status", "VmHWM") / 1024
	report("peak", peak, "MiB")
	report("peak_beside", peak-float64(n)*8/1048576, "MiB")
}

func ping(n int, pause time.Duration) {
	times := make([]int64, n)
	var used int64
	for i := -200; i < n; i++ {
		if i == 0 {
			used = cpu()
		}
		if pause > 0 {
			time.Sleep(pause)
		}
		begun := time.Now()
		must(<-submit(i) == 2*i, "a wrong result")
		if i >= 0 {
			times[i] = int64(time.Since(begun))
		}
	}
	used = cpu() - used
	if pause > 0 {
		before := cpu()
		for i := 0; i < n; i++ {
			time.Sleep(pause)
		}
		used -= cpu() - before
	}
	percentiles(times)
	report("cpu", float64(used)/1e3/float64(n), "us")
}

func idle(workers, n int) {
	post(workers)
	time.Sleep(2 * time.Second)
	switches, used := others()
	time.Sleep(time.Duration(n) * time.Second)
	switchesNow, usedNow := others()
	report("switches", switchesNow-switches, "switches")
	report("cpu", (usedNow-used)/1e6, "ms")
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "list" {
		fmt.Println("submit\nmp\ntree\ne2e\nping\nping_same\nping_idle\nidle\nlatency")
		return
	}
	must(len(os.Args) >= 4, "go BENCH WORKERS N [MORE...]")
	workers, n := number(os.Args[2]), number(os.Args[3])
	more := [3]float64{}
	for i, text := range os.Args[4:] {
		value, err := strconv.ParseFloat(text, 64)
		must(err == nil, "a number")
		more[i] = value
	}
	runtime.GOMAXPROCS(workers + 1)
	switch os.Args[1] {
	case "submit":
		counting(n, func() { post(n) })
	case "mp":
		producers := 4
		if more[0] > 0 {
			producers = int(more[0])
		}
		runtime.GOMAXPROCS(workers + producers)
		counting(n, func() { mp(n, producers) })
	case "tree":
		runtime.GOMAXPROCS(workers)
		counting(n, func() { go post(n) })
	case "e2e":
		e2e(n, int(more[0]))
	case "ping", "ping_same":
		ping(n, 0)
	case "ping_idle":
		ping(n, 200*time.Microsecond)
	case "idle":
		idle(workers, n)
	case "latency":
		latency(workers, n, more[0]/100, more[1]*1000, uint64(more[2]))
	default:
		must(false, "no such bench")
	}
}
