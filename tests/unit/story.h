/* SPDX-License-Identifier: GPL-2.0-only */
/* What every cmocka program here needs; a test is STORY(what_must_be_seen) { ... }. */
#ifndef TAXCUT_TEST_STORY_H
#define TAXCUT_TEST_STORY_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define STORY(name) static void name(void **state __attribute__((unused)))

#endif /* TAXCUT_TEST_STORY_H */
