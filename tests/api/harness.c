// SPDX-License-Identifier: GPL-2.0-only
/* VMs, vCPUs and guests for the API tests; see harness.h. */
#include "harness.h"

#include "../../module/uapi/taxcut.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

extern const u8 payload_start[], payload_end[];

static int device_fd = -1;

const char *device_path(void)
{
	const char *path = getenv("TAXCUT_DEV");

	return path && *path ? path : "/dev/taxcut";
}

bool is_stock(void)
{
	return strcmp(device_path(), "/dev/kvm") == 0;
}

bool is_emulated_cpu(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256];
	bool found = false;

	CHECK(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, "QEMU TCG") != NULL;
	fclose(f);
	return found;
}

bool vcpus_own_cpus(void)
{
	return getenv("TAXCUT_OWN");
}

bool may_inject_twice(void)
{
	return is_stock() && is_emulated_cpu();
}

bool cpu_delivers(void)
{
	FILE *f = fopen(is_stock() ? "/sys/module/kvm_intel/parameters/enable_apicv" :
				     "/sys/module/taxcut/parameters/posted_interrupts", "r");
	int flag = f ? fgetc(f) : 'N';

	if (f)
		fclose(f);
	return flag == 'Y';
}

int device_open(void)
{
	if (device_fd < 0) {
		device_fd = open(device_path(), O_RDWR | O_CLOEXEC);
		if (device_fd < 0)
			FAIL("%s: %s", device_path(), strerror(errno));
	}
	return device_fd;
}

long capability(int cap)
{
	return OK(ioctl(device_open(), KVM_CHECK_EXTENSION, cap));
}

/* ---- the guest's program ---- */

static const Elf64_Shdr *elf_sections(void)
{
	return (const void *)(payload_start + ((const Elf64_Ehdr *)payload_start)->e_shoff);
}

u64 guest_address(const char *name)
{
	const Elf64_Ehdr *e = (const void *)payload_start;
	const Elf64_Shdr *s = elf_sections();

	for (unsigned int i = 0; i < e->e_shnum; i++) {
		const Elf64_Sym *sym = (const void *)(payload_start + s[i].sh_offset);
		const char *names;

		if (s[i].sh_type != SHT_SYMTAB)
			continue;
		names = (const char *)payload_start + s[s[i].sh_link].sh_offset;
		for (u64 n = s[i].sh_size / sizeof(*sym); n; n--, sym++)
			if (!strcmp(names + sym->st_name, name))
				return sym->st_value;
	}
	FAIL("the guest's program has no %s", name);
}

void *guest_symbol(struct vm *vm, const char *name)
{
	return vm->mem + guest_address(name);
}

static void load_program(struct vm *vm)
{
	const Elf64_Ehdr *e = (const void *)payload_start;
	const Elf64_Phdr *p = (const void *)(payload_start + e->e_phoff);

	for (unsigned int i = 0; i < e->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			memcpy(vm->mem + p[i].p_paddr, payload_start + p[i].p_offset, p[i].p_filesz);
}

static void fill_page_tables(struct vm *vm)
{
	const u64 table = 7, large = 7 | 1 << 7; /* present, writable, user */
	u64 *pml4 = (void *)(vm->mem + GPA_PML4), *pdpt = (void *)(vm->mem + GPA_PDPT);
	u64 *pd = (void *)(vm->mem + GPA_PD), *pt = (void *)(vm->mem + GPA_PT);

	pml4[0] = GPA_PDPT | table;
	for (u64 i = 0; i < 512; i++)
		pdpt[i] = i < 4 ? (GPA_PD + i * 4096) | table : i << 30 | large;
	for (u64 i = 0; i < 2048; i++)
		pd[i] = i << 21 | large;
	pd[0] = GPA_PT | table;
	for (u64 i = 1; i < 512; i++)
		pt[i] = i << 12 | table;
}

static void fill_descriptors(struct vm *vm)
{
	u64 *gdt = (void *)(vm->mem + GPA_GDT);
	u64 stub = guest_address("trap_stubs");

	gdt[SEL_CODE64 / 8] = 0x00af9b000000ffff;
	gdt[SEL_DATA / 8] = 0x00cf93000000ffff;
	gdt[SEL_USER_DATA / 8] = 0x00cff3000000ffff;
	gdt[SEL_USER_CODE64 / 8] = 0x00affb000000ffff;
	gdt[SEL_CODE32 / 8] = 0x00cf9b000000ffff;
	gdt[SEL_CODE16 / 8] = 0x00009b000000ffff;
	gdt[SEL_DATA16 / 8] = 0x000093000000ffff;
	for (u64 i = 0; i < 256; i++, stub += 16) {
		u32 *gate = (void *)(vm->mem + GPA_IDT + i * 16);

		gate[0] = SEL_CODE64 << 16 | (stub & 0xffff);
		gate[1] = (stub & 0xffff0000) | (i == 0x80 || i == 3 ? 0xee00 : 0x8e00);
		gate[2] = stub >> 32;
	}
	for (u64 i = 0; i < 64; i++) {
		u64 rsp0 = GPA_STACKS + (i + 1) * STACK_SIZE - 0x2000;
		u16 no_io_bitmap = 104; /* the I/O bitmap lies beyond the limit: no port access in user mode */

		memcpy(vm->mem + GPA_TSS + i * 128 + 4, &rsp0, 8);
		memcpy(vm->mem + GPA_TSS + i * 128 + 102, &no_io_bitmap, 2);
	}
}

/* ---- VMs ---- */

struct vm *vm_create_bare(void)
{
	struct vm *vm = calloc(1, sizeof(*vm));

	vm->fd = OK(ioctl(device_open(), KVM_CREATE_VM, 0));
	return vm;
}

int vm_set_slot(struct vm *vm, u32 slot, u64 gpa, u64 size, void *host, u32 flags)
{
	struct kvm_userspace_memory_region r = { slot, flags, gpa, size, (u64)(uintptr_t)host };

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &r);
}

