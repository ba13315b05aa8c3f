// SPDX-License-Identifier: GPL-2.0-only
/*
 * taxcut top on a terminal. One thread: it waits for a key or the end of the interval
 * and draws the whole screen; ncurses sends the changes to the terminal.
 */
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "lib/cpulist.h"
#include "lib/live.h"
#include "lib/util.h"
#include "top_read.h"
#include "top_screen.h"
#include "top_sort.h"
#include "top_view.h"

#define MIN_LINES 6
#define MIN_COLUMNS 40
#define HEAD_LINES 3
#define REASON_WIDTH 8
#define CELL_MAX 64

/*
 * struct screen - the state of the screen
 * @view: the current view; its seconds are 0 before the first interval ends
 * @before: the reading at the start of the current interval
 * @weights: see top_view_make()
 * @row, @reason: the first row and the first reason on the screen
 * @due: end of the interval, in monotonic seconds
 */
struct screen {
	struct top_view view;
	struct top_reading before;
	json_t *weights;
	enum top_key key;
	bool reverse;
	bool paused;
	bool vcpus;
	bool help;
	bool quit;
	size_t row;
	size_t reason;
	double interval;
	double due;
};

/* A negative width: flush left. */
static const struct column {
	const char *title;
	int width;
	enum top_key key;
} columns[] = {
	{ "INSTANCE", -10, TOP_BY_NAME },  { "vCPU", 4, TOP_KEYS },	 { "CPU", 3, TOP_KEYS },
	{ "EXITS/s", 8, TOP_BY_EXITS },	   { "OUT%", 5, TOP_BY_OUTSIDE }, { "HALT%", 5, TOP_BY_HALTED },
	{ "POLL%", 5, TOP_BY_POLL },	   { "ADV", 5, TOP_BY_ADVANCE },  { "THR%", 5, TOP_BY_CPU },
};

static const char * const help_text[] = {
	"INSTANCE, vCPU, CPU   name, number of the vCPU, the CPU that it is pinned to",
	"EXITS/s               exits per second; columns on the right: by reason",
	"OUT%                  share of time outside the guest, in exits",
	"HALT%                 share of time asleep (of an instance: the mean)",
	"POLL%                 share of the polls that avoided a sleep",
	"ADV                   timer advance in ns (of an instance: the largest)",
	"THR%                  CPU time of the vCPU's thread; of an instance: of",
	"                      QEMU's other threads, on the housekeeping CPUs",
	"",
	"up down PgUp PgDn     other lines          v  show or hide the vCPUs",
	"left right            other reasons        p  pause, go on",
	"s  S  or  >  <        sort by the next or the previous column",
	"r                     reverse the order    q  quit",
};

static void row_text(int line, attr_t attr, const char *text)
{
	if (line >= LINES)
		return;
	attrset(attr);
	mvaddnstr(line, 0, text, COLS);
	attrset(A_NORMAL);
}

