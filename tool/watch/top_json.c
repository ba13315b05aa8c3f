// SPDX-License-Identifier: GPL-2.0-only
/* taxcut top --json. */
#include "lib/cpulist.h"
#include "top_json.h"
#include "top_view.h"

/* Unknown values (negative) are omitted. */
static void put_known(json_t *obj, const char *key, double value)
{
	if (value >= 0)
		json_object_set_new(obj, key, json_real(value));
}

/* @cpu: the key of the CPU time. */
static void put_figures(const struct top_view *v, json_t *obj, const struct top_figures *f, const char *cpu)
{
	json_t *reasons = json_object();

	put_known(obj, "exits", f->exits);
	put_known(obj, "outside", f->outside);
	put_known(obj, "halted", f->halted);
	put_known(obj, "polling", f->polling);
	put_known(obj, "poll_success", f->poll_success);
	put_known(obj, "timer_advance_ns", f->advance);
	put_known(obj, cpu, f->cpu);
	for (size_t i = 0; i < v->reasons.n; i++)
		if (f->reasons[i] > 0)
			json_object_set_new(reasons, v->reasons.v[i], json_real(f->reasons[i]));
	json_object_set_new(obj, "reasons", reasons);
}

static json_t *vm_json(const struct top_view *v, const struct top_vm *vm)
{
	json_t *obj = json_pack("{s:s, s:i}", "name", vm->name, "pid", (int)vm->pid), *vcpus, *one;

	if (vm->error)
		json_object_set_new(obj, "error", json_string(vm->error));
	if (!vm->n)
		return obj;
	put_figures(v, obj, &vm->f, "qemu_cpus");
	vcpus = json_array();
	for (size_t i = 0; i < vm->n; i++) {
		one = json_pack("{s:i}", "vcpu", (int)vm->vcpus[i].index);
		if (vm->vcpus[i].cpu >= 0)
			json_object_set_new(one, "cpu", json_integer(vm->vcpus[i].cpu));
		put_figures(v, one, &vm->vcpus[i].f, "thread_cpus");
		json_array_append_new(vcpus, one);
	}
	json_object_set_new(obj, "vcpus", vcpus);
	return obj;
}

void top_json(const struct top_view *v, FILE *out)
{
	json_t *hk = json_pack("{s:o}", "cpus", mask_json(&v->housekeeping)), *vms = json_array(), *obj;

	put_known(hk, "busy", v->busy);
	if (v->busiest >= 0) {
		json_object_set_new(hk, "busiest", json_integer(v->busiest));
		put_known(hk, "busiest_busy", v->busiest_share);
	}
	for (size_t i = 0; i < v->n; i++)
		json_array_append_new(vms, vm_json(v, &v->vms[i]));
	obj = json_pack("{s:f, s:o, s:o}", "seconds", v->seconds, "housekeeping", hk, "instances", vms);
	json_dumpf(obj, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
	fputc('\n', out);
	fflush(out);
	json_decref(obj);
}
