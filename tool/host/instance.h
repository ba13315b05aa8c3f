/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running instances: one NAME.json and one NAME.sock (QMP) each in the run
 * directory, which is $TAXCUT_RUN_DIR, /run/taxcut for root, or
 * $XDG_RUNTIME_DIR/taxcut.
 *
 * A process that claims CPUs holds the directory's lock file from before it reads the
 * other records until it has written its own. Readers take no lock: records are
 * replaced by rename(2).
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
 * @birth: start time of the process in clock ticks, to detect a reused pid
 * @qmp: the socket of the taxcut commands; each command disconnects when it is done
 * @record: the record as written
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
/* The path of "NAME.SUFFIX" in the run directory; the caller frees it. */
char *run_file(const char *name, const char *suffix);
/* Creates the directory and takes the lock. A descriptor to close, or -errno. */
int run_lock(void);

/* Start time of a process (proc(5), stat field 22), or 0 when there is no such process. */
unsigned long long process_birth(pid_t pid);

/* Reads all records whose process exists. */
void instances_read(struct instances *all);
void instances_free(struct instances *all);
/* Finds an instance by name or pid, or returns NULL. */
struct instance *instances_find(const struct instances *all, const char *who);

/* Writes NAME.json atomically; 0 or -errno. */
int instance_write(const char *name, const json_t *record);
void instance_remove(const char *name);

/* 1 to 64 letters, digits, '.', '_' and '-'; the first is neither '.' nor '-'. */
bool instance_name_ok(const char *name);

#endif
