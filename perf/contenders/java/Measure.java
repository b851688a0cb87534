/* SPDX-License-Identifier: MIT */
/* What perf/measure.c is for the programs in C: counted tasks, percentiles, placement. */
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.locks.LockSupport;

class Measure {
	static final Path TASKS = Path.of("/proc/self/task");

	/* A worker counts what it has run, far from the fields of others. */
	static final class Worker extends ForkJoinWorkerThread {
		static final VarHandle COUNT;
		long a, b, c, d, e, f, g, count, h, i, j, k, l, m, n;

		static {
			try {
				COUNT = MethodHandles.lookup().findVarHandle(Worker.class, "count", long.class);
			} catch (ReflectiveOperationException trouble) {
				throw new AssertionError(trouble);
			}
		}

		Worker(ForkJoinPool pool) {
			super(pool);
		}
	}

	static final List<Worker> workers = new CopyOnWriteArrayList<>();

	static ForkJoinPool create(int threads) {
		return new ForkJoinPool(threads, pool -> {
			Worker worker = new Worker(pool);
			workers.add(worker);
			return worker;
		}, null, false);
	}

	static void count() {
		Worker worker = (Worker) Thread.currentThread();
		Worker.COUNT.setRelease(worker, worker.count + 1);
	}

	static long counted() {
		long sum = 0;
		for (Worker worker : workers)
			sum += (long) Worker.COUNT.getAcquire(worker);
		return sum;
	}

	static void sleep(long time) throws InterruptedException {
		Thread.sleep(time / 1000000, (int) (time % 1000000));
	}

	static void await(long total, long begun) throws InterruptedException {
		while (counted() < total) {
			long nap = (System.nanoTime() - begun) / 100;
			if (nap >= 100000)
				LockSupport.parkNanos(nap);
			else
				Thread.yield();
		}
		must(counted() == total, "a task ran twice");
	}

	static void must(boolean holds, String what) {
		if (!holds)
			throw new AssertionError(what);
	}

	static void report(String metric, double value, String unit) {
		System.out.printf("%s %.6g %s%n", metric, value, unit);
	}

	static void reportPercentiles(long[] times) {
		double[] percents = { 1, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.9, 99.95, 99.99 };
		Arrays.sort(times);
		for (double percent : percents) {
			double beyond = times.length * (1 - percent / 100);
			if (beyond < 9.99)
				break;
			String name = percent == (int) percent ? "" + (int) percent : "" + percent;
			report("p" + name, times[times.length - 1 - (int) beyond] / 1e3, "us");
		}
		report("max", times[times.length - 1] / 1e3, "us");
	}

	static double field(Path file, String name) throws IOException {
		double sum = 0;
		for (String line : Files.readAllLines(file))
			if (line.startsWith(name + ":"))
				sum += Double.parseDouble(line.replaceAll("[^0-9]", ""));
		return sum;
	}

	static void reportPeak() throws IOException {
		report("peak", field(Path.of("/proc/self/status"), "VmHWM") / 1024, "MiB");
	}

	static long cpu() {
		return ((com.sun.management.OperatingSystemMXBean) java.lang.management
			.ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
	}

	static void taskset(String... arguments) throws Exception {
		ProcessBuilder builder = new ProcessBuilder("taskset");
		builder.command().addAll(List.of(arguments));
		must(builder.redirectErrorStream(true).start().waitFor() == 0, "taskset");
	}

	/* A CPU for the thread "bench", all the others for all other threads. */
	static void keepApart() throws Exception {
		int last = Runtime.getRuntime().availableProcessors() - 1;
		taskset("-acp", "1-" + last, "" + ProcessHandle.current().pid());
		try (var threads = Files.list(TASKS)) {
			for (Path thread : threads.toList())
				if (Files.readString(thread.resolve("comm")).trim().equals("bench"))
					taskset("-cp", "0", thread.getFileName().toString());
		}
	}

	/* { switches, ns on a CPU } of all threads but the caller. */
	static double[] others() throws IOException {
		double[] sum = { 0, 0 };
		try (var threads = Files.list(TASKS)) {
			for (Path thread : threads.toList()) {
				if (Files.readString(thread.resolve("comm")).trim().equals("bench"))
					continue;
				sum[0] += field(thread.resolve("status"), "voluntary_ctxt_switches")
					+ field(thread.resolve("status"), "nonvoluntary_ctxt_switches");
				sum[1] += Double.parseDouble(
					Files.readString(thread.resolve("schedstat")).split(" ")[0]);
			}
		}
		return sum;
	}
}
