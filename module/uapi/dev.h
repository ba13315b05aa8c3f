/* SPDX-License-Identifier: GPL-2.0-only */
/* The device node and the system ioctls. */
#ifndef TAXCUT_UAPI_DEV_H
#define TAXCUT_UAPI_DEV_H

/* From here on user space can make VMs. 0 or -errno. */
int dev_register(void);
void dev_unregister(void);

#endif /* TAXCUT_UAPI_DEV_H */
