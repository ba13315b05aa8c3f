// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of a process without QMP. QEMU keeps the vCPUs' statistics files
 * (KVM_GET_STATS_FD) open, and the VM's during a query. Their names contain
 * "kvm-vcpu-stats" and "kvm-vm-stats"; pidfd_getfd(2) duplicates the descriptors.
 * The file position is shared with QEMU, so the files are read with pread(2).
 * Layout: Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD,
 * and struct kvm_stats_header and kvm_stats_desc in <linux/kvm.h>.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util.h"
#include "process.h"
#include "sample.h"

#define DESC_MAX 4096
#define NAME_SIZE_MAX 1024
#define VALUES_MAX 4096
#define SIZE_MAX_VALUES (1 << 20)
#define VCPUS_MAX 4096

static const char *type_name(__u32 flags)
{
	switch (flags & KVM_STATS_TYPE_MASK) {
	case KVM_STATS_TYPE_CUMULATIVE:
		return "cumulative";
	case KVM_STATS_TYPE_INSTANT:
		return "instant";
	case KVM_STATS_TYPE_PEAK:
		return "peak";
	case KVM_STATS_TYPE_LINEAR_HIST:
		return "linear-histogram";
	default:
		return "log2-histogram";
	}
}

static const char *unit_of(const struct kvm_stats_desc *desc)
{
	switch (desc->flags & KVM_STATS_UNIT_MASK) {
	case KVM_STATS_UNIT_BYTES:
		return "bytes";
	case KVM_STATS_UNIT_SECONDS:
		return desc->exponent == -9 ? "ns" : desc->exponent == -6 ? "us" :
		       desc->exponent == -3 ? "ms" : "s";
	case KVM_STATS_UNIT_CYCLES:
		return "cycles";
	case KVM_STATS_UNIT_BOOLEAN:
		return "boolean";
	default:
		return "";
	}
}

static bool read_at(int fd, void *buf, size_t len, size_t offset)
{
	return pread(fd, buf, len, (off_t)offset) == (ssize_t)len;
}

/* The parts behind the header: descriptors, each followed by its name, and values. */
struct contents {
	const struct kvm_stats_header *head;
	size_t step;
	char *descs;
	char *values;
	size_t values_size;
};

/* @name may lack a NUL in the file; *@name is a copy that the caller frees. */
static const struct kvm_stats_desc *desc_at(const struct contents *c, size_t index, char **name)
{
	const char *at = c->descs + index * c->step;

	*name = strndup(at + sizeof(struct kvm_stats_desc), c->head->name_size);
	return *name ? (const struct kvm_stats_desc *)at : NULL;
}

/* Adds one statistic of the file to @obj and its type and unit to @schema. */
static bool add_stat(const struct contents *c, size_t index, json_t *obj, json_t *schema)
{
	json_t *value = NULL, *arr;
	const struct kvm_stats_desc *desc;
	char *name;
	__u64 n;

	desc = desc_at(c, index, &name);
	if (!desc)
		return false;
	if (desc->size && desc->size <= VALUES_MAX && desc->offset + desc->size * sizeof(n) <= c->values_size) {
		arr = json_array();
		for (size_t i = 0; i < desc->size; i++) {
			memcpy(&n, c->values + desc->offset + i * sizeof(n), sizeof(n));
			json_array_append_new(arr, json_integer((json_int_t)n));
		}
		value = desc->size == 1 ? json_incref(json_array_get(arr, 0)) : json_incref(arr);
		json_decref(arr);
		json_object_set_new(obj, name, value);
		json_object_set_new(schema, name, json_pack("{s:s, s:s}", "type", type_name(desc->flags),
							    "unit", unit_of(desc)));
	}
	free(name);
	return value;
}

/* The size of all values in bytes; 0 when it exceeds the limit. */
static size_t values_size(const struct contents *c)
{
	size_t size = 0, end;

	for (size_t i = 0; i < c->head->num_desc; i++) {
		const struct kvm_stats_desc *desc = (const void *)(c->descs + i * c->step);

		end = desc->offset + desc->size * sizeof(__u64);
		if (end > size)
			size = end;
	}
	return size <= SIZE_MAX_VALUES ? size : 0;
}

