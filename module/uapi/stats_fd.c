// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_GET_STATS_FD: the statistics of a VM or vCPU as a file, in the binary
 * statistics format of the KVM API: header, identification, descriptors, data.
 *
 * Each open file holds a reference to its VM, so the data it shows outlives
 * the VM's own file descriptors. Data is copied while the vCPU counts: every
 * u64 is whole, but two of them need not be from the same moment.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "base/stats.h"
#include "base/vcpu.h"
#include "run/vm.h"
#include "stats_fd.h"

#define STATS_NAME_SIZE 48

static_assert(NR_EXIT_STATS == NR_HV_EXITS);
#define STATS_CHECK_ROW(reason, name) static_assert(sizeof(#name) <= STATS_NAME_SIZE);
EXIT_STATS(STATS_CHECK_ROW)

/* struct kvm_stats_desc with its name in place. */
struct stats_desc {
	u32 flags;
	s16 exponent;
	u16 size;
	u32 offset;
	u32 bucket_size;
	char name[STATS_NAME_SIZE];
};

static_assert(offsetof(struct stats_desc, exponent) == offsetof(struct kvm_stats_desc, exponent));
static_assert(offsetof(struct stats_desc, size) == offsetof(struct kvm_stats_desc, size));
static_assert(offsetof(struct stats_desc, offset) == offsetof(struct kvm_stats_desc, offset));
static_assert(offsetof(struct stats_desc, name) == offsetof(struct kvm_stats_desc, name));

#define STATS_UNIT_NONE KVM_STATS_UNIT_NONE
#define STATS_UNIT_NS KVM_STATS_UNIT_SECONDS
#define STATS_UNIT_CYCLES KVM_STATS_UNIT_CYCLES
#define STATS_UNIT_BYTES KVM_STATS_UNIT_BYTES
#define STATS_UNIT_BOOLEAN KVM_STATS_UNIT_BOOLEAN

#define STATS_EXPONENT_NONE 0
#define STATS_EXPONENT_NS (-9)
#define STATS_EXPONENT_CYCLES 0
#define STATS_EXPONENT_BYTES 0
#define STATS_EXPONENT_BOOLEAN 0

#define STATS_DESC(owner, field, shown, kind, unit, count)                                         \
	{                                                                                          \
		.flags = KVM_STATS_TYPE_##kind | STATS_UNIT_##unit | KVM_STATS_BASE_POW10,         \
		.exponent = STATS_EXPONENT_##unit,                                                 \
		.size = count,                                                                     \
		.offset = offsetof(struct owner, field),                                           \
		.name = #shown,                                                                    \
	},

#define VCPU_DESC(kind, unit, name, count) STATS_DESC(vcpu_stats, name, name, kind, unit, count)
#define VM_DESC(kind, unit, name, count) STATS_DESC(vm_stats, name, name, kind, unit, count)
#define EXIT_DESC(reason, name)                                                                    \
	STATS_DESC(vcpu_stats, exit_reason[reason], name, CUMULATIVE, NONE, 1)

static const struct stats_desc vcpu_descs[] = {
	VCPU_STATS(VCPU_DESC)
	EXIT_STATS(EXIT_DESC)
};

static const struct stats_desc vm_descs[] = { VM_STATS(VM_DESC) };

struct stats_part {
	const void *data;
	size_t size;
};

struct stats_file {
	struct vm *vm;
	struct kvm_stats_header header;
	char id[STATS_NAME_SIZE];
	struct stats_part parts[4]; /* header, id, descriptors, data: one after the other */
};

static ssize_t stats_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct stats_file *s = file->private_data;
	size_t done = 0;
	loff_t start = 0;
	unsigned int i;

	if (*pos < 0)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(s->parts) && done < len; i++) {
		const struct stats_part *part = &s->parts[i];

		if (*pos < start + part->size) {
			size_t skip = *pos - start;
			size_t n = min(len - done, part->size - skip);

			if (copy_to_user(buf + done, (const u8 *)part->data + skip, n))
				return -EFAULT;
			done += n;
			*pos += n;
		}
		start += part->size;
	}
	return done;
}

static int stats_release(struct inode *inode, struct file *file)
{
	struct stats_file *s = file->private_data;

	vm_put(s->vm);
	kfree(s);
	return 0;
}

static const struct file_operations stats_fops = {
	.owner = THIS_MODULE,
	.read = stats_read,
	.release = stats_release,
	.llseek = noop_llseek,
};

static void stats_file_init(struct stats_file *s, const struct stats_desc *descs, unsigned int count,
			    const void *data, size_t size)
{
	s->header.name_size = STATS_NAME_SIZE;
	s->header.num_desc = count;
	s->header.id_offset = sizeof(s->header);
	s->header.desc_offset = s->header.id_offset + sizeof(s->id);
	s->header.data_offset = s->header.desc_offset + count * sizeof(*descs);
	s->parts[0] = (struct stats_part){ &s->header, sizeof(s->header) };
	s->parts[1] = (struct stats_part){ s->id, sizeof(s->id) };
	s->parts[2] = (struct stats_part){ descs, count * sizeof(*descs) };
	s->parts[3] = (struct stats_part){ data, size };
}

static int stats_open(struct stats_file *s, struct vm *vm, const char *name)
{
	struct file *file;
	int fd;

	s->vm = vm;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto fail;
	file = anon_inode_getfile(name, &stats_fops, s, O_RDONLY);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto fail;
	}
	file->f_mode |= FMODE_PREAD;
	vm_get(vm);
	fd_install(fd, file);
	return fd;
fail:
	kfree(s);
	return fd;
}

int stats_vcpu_fd(struct vcpu *v)
{
	struct stats_file *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	snprintf(s->id, sizeof(s->id), "kvm-%d/vcpu-%u", task_tgid_nr(current), v->id);
	stats_file_init(s, vcpu_descs, ARRAY_SIZE(vcpu_descs), &v->stats, sizeof(v->stats));
	return stats_open(s, v->vm, "kvm-vcpu-stats");
}

int stats_vm_fd(struct vm *vm)
{
	struct stats_file *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);

	if (!s)
		return -ENOMEM;
	snprintf(s->id, sizeof(s->id), "kvm-%d", task_tgid_nr(current));
	stats_file_init(s, vm_descs, ARRAY_SIZE(vm_descs), &vm->stats, sizeof(vm->stats));
	return stats_open(s, vm, "kvm-vm-stats");
}