static void row_printf(int line, attr_t attr, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void row_printf(int line, attr_t attr, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		row_text(line, attr, text);
	free(text);
}

/* Writes a cell at column *@x and advances *@x past it and one blank. False when it does not fit the screen. */
static bool put_cell(int line, int *x, int width, attr_t attr, const char *text)
{
	int wide = width < 0 ? -width : width;

	if (*x + wide > COLS)
		return false;
	attrset(attr);
	mvprintw(line, *x, "%*.*s", width, wide, text);
	attrset(A_NORMAL);
	*x += wide + 1;
	return true;
}

static int reason_width(const char *name)
{
	int len = (int)strlen(top_reason_name(name));

	return len > REASON_WIDTH ? len : REASON_WIDTH;
}

static void draw_titles(const struct screen *s)
{
	int x = 0, line = HEAD_LINES - 1;
	bool room = true;

	for (size_t i = 0; room && i < ARRAY_LEN(columns); i++)
		room = put_cell(line, &x, columns[i].width,
				columns[i].key == s->key ? A_BOLD | A_UNDERLINE | A_REVERSE : A_REVERSE,
				columns[i].title);
	for (size_t i = s->reason; room && i < s->view.reasons.n; i++)
		room = put_cell(line, &x, reason_width(s->view.reasons.v[i]), A_REVERSE,
				top_reason_name(s->view.reasons.v[i]));
}

static const char *format_figure(char *cell, enum top_key key, double value)
{
	if (value < 0)
		snprintf(cell, CELL_MAX, "-");
	else if (key == TOP_BY_ADVANCE)
		snprintf(cell, CELL_MAX, "%.0f", value);
	else if (key == TOP_BY_EXITS && value >= 99999999.5) /* does not fit the column */
		snprintf(cell, CELL_MAX, "%.1fM", value / 1e6);
	else if (key == TOP_BY_EXITS)
		snprintf(cell, CELL_MAX, value < 100000 ? "%.1f" : "%.0f", value);
	else
		snprintf(cell, CELL_MAX, value < 9.995 ? "%.1f" : "%.0f", 100 * value);
	return cell;
}

static void draw_figures(const struct screen *s, int line, attr_t attr, const char *const names[3],
			 const struct top_figures *f)
{
	char cell[CELL_MAX];
	bool room = true;
	int x = 0;

	for (size_t i = 0; room && i < ARRAY_LEN(columns); i++)
		room = put_cell(line, &x, columns[i].width, attr,
				i < 3 ? names[i] : f ? format_figure(cell, columns[i].key, top_figure(f, columns[i].key)) :
				"...");
	for (size_t i = s->reason; f && room && i < s->view.reasons.n; i++)
		room = put_cell(line, &x, reason_width(s->view.reasons.v[i]), attr,
				format_figure(cell, TOP_BY_EXITS, f->reasons[i]));
}

static void draw_vm(const struct screen *s, int line, const struct top_vm *vm)
{
	char vcpus[CELL_MAX];

	snprintf(vcpus, sizeof(vcpus), "%zu", vm->n);
	if (vm->error)
		row_printf(line, A_BOLD, "%-10.10s %s", vm->name, vm->error);
	else
		draw_figures(s, line, A_BOLD, (const char *const[]){ vm->name, vm->n ? vcpus : "", "" },
			     vm->n ? &vm->f : NULL);
}

static void draw_vcpu(const struct screen *s, int line, const struct top_vcpu *vcpu)
{
	char index[CELL_MAX], cpu[CELL_MAX] = "-";

	snprintf(index, sizeof(index), "%zu", vcpu->index);
	if (vcpu->cpu >= 0)
		snprintf(cpu, sizeof(cpu), "%d", vcpu->cpu);
	draw_figures(s, line, A_NORMAL, (const char *const[]){ "", index, cpu }, &vcpu->f);
}

static size_t count_rows(const struct screen *s)
{
	size_t n = s->view.n;

	for (size_t i = 0; s->vcpus && i < s->view.n; i++)
		n += s->view.vms[i].n;
	return n;
}

static size_t room_for_rows(void)
{
	return LINES > HEAD_LINES + 1 ? (size_t)(LINES - HEAD_LINES - 1) : 0;
}

/* Draws the rows that fit, from s->row on. */
static void draw_rows(struct screen *s)
{
	size_t total = count_rows(s), room = room_for_rows(), at = 0;

	if (s->row + room > total)
		s->row = total > room ? total - room : 0;
	for (size_t i = 0; i < s->view.n; i++) {
		const struct top_vm *vm = &s->view.vms[i];

		if (at >= s->row && at < s->row + room)
			draw_vm(s, HEAD_LINES + (int)(at - s->row), vm);
		at++;
		for (size_t j = 0; s->vcpus && j < vm->n; j++, at++)
			if (at >= s->row && at < s->row + room)
				draw_vcpu(s, HEAD_LINES + (int)(at - s->row), &vm->vcpus[j]);
	}
}

static void draw_head(const struct screen *s)
{
	char *list = mask_format(&s->view.housekeeping);
	size_t vcpus = 0;

	for (size_t i = 0; i < s->view.n; i++)
		vcpus += s->view.vms[i].n;
	row_printf(0, A_BOLD, "taxcut top: %zu instance%s, %zu vCPU%s, every %g s%s", s->view.n,
		   s->view.n == 1 ? "" : "s", vcpus, vcpus == 1 ? "" : "s", s->interval,
		   s->paused ? "  -- PAUSED --" : "");
	if (s->view.busy >= 0)
		row_printf(1, A_NORMAL, "housekeeping CPUs %s: %.1f%% busy, CPU %d most: %.1f%%", list,
			   100 * s->view.busy, s->view.busiest, 100 * s->view.busiest_share);
	else if (s->view.seconds > 0)
		row_printf(1, A_NORMAL, "housekeeping CPUs %s", list);
	free(list);
}

static void draw_foot(const struct screen *s)
{
	size_t total = count_rows(s), room = room_for_rows();
	char more[CELL_MAX] = "";

	if (total > room)
		snprintf(more, sizeof(more), "  lines %zu-%zu of %zu", s->row + 1, s->row + room, total);
	row_printf(LINES - 1, A_DIM, "q quit  p pause  s sort  r reverse  v vCPUs  h help%s", more);
}

static void draw_help(void)
{
	for (size_t i = 0; i < ARRAY_LEN(help_text); i++)
		row_text(HEAD_LINES - 1 + (int)i, A_NORMAL, help_text[i]);
	row_text(LINES - 1, A_DIM, "any key: back");
}

static void draw(struct screen *s)
{
	erase();
	if (LINES < MIN_LINES || COLS < MIN_COLUMNS) {
		row_printf(0, A_NORMAL, "taxcut top needs %dx%d", MIN_COLUMNS, MIN_LINES);
	} else if (s->help) {
		draw_head(s);
		draw_help();
	} else {
		draw_head(s);
		if (s->view.n)
			draw_titles(s);
		else
			row_text(HEAD_LINES, A_NORMAL, "No instance runs. Instances of `taxcut run' appear here.");
		draw_rows(s);
		draw_foot(s);
	}
	refresh();
}

static void sort_by(struct screen *s, int step)
{
	s->key = (enum top_key)(((int)s->key + step + TOP_KEYS) % TOP_KEYS);
	top_sort(&s->view, s->key, s->reverse);
}

static void set_pause(struct screen *s)
{
	s->paused = !s->paused;
	if (s->paused)
		return;
	/* The pause belongs to no interval. */
	top_reading_free(&s->before);
	top_read(&s->before);
	s->due = s->before.when + s->interval;
}

static void scroll_rows(struct screen *s, long by)
{
	if (by < 0 && s->row < (size_t)-by)
		s->row = 0;
	else
		s->row += (size_t)by; /* draw_rows() limits it */
}

static void scroll_reasons(struct screen *s, int by)
{
	if (by < 0 ? s->reason > 0 : s->reason + 1 < s->view.reasons.n)
		s->reason += (size_t)by;
}

static void on_key(struct screen *s, int key)
{
	if (key == 'q' || key == 'Q' || key == 3) {
		s->quit = true;
		return;
	}
	if (key == KEY_RESIZE)
		return;
	if (s->help) {
		s->help = false;
		return;
	}
	switch (key) {
	case 'h':
	case '?':
		s->help = true;
		break;
	case 'p':
	case ' ':
		set_pause(s);
		break;
	case 's':
	case '>':
		sort_by(s, 1);
		break;
	case 'S':
	case '<':
		sort_by(s, -1);
		break;
	case 'r':
		s->reverse = !s->reverse;
		sort_by(s, 0);
		break;
	case 'v':
		s->vcpus = !s->vcpus;
		break;
	case KEY_UP:
		scroll_rows(s, -1);
		break;
	case KEY_DOWN:
		scroll_rows(s, 1);
		break;
	case KEY_PPAGE:
		scroll_rows(s, -(long)room_for_rows());
		break;
	case KEY_NPAGE:
		scroll_rows(s, (long)room_for_rows());
		break;
	case KEY_LEFT:
		scroll_reasons(s, -1);
		break;
	case KEY_RIGHT:
		scroll_reasons(s, 1);
		break;
	case 'L' & 31:
		clearok(curscr, TRUE);
		break;
	}
}

/* Waits for a key, a new window size, the end of the interval or a signal; handles keys. */
static void wait_and_serve(struct screen *s)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	double left = s->due - now_s();
	int key, n;

	if (s->paused || left > 0.25)
		left = 0.25; /* to notice a signal that arrives just before poll() */
	n = left > 0 ? poll(&in, 1, (int)(left * 1000) + 1) : 0;
	if ((n < 0 && errno != EINTR) || (n > 0 && !(in.revents & POLLIN))) {
		s->quit = true; /* the terminal is closed */
		return;
	}
	while ((key = getch()) != ERR)
		on_key(s, key);
}