void *vm_add_memory(struct vm *vm, u32 slot, u64 gpa, u64 size, u32 flags)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(mem != MAP_FAILED);
	OK(vm_set_slot(vm, slot, gpa, size, mem, flags));
	return mem;
}

void vm_enable_cap(struct vm *vm, u32 cap, u64 arg)
{
	struct kvm_enable_cap c = { .cap = cap, .args = { arg } };

	OK(ioctl(vm->fd, KVM_ENABLE_CAP, &c));
}

void vm_add_chip(struct vm *vm, enum chip chip)
{
	struct kvm_pit_config pit = {};
	u64 identity = 0xfeffc000;

	OK(ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity));
	OK(ioctl(vm->fd, KVM_SET_TSS_ADDR, 0xfeffd000));
	if (chip == CHIP_SPLIT) {
		vm_enable_cap(vm, KVM_CAP_SPLIT_IRQCHIP, 24);
	} else if (chip == CHIP_FULL) {
		OK(ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0));
		OK(ioctl(vm->fd, KVM_CREATE_PIT2, &pit));
	}
}

struct vm *vm_create(enum chip chip)
{
	struct vm *vm = vm_create_bare();

	vm_add_chip(vm, chip);
	vm->mem = vm_add_memory(vm, 0, 0, GUEST_MEMORY, 0);
	load_program(vm);
	fill_page_tables(vm);
	fill_descriptors(vm);
	return vm;
}

void vm_close(struct vm *vm)
{
	for (int i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpus[i]->run, OK(ioctl(device_open(), KVM_GET_VCPU_MMAP_SIZE, 0)));
		close(vm->vcpus[i]->fd);
	}
	close(vm->fd);
	if (vm->mem)
		munmap(vm->mem, GUEST_MEMORY);
}

/* ---- vCPUs ---- */

struct kvm_cpuid2 *offered_cpuid(void)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + 256 * sizeof(c->entries[0]));

	c->nent = 256;
	OK(ioctl(device_open(), KVM_GET_SUPPORTED_CPUID, c));
	return c;
}

void vcpu_set_offered_cpuid(struct vcpu *v)
{
	struct kvm_cpuid2 *c = offered_cpuid();

	for (u32 i = 0; i < c->nent; i++) {
		if (c->entries[i].function == 1) {
			c->entries[i].ebx = (c->entries[i].ebx & 0xffffff) | (u32)v->id << 24;
			c->entries[i].ecx |= 1 << 24; /* TSC deadline: a capability, not in stock KVM's list */
		}
		if (c->entries[i].function == 0xb || c->entries[i].function == 0x1f)
			c->entries[i].edx = v->id;
	}
	OK(ioctl(v->fd, KVM_SET_CPUID2, c));
	free(c);
}

