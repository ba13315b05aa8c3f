// SPDX-License-Identifier: GPL-2.0-only
/* The backend in use. */
#include "backend.h"

const struct hv_ops *hv;

#define HV_DEFINE_CALL(name) DEFINE_STATIC_CALL_NULL(hv_##name, HV_CALL_TYPE(name));
HV_HOT_OPS(HV_DEFINE_CALL)

#define HV_UPDATE_CALL(name) static_call_update(hv_##name, hv->name);
void backend_use(const struct hv_ops *ops)
{
	hv = ops;
	HV_HOT_OPS(HV_UPDATE_CALL)
}