static void next_view(struct screen *s)
{
	struct top_reading now;

	top_read(&now);
	top_view_free(&s->view);
	top_view_make(&s->view, &now, &s->before, s->weights);
	top_sort(&s->view, s->key, s->reverse);
	if (s->reason >= s->view.reasons.n)
		s->reason = 0;
	top_reading_free(&s->before);
	s->before = now;
	s->due = now.when + s->interval;
}

static void run_screen(struct screen *s, uint64_t count)
{
	uint64_t n = 0;

	draw(s);
	while (!s->quit && !live_ended()) {
		wait_and_serve(s);
		if (!s->paused && now_s() >= s->due) {
			next_view(s);
			n++;
		}
		draw(s);
		if (count && n >= count)
			break;
	}
}

/* The view of a single reading: names without figures. */
static void first_view(struct screen *s)
{
	top_read(&s->before);
	top_view_make(&s->view, &s->before, &s->before, s->weights);
	s->due = s->before.when + s->interval;
}

int top_screen(double interval, uint64_t count)
{
	struct screen s = { .interval = interval, .key = TOP_BY_NAME, .vcpus = true, .weights = json_object() };
	SCREEN *term;

	live_begin();
	term = newterm(NULL, stdout, stdin);
	if (!term) {
		fail("cannot draw on a terminal of type '%s'", getenv("TERM") ? getenv("TERM") : "");
		hint("set TERM to the terminal's type, or use --json");
		return EXIT_FAILED;
	}
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	first_view(&s);
	run_screen(&s, count);
	endwin();
	delscreen(term);
	top_view_free(&s.view);
	top_reading_free(&s.before);
	json_decref(s.weights);
	return EXIT_OK;
}