/*
 * TAXCUT_OWN=N: the first N vCPUs of each VM own CPUs, from the last CPU down, unless a CPU is taken or the test has
 * no right.
 */
static void own_spare_cpu(struct vcpu *v, int index)
{
	const char *want = getenv("TAXCUT_OWN");
	int cpu = (int)sysconf(_SC_NPROCESSORS_CONF) - 1 - index;

	if (!want || index >= atoi(want))
		return;
	if (ioctl(v->fd, TAXCUT_OWN_CPU, &cpu) < 0 && errno != EBUSY && errno != EPERM)
		FAIL("cannot own CPU %d: %s", cpu, strerrorname_np(errno));
}

struct vcpu *vcpu_create_bare(struct vm *vm, int id)
{
	struct vcpu *v = calloc(1, sizeof(*v));
	long size = OK(ioctl(device_open(), KVM_GET_VCPU_MMAP_SIZE, 0));

	v->vm = vm;
	v->id = id;
	v->fd = OK(ioctl(vm->fd, KVM_CREATE_VCPU, (long)id));
	v->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	CHECK(v->run != MAP_FAILED);
	own_spare_cpu(v, vm->nr_vcpus);
	vm->vcpus[vm->nr_vcpus++] = v;
	return v;
}

struct vcpu *vcpu_create(struct vm *vm, int id)
{
	struct vcpu *v = vcpu_create_bare(vm, id);

	vcpu_set_offered_cpuid(v);
	return v;
}

static struct kvm_segment segment(u16 selector, u8 type, bool code, bool l, bool db)
{
	return (struct kvm_segment){ .base = 0, .limit = 0xffffffff, .selector = selector, .type = type, .present = 1,
				     .s = 1, .l = l, .db = db, .g = l || db || !code };
}

static void make_runnable(struct vcpu *v)
{
	struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };

	/* Without an in-kernel LAPIC RUNNABLE is the only state; stock KVM accepts the ioctl anyway. */
	OK(ioctl(v->fd, KVM_SET_MP_STATE, &mp));
}

void vcpu_start(struct vcpu *v, const char *function, u64 arg)
{
	struct kvm_sregs s = vcpu_sregs(v);
	struct kvm_regs r = { .rip = guest_address(function), .rdi = arg, .rflags = 2 };
	u64 back = guest_address("guest_return");

	r.rsp = GPA_STACKS + (u64)(v->id % 64 + 1) * STACK_SIZE - 8;
	memcpy(v->vm->mem + r.rsp, &back, 8);
	s.cs = segment(SEL_CODE64, 0xb, true, true, false);
	s.ds = s.es = s.ss = s.fs = s.gs = segment(SEL_DATA, 3, false, false, true);
	s.tr = (struct kvm_segment){ .base = GPA_TSS + (v->id % 64) * 128, .limit = 103, .selector = SEL_TSS,
				     .type = 11, .present = 1 };
	s.gdt = (struct kvm_dtable){ .base = GPA_GDT, .limit = 0xff };
	s.idt = (struct kvm_dtable){ .base = GPA_IDT, .limit = 0xfff };
	s.cr0 = 0x80050033; /* PG, AM, WP, NE, ET, MP, PE */
	s.cr3 = GPA_PML4;
	s.cr4 = 0x620; /* OSXMMEXCPT, OSFXSR, PAE */
	s.efer = 0xd00; /* NXE, LMA, LME */
	OK(ioctl(v->fd, KVM_SET_SREGS, &s));
	vcpu_set_regs(v, r);
	make_runnable(v);
}

static void copy_code(struct vm *vm, const char *from, const char *to)
{
	memcpy(vm->mem + GPA_REAL, vm->mem + guest_address(from), guest_address(to) - guest_address(from));
}

void vcpu_start_real(struct vcpu *v, const char *from, const char *to)
{
	struct kvm_sregs s = vcpu_sregs(v);

	copy_code(v->vm, from, to);
	s.cs.base = GPA_REAL;
	s.cs.selector = GPA_REAL >> 4;
	OK(ioctl(v->fd, KVM_SET_SREGS, &s));
	vcpu_set_regs(v, (struct kvm_regs){ .rip = 0, .rsp = 0x7000, .rflags = 2 });
}

