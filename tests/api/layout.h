/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory layout and ports of the API tests' guests, for host and guest side. */
#ifndef API_LAYOUT_H
#define API_LAYOUT_H

/* Guest physical addresses; identity-mapped in 64-bit mode, except page 0. */
#define GPA_PML4 0x1000
#define GPA_PDPT 0x2000
#define GPA_PD 0x3000 /* four pages: 0 to 4 GiB in 2 MiB pages */
#define GPA_PT 0x7000 /* the first 2 MiB in 4 KiB pages */
#define GPA_REAL 0x8000 /* 16-bit code; also what a SIPI with vector 8 starts */
#define GPA_GDT 0x9000
#define GPA_IDT 0xa000
#define GPA_TSS 0xc000 /* 128 bytes per vCPU */
#define GPA_REAL_DATA 0xf000 /* data of 16-bit code */
#define GPA_CODE 0x100000
#define GPA_STACKS 0x400000 /* 16 KiB per vCPU */
#define STACK_SIZE 0x4000
#define GPA_FREE 0x800000 /* for tests, up to the end of memory */
#define GUEST_MEMORY 0x1000000
/* scale.c: stacks of more vCPUs, at GPA_FREE. */
#define MANY_VCPUS 1024
#define MANY_STACK 0x1000

/* No memory: MMIO for user space. */
#define GPA_MMIO 0xd0000000ULL

#define SEL_CODE64 0x08
#define SEL_DATA 0x10
#define SEL_USER_DATA 0x18
#define SEL_USER_CODE64 0x20
#define SEL_CODE32 0x28
#define SEL_CODE16 0x30
#define SEL_DATA16 0x38
#define SEL_TSS 0x40

/* Ports from the guest to the test. */
#define PORT_DONE 0xf4 /* 32 bits: 0, or 1 with failure[] filled */
#define PORT_SYNC 0xf8 /* 32 bits: the guest has reached point N */

#endif /* API_LAYOUT_H */
