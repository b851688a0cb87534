/* SPDX-License-Identifier: MIT */
/*
 * This library. KIND and NAME come from the Makefile: fixed (the program threadlet), adaptive
 * (threadlet-adaptive: as many threads at most), spinning (threadlet-spin: a fixed pool
 * that looks for work for 1 ms before it parks), or helping (threadlet-help: a fixed pool
 * whose waiters outside run what they wait for).
 */
#include "../contender.h"
#include "../programs.h"

enum { fixed, adaptive, spinning, helping };

static void *create(unsigned workers)
{
	tl_options options = { .max_workers = workers };
	tl_executor *pool;

	if (KIND == spinning)
		options.spin = 1000000;
	if (KIND == helping)
		options.flags = TL_WAITERS_RUN;
	pool = KIND == adaptive ? tl_adaptive_pool_create(&options)
	                        : tl_fixed_pool_create(workers, &options);
	must(pool != NULL, "a pool");
	return pool;
}

static void destroy(void *pool)
{
	must(!tl_executor_destroy(pool), "tl_executor_destroy");
}

static void *submit(void *pool, work_function *function, void *argument)
{
	tl_future *future = tl_submit(pool, function, argument);

	must(future != NULL, "tl_submit");
	return future;
}

static void post(void *pool, work_function *function, void *argument)
{
	tl_future_release(submit(pool, function, argument));
}

/* With a future the benches submit (post), without one they branch out (post_inside). */
static void post_inside(void *pool, work_function *function, void *argument)
{
	must(!tl_post(pool, function, argument), "tl_post");
}

static void *take(void *handle)
{
	return tl_await(handle);
}

static void *collector_create(void)
{
	tl_completions *queue = tl_completions_create();

	must(queue != NULL, "tl_completions_create");
	return queue;
}

static void collector_destroy(void *queue)
{
	must(!tl_completions_destroy(queue), "tl_completions_destroy");
}

static void submit_to(void *pool, void *queue, work_function *function, void *argument)
{
	must(!tl_completions_add(queue, submit(pool, function, argument), NULL),
	     "tl_completions_add");
}

static size_t collect(void *queue, void **results, size_t most)
{
	tl_completion done[64];
	int n = tl_completions_take(queue, done, most < 64 ? most : 64, TL_FOREVER);

	must(n > 0, "tl_completions_take");
	for (int i = 0; i < n; i++)
		results[i] = tl_await(done[i].future);
	return (size_t)n;
}

static void post_task(void *pool, void *task, work_function *function, void *argument)
{
	tl_task_init(task, function, argument);
	must(!tl_submit_task(pool, task), "tl_submit_task");
}

static void *spawn(work_function *function, void *argument)
{
	tl_future *future = tl_spawn(function, argument);

	must(future != NULL, "tl_spawn");
	return tl_await(future);
}

TL_FORKABLE_VOID(child, work_function *, function)
{
	function(NULL);
}

struct many {
	size_t n;
	TL_BRANCH(child) * branches;
	work_function *function;
};

TL_FORKABLE_VOID(fork_all, struct many *, many)
{
	for (size_t i = 0; i < many->n; i++)
		TL_FORK(child, &many->branches[i], many->function);
	for (size_t i = many->n; i > 0; i--)
		TL_JOIN(child, &many->branches[i - 1]);
}

static void *run_children(void *many)
{
	TL_RUN(fork_all, many);
	return NULL;
}

static void fork_many(void *pool, size_t n, void *branches, work_function *function)
{
	struct many many = { n, branches, function };

	take(submit(pool, run_children, &many));
}

TL_FORKABLE(long, fib_of, int, n)
{
	if (n < 2)
		return n;
	TL_BRANCH(fib_of) one;
	TL_FORK(fib_of, &one, n - 1);
	long two = TL_CALL(fib_of, n - 2);
	return TL_JOIN(fib_of, &one) + two;
}

static void *run_fib(void *n)
{
	return (void *)TL_RUN(fib_of, *(int *)n);
}

static long fib(void *pool, int n)
{
	return (long)tl_await(submit(pool, run_fib, &n));
}

struct work {
	double *c;
	const double *a, *b;
	int *list, *room;
	size_t n;
	long result;
};

static void *run_queens(void *work)
{
	return (void *)TL_RUN(queens, (int)((struct work *)work)->n, 0, 0, 0, 0);
}

static long queens_of(void *pool, int n)
{
	struct work work = { .n = (size_t)n };

	return (long)take(submit(pool, run_queens, &work));
}

static void *run_multiply(void *argument)
{
	struct work *work = argument;

	TL_RUN(multiply, work->c, work->a, work->b, work->n, work->n);
	return NULL;
}

static void multiply_in(void *pool, double *c, const double *a, const double *b, size_t n)
{
	take(submit(pool, run_multiply,
	            &(struct work){ .c = c, .a = a, .b = b, .n = n }));
}

static void *run_sort(void *argument)
{
	struct work *work = argument;

	TL_RUN(sort, work->list, work->room, work->n);
	return NULL;
}

static void sort_in(void *pool, int *list, int *room, size_t n)
{
	take(submit(pool, run_sort,
	            &(struct work){ .list = list, .room = room, .n = n }));
}

static void *run_trees(void *argument)
{
	struct work *work = argument;

	for (size_t i = 0; i < work->n; i++)
		work->result += TL_RUN(tree, i, 0);
	return NULL;
}

static long trees(void *pool, size_t n)
{
	struct work work = { .n = n };

	take(submit(pool, run_trees, &work));
	return work.result;
}

static int run_body(size_t begin, size_t end, void *body)
{
	(*(void (**)(size_t, size_t))body)(begin, end);
	return 0;
}

static void loop(void *pool, size_t n, void (*body)(size_t begin, size_t end))
{
	must(!tl_for(pool, 0, n, run_body, (void *)&body), "tl_for");
}

static size_t vain_wakes(void *pool)
{
	tl_stats stats;

	must(!tl_executor_stats(pool, &stats, sizeof(stats)), "tl_executor_stats");
	return stats.vain_wakes;
}

static const struct collecting collecting = {
	.create = collector_create,
	.destroy = collector_destroy,
	.submit = submit_to,
	.collect = collect,
};

const struct contender contender = {
	.name = NAME,
	.create = create,
	.destroy = destroy,
	.post = post,
	.post_inside = post_inside,
	.submit = submit,
	.take = take,
	.many = true,
	.collecting = &collecting,
	.task_size = sizeof(tl_task),
	.post_task = post_task,
	.spawn = spawn,
	.fork_many = fork_many,
	.branch_size = sizeof(TL_BRANCH(child)),
	.fib = fib,
	.queens = queens_of,
	.multiply = multiply_in,
	.sort = sort_in,
	.trees = trees,
	.loop = loop,
	.vain_wakes = vain_wakes,
};
