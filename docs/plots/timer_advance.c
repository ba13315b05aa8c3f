// SPDX-License-Identifier: GPL-2.0-only
/* How the timer advance follows the latencies: an SVG on standard output, for docs/cuts.md. */
#include "latency.h"
#include "model/timer_advance.h"

#include <stdio.h>

#define WIDTH 360 /* of a panel's plot, px */
#define HEIGHT 150
#define LEFT 52
#define TOP 46
#define COLUMN (WIDTH + 64)
#define ROW (HEIGHT + 64)
#define FIRINGS 400
#define SCALE_NS 6000

struct panel {
	const char *title;
	s64 (*latency)(u32 i);
	u32 start; /* the advance before the first firing, ns */
};

static const struct latency_list *recorded;

static s64 constant(u32 i)
{
	return i < FIRINGS / 2 ? 1800 : 4200;
}

static s64 playback(u32 i)
{
	return recorded->ns[i % recorded->n];
}

static double x_of(u32 i)
{
	return (double)i * WIDTH / FIRINGS;
}

static double y_of(s64 ns)
{
	return HEIGHT - (double)min_t(s64, ns, SCALE_NS) * HEIGHT / SCALE_NS;
}

static void axes(void)
{
	for (u32 ns = 0; ns <= SCALE_NS; ns += 2000)
		printf("<path class=\"grid\" d=\"M0 %.1fH%d\"/><text class=\"tick\" x=\"-6\" y=\"%.1f\">%u</text>\n", y_of(ns),
		       WIDTH, y_of(ns) + 4, ns / 1000);
	for (u32 i = 0; i <= FIRINGS; i += 100)
		printf("<text class=\"tick mid\" x=\"%.1f\" y=\"%d\">%u</text>\n", x_of(i), HEIGHT + 16, i);
	printf("<text class=\"tick mid\" x=\"%d\" y=\"%d\">firings</text>\n", WIDTH / 2, HEIGHT + 30);
}

static void draw(const struct panel *p, u32 nr)
{
	struct timer_advance t = { .ns = p->start };

	printf("<g transform=\"translate(%d %d)\">\n<text class=\"title\" y=\"-10\">%s</text>\n",
	       LEFT + (int)(nr % 2) * COLUMN, TOP + (int)(nr / 2) * ROW, p->title);
	axes();
	printf("<path class=\"latency\" d=\"");
	for (u32 i = 0; i < FIRINGS; i++)
		printf("M%.1f %.1fh0", x_of(i), y_of(p->latency(i)));
	printf("\"/>\n<path class=\"advance\" d=\"M0 %.1f", y_of(t.ns));
	for (u32 i = 0; i < FIRINGS; i++) {
		timer_advance_tune(&t, p->latency(i));
		printf("L%.1f %.1f", x_of(i + 1), y_of(t.ns));
	}
	printf("\"/>\n</g>\n");
}

int main(void)
{
	static const struct panel panels[] = {
		{ "constant, then another constant", constant, 0 },
		{ "two kinds in turn", latency_bimodal, 0 },
		{ "one in ten slow, from the maximum", latency_mostly_fast, TIMER_ADVANCE_MAX_NS },
		{ "drifting", latency_drifting, 0 },
		{ "noise and spikes (off the scale)", latency_spiky, 0 },
		{ "recorded: Linux guest, instructions as time", playback, 0 },
	};
	const u32 n = ARRAY_SIZE(panels);

	if (!latency_load("latency.txt"))
		return 1;
	recorded = latency_list(0);
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n"
	       "<!-- SPDX-License-Identifier: GPL-2.0-only; made by docs/plots/timer_advance.c (make plots) -->\n"
	       "<style>\n"
	       "text { fill: #333 } .title { font-size: 13px } .tick { font-size: 11px; text-anchor: end } .mid { text-anchor: middle }\n"
	       ".grid { stroke: #8886; fill: none } .latency { stroke: #888; stroke-width: 2.4; stroke-linecap: round; fill: none }\n"
	       ".advance { stroke: #d1495b; stroke-width: 1.8; fill: none } .key { font-size: 12px }\n"
	       "@media (prefers-color-scheme: dark) { text { fill: #ccc } .advance { stroke: #ff8fa0 } }\n"
	       "</style>\n",
	       2 * COLUMN + LEFT - 20, (int)((n + 1) / 2) * ROW + TOP - 10);
	printf("<text class=\"key\" x=\"%d\" y=\"16\">us: latency of each firing (dots) and the advance that it leads to (line)</text>\n",
	       LEFT);
	for (u32 i = 0; i < n; i++)
		draw(&panels[i], i);
	printf("</svg>\n");
	return 0;
}
