/* SPDX-License-Identifier: MIT */
/* The lines of threadlet-sum, in the format of sha256sum. */
#include "sum.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int first_error; /* errno of the first write that failed */

static const char *escape_of(char c)
{
	switch (c) {
	case '\\': return "\\\\";
	case '\n': return "\\n";
	case '\r': return "\\r";
	default: return NULL;
	}
}

static void put_escaped(FILE *stream, const char *path)
{
	for (; *path; path++) {
		const char *escape = escape_of(*path);

		if (escape)
			fputs(escape, stream);
		else
			putc(*path, stream);
	}
}

bool print_digest(const unsigned char digest[DIGEST_SIZE], const char *path)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * DIGEST_SIZE + 1];

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * DIGEST_SIZE] = '\0';

	progress_make_way(STDOUT_FILENO);
	/* a leading backslash says that the name is escaped */
	if (strpbrk(path, "\\\n\r"))
		putchar('\\');
	fputs(hex, stdout);
	fputs("  ", stdout);
	put_escaped(stdout, path);
	putchar('\n');
	if (ferror(stdout) && !first_error)
		first_error = errno;
	return !first_error;
}

int print_close(void)
{
	if (fclose(stdout) && !first_error)
		first_error = errno;
	return -first_error;
}

void print_error(const char *path, const char *what)
{
	progress_make_way(STDERR_FILENO);
	fputs("threadlet-sum: ", stderr);
	put_escaped(stderr, path);
	fprintf(stderr, ": %s\n", what);
}
