/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that a text is well-formed XML of the kind in our pages: no DTD, no CDATA, no processing instructions. */
#ifndef XML_H
#define XML_H

#include <stddef.h>

/* NULL, or the error, at *@at. */
const char *xml_fault(const char *text, size_t *at);

#endif
