/* SPDX-License-Identifier: MIT */
#include "partner.h"

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_SECONDS = 30
};

/* In shared memory. */
typedef struct partner_signals {
	sem_t orders, done;
} partner_signals;

struct bench_partner {
	pid_t pid;
	/* Its /proc/<pid>/stat, and the schedstat of both, which need not be there. */
	int stat, schedstat, own_schedstat;
	partner_signals *signals;
};

void *bench_shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_fail("no shared memory: %s", strerror(errno));
	return memory;
}

void bench_stay_at(unsigned place)
{
	static cpu_set_t all;
	cpu_set_t one;
	int cpu;

	/* Asked once, for what is found later is where this process has been told to stay. */
	if (CPU_COUNT(&all) == 0 && sched_getaffinity(0, sizeof all, &all) < 0)
		return;
	place %= (unsigned)CPU_COUNT(&all);
	for (cpu = 0; cpu < CPU_SETSIZE - 1; ++cpu) {
		if (CPU_ISSET(cpu, &all) && place-- == 0)
			break;
	}
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof one, &one);
}

static void await(sem_t *signal, const char *what)
{
	struct timespec at;
	int rc;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += PATIENCE_SECONDS;
	do
		rc = sem_clockwait(signal, CLOCK_MONOTONIC, &at);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		bench_fail("%s: %s", what, strerror(errno));
}

pid_t bench_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		bench_fail("no more processes: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
	}
	return pid;
}

static _Noreturn void serve(partner_signals *signals, bench_part *part, void *argument)
{
	for (;;) {
		while (sem_wait(&signals->orders) < 0)
			;
		part(argument);
		sem_post(&signals->done);
	}
}

static int open_file_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int open_stat(pid_t pid)
{
	int stat = open_file_of(pid, "stat");

	if (stat < 0)
		bench_fail("/proc/%d/stat: %s", (int)pid, strerror(errno));
	return stat;
}

bench_partner *bench_partner_open(bench_part *part, void *argument, unsigned place)
{
	bench_partner *partner = calloc(1, sizeof *partner);

	if (partner == NULL)
		bench_fail("no memory for a partner");
	partner->signals = bench_shared_memory(sizeof *partner->signals);
	sem_init(&partner->signals->orders, true, 0);
	sem_init(&partner->signals->done, true, 0);
	partner->pid = bench_fork();
	if (partner->pid == 0) {
		bench_stay_at(place);
		serve(partner->signals, part, argument);
	}
	partner->stat = open_stat(partner->pid);
	partner->schedstat = open_file_of(partner->pid, "schedstat");
	partner->own_schedstat = open_file_of(getpid(), "schedstat");
	return partner;
}

void bench_partner_start(bench_partner *partner)
{
	sem_post(&partner->signals->orders);
}

void bench_partner_wait(bench_partner *partner)
{
	await(&partner->signals->done, "a partner has not done its part");
}

/* The state is what comes behind the name, which may hold anything. */
static bool sleeps(int stat)
{
	char line[512];
	ssize_t length = pread(stat, line, sizeof line - 1, 0);
	const char *name_end;

	if (length <= 0)
		bench_fail("who should fall asleep has gone");
	line[length] = '\0';
	name_end = strrchr(line, ')');
	return name_end != NULL && strncmp(name_end, ") S", 3) == 0;
}

static void await_sleep(int stat)
{
	double start = bench_now();

	while (!sleeps(stat)) {
		if (bench_now() - start > PATIENCE_SECONDS * 1e9)
			bench_fail("nobody falls asleep");
		sched_yield();
	}
}

void bench_await_sleep(pid_t pid)
{
	int stat = open_stat(pid);

	await_sleep(stat);
	close(stat);
}

void bench_partner_await_sleep(const bench_partner *partner)
{
	await_sleep(partner->stat);
}

/* The second number of a schedstat. */
static double delay_of(int schedstat)
{
	char line[128], *end;
	ssize_t length = pread(schedstat, line, sizeof line - 1, 0);

	if (length <= 0)
		return 0;
	line[length] = '\0';
	strtoull(line, &end, 10);
	return (double)strtoull(end, NULL, 10);
}

double bench_partner_delay(const bench_partner *partner)
{
	return delay_of(partner->schedstat) + delay_of(partner->own_schedstat);
}

static void close_file(int fd)
{
	if (fd >= 0)
		close(fd);
}

bench_partner *bench_partner_close(bench_partner *partner)
{
	if (partner == NULL)
		return NULL;
	kill(partner->pid, SIGKILL);
	waitpid(partner->pid, NULL, 0);
	close_file(partner->stat);
	close_file(partner->schedstat);
	close_file(partner->own_schedstat);
	munmap(partner->signals, sizeof *partner->signals);
	free(partner);
	return NULL;
}