void vcpu_start_prot(struct vcpu *v, const char *from, const char *to)
{
	struct kvm_sregs s = vcpu_sregs(v);

	copy_code(v->vm, from, to);
	s.cs = segment(SEL_CODE32, 0xb, true, false, true);
	s.ds = s.es = s.ss = s.fs = s.gs = segment(SEL_DATA, 3, false, false, true);
	s.gdt = (struct kvm_dtable){ .base = GPA_GDT, .limit = 0xff };
	s.cr0 |= 1;
	OK(ioctl(v->fd, KVM_SET_SREGS, &s));
	vcpu_set_regs(v, (struct kvm_regs){ .rip = GPA_REAL, .rsp = GPA_STACKS + STACK_SIZE, .rflags = 2 });
}

int vcpu_run_once(struct vcpu *v)
{
	return ioctl(v->fd, KVM_RUN, 0) < 0 ? -errno : 0;
}

u32 vcpu_run(struct vcpu *v)
{
	int r;

	do
		r = vcpu_run_once(v);
	while (r == -EINTR);
	if (r)
		FAIL("KVM_RUN: %s", strerrorname_np(-r));
	return v->run->exit_reason;
}

static u32 io_value(struct vcpu *v)
{
	u32 value = 0;

	memcpy(&value, (u8 *)v->run + v->run->io.data_offset, v->run->io.size);
	return value;
}

static bool is_out(struct vcpu *v, u16 port)
{
	return v->run->exit_reason == KVM_EXIT_IO && v->run->io.direction == KVM_EXIT_IO_OUT &&
	       v->run->io.port == port;
}

static void guest_failed(struct vcpu *v)
{
	const struct {
		u64 file, what, line, got, want;
	} *f = guest_symbol(v->vm, "failure");

	FAIL("in the guest: %s:%llu (0x%llx): %s is 0x%llx, not 0x%llx",
	     f->file ? (char *)v->vm->mem + f->file : "?", (unsigned long long)f->line, (unsigned long long)f->line,
	     f->what ? (char *)v->vm->mem + f->what : "?", (unsigned long long)f->got, (unsigned long long)f->want);
}

static void unexpected_exit(struct vcpu *v, const char *wanted)
{
	struct kvm_run *run = v->run;
	struct kvm_regs r;

	if (is_out(v, PORT_DONE) && io_value(v))
		guest_failed(v);
	r = vcpu_regs(v);
	if (run->exit_reason == KVM_EXIT_SHUTDOWN)
		FAIL("wanted %s, the guest shut down", wanted);
	if (run->exit_reason == KVM_EXIT_IO)
		FAIL("wanted %s, exit is I/O on port 0x%x, %s, value 0x%x, rip 0x%llx", wanted, run->io.port,
		     run->io.direction ? "out" : "in", io_value(v), r.rip);
	if (run->exit_reason == KVM_EXIT_MMIO)
		FAIL("wanted %s, exit is MMIO at 0x%llx, %s, %u bytes, rip 0x%llx", wanted,
		     run->mmio.phys_addr, run->mmio.is_write ? "write" : "read", run->mmio.len, r.rip);
	if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		FAIL("wanted %s, exit is an internal error %u [0x%llx 0x%llx 0x%llx], rip 0x%llx", wanted,
		     run->internal.suberror, run->internal.data[0], run->internal.data[1],
		     run->internal.data[2], r.rip);
	if (run->exit_reason == KVM_EXIT_FAIL_ENTRY)
		FAIL("wanted %s, entry failed: 0x%llx, rip 0x%llx", wanted,
		     run->fail_entry.hardware_entry_failure_reason, r.rip);
	FAIL("wanted %s, exit is %u, rip 0x%llx", wanted, run->exit_reason, r.rip);
}

void vcpu_expect(struct vcpu *v, u32 reason)
{
	char name[32];

	if (vcpu_run(v) == reason)
		return;
	snprintf(name, sizeof(name), "exit %u", reason);
	unexpected_exit(v, name);
}

void vcpu_sync(struct vcpu *v, u32 n)
{
	char name[32];

	vcpu_run(v);
	if (is_out(v, PORT_SYNC) && io_value(v) == n)
		return;
	snprintf(name, sizeof(name), "sync %u", n);
	unexpected_exit(v, name);
}