static bool read_contents(int fd, struct contents *c)
{
	c->step = sizeof(struct kvm_stats_desc) + c->head->name_size;
	c->descs = xcalloc(c->head->num_desc + 1, c->step);
	if (!read_at(fd, c->descs, c->head->num_desc * c->step, c->head->desc_offset))
		return false;
	c->values_size = values_size(c);
	c->values = xcalloc(c->values_size + 1, 1);
	return c->values_size && read_at(fd, c->values, c->values_size, c->head->data_offset);
}

static json_t *read_stats(int fd, json_t *schema)
{
	struct kvm_stats_header head;
	struct contents c = { .head = &head };
	json_t *obj = json_object();
	bool ok;

	ok = read_at(fd, &head, sizeof(head), 0) && head.num_desc <= DESC_MAX &&
	     head.name_size <= NAME_SIZE_MAX && head.name_size % _Alignof(struct kvm_stats_desc) == 0 &&
	     read_contents(fd, &c);
	for (size_t i = 0; ok && i < head.num_desc; i++)
		ok = add_stat(&c, i, obj, schema);
	free(c.descs);
	free(c.values);
	if (ok)
		return obj;
	json_decref(obj);
	return NULL;
}

/* N of the identifier "kvm-PID/vcpu-N", or -1 for a VM's file. */
static int vcpu_index(int fd)
{
	struct kvm_stats_header head;
	char id[NAME_SIZE_MAX + 1] = "";
	const char *p;

	if (!read_at(fd, &head, sizeof(head), 0) || head.name_size > NAME_SIZE_MAX ||
	    !read_at(fd, id, head.name_size, head.id_offset))
		return -1;
	p = strstr(id, "/vcpu-");
	return p ? atoi(p + strlen("/vcpu-")) : -1;
}

static void store_stats(struct sample *s, int index, json_t *stats)
{
	if (index < 0) {
		json_object_update(s->vm, stats);
		json_decref(stats);
		return;
	}
	while (json_array_size(s->vcpus) <= (size_t)index)
		json_array_append_new(s->vcpus, json_object());
	json_array_set_new(s->vcpus, (size_t)index, stats);
}

/* Reads the file behind descriptor @fd of the process if it is a statistics file. */
static void read_fd(int pidfd, const char *link, int fd, struct sample *s)
{
	json_t *stats;
	int own, index;

	if (!strstr(link, "kvm-vcpu-stats") && !strstr(link, "kvm-vm-stats"))
		return;
	own = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (own < 0)
		return;
	index = vcpu_index(own);
	stats = index < VCPUS_MAX ? read_stats(own, s->schema) : NULL;
	close(own);
	if (stats)
		store_stats(s, index, stats);
}

static void read_fds(int pidfd, pid_t pid, struct sample *s)
{
	char *dir = xasprintf("/proc/%d/fd", (int)pid), *path, link[256];
	DIR *d = opendir(dir);
	struct dirent *de;
	ssize_t n;

	while (d && (de = readdir(d))) {
		path = xasprintf("%s/%s", dir, de->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		free(path);
		if (n <= 0)
			continue;
		link[n] = '\0';
		read_fd(pidfd, link, atoi(de->d_name), s);
	}
	if (d)
		closedir(d);
	free(dir);
}

int sample_process(pid_t pid, struct sample *s)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	*s = (struct sample){ 0 };
	if (pidfd < 0)
		return fail("process %d: %m", (int)pid);
	s->vm = json_object();
	s->vcpus = json_array();
	s->schema = json_object();
	sample_stamp(s);
	read_fds(pidfd, pid, s);
	close(pidfd);
	if (json_array_size(s->vcpus))
		return EXIT_OK;
	sample_free(s);
	fail("process %d holds no readable KVM statistics", (int)pid);
	hint("give the pid of a QEMU (7.1 or newer) that runs as your user, or run as root");
	return EXIT_FAILED;
}
