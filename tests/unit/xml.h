/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a text well-formed XML? As far as a page of ours needs it: no DTD, no CDATA, no processing instructions. */
#ifndef XML_H
#define XML_H

#include <stddef.h>

/* NULL, or what is wrong with it; *@at is then where. */
const char *xml_fault(const char *text, size_t *at);

#endif
