// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "svg.h"
#include "util.h"

/* U+FFFD replaces characters that XML does not allow, such as most controls. */
#define REPLACEMENT "\xef\xbf\xbd"

static const char *entity_of(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
	case '\r':
		return " ";
	default:
		return c < 0x20 || c == 0x7f ? REPLACEMENT : NULL;
	}
}

/* U+FFFE and U+FFFF: valid UTF-8, but not allowed in XML. */
static bool is_noncharacter(const char *s)
{
	return !strncmp(s, "\xef\xbf\xbe", 3) || !strncmp(s, "\xef\xbf\xbf", 3);
}

void xml_text(FILE *out, const char *s)
{
	const char *entity;

	for (; *s; s++) {
		entity = entity_of((unsigned char)*s);
		if (entity) {
			fputs(entity, out);
		} else if (is_noncharacter(s)) {
			fputs(REPLACEMENT, out);
			s += 2;
		} else {
			putc(*s, out);
		}
	}
}

void xml_textf(FILE *out, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	xml_text(out, s);
	free(s);
}

void svg_begin(FILE *out, double width, double height, const char *label)
{
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		width, height);
	xml_text(out, label);
	fputs("\">\n", out);
}

void svg_end(FILE *out)
{
	fputs("</svg>\n", out);
}

/* Closes an element whose start tag lacks its '>'. */
static void element_end(FILE *out, const char *name, const char *tip)
{
	if (!tip) {
		fputs("/>\n", out);
		return;
	}
	fputs("><title>", out);
	xml_text(out, tip);
	fprintf(out, "</title></%s>\n", name);
}

void svg_rect(FILE *out, const char *class, double x, double y, double width, double height, const char *tip)
{
	fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", class, x, y,
		fmax(width, 0.5), fmax(height, 0.5));
	element_end(out, "rect", tip);
}

void svg_line(FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
	fprintf(out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x1, y1, x2, y2);
}

void svg_text(FILE *out, const char *class, double x, double y, const char *text)
{
	fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	xml_text(out, text);
	fputs("</text>\n", out);
}

/* The length in bytes of the first @chars characters of @s. */
static size_t prefix_bytes(const char *s, size_t chars)
{
	size_t i = 0;

	for (; s[i]; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80 && chars-- == 0)
			break;
	return i;
}

void svg_label(FILE *out, const char *class, double x, double y, const char *text, size_t chars)
{
	char *cut;

	if (!text[prefix_bytes(text, chars)]) {
		svg_text(out, class, x, y, text);
		return;
	}
	cut = xasprintf("%.*s\xe2\x80\xa6", (int)prefix_bytes(text, chars - 1), text);
	fprintf(out, "<g><title>");
	xml_text(out, text);
	fprintf(out, "</title>");
	svg_text(out, class, x, y, cut);
	fputs("</g>\n", out);
	free(cut);
}

void svg_mark(FILE *out, const char *class, enum svg_mark shape, double x, double y, const char *tip)
{
	static const char *const shapes[] = {
		[SVG_DOT] = "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
		[SVG_SQUARE] = "m-3.5 -3.5h7v7h-7z",
		[SVG_DIAMOND] = "m0 -4.8l4.8 4.8l-4.8 4.8l-4.8 -4.8z",
		[SVG_TRIANGLE] = "m-4.4 3.6l4.4 -7.6l4.4 7.6z",
	};

	fprintf(out, "<path class=\"%s\" d=\"M%.1f %.1f%s\"", class, x, y, shapes[shape]);
	element_end(out, "path", tip);
}

void svg_path_begin(struct svg_path *p, FILE *out, const char *class)
{
	p->out = out;
	p->started = false;
	fprintf(out, "<path class=\"%s\" d=\"", class);
}

void svg_path_to(struct svg_path *p, double x, double y)
{
	fprintf(p->out, "%c%.1f %.1f", p->started ? 'L' : 'M', x, y);
	p->started = true;
}

void svg_path_end(struct svg_path *p, const char *tip)
{
	putc('"', p->out);
	element_end(p->out, "path", tip);
}

/* The largest of ..., 0.5, 1, 2, 5, 10, ... up to @v; with @up the smallest from @v on. */
static double round_125(double v, bool up)
{
	static const double steps[] = { 1, 2, 5, 10 };
	double decade = pow(10, floor(log10(v))), best = decade;
	/* Tolerates rounding errors: 2 may be 1.9999999. */
	double slack = v * 1e-9;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (up && steps[i] * decade >= v - slack)
			return steps[i] * decade;
		if (steps[i] * decade <= v + slack)
			best = steps[i] * decade;
	}
	return best;
}

static double linear_step(double span, size_t max)
{
	return round_125(span / (double)max, true);
}

void svg_axis_fit(struct svg_axis *a, double lo, double hi)
{
	double step;

	if (a->log) {
		lo = isfinite(lo) && lo > 1e-9 ? lo : 1e-9;
		hi = isfinite(hi) && hi > lo ? hi : lo;
		a->lo = round_125(lo, false);
		a->hi = round_125(hi, true);
		if (a->hi < a->lo * 1.5)
			a->hi = a->lo * 10;
		return;
	}
	hi = isfinite(hi) && hi > 0 ? hi : 1;
	step = linear_step(hi, 4) / 2;
	a->lo = 0;
	a->hi = ceil(hi / step - 1e-9) * step;
}

double svg_axis_at(const struct svg_axis *a, double value)
{
	double share;

	if (a->log)
		share = value > 0 ? log(value / a->lo) / log(a->hi / a->lo) : 0;
	else
		share = (value - a->lo) / (a->hi - a->lo);
	return a->from + fmin(fmax(share, 0), 1) * (a->to - a->from);
}

/* Ticks at the first @per of 1, 2, 5 in every @every-th decade. Returns their number, but stores @max at most. */
static size_t decade_ticks(const struct svg_axis *a, size_t per, int every, double ticks[], size_t max)
{
	static const double in_decade[] = { 1, 2, 5 };
	int last = (int)ceil(log10(a->hi) - 1e-9);
	size_t n = 0;
	double v;

	for (int d = (int)floor(log10(a->lo) + 1e-9); d <= last; d += every) {
		for (size_t i = 0; i < per; i++) {
			v = in_decade[i] * pow(10, d);
			if (v < a->lo * (1 - 1e-9) || v > a->hi * (1 + 1e-9))
				continue;
			if (n < max)
				ticks[n] = v;
			n++;
		}
	}
	return n;
}

/* Ticks at 1, 2 and 5 of each decade if they fit, else at 1 of each decade or of every n-th decade. */
static size_t log_ticks(const struct svg_axis *a, double ticks[], size_t max)
{
	size_t n = decade_ticks(a, 3, 1, ticks, max);

	for (int every = 1; n > max; every++)
		n = decade_ticks(a, 1, every, ticks, max);
	return n;
}

size_t svg_axis_ticks(const struct svg_axis *a, double ticks[SVG_TICKS_MAX], size_t max)
{
	double step;
	size_t n = 0;

	max = max < SVG_TICKS_MAX ? max : SVG_TICKS_MAX;
	if (a->log)
		return log_ticks(a, ticks, max);
	step = linear_step(a->hi - a->lo, max - 1);
	for (; n < max && a->lo + (double)n * step <= a->hi * (1 + 1e-9); n++)
		ticks[n] = a->lo + (double)n * step;
	return n;
}
