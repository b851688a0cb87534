/* SPDX-License-Identifier: MIT */
/*
 * Threads of a model are coroutines on stacks of their own: a switch is a few
 * instructions, and nothing of them needs to be taken down when a run is given up.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"
#include "race.h"

void *model_local;
static uint64_t local_of_explorer[LOCAL_BYTES / 8];
static void *explorer;

#if defined(__x86_64__)
void model_switch(void **from, void *to);
__asm__(".text\n"
        ".globl model_switch\n"
        ".type model_switch,@function\n"
        "model_switch:\n"
        "	pushq %rbp\n"
        "	pushq %rbx\n"
        "	pushq %r12\n"
        "	pushq %r13\n"
        "	pushq %r14\n"
        "	pushq %r15\n"
        "	movq %rsp, (%rdi)\n"
        "	movq %rsi, %rsp\n"
        "	popq %r15\n"
        "	popq %r14\n"
        "	popq %r13\n"
        "	popq %r12\n"
        "	popq %rbx\n"
        "	popq %rbp\n"
        "	ret\n"
        ".size model_switch,.-model_switch\n");

static void *stack_begin(char *stack, size_t size, void (*entry)(void))
{
	/* Six registers, then where to return to: aligned as after a call. */
	uint64_t *top = (uint64_t *)(void *)(stack + size) - 3;
	memset(top - 7, 0, 9 * sizeof *top);
	top[-1] = (uint64_t)(uintptr_t)entry;
	return top - 7;
}
#else
#error "the explorer switches stacks on x86-64 only"
#endif

void threads_reset(void)
{
	for (unsigned i = 0; i < machine.threads; i++)
		machine.thread[i].state = UNUSED;
	machine.threads = 0;
	memset(local_of_explorer, 0, sizeof local_of_explorer);
	model_local = local_of_explorer;
}

static void thread_main(void)
{
	struct thread *me = current();
	if (me->body)
		me->body();
	else
		me->function(me->argument);
	/* Its end is a step: who joins it waits for that. Its stores may still be under
	 * way. */
	me->state = ENDED;
	for (unsigned i = 0; i < machine.threads; i++) {
		struct thread *other = &machine.thread[i];
		if (other->state == JOINING && other->joins == machine.current)
			other->state = READY;
	}
	if (machine.tracing)
		trace("ends", "", NULL, " ");
	block();
	__builtin_unreachable();
}

unsigned thread_new(void (*body)(void), void *(*function)(void *), void *argument)
{
	if (machine.threads == THREADS)
		model_fail("more threads than the explorer has");
	unsigned number = machine.threads;
	struct thread *thread = &machine.thread[number];
	size_t size;
	char *stack = stack_of(number, &size);
	thread->stack = stack_begin(stack, size, thread_main);
	thread->state = READY;
	thread->body = body;
	thread->function = function;
	thread->argument = argument;
	thread->own = !body;
	thread->hash = mix(number + 1, machine.alone ? 0 : current()->hash);
	thread->flushed = 0;
	thread->stores = 0;
	thread->sleeps_on = NULL;
	thread->saved_errno = 0;
	thread->clock = 0;
	thread->text = "begins";
	thread->where = "";
	memset(thread->local, 0, sizeof thread->local);
	race_thread(number);
	machine.threads++;
	return number;
}

void thread_switch(unsigned to)
{
	struct thread *from = current();
	from->saved_errno = errno;
	machine.current = to;
	struct thread *next = current();
	model_local = next->local;
	errno = next->saved_errno;
	model_switch(&from->stack, next->stack);
}

void thread_run_first(unsigned first)
{
	machine.alone = false;
	machine.current = first;
	model_local = current()->local;
	model_switch(&explorer, current()->stack);
	machine.alone = true;
	model_local = local_of_explorer;
}

void thread_leave(void)
{
	void *abandoned;
	model_switch(&abandoned, explorer);
	__builtin_unreachable();
}
