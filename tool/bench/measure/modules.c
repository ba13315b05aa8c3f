// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and unloads the hypervisors: only one at a time can own the hardware.
 *
 * The parameters of a module are read when it is loaded for the first time, before any is written. Before
 * each use of the module they are restored: writable parameters are written, for the others the module is
 * loaded again with options.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/model/catalog.h"
#include "host/device.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "modules.h"

static const char *const devices[] = {
	[BENCH_HOST] = NULL,
	[BENCH_KVM] = "/dev/kvm",
	[BENCH_TAXCUT] = TAXCUT_DEVICE,
};

const char *bench_device(enum bench_place place)
{
	return devices[place];
}

static bool is_loaded(const struct bench_module *mod)
{
	return sys_exists("/sys/module/%s", mod->name);
}

static bool is_builtin(const struct bench_module *mod)
{
	return is_loaded(mod) && !sys_exists("/sys/module/%s/refcnt", mod->name);
}

static uint64_t references(const struct bench_module *mod)
{
	uint64_t refs = 0;

	sys_read_u64(&refs, "/sys/module/%s/refcnt", mod->name);
	return refs;
}

static bool device_exists(enum bench_place place)
{
	return sys_exists("%s", devices[place]);
}

/* Stores the parameters of a loaded module in mod->params. */
static void read_params(struct bench_module *mod)
{
	char *dir = xasprintf("/sys/module/%s/parameters", mod->name), *full = sys_path(dir), *value;
	DIR *d = opendir(full);
	struct dirent *de;
	struct stat st;

	mod->params = json_object();
	while (d && (de = readdir(d))) {
		if (*de->d_name == '.' || fstatat(dirfd(d), de->d_name, &st, 0))
			continue;
		value = sys_read("%s/%s", dir, de->d_name);
		if (value)
			json_object_set_new(mod->params, de->d_name,
					    json_pack("{s:s, s:b}", "value", value, "writable", !!(st.st_mode & 0200)));
		free(value);
	}
	if (d)
		closedir(d);
	free(full);
	free(dir);
}

void bench_modules_open(struct bench_modules *m, const char *file)
{
	struct bench_module *all[] = { &m->taxcut, &m->kvm, &m->vendor };
	char *cpuinfo = sys_read("/proc/cpuinfo");
	char *vendor = cpuinfo ? cpuinfo_field(cpuinfo, "vendor_id") : NULL;

	*m = (struct bench_modules){ .file = file };
	m->taxcut.name = "taxcut";
	m->kvm.name = "kvm";
	m->vendor.name = vendor && !strcmp(vendor, "GenuineIntel") ? "kvm_intel" : "kvm_amd";
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i]->was_loaded = is_loaded(all[i]);
		if (all[i]->was_loaded)
			read_params(all[i]);
	}
	free(vendor);
	free(cpuinfo);
}

static bool modprobe_knows(const char *name)
{
	char program[] = "modprobe", dry[] = "-nq", *copy = xstrdup(name);
	char *const argv[] = { program, dry, copy, NULL };
	char *out = run_capture(argv);
	bool known = out != NULL;

	free(out);
	free(copy);
	return known;
}

static int check_kvm(const struct bench_modules *m)
{
	if (device_exists(BENCH_KVM) || is_loaded(&m->vendor) || modprobe_knows(m->vendor.name))
		return EXIT_OK;
	fail("there is no stock KVM to compare with: no /dev/kvm, and no module %s", m->vendor.name);
	hint("choose configurations without it with --config (--list shows them)");
	return EXIT_FAILED;
}

static int check_taxcut(const struct bench_modules *m)
{
	if (device_exists(BENCH_TAXCUT))
		return EXIT_OK;
	if (m->file ? !access(m->file, R_OK) : modprobe_knows("taxcut"))
		return EXIT_OK;
	if (m->file)
		fail("module '%s': %m", m->file);
	else
		fail("there is no " TAXCUT_DEVICE ", and no module taxcut to load");
	hint("install it (make native && make install), or give the file with --module; see `taxcut doctor'");
	return EXIT_FAILED;
}

