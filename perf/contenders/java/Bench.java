/* SPDX-License-Identifier: MIT */
/*
 * Java's ForkJoinPool. The same benches and lines as the programs in C (see perf/main.c
 * and the heads of perf/bench_*.c), written again because nothing can be shared. The
 * compiler needs some runs: the measured one is the fifth.
 */
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.atomic.AtomicInteger;

final class Bench extends Measure {
	static final int WARM = 4;

	interface Producer {
		void produce(ForkJoinPool pool) throws Exception;
	}

	static void counting(int threads, int n, Producer producer) throws Exception {
		for (int run = 0; run <= WARM; run++) {
			ForkJoinPool pool = create(threads);
			long before = counted(), begun = System.nanoTime();
			producer.produce(pool);
			await(before + n, begun);
			if (run == WARM)
				report("time", (System.nanoTime() - begun) / (double) n, "ns");
			pool.shutdown();
		}
		reportPeak();
	}

	static void postAll(ForkJoinPool pool, int n) {
		for (int i = 0; i < n; i++)
			pool.execute(Bench::count);
	}

	static void fromMany(ForkJoinPool pool, int n, int producers) throws Exception {
		Thread[] threads = new Thread[producers];
		for (int i = 0; i < producers; i++) {
			int share = n / producers + (i < n % producers ? 1 : 0);
			threads[i] = new Thread(() -> postAll(pool, share));
			threads[i].start();
		}
		for (Thread thread : threads)
			thread.join();
	}

	static void children(int n) {
		for (int i = 0; i < n; i++)
			ForkJoinTask.adapt(Bench::count).fork();
	}

	static void e2e(int threads, int n, int ahead) throws Exception {
		for (int run = 0; run <= WARM; run++) {
			ForkJoinPool pool = create(threads);
			ForkJoinTask<?>[] handles = new ForkJoinTask<?>[n];
			AtomicInteger given = new AtomicInteger(), taken = new AtomicInteger();
			Thread consumer = new Thread(() -> {
				for (int i = 0; i < n; i++) {
					while (given.getAcquire() <= i)
						Thread.yield();
					must((Long) handles[i].join() == 2L * i, "a wrong result");
					handles[i] = null;
					if ((i + 1) % 256 == 0)
						taken.setRelease(i + 1);
				}
			});
			consumer.start();
			long begun = System.nanoTime();
			for (int i = 0; i < n; i++) {
				long x = i;
				while (ahead > 0 && i - taken.getAcquire() >= ahead)
					Thread.yield();
				handles[i] = pool.submit(() -> 2 * x);
				given.setRelease(i + 1);
			}
			consumer.join();
			if (run == WARM)
				report("time", (System.nanoTime() - begun) / (double) n, "ns");
			pool.shutdown();
		}
		reportPeak();
		report("peak_beside", field(Path.of("/proc/self/status"), "VmHWM") / 1024
			- n * 8 / 1048576.0, "MiB");
	}

	static void ping(int threads, int n, long pause, boolean apart) throws Exception {
		ForkJoinPool pool = create(threads);
		long[] times = new long[n];
		long used = 0;
		int warm = pause > 0 ? 2000 : 20000;
		for (int i = -warm; i < n; i++) {
			if (i == -1000 && apart)
				keepApart();
			if (i == 0)
				used = cpu();
			if (pause > 0 && i >= -200)
				sleep(pause);
			long begun = System.nanoTime(), x = i;
			must(pool.submit(() -> ~x).get() == ~x, "a wrong result");
			if (i >= 0)
				times[i] = System.nanoTime() - begun;
		}
		used = cpu() - used;
		reportPercentiles(times);
		if (pause > 0) {
			long before = cpu();
			for (int i = 0; i < n; i++)
				sleep(pause);
			used -= cpu() - before;
		}
		report("cpu", used / 1e3 / n, "us");
	}

	static void idle(int threads, int n) throws Exception {
		postAll(create(threads), threads);
		sleep(2000000000L);
		double[] before = others();
		sleep(n * 1000000000L);
		double[] after = others();
		report("switches", after[0] - before[0], "switches");
		report("cpu", (after[1] - before[1]) / 1e6, "ms");
	}

