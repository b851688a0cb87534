/* SPDX-License-Identifier: MIT */
/*
 * The explorer itself: what it must find and what it must not. Store buffering shows in
 * TSO only, message passing never; a lost update, a lost wake-up, memory used after its
 * release always.
 */
#include "ground.h"

static uint32_t x, y, seen[2], *block;

static void zeros(void)
{
	x = y = 0;
	seen[0] = seen[1] = 9;
}

static void x_then_look_at_y(void)
{
	store_release(&x, 1u);
	seen[0] = load_seq_cst(&y);
}

static void y_then_look_at_x(void)
{
	store_release(&y, 1u);
	seen[1] = load_seq_cst(&x);
}

static void exchange_x_then_look_at_y(void)
{
	exchange_seq_cst(&x, 1u);
	seen[0] = load_seq_cst(&y);
}

static void exchange_y_then_look_at_x(void)
{
	exchange_seq_cst(&y, 1u);
	seen[1] = load_seq_cst(&x);
}

static void one_has_seen(void)
{
	model_assert(seen[0] || seen[1]);
}

static void send(void)
{
	store_relaxed(&x, 1u);
	store_release(&y, 1u);
}

static void receive(void)
{
	if (load_acquire(&y))
		model_assert(load_relaxed(&x) == 1);
}

static uint32_t letter;

static void send_letter(void)
{
	letter = 1;
	store_release(&y, 1u);
}

static void send_letter_relaxed(void)
{
	letter = 1;
	store_relaxed(&y, 1u);
}

static void receive_letter(void)
{
	if (load_acquire(&y))
		model_assert(letter == 1);
}

static void receive_letter_relaxed(void)
{
	if (load_relaxed(&y))
		model_assert(letter == 1);
}

static void add_in_two_steps(void)
{
	uint32_t old = load_relaxed(&x);
	store_relaxed(&x, old + 1);
}

static void add(void)
{
	fetch_add_acq_rel(&x, 1u);
}

static void is_two(void)
{
	model_assert(x == 2);
}

static void sleep_without_looking(void)
{
	if (!load_acquire(&x))
		futex_wait(&y, 0, INT64_MAX);
}

static void sleep_until_woken(void)
{
	while (!load_acquire(&x))
		futex_wait(&x, 0, INT64_MAX);
}

static void wake(void)
{
	store_release(&x, 1u);
	futex_wake(&x, 1);
	futex_wake(&y, 1);
}

static void block_new(void)
{
	block = malloc(sizeof *block);
	*block = 0;
}

static void block_touch(void)
{
	store_relaxed(block, 1u);
}

static void block_free(void)
{
	load_acquire(&x);
	free(block);
}

static void touch_x(void)
{
	store_relaxed(&x, 1u);
}

const struct model models[] = {
	{ "store buffering", .setup = zeros,
	  .threads = { x_then_look_at_y, y_then_look_at_x }, .check = one_has_seen,
	  .bound = 2, .fails = true },
	{ "store buffering, fixed", .setup = zeros,
	  .threads = { exchange_x_then_look_at_y, exchange_y_then_look_at_x },
	  .check = one_has_seen, .bound = 4 },
	{ "message passing", .setup = zeros, .threads = { send, receive, receive },
	  .bound = 4 },
	{ "lost update", .setup = zeros,
	  .threads = { add_in_two_steps, add_in_two_steps }, .check = is_two, .bound = 1,
	  .fails = true, .fails_in_order = true, .fails_watched = true },
	{ "update", .setup = zeros, .threads = { add, add }, .check = is_two,
	  .bound = 4 },
	{ "lost wake-up", .setup = zeros, .threads = { sleep_without_looking, wake },
	  .bound = 1, .fails = true, .fails_in_order = true, .fails_watched = true },
	{ "wake-up", .setup = zeros, .threads = { sleep_until_woken, wake }, .bound = 4 },
	{ "use after free", .setup = block_new,
	  .threads = { block_touch, block_free, touch_x }, .bound = 1, .fails = true,
	  .fails_in_order = true, .fails_watched = true },
	{ "letter", .setup = zeros, .threads = { send_letter, receive_letter },
	  .bound = 4 },
	{ "letter, no release", .setup = zeros,
	  .threads = { send_letter_relaxed, receive_letter }, .bound = 4,
	  .fails_watched = true },
	{ "letter, no acquire", .setup = zeros,
	  .threads = { send_letter, receive_letter_relaxed }, .bound = 4,
	  .fails_watched = true },
	{ 0 },
};
