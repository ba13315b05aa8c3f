// SPDX-License-Identifier: GPL-2.0-only
/* taxcut version: tool, module, kernel, device, QEMU. */
#include <argp.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "lib/sysfs.h"
#include "lib/util.h"
#include "qemu.h"
#include "version.h"

struct version_args {
	const char *qemu;
	bool json;
};

static error_t parse_version(int key, char *arg, struct argp_state *state)
{
	struct version_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 'q':
		args->qemu = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected argument '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option version_options[] = {
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "qemu", 'q', "PROGRAM", 0, "Ask this QEMU (default: " QEMU_DEFAULT ")", 0 },
	{ 0 }
};

static char *module_version(void)
{
	char *version = sys_read("/sys/module/taxcut/version");

	if (!version && sys_exists("/sys/module/taxcut"))
		version = xstrdup("loaded");
	return version;
}

static char *device_api(void)
{
	char *path = sys_path(TAXCUT_DEVICE);
	int fd = open(path, O_RDWR | O_CLOEXEC), api;

	free(path);
	if (fd < 0)
		return NULL;
	api = ioctl(fd, KVM_GET_API_VERSION, 0);
	close(fd);
	return api < 0 ? NULL : xasprintf("%d", api);
}

int cmd_version(int argc, char **argv)
{
	static const struct argp argp = {
		version_options, parse_version, NULL,
		"Show the versions of this tool, the module, the device's API, the kernel and QEMU.",
		NULL, NULL, NULL
	};
	struct version_args args = { .qemu = QEMU_DEFAULT };
	struct row {
		const char *key;
		char *value;
	} rows[5];
	json_t *obj = json_object();

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	rows[0] = (struct row){ "tool", xstrdup(TAXCUT_VERSION) };
	rows[1] = (struct row){ "module", module_version() };
	rows[2] = (struct row){ "api", device_api() };
	rows[3] = (struct row){ "kernel", sys_read("/proc/sys/kernel/osrelease") };
	rows[4] = (struct row){ "qemu", qemu_version(args.qemu, NULL) };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_object_set_new(obj, rows[i].key, rows[i].value ?
				    json_string(rows[i].value) : json_null());
		if (!args.json)
			printf("%-7s %s\n", rows[i].key,
			       rows[i].value ? rows[i].value : "not available");
		free(rows[i].value);
	}
	if (args.json)
		json_print(obj);
	else
		json_decref(obj);
	return EXIT_OK;
}
