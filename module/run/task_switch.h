/* SPDX-License-Identifier: GPL-2.0-only */
/* Task switches in software. */
#ifndef TAXCUT_RUN_TASK_SWITCH_H
#define TAXCUT_RUN_TASK_SWITCH_H

struct vcpu;

/* HV_EXIT_TASK_SWITCH. An enum run_next. */
int task_switch(struct vcpu *v);

#endif /* TAXCUT_RUN_TASK_SWITCH_H */
