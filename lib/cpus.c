/* SPDX-License-Identifier: MIT */
/* layer 2: cpus · how many CPUs this process may use */
/*
 * The quota, never the weight: a weight says nothing about how many threads can run.
 * Version 2 has cpu.max ("max 100000" or "50000 100000"), version 1 cpu.cfs_quota_us
 * (-1: none) and cpu.cfs_period_us; each level up to the root may limit.
 */
#include "cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned cpus_allowed(void)
{
	/* The kernel refuses a set smaller than its own: 8192 CPUs is its limit. */
	cpu_set_t sets[8];
	CPU_ZERO_S(sizeof sets, sets);
	if (sched_getaffinity(0, sizeof sets, sets))
		return 1;
	int count = CPU_COUNT_S(sizeof sets, sets);
	return count > 0 ? (unsigned)count : 1;
}

/* The first line of root + a + b + c; false if there is none. */
static bool first_line(char *line, int size, const char *root, const char *a,
                       const char *b, const char *c)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s%s%s%s", root, a, b, c) >= (int)sizeof path)
		return false;
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool ok = fgets(line, size, file) != NULL;
	fclose(file);
	return ok;
}

/* CPUs that this level grants; 0: no limit. */
static unsigned level_limit(const char *root, const char *mount, const char *group)
{
	char line[64];
	long long quota = -1, period = 0;
	if (first_line(line, sizeof line, root, mount, group, "/cpu.max")) {
		if (sscanf(line, "%lld %lld", &quota, &period) != 2)
			return 0; /* "max" */
	} else {
		if (first_line(line, sizeof line, root, mount, group,
		               "/cpu.cfs_quota_us"))
			quota = atoll(line);
		if (first_line(line, sizeof line, root, mount, group,
		               "/cpu.cfs_period_us"))
			period = atoll(line);
	}
	if (quota <= 0 || period <= 0)
		return 0;
	long long cpus = quota / period + (quota % period != 0);
	return cpus < INT_MAX ? (unsigned)cpus : 0;
}

/* The least of the limits from this group up to the root of the mount. */
static unsigned group_limit(const char *root, const char *mount, char *group)
{
	unsigned least = 0;
	for (;;) {
		unsigned limit = level_limit(root, mount, group);
		if (limit && (!least || limit < least))
			least = limit;
		char *slash = strrchr(group, '/');
		if (!slash)
			return least;
		*slash = '\0';
	}
}

static bool has_cpu_controller(const char *controllers)
{
	const char *found = strstr(controllers, "cpu");
	for (; found; found = strstr(found + 1, "cpu"))
		if ((found == controllers || found[-1] == ',') &&
		    (found[3] == '\0' || found[3] == ','))
			return true;
	return false;
}

static unsigned cpus_usable(const char *root)
{
	/* Under a version 1 hierarchy, version 2 is mounted beside it, if at all. */
	static const char *const v2[] = { "sys/fs/cgroup", "sys/fs/cgroup/unified" };
	static const char *const v1[] = { "sys/fs/cgroup/cpu",
		                          "sys/fs/cgroup/cpu,cpuacct" };
	unsigned cpus = cpus_allowed();
	char path[PATH_MAX], line[PATH_MAX];
	snprintf(path, sizeof path, "%sproc/self/cgroup", root);
	FILE *file = fopen(path, "re");
	if (!file)
		return cpus;
	while (fgets(line, sizeof line, file)) {
		/* "0::/group" is version 2, "4:cpu,cpuacct:/group" version 1. */
		char *controllers = strchr(line, ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!group)
			continue;
		*group++ = '\0';
		group[strcspn(group, "\n")] = '\0';
		bool second = controllers[1] == '\0';
		if (!second && !has_cpu_controller(controllers + 1))
			continue;
		for (size_t i = 0; i < 2; i++) {
			snprintf(path, sizeof path, "%s", group);
			unsigned limit = group_limit(root, second ? v2[i] : v1[i], path);
			if (limit && limit < cpus)
				cpus = limit;
		}
	}
	fclose(file);
	return cpus;
}
