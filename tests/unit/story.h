/* SPDX-License-Identifier: GPL-2.0-only */
/* Included by all cmocka programs; a test is STORY(expected_behaviour) { ... }. */
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