/* Can the module be unloaded, so that @other can be loaded? */
static int check_removable(const struct bench_module *mod, const char *other)
{
	if (!is_loaded(mod))
		return EXIT_OK;
	if (is_builtin(mod))
		return fail("%s is built into the kernel and cannot make room for %s", mod->name, other);
	if (!references(mod))
		return EXIT_OK;
	fail("%s is in use (%llu references) and cannot make room for %s", mod->name,
	     (unsigned long long)references(mod), other);
	hint("stop its virtual machines first");
	return EXIT_FAILED;
}

int bench_modules_check(const struct bench_modules *m, bool needs_kvm, bool needs_taxcut)
{
	bool to_taxcut = needs_taxcut && !device_exists(BENCH_TAXCUT), to_kvm = needs_kvm && !device_exists(BENCH_KVM);
	int ret = EXIT_OK;

	if (needs_kvm)
		ret = check_kvm(m);
	if (!ret && needs_taxcut)
		ret = check_taxcut(m);
	if (!ret && to_taxcut)
		ret = check_removable(&m->vendor, "taxcut");
	if (!ret && to_kvm)
		ret = check_removable(&m->taxcut, "stock KVM");
	if (!ret && (to_taxcut || to_kvm) && geteuid()) {
		ret = fail("%s must be loaded, which needs root",
			   to_taxcut ? "taxcut" : "stock KVM");
		hint("run as root, or choose configurations of the loaded hypervisor with --config");
	}
	return ret;
}

static int module_unload(const struct bench_module *mod)
{
	/* The reference of a device that was just closed may be dropped with a delay. */
	for (int tries = 50; tries > 0 && is_loaded(mod); tries--) {
		if (!syscall(SYS_delete_module, mod->name, O_NONBLOCK) || errno == ENOENT)
			return EXIT_OK;
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EBUSY)
			break;
		usleep(100000);
	}
	return is_loaded(mod) ? fail("cannot unload %s: %m", mod->name) : EXIT_OK;
}

static int modprobe(const char *name, const struct strv *options)
{
	struct strv argv = { 0 };
	char *out;

	strv_add(&argv, "modprobe");
	strv_add(&argv, name);
	for (size_t i = 0; options && i < options->n; i++)
		strv_add(&argv, options->v[i]);
	out = run_capture(argv.v);
	strv_free(&argv);
	if (!out)
		return fail("modprobe %s failed; see the kernel log", name);
	free(out);
	return EXIT_OK;
}

static int insert_file(const char *file, const char *options)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), ret = EXIT_OK;

	if (fd < 0 || syscall(SYS_finit_module, fd, options, 0))
		ret = fail("cannot load %s: %m; see the kernel log", file);
	if (fd >= 0)
		close(fd);
	return ret;
}

static int insert_taxcut(const char *file, const struct strv *options)
{
	char *text = xstrdup(""), *longer;
	int ret = EXIT_OK;

	for (size_t i = 0; options && i < options->n; i++) {
		longer = xasprintf("%s%s ", text, options->v[i]);
		free(text);
		text = longer;
	}
	if (modprobe_knows("irqbypass")) /* taxcut needs it; insert_file() does not resolve dependencies */
		ret = modprobe("irqbypass", NULL);
	if (!ret)
		ret = insert_file(file, text);
	free(text);
	return ret;
}

static int module_load(const struct bench_modules *m, const struct bench_module *mod, const struct strv *options)
{
	if (mod == &m->taxcut && m->file)
		return insert_taxcut(m->file, options);
	return modprobe(mod->name, options);
}

/* Writes parameters that differ from the initial ones back; those that are not writable are added to @options. */
static int restore_params(const struct bench_module *mod, struct strv *options)
{
	const char *name, *want;
	char *path, *now;
	json_t *param;
	int ret = EXIT_OK, err;

	json_object_foreach(mod->params, name, param) {
		want = json_string_value(json_object_get(param, "value"));
		path = xasprintf("/sys/module/%s/parameters/%s", mod->name, name);
		now = sys_read("%s", path);
		if (now && strcmp(now, want) && !json_is_true(json_object_get(param, "writable"))) {
			strv_addf(options, "%s=%s", name, want);
		} else if (now && strcmp(now, want)) {
			err = sys_write(path, want);
			if (err)
				ret = fail("cannot write %s: %s", path, strerror(-err));
		}
		free(now);
		free(path);
	}
	return ret;
}