	static volatile long sink = 1;

	static void compute(long rounds) {
		long x = sink | 1;
		for (long i = 0; i < rounds; i++) {
			x ^= x << 13;
			x ^= x >>> 7;
			x ^= x << 17;
		}
		sink = x;
	}

	static long calibrate(double time) {
		long best = Long.MAX_VALUE;
		for (int i = 0; i < 100; i++) {
			long begun = System.nanoTime();
			compute(100000);
			best = Math.min(best, System.nanoTime() - begun);
		}
		return (long) (time * 100000 / best);
	}

	/* The same arrivals as in perf/bench_latency.c. */
	static long[] arrivals(int n, double gap, long state) {
		long[] times = new long[n];
		double at = 0;
		for (int i = 0; i < n; i++) {
			long x = state += 0x9e3779b97f4a7c15L;
			x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
			x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
			x ^= x >>> 31;
			at += -Math.log(((x >>> 12) + 0.5) / 4503599627370496.0) * gap;
			times[i] = (long) at;
		}
		return times;
	}

	static void latency(int threads, int n, double load, double work, long seed)
			throws Exception {
		ForkJoinPool pool = create(threads);
		long[] arrivals = arrivals(n, work * 1000 / (load / 100) / threads, seed);
		long[] latencies = new long[n];
		long rounds = calibrate(work * 1000);
		for (int i = 0; i < 20; i++) /* warm */
			postAll(pool, 10000);
		await(200000, System.nanoTime());
		keepApart();
		long begun = System.nanoTime(), now, worst = 0;
		for (int i = 0; i < n; i++) {
			int number = i;
			while ((now = System.nanoTime() - begun) < arrivals[i])
				;
			worst = Math.max(worst, now - arrivals[i]);
			pool.execute(() -> {
				compute(rounds);
				latencies[number] = System.nanoTime() - begun - arrivals[number];
				count();
			});
		}
		await(200000 + n, begun);
		report("rate", n / ((System.nanoTime() - begun) / 1e9), "tasks/s");
		report("lag", worst / 1e3, "us");
		reportPercentiles(latencies);
	}

	static void run(String[] arguments) throws Exception {
		int threads = Integer.parseInt(arguments[1]), n = Integer.parseInt(arguments[2]);
		double[] more = new double[3];
		for (int i = 3; i < arguments.length; i++)
			more[i - 3] = Double.parseDouble(arguments[i]);
		switch (arguments[0]) {
		case "submit" -> counting(threads, n, pool -> postAll(pool, n));
		case "mp" -> counting(threads, n,
			pool -> fromMany(pool, n, more[0] > 0 ? (int) more[0] : 4));
		case "tree" -> counting(threads, n, pool -> pool.execute(() -> children(n)));
		case "e2e" -> e2e(threads, n, (int) more[0]);
		case "ping", "ping_same" -> ping(threads, n, 0, false);
		case "ping_apart" -> ping(threads, n, 0, true);
		case "ping_idle" -> ping(threads, n, 200000, false);
		case "idle" -> idle(threads, n);
		case "latency" -> latency(threads, n, more[0], more[1], (long) more[2]);
		default -> throw new IllegalArgumentException(arguments[0]);
		}
	}

	public static void main(String[] arguments) throws Exception {
		if (arguments.length == 1 && arguments[0].equals("list")) {
			for (String name : List.of("submit", "mp", "tree", "e2e", "ping", "ping_same",
					"ping_apart", "ping_idle", "idle", "latency"))
				System.out.println(name);
			return;
		}
		/* a thread that is found by its name */
		Throwable[] trouble = { null };
		Thread bench = new Thread(() -> {
			try {
				run(arguments);
			} catch (Throwable thrown) {
				trouble[0] = thrown;
			}
		}, "bench");
		bench.start();
		bench.join();
		if (trouble[0] != null) {
			System.err.println(trouble[0]);
			System.exit(1);
		}
		System.exit(0);
	}
}
