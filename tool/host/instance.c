// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instance.h"
#include "lib/cpulist.h"
#include "lib/util.h"

char *run_dir(void)
{
	const char *dir = getenv("TAXCUT_RUN_DIR");
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	if (dir && *dir)
		return xstrdup(dir);
	if (geteuid() && xdg && *xdg)
		return xasprintf("%s/taxcut", xdg);
	return xstrdup("/run/taxcut");
}

char *run_file(const char *name, const char *suffix)
{
	char *dir = run_dir();
	char *path = xasprintf("%s/%s.%s", dir, name, suffix);

	free(dir);
	return path;
}

int run_lock(void)
{
	char *dir = run_dir();
	char *path = xasprintf("%s/lock", dir);
	int fd = -1, ret = 0;

	if (mkdir(dir, 0755) && errno != EEXIST)
		ret = -errno;
	if (!ret) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || flock(fd, LOCK_EX))
			ret = -errno;
	}
	if (ret && fd >= 0)
		close(fd);
	free(path);
	free(dir);
	return ret ? ret : fd;
}

unsigned long long process_birth(pid_t pid)
{
	char *path = xasprintf("/proc/%d/stat", (int)pid);
	unsigned long long birth = 0;
	char line[1024], *p;
	FILE *f = fopen(path, "re");

	free(path);
	if (!f)
		return 0;
	p = fgets(line, sizeof(line), f);
	fclose(f);
	/* Field 2 is the command in parentheses; it may contain spaces and parentheses. */
	p = p ? strrchr(line, ')') : NULL;
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p += !!p;
	}
	if (p)
		birth = strtoull(p, NULL, 10);
	return birth;
}

static void instance_free(struct instance *in)
{
	free(in->name);
	free(in->qmp);
	json_decref(in->record);
	free(in);
}

static void record_cpus(const json_t *record, struct cpu_list *cpus)
{
	json_t *arr = json_object_get(record, "cpus"), *cpu;
	size_t i;

	cpus->n = 0;
	json_array_foreach(arr, i, cpu) {
		json_int_t n = json_integer_value(cpu);

		if (cpus->n < CPU_LIMIT && n >= 0 && n < CPU_LIMIT)
			cpus->cpu[cpus->n++] = (int)n;
	}
}

static struct instance *instance_load(const char *path)
{
	json_t *record = json_load_file(path, 0, NULL);
	const char *name, *qmp;
	json_int_t pid, birth;
	struct instance *in;

	if (!record || json_unpack(record, "{s:s, s:s, s:I, s:I}", "name", &name,
				   "qmp", &qmp, "pid", &pid, "birth", &birth) ||
	    process_birth((pid_t)pid) != (unsigned long long)birth) {
		json_decref(record);
		return NULL;
	}
	in = xcalloc(1, sizeof(*in));
	in->name = xstrdup(name);
	in->qmp = xstrdup(qmp);
	in->pid = (pid_t)pid;
	in->birth = (unsigned long long)birth;
	in->record = record;
	record_cpus(record, &in->cpus);
	return in;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct instance * const *)a)->name,
		      (*(struct instance * const *)b)->name);
}

void instances_read(struct instances *all)
{
	char *dir = run_dir(), *path;
	DIR *d = opendir(dir);
	struct dirent *de;
	struct instance *in;
	const char *dot;

	*all = (struct instances){ 0 };
	while (d && (de = readdir(d))) {
		dot = strrchr(de->d_name, '.');
		if (!dot || strcmp(dot, ".json"))
			continue;
		path = xasprintf("%s/%s", dir, de->d_name);
		in = instance_load(path);
		free(path);
		if (!in)
			continue;
		all->v = xrealloc(all->v, (all->n + 1) * sizeof(*all->v));
		all->v[all->n++] = in;
	}
	if (d)
		closedir(d);
	if (all->n)
		qsort(all->v, all->n, sizeof(*all->v), compare_names);
	free(dir);
}

void instances_free(struct instances *all)
{
	for (size_t i = 0; i < all->n; i++)
		instance_free(all->v[i]);
	free(all->v);
	*all = (struct instances){ 0 };
}

struct instance *instances_find(const struct instances *all, const char *who)
{
	uint64_t pid;

	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->v[i]->name, who))
			return all->v[i];
	for (size_t i = 0; parse_u64(who, &pid) && i < all->n; i++)
		if ((uint64_t)all->v[i]->pid == pid)
			return all->v[i];
	return NULL;
}

int instance_write(const char *name, const json_t *record)
{
	char *path = run_file(name, "json"), *tmp = run_file(name, "tmp");
	int ret = 0;

	errno = 0;
	if (json_dump_file(record, tmp, JSON_INDENT(2)) || rename(tmp, path))
		ret = errno ? -errno : -EIO;
	free(tmp);
	free(path);
	return ret;
}

void instance_remove(const char *name)
{
	static const char * const suffixes[] = { "json", "tmp", "sock" };

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char *path = run_file(name, suffixes[i]);

		unlink(path);
		free(path);
	}
}

bool instance_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 64 || *name == '.' || *name == '-')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}
