// SPDX-License-Identifier: GPL-2.0-only
#include "xml.h"

#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 64
#define ATTRIBUTES_MAX 32
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:_"

struct name {
	const char *s;
	size_t len;
};

struct parser {
	const char *p;
	struct name open[DEPTH_MAX];
	size_t depth;
	size_t elements;
};

static bool take(struct parser *x, const char *s)
{
	if (strncmp(x->p, s, strlen(s)))
		return false;
	x->p += strlen(s);
	return true;
}

static struct name take_name(struct parser *x)
{
	struct name n = { x->p, strspn(x->p, NAME_CHARS) };

	x->p += n.len;
	return n;
}

static bool same(struct name a, struct name b)
{
	return a.len == b.len && !memcmp(a.s, b.s, a.len);
}

/* Text up to one of @stop: no markup, no control characters, no entities that need a DTD. */
static const char *take_text(struct parser *x, const char *stop)
{
	static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
	size_t e;

	for (; *x->p && !strchr(stop, *x->p); x->p++) {
		if (*x->p == '<')
			return "markup in a value";
		if ((unsigned char)*x->p < 0x20 && !strchr("\t\n\r", *x->p))
			return "a control character";
		if (*x->p != '&')
			continue;
		for (e = 0; e < sizeof(entities) / sizeof(entities[0]); e++)
			if (!strncmp(x->p, entities[e], strlen(entities[e])))
				break;
		if (e == sizeof(entities) / sizeof(entities[0]))
			return "an unknown entity";
	}
	return NULL;
}

static const char *take_attributes(struct parser *x)
{
	struct name seen[ATTRIBUTES_MAX], n;
	const char *fault;
	size_t count = 0;

	while (*x->p == ' ') {
		x->p++;
		n = take_name(x);
		if (!n.len || !take(x, "=\""))
			return "an attribute without a name or a quoted value";
		for (size_t i = 0; i < count; i++)
			if (same(seen[i], n))
				return "an attribute twice";
		if (count == ATTRIBUTES_MAX)
			return "too many attributes";
		seen[count++] = n;
		fault = take_text(x, "\"");
		if (fault)
			return fault;
		if (!take(x, "\""))
			return "a value without an end";
	}
	return NULL;
}

static const char *take_element(struct parser *x)
{
	struct name n = take_name(x);
	const char *fault;

	if (!n.len)
		return "an element without a name";
	fault = take_attributes(x);
	if (fault)
		return fault;
	x->elements++;
	if (take(x, "/>"))
		return NULL;
	if (!take(x, ">"))
		return "a tag without an end";
	if (x->depth == DEPTH_MAX)
		return "too deep";
	x->open[x->depth++] = n;
	return NULL;
}

static const char *take_end(struct parser *x)
{
	struct name n = take_name(x);

	if (!take(x, ">"))
		return "an end tag without an end";
	if (!x->depth || !same(x->open[x->depth - 1], n))
		return "an end tag without its start";
	x->depth--;
	return NULL;
}

const char *xml_fault(const char *text, size_t *at)
{
	struct parser x = { .p = text };
	const char *fault = NULL;

	take(&x, "<!DOCTYPE html>");
	while (*x.p && !fault) {
		if (take(&x, "</"))
			fault = take_end(&x);
		else if (take(&x, "<"))
			fault = x.depth || !x.elements ? take_element(&x) : "a second root";
		else
			fault = take_text(&x, "<");
	}
	if (!fault && x.depth)
		fault = "an element without an end";
	*at = (size_t)(x.p - text);
	return fault;
}