void vcpu_check_done(struct vcpu *v)
{
	if (!is_out(v, PORT_DONE) || io_value(v))
		unexpected_exit(v, "the guest's end");
}

void vcpu_done(struct vcpu *v)
{
	vcpu_run(v);
	vcpu_check_done(v);
}

void vcpu_call(struct vcpu *v, const char *function, u64 arg)
{
	vcpu_start(v, function, arg);
	vcpu_done(v);
}

static void *thread_main(void *v)
{
	vcpu_done(v);
	return NULL;
}

void vcpu_thread(struct vcpu *v)
{
	CHECK_EQ(pthread_create(&v->thread, NULL, thread_main, v), 0);
}

void vcpu_signal(struct vcpu *v, int signal)
{
	pthread_kill(v->thread, signal);
}

int first_cpu(void)
{
	static cpu_set_t at_start;
	int cpu = 0;

	/* main() makes the first call, before a test changes the affinity. */
	if (!CPU_COUNT(&at_start))
		CHECK_EQ(sched_getaffinity(0, sizeof(at_start), &at_start), 0);
	while (!CPU_ISSET(cpu, &at_start))
		cpu++;
	return cpu;
}

void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		test_skip("needs more CPUs");
}

void vcpu_set_affinity(struct vcpu *v, const cpu_set_t *set)
{
	CHECK_EQ(pthread_setaffinity_np(v->thread, sizeof(*set), set), 0);
}

void vcpu_join(struct vcpu *v)
{
	CHECK_EQ(pthread_join(v->thread, NULL), 0);
}

struct kvm_regs vcpu_regs(struct vcpu *v)
{
	struct kvm_regs r;

	OK(ioctl(v->fd, KVM_GET_REGS, &r));
	return r;
}

void vcpu_set_regs(struct vcpu *v, struct kvm_regs r)
{
	OK(ioctl(v->fd, KVM_SET_REGS, &r));
}

struct kvm_sregs vcpu_sregs(struct vcpu *v)
{
	struct kvm_sregs s;

	OK(ioctl(v->fd, KVM_GET_SREGS, &s));
	return s;
}

struct one_msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

u64 vcpu_get_msr(struct vcpu *v, u32 index)
{
	struct one_msr m = { .head.nmsrs = 1, .entry.index = index };

	if (OK(ioctl(v->fd, KVM_GET_MSRS, &m)) != 1)
		FAIL("KVM_GET_MSRS refuses 0x%x", index);
	return m.entry.data;
}

int vcpu_set_msr(struct vcpu *v, u32 index, u64 value)
{
	struct one_msr m = { .head.nmsrs = 1, .entry = { .index = index, .data = value } };

	return OK(ioctl(v->fd, KVM_SET_MSRS, &m));
}

/* ---- statistics, the process, time ---- */

bool stat_read(int stats, const char *name, u64 *value)
{
	struct kvm_stats_header h;
	struct kvm_stats_desc *d;
	bool found = false;
	size_t size;

	CHECK_EQ(pread(stats, &h, sizeof(h), 0), sizeof(h));
	size = sizeof(*d) + h.name_size;
	d = malloc(size);
	for (u32 i = 0; i < h.num_desc && !found; i++) {
		CHECK_EQ(pread(stats, d, size, h.desc_offset + i * size), size);
		found = !strcmp(d->name, name);
	}
	if (found)
		CHECK_EQ(pread(stats, value, 8, h.data_offset + d->offset), 8);
	free(d);
	return found;
}

bool stat_find(int fd, const char *name, u64 *value)
{
	int stats = OK(ioctl(fd, KVM_GET_STATS_FD, 0));
	bool found = stat_read(stats, name, value);

	close(stats);
	return found;
}

u64 stat_get(int fd, const char *name)
{
	u64 value;

	if (!stat_find(fd, name, &value))
		FAIL("no statistic %s", name);
	return value;
}

/* N of the line "Name: N" of a file, or -1 without such a line. */
static long number_after(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	char line[256];
	long value = -1;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(f);
	return value;
}

long proc_status(const char *name)
{
	return number_after("/proc/self/status", name);
}

long free_kb(void)
{
	return number_after("/proc/meminfo", "MemAvailable");
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno;
	r = write(fd, text, strlen(text)) < 0 ? errno : 0;
	close(fd);
	return r;
}

int param_try(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/taxcut/parameters/%s", name);
	return file_write(path, value);
}

u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}
