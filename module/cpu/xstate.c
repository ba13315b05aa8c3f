// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's FPU and extended state: into the CPU and back, and as user space
 * sees it (KVM_GET/SET_FPU, XSAVE, XSAVE2, XCRS). v->xstate is an XSAVE image in
 * the standard format, complete while the vCPU is not loaded.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/types.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>

#include "base/host_cpu.h"
#include "cpuid.h"
#include "xstate.h"

#define FCW_RESET 0x37f
#define MXCSR_RESET 0x1f80

int xstate_create(struct vcpu *v)
{
	/* XSAVE wants 64-byte alignment: a power of two from the slab has it. */
	v->xstate = kzalloc(roundup_pow_of_two(max_t(size_t, host_xstate_size, sizeof(struct kvm_xsave))),
			    GFP_KERNEL_ACCOUNT);
	return v->xstate ? 0 : -ENOMEM;
}

void xstate_destroy(struct vcpu *v)
{
	kfree(v->xstate);
	v->xstate = NULL;
}

void xstate_reset(struct vcpu *v)
{
	struct xregs_state *x = v->xstate;

	memset(x, 0, host_xstate_size);
	x->i387.cwd = FCW_RESET;
	x->i387.mxcsr = MXCSR_RESET;
	x->header.xfeatures = XFEATURE_MASK_FPSSE;
}

int xstate_set_xcr0(struct vcpu *v, u64 xcr0, bool host)
{
	/* SDM vol. 1, 13.3 */
	if (!(xcr0 & XFEATURE_MASK_FP) || (xcr0 & ~(v->xcr0_supported | XFEATURE_MASK_FP)))
		return -EINVAL;
	if ((xcr0 & XFEATURE_MASK_YMM) && !(xcr0 & XFEATURE_MASK_SSE))
		return -EINVAL;
	if ((xcr0 & XCR0_AVX512) && ((xcr0 & XCR0_AVX512) != XCR0_AVX512 || !(xcr0 & XFEATURE_MASK_YMM)))
		return -EINVAL;
	if (v->xcr0 == xcr0)
		return 0;
	v->xcr0 = xcr0;
	cpuid_xcr0_changed(v);
	return 0;
}

/* XSAVE may leave anything where a component is in its initial state: put that state there. */
static void xstate_complete(struct xregs_state *x)
{
	u64 missing = host_xcr0 & ~x->header.xfeatures;
	u32 eax, ebx, ecx, edx;
	unsigned int i;

	if (missing & XFEATURE_MASK_FP) {
		memset(x, 0, offsetof(struct fxregs_state, mxcsr));
		x->i387.cwd = FCW_RESET;
		memset(x->i387.st_space, 0, sizeof(x->i387.st_space));
	}
	if (missing & XFEATURE_MASK_SSE)
		memset(x->i387.xmm_space, 0, sizeof(x->i387.xmm_space));
	for (i = 2; i < 63; i++) {
		if (!(missing & BIT_ULL(i)))
			continue;
		cpuid_count(0xd, i, &eax, &ebx, &ecx, &edx);
		if (ebx + eax <= host_xstate_size)
			memset((u8 *)x + ebx, 0, eax);
	}
}

int xstate_get_xsave(struct vcpu *v, void __user *arg, size_t size)
{
	size_t n = min_t(size_t, size, host_xstate_size);

	xstate_complete(v->xstate);
	if (copy_to_user(arg, v->xstate, n))
		return -EFAULT;
	return clear_user(arg + n, size - n) ? -EFAULT : 0;
}

size_t xstate_xsave2_size(void)
{
	return max_t(size_t, host_xstate_size, sizeof(struct kvm_xsave));
}

static int xstate_check(const struct xregs_state *x)
{
	if (x->i387.mxcsr & ~host_mxcsr)
		return -EINVAL;
	if (x->header.xfeatures & ~host_xcr0)
		return -EINVAL;
	/* Not the compacted format, and nothing that XRSTOR would fault on (SDM vol. 1, 13.8). */
	if (x->header.xcomp_bv || memchr_inv(x->header.reserved, 0, sizeof(x->header.reserved)))
		return -EINVAL;
	return 0;
}

int xstate_set_xsave(struct vcpu *v, const void __user *arg)
{
	void *new = memdup_user(arg, xstate_xsave2_size());
	int r;

	if (IS_ERR(new))
		return PTR_ERR(new);
	r = xstate_check(new);
	if (!r)
		memcpy(v->xstate, new, host_xstate_size);
	kfree(new);
	return r;
}

