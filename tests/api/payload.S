/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's program, an ELF file, embedded in the test program. */
	.section .rodata
	.globl payload_start, payload_end
	.balign 8
payload_start:
	.incbin "guest.elf"
payload_end:
	.section .note.GNU-stack, "", @progbits
