/* SPDX-License-Identifier: GPL-2.0-only */
/* The report's style sheet and script, as strings that end in NUL (html.c). */
	.section .rodata
	.globl bench_html_css, bench_html_js
	.type bench_html_css, @object
	.type bench_html_js, @object
bench_html_css:
	.incbin "bench/report/html.css"
	.byte 0
	.size bench_html_css, . - bench_html_css
bench_html_js:
	.incbin "bench/report/html.js"
	.byte 0
	.size bench_html_js, . - bench_html_js
	.section .note.GNU-stack, "", @progbits
