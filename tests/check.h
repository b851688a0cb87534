/* SPDX-License-Identifier: MIT */
/*
 * Test(suite, name) { ... } and cr_assert*: from Criterion, or with TL_PLAIN from the
 * few lines below, which work where Criterion doesn't: under ThreadSanitizer, in a
 * static program, and with leaks and all that happens at exit counted as failures.
 *
 * Assert on the main thread only. No .timeout: check_begin sets an alarm.
 */
#ifndef CHECK_H
#define CHECK_H

/* At the start of each test, and of each child it forks. In support_threads.c. */
void check_begin(void);

#ifndef TL_PLAIN

#include <criterion/criterion.h>

#undef Test
#define Test(...) CR_EXPAND(CR_TEST_BASE(__VA_ARGS__, .init = check_begin))

#else

#include <stdbool.h>
#include <string.h>

struct check_test {
	const char *suite, *name;
	void (*run)(void);
	struct check_test *next;
};

void check_add(struct check_test *test);
void check_(bool fatal, bool holds, const char *text, const char *file, int line,
            const char *format, ...);

#define Test(suite, name)                                                                \
	static void suite##_##name##_run(void);                                          \
	__attribute__((constructor)) static void suite##_##name##_add(void)              \
	{                                                                                \
		static struct check_test test = { #suite, #name, suite##_##name##_run,   \
			                          NULL };                                \
		check_add(&test);                                                        \
	}                                                                                \
	static void suite##_##name##_run(void)

/* The arguments before the message, and the message, which may be missing. */
#define CHECK_A_(a, ...) (a)
#define CHECK_B_(a, b, ...) (b)
#define CHECK_REST1_(a, ...) __VA_ARGS__
#define CHECK_REST2_(a, b, ...) __VA_ARGS__
#define CHECK_1_(fatal, test, text, ...)                                                 \
	check_(fatal, test(CHECK_A_(__VA_ARGS__, 0)), text, __FILE__, __LINE__,          \
	       CHECK_REST1_(__VA_ARGS__, "", 0))
#define CHECK_2_(fatal, op, text, ...)                                                   \
	check_(fatal, CHECK_A_(__VA_ARGS__, 0) op CHECK_B_(__VA_ARGS__, 0, 0),           \
	       #op ": " text, __FILE__, __LINE__, CHECK_REST2_(__VA_ARGS__, "", 0))
#define CHECK_STRINGS_(fatal, text, ...)                                                 \
	check_(fatal, !strcmp(CHECK_A_(__VA_ARGS__, 0), CHECK_B_(__VA_ARGS__, 0, 0)),    \
	       "same: " text, __FILE__, __LINE__, CHECK_REST2_(__VA_ARGS__, "", 0))

#define cr_assert(...) CHECK_1_(true, !!, #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_not(...) CHECK_1_(true, !, "not: " #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_null(...) CHECK_1_(true, !, "null: " #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_not_null(...) CHECK_1_(true, !!, "not null: " #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_eq(...) CHECK_2_(true, ==, #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_neq(...) CHECK_2_(true, !=, #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_lt(...) CHECK_2_(true, <, #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_leq(...) CHECK_2_(true, <=, #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_gt(...) CHECK_2_(true, >, #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_geq(...) CHECK_2_(true, >=, #__VA_ARGS__, __VA_ARGS__)
#define cr_assert_str_eq(...) CHECK_STRINGS_(true, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect(...) CHECK_1_(false, !!, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_not(...) CHECK_1_(false, !, "not: " #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_null(...) CHECK_1_(false, !, "null: " #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_not_null(...)                                                          \
	CHECK_1_(false, !!, "not null: " #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_eq(...) CHECK_2_(false, ==, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_neq(...) CHECK_2_(false, !=, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_lt(...) CHECK_2_(false, <, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_leq(...) CHECK_2_(false, <=, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_gt(...) CHECK_2_(false, >, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_geq(...) CHECK_2_(false, >=, #__VA_ARGS__, __VA_ARGS__)
#define cr_expect_str_eq(...) CHECK_STRINGS_(false, #__VA_ARGS__, __VA_ARGS__)

/* support.c defines CHECK_MAIN: the rest is wanted once. */
#ifdef CHECK_MAIN

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct check_test *check_first, **check_end = &check_first;
static int check_failures;

void check_add(struct check_test *test)
{
	*check_end = test;
	check_end = &test->next;
}

void check_(bool fatal, bool holds, const char *text, const char *file, int line,
            const char *format, ...)
{
	if (holds)
		return;
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "[----] %s:%d: failed: %s%s", file, line, text,
	        *format ? ": " : "");
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	check_failures++;
	if (fatal)
		_exit(1); /* threads may be anywhere: nothing else can be relied on */
}

/* In a process of its own; the exit status tells also what exit handlers found. */
int main(int argc, char **argv)
{
	const char *filter = argc > 1 ? argv[1] : "*";
	int tested = 0, failing = 0, crashing = 0;

	for (struct check_test *test = check_first; test; test = test->next) {
		char name[256];
		snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
		if (fnmatch(filter, name, 0))
			continue;
		tested++;
		int status = 0;
		fflush(NULL);
		pid_t child = fork();
		if (!child) {
			check_begin();
			test->run();
			return check_failures != 0;
		}
		if (child < 0 || waitpid(child, &status, 0) != child)
			status = 1;
		if (WIFSIGNALED(status)) {
			crashing++;
			fprintf(stderr, "[----] %s: crashed: %s\n", name,
			        strsignal(WTERMSIG(status)));
		}
		if (status) {
			failing++;
			fprintf(stderr, "[FAIL] %s (status %#x)\n", name,
			        (unsigned)status);
		}
	}
	fprintf(stderr,
	        "[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: %d \n",
	        tested, tested - failing, failing, crashing);
	return failing || !tested;
}

#endif /* CHECK_MAIN */
#endif /* TL_PLAIN */
#endif /* CHECK_H */
