/* SPDX-License-Identifier: GPL-2.0-only */
/* The QEMU program. */
#ifndef TAXCUT_HOST_QEMU_H
#define TAXCUT_HOST_QEMU_H

#define QEMU_DEFAULT "qemu-system-x86_64"

/* The first release whose `-accel kvm` takes device=. */
#define QEMU_MIN_VERSION 802

/*
 * The version that `PROGRAM --version` reports ("10.0.2"), or NULL; the caller frees
 * it. Stores 100 * major + minor in *@code unless @code is NULL.
 */
char *qemu_version(const char *program, int *code);

#endif