/* Restores the initial parameters of a loaded module. */
static int restore_module(struct bench_modules *m, struct bench_module *mod)
{
	struct strv options = { 0 };
	int ret = EXIT_OK;

	if (!mod->params)
		read_params(mod);
	ret = restore_params(mod, &options);
	if (!ret && options.n && !is_builtin(mod)) {
		ret = module_unload(mod);
		if (!ret)
			ret = module_load(m, mod, &options);
		strv_free(&options);
		if (!ret)
			ret = restore_params(mod, &options);
	}
	strv_free(&options);
	return ret;
}

static int load_and_restore(struct bench_modules *m, struct bench_module *mod)
{
	int ret = is_loaded(mod) ? EXIT_OK : module_load(m, mod, NULL);

	return ret ? ret : restore_module(m, mod);
}

/*
 * The vendor's module changes parameters of kvm when it loads (pi_inject_timer), so kvm's parameters are restored
 * after that. For parameters that are not writable both modules are loaded again.
 */
static int restore_kvm(struct bench_modules *m)
{
	struct strv options = { 0 };
	int ret = EXIT_OK;

	if (!m->kvm.params)
		read_params(&m->kvm);
	ret = restore_params(&m->kvm, &options);
	if (!ret && options.n && !is_builtin(&m->vendor) && !is_builtin(&m->kvm)) {
		ret = module_unload(&m->vendor);
		if (!ret)
			ret = module_unload(&m->kvm);
		if (!ret)
			ret = module_load(m, &m->kvm, &options);
		if (!ret)
			ret = module_load(m, &m->vendor, NULL);
		strv_free(&options);
		if (!ret)
			ret = restore_params(&m->kvm, &options);
	}
	strv_free(&options);
	return ret ? ret : restore_module(m, &m->vendor);
}

static int load_vendor(struct bench_modules *m)
{
	int ret = is_loaded(&m->vendor) ? EXIT_OK : module_load(m, &m->vendor, NULL);

	return ret ? ret : restore_kvm(m);
}

static int use_kvm(struct bench_modules *m)
{
	int ret = module_unload(&m->taxcut);

	return ret ? ret : load_vendor(m);
}

/* kvm stays loaded: without the vendor's module it does not use the hardware. */
static int use_taxcut(struct bench_modules *m)
{
	int ret = is_loaded(&m->taxcut) ? EXIT_OK : module_unload(&m->vendor);

	return ret ? ret : load_and_restore(m, &m->taxcut);
}

int bench_modules_use(struct bench_modules *m, enum bench_place place)
{
	int ret = EXIT_OK;

	if (place == BENCH_KVM)
		ret = use_kvm(m);
	else if (place == BENCH_TAXCUT)
		ret = use_taxcut(m);
	if (!ret && place != BENCH_HOST && !device_exists(place))
		ret = fail("%s does not appear; see the kernel log", devices[place]);
	return ret;
}

int bench_modules_work(struct bench_modules *m, const char *file)
{
	int ret = EXIT_OK;

	if (!sys_exists("/dev/taxcut_work")) {
		ret = insert_file(file, "");
		m->work_loaded = !ret;
	}
	return ret;
}

int bench_modules_close(struct bench_modules *m)
{
	struct bench_module *all[] = { &m->vendor, &m->kvm, &m->taxcut };
	static const struct bench_module work = { .name = "taxcut_work" };
	int ret = m->work_loaded ? module_unload(&work) : EXIT_OK;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!all[i]->was_loaded && module_unload(all[i]))
			ret = EXIT_FAILED;
	if (m->taxcut.was_loaded && load_and_restore(m, &m->taxcut))
		ret = EXIT_FAILED;
	if (m->vendor.was_loaded && load_vendor(m))
		ret = EXIT_FAILED;
	if (m->kvm.was_loaded && !is_loaded(&m->kvm) && module_load(m, &m->kvm, NULL))
		ret = EXIT_FAILED;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		json_decref(all[i]->params);
	return ret;
}
