/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running instances: one NAME.json and one NAME.sock (QMP) each in the run
 * directory, which is $TAXCUT_RUN_DIR, /run/taxcut for root, or
 * $XDG_RUNTIME_DIR/taxcut.
 *
 * Whoever claims CPUs or writes a record holds the directory's lock file, from
 * reading the other records until its own is written. Readers take no lock:
 * records are replaced by rename(2).
 */
#ifndef TAXCUT_HOST_INSTANCE_H
#define TAXCUT_HOST_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

#include "lib/cpulist.h"

/*
 * struct instance - one running QEMU
 * @pid: QEMU's process
 * @birth: its start time in clock ticks, so that a reused pid is not taken for it
 * @qmp: the socket that the taxcut commands use, connected only for moments
 * @record: the whole record as written
 */
struct instance {
	char *name;
	pid_t pid;
	unsigned long long birth;
	char *qmp;
	struct cpu_list cpus;
	json_t *record;
};

struct instances {
	struct instance **v;
	size_t n;
};

/* The run directory; the caller frees it. */
char *run_dir(void);
/* A file in it, "NAME.SUFFIX"; the caller frees it. */
char *run_file(const char *name, const char *suffix);
/* Creates the directory and takes the lock; a descriptor to close, or -errno. */
int run_lock(void);

/* Start time of a process (proc(5), stat field 22), or 0 when there is none. */
unsigned long long process_birth(pid_t pid);

/* All records whose process lives. */
void instances_read(struct instances *all);
void instances_free(struct instances *all);
/* By name or pid; NULL when no instance has it. */
struct instance *instances_find(const struct instances *all, const char *who);

/* Writes NAME.json atomically; 0 or -errno. */
int instance_write(const char *name, const json_t *record);
void instance_remove(const char *name);

/* Letters, digits, '.', '_' and '-', not starting with '.' or '-', at most 64. */
bool instance_name_ok(const char *name);

#endif