void xstate_get_fpu(struct vcpu *v, struct kvm_fpu *fpu)
{
	struct xregs_state *x = v->xstate;

	xstate_complete(x);
	memset(fpu, 0, sizeof(*fpu));
	memcpy(fpu->fpr, x->i387.st_space, sizeof(fpu->fpr));
	fpu->fcw = x->i387.cwd;
	fpu->fsw = x->i387.swd;
	fpu->ftwx = x->i387.twd;
	fpu->last_opcode = x->i387.fop;
	fpu->last_ip = x->i387.rip;
	fpu->last_dp = x->i387.rdp;
	memcpy(fpu->xmm, x->i387.xmm_space, sizeof(fpu->xmm));
	fpu->mxcsr = x->i387.mxcsr;
}

int xstate_set_fpu(struct vcpu *v, const struct kvm_fpu *fpu)
{
	struct xregs_state *x = v->xstate;

	if (fpu->mxcsr & ~host_mxcsr)
		return -EINVAL;
	memcpy(x->i387.st_space, fpu->fpr, sizeof(fpu->fpr));
	x->i387.cwd = fpu->fcw;
	x->i387.swd = fpu->fsw;
	x->i387.twd = fpu->ftwx;
	x->i387.fop = fpu->last_opcode;
	x->i387.rip = fpu->last_ip;
	x->i387.rdp = fpu->last_dp;
	memcpy(x->i387.xmm_space, fpu->xmm, sizeof(fpu->xmm));
	x->i387.mxcsr = fpu->mxcsr;
	x->header.xfeatures |= XFEATURE_MASK_FPSSE;
	return 0;
}

void xstate_get_xcrs(struct vcpu *v, struct kvm_xcrs *xcrs)
{
	memset(xcrs, 0, sizeof(*xcrs));
	xcrs->nr_xcrs = 1;
	xcrs->xcrs[0].value = v->xcr0;
}

int xstate_set_xcrs(struct vcpu *v, const struct kvm_xcrs *xcrs)
{
	unsigned int i;

	if (xcrs->nr_xcrs > KVM_MAX_XCRS || xcrs->flags)
		return -EINVAL;
	for (i = 0; i < xcrs->nr_xcrs; i++)
		if (xcrs->xcrs[i].xcr == XCR_XFEATURE_ENABLED_MASK)
			return xstate_set_xcr0(v, xcrs->xcrs[i].value, true);
	return 0;
}

/*
 * Some AMD CPUs restore the addresses and the opcode of the last x87 instruction
 * only where an exception is pending (APM vol. 2, "FXSAVE and FXRSTOR"): what
 * stays would be the last user's, the host's or another guest's. An FILD that
 * loads a public constant takes their place; with exceptions cleared, it does not trap.
 */
static void xstate_clear_x87_pointers(void)
{
	static const int harmless;

	if (static_cpu_has_bug(X86_BUG_FXSAVE_LEAK))
		asm volatile("fnclex\n\temms\n\tfildl %0" ::"m"(harmless));
}

/*
 * The guest's extended state goes into the CPU. The task's own is safe: since
 * kernel_fpu_begin() it is in memory, and comes back before user space runs.
 * No other code uses the FPU until kernel_fpu_end(): preemption is off, and
 * interrupt handlers see the FPU as busy. PKRU is outside that protection.
 */
void xstate_load(struct vcpu *v)
{
	u64 mask = host_xcr0;

	kernel_fpu_begin_mask(0);
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		v->host_pkru = rdpkru();
	xstate_clear_x87_pointers();
	asm volatile("xrstor64 %0" ::"m"(*(u8 *)v->xstate), "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
	v->host_xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	if (v->xcr0 != v->host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, v->xcr0);
	/* Entries do not switch IA32_XSS: with the host's value, XSAVES would show the guest the host's supervisor state. */
	if (host_xss)
		wrmsrl(MSR_IA32_XSS, 0);
	v->stats.fpu_reload++;
}

void xstate_unload(struct vcpu *v)
{
	u64 mask = host_xcr0;

	if (host_xss)
		wrmsrl(MSR_IA32_XSS, host_xss);
	if (v->xcr0 != v->host_xcr0)
		xsetbv(XCR_XFEATURE_ENABLED_MASK, v->host_xcr0);
	asm volatile("xsave64 %0" : "=m"(*(u8 *)v->xstate) : "a"((u32)mask), "d"((u32)(mask >> 32)) : "memory");
	if (boot_cpu_has(X86_FEATURE_OSPKE))
		wrpkru(v->host_pkru);
	kernel_fpu_end();
}
