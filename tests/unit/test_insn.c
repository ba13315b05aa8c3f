// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulator, instruction by instruction, in all modes: instructions of
 * ordinary programs. test_insn_system.c has the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <asm/kvm.h>

#include "insn_rows.h"

static const struct row moves[] = {
	DONE("mov store byte", LONG, "\x88\x03", "rbx=5000 rax=1234", "[5000]:1=34"),
	DONE("mov store high byte", LONG, "\x88\x23", "rbx=5000 rax=1234", "[5000]:1=12"),
	DONE("mov store sil", LONG, "\x40\x88\x33", "rbx=5000 rsi=99", "[5000]:1=99"),
	DONE("mov store 16", LONG, "\x66\x89\x03", "rbx=5000 rax=12345678", "[5000]:2=5678"),
	DONE("mov store 32", LONG, "\x89\x03", "rbx=5000 rax=1122334455667788", "[5000]:4=55667788"),
	DONE("mov store 64", LONG, "\x4c\x89\x0b", "rbx=5000 r9=1122334455667788",
	     "[5000]:8=1122334455667788"),
	DONE("mov load zero-extends", LONG, "\x8b\x03", "rbx=5000 rax=ffffffffffffffff [5000]:4=80000001",
	     "rax=80000001"),
	DONE("mov load 16 keeps the rest", LONG, "\x66\x8b\x03",
	     "rbx=5000 rax=1111111111111111 [5000]:2=abcd", "rax=111111111111abcd"),
	DONE("mov load high byte", LONG, "\x8a\x3b", "rbx=5000 [5000]:1=7e", "rbx=7e00"),
	DONE("mov load in 32-bit mode", PROT32, "\x8b\x43\x10", "rbx=5000 [5010]:4=cafe", "rax=cafe"),
	DONE("mov load in real mode", REAL, "\x8b\x47\x10", "rbx=20 [20030]:2=cafe", "rax=cafe"),
	DONE("mov load 32 in real mode", REAL, "\x66\x8b\x07", "rbx=20 [20020]:4=deadbeef",
	     "rax=deadbeef"),
	DONE("real mode 32-bit address", REAL, "\x67\x8b\x44\x8b\x04", "rbx=100 rcx=2 [2010c]:2=77",
	     "rax=77"),
	DONE("prot16 ss default for bp", PROT16, "\x8b\x46\x02", "rbp=100 [30102]:2=4242", "rax=4242"),
	DONE("16-bit bx+si wraps at 64K", REAL, "\x8a\x00", "rbx=fff0 rsi=20 [20010]:1=5a", "rax=5a"),
	DONE("16-bit bp+di", REAL, "\x8a\x03", "rbp=10 rdi=20 [30030]:1=5b", "rax=5b"),
	DONE("16-bit displacement only", REAL, "\x8a\x16\x34\x12", "[21234]:1=5c", "rdx=5c"),
	DONE("16-bit disp16 from bp", REAL, "\x8a\x96\x00\x10", "rbp=2 [31002]:1=5d", "rdx=5d"),
	DONE("segment override es", REAL, "\x26\x8a\x07", "rbx=4 [28004]:1=1f", "rax=1f"),
	DONE("segment override in 32-bit mode", PROT32, "\x64\x8b\x03", "rbx=10 [8010]:4=1f", "rax=1f"),
	DONE("fs base in 64-bit mode", LONG, "\x64\x8b\x04\x25\x10\x00\x00\x00", "[8010]:4=1f", "rax=1f"),
	DONE("ds base ignored in 64-bit mode", LONG, "\x3e\x8b\x03", "ds.base=100 rbx=5000 [5000]:4=3",
	     "rax=3"),
	DONE("rip-relative", LONG, "\x8b\x05\xfa\x3f\x00\x00", "[5000]:4=99", "rax=99"),
	DONE("rip-relative with immediate", LONG, "\xc7\x05\xf6\x3f\x00\x00\x78\x56\x34\x12", "",
	     "[5000]:4=12345678"),
	DONE("eip-relative", LONG, "\x67\x8b\x05\xf9\x3f\x00\x00", "[5000]:4=98", "rax=98"),
	DONE("disp32 in 32-bit mode", PROT32, "\x8b\x05\x00\x50\x00\x00", "[5000]:4=97", "rax=97"),
	DONE("sib all", LONG, "\x43\x8b\x44\xac\x08", "r12=5000 r13=10 [5048]:4=96", "rax=96"),
	DONE("sib no base", LONG, "\x8b\x04\xcd\x00\x50\x00\x00", "rcx=2 [5010]:4=95", "rax=95"),
	DONE("sib rsp base", LONG, "\x8b\x44\x24\x08", "rsp=7000 [7008]:4=94", "rax=94"),
	DONE("67 in 64-bit mode cuts", LONG, "\x67\x8b\x03", "rbx=100005000 [5000]:4=93", "rax=93"),
	DONE("67 in 32-bit mode", PROT32, "\x67\x8b\x07", "rbx=15000 [5000]:4=92", "rax=92"),
	DONE("upper half", LONG, "\x8b\x03", "rbx=ffff800000005000 [5000]:4=91", "rax=91"),
	DONE("page crossing load", LONG, "\x48\x8b\x03", "rbx=5ffc [5ffc]:8=1122334455667788",
	     "rax=1122334455667788"),
	DONE("page crossing store", LONG, "\x48\x89\x03", "rbx=5ffd rax=1122334455667788",
	     "[5ffd]:8=1122334455667788"),
	DONE("moffs load", LONG, "\xa1\x00\x50\x00\x00\x00\x80\xff\xff", "[5000]:4=90", "rax=90"),
	DONE("moffs 32-bit address", LONG, "\x67\xa0\x00\x50\x00\x00", "rax=100 [5000]:1=90", "rax=190"),
	DONE("moffs store, 32-bit mode", PROT32, "\xa3\x00\x50\x00\x00", "rax=77", "[5000]:4=77"),
	DONE("moffs real mode", REAL, "\xa2\x00\x50", "rax=77", "[25000]:1=77"),
	DONE("mov imm8", LONG, "\xc6\x43\x01\xaa", "rbx=5000", "[5001]:1=aa"),
	DONE("mov imm16", REAL, "\xc7\x07\x34\x12", "", "[20000]:2=1234"),
	DONE("mov imm sign-extends", LONG, "\x48\xc7\x03\xff\xff\xff\xff", "rbx=5000",
	     "[5000]:8=ffffffffffffffff"),
	DONE("mov reg imm64", LONG, "\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11", "", "rax=1122334455667788"),
	DONE("mov reg imm8 high", LONG, "\xb4\x12", "rax=ff", "rax=12ff"),
	DONE("mov selector store", LONG, "\x8c\x1b", "rbx=5000 ds.sel=1234 [5000]:8=0", "[5000]:2=1234"),
	DONE("mov selector store with rex.w", LONG, "\x48\x8c\x1b", "rbx=5000 ds.sel=1234",
	     "[5000]:2=1234"),
	FAULT("mov selector 7", LONG, "\x8c\x3b", "rbx=5000", UD_VECTOR),
	DONE("movzx byte", LONG, "\x0f\xb6\x03", "rbx=5000 rax=ffffffffffffffff [5000]:1=fe", "rax=fe"),
	DONE("movzx word 64", LONG, "\x48\x0f\xb7\x03", "rbx=5000 [5000]:2=fedc", "rax=fedc"),
	DONE("movsx byte 16", LONG, "\x66\x0f\xbe\x03", "rbx=5000 rax=11110000 [5000]:1=80",
	     "rax=1111ff80"),
	DONE("movsx word 64", LONG, "\x48\x0f\xbf\x03", "rbx=5000 [5000]:2=8000",
	     "rax=ffffffffffff8000"),
	DONE("movsxd", LONG, "\x48\x63\x03", "rbx=5000 [5000]:4=80000000", "rax=ffffffff80000000"),
	DONE("arpl raises", PROT32, "\x63\x03", "rbx=5000 rax=12 [5000]:2=8", "[5000]:2=a fl=z"),
	DONE("arpl does not lower", PROT32, "\x63\xc3", "fl=z rbx=fff3 rax=2", "fl="),
	DONE("movbe load", LONG, "\x0f\x38\xf0\x03", "rbx=5000 [5000]:4=11223344", "rax=44332211"),
	DONE("movbe store 16", LONG, "\x66\x0f\x38\xf1\x03", "rbx=5000 rax=1122", "[5000]:2=2211"),
	DONE("movbe store 64", LONG, "\x48\x0f\x38\xf1\x03", "rbx=5000 rax=1122334455667788",
	     "[5000]:8=8877665544332211"),
	DONE("movnti", LONG, "\x0f\xc3\x03", "rbx=5000 rax=55", "[5000]:4=55"),
	FAULT("movnti 16", LONG, "\x66\x0f\xc3\x03", "rbx=5000", UD_VECTOR),
	FAULT("movnti register", LONG, "\x0f\xc3\xc3", "", UD_VECTOR),
	DONE("lea", LONG, "\x48\x8d\x44\xb3\x7f", "rbx=ffffffffffffff00 rsi=10", "rax=ffffffffffffffbf"),
	DONE("lea 16-bit operand", LONG, "\x66\x8d\x03", "rbx=12345678 rax=ffff0000", "rax=ffff5678"),
	FAULT("lea register", LONG, "\x8d\xc3", "", UD_VECTOR),
	DONE("nop", LONG, "\x90", "rax=ffffffff00000001", ""),
	DONE("xchg r8", LONG, "\x49\x90", "rax=1 r8=2", "rax=2 r8=1"),
	DONE("nop modrm", LONG, "\x66\x0f\x1f\x84\x00\x00\x00\x00\x00", "rax=123456789", ""),
	DONE("prefetch", LONG, "\x0f\x18\x0b", "rbx=123456789abc", ""),
	DONE("clflush", LONG, "\x0f\xae\x3b", "rbx=5000", ""),
	DONE("mfence", LONG, "\x0f\xae\xf0", "", ""),
	UNKNOWN("clwb without 66 is xsaveopt", LONG, "\x0f\xae\x33", "rbx=5000"),
	DONE("clwb", LONG, "\x66\x0f\xae\x33", "rbx=5000", ""),
	UNKNOWN("rdfsbase", LONG, "\xf3\x48\x0f\xae\xc3", ""),
	DONE("cmov taken", LONG, "\x0f\x44\x03", "fl=z rbx=5000 rax=ffffffffffffffff [5000]:4=7", "rax=7"),
	DONE("cmov not taken zero-extends", LONG, "\x0f\x44\x03", "rbx=5000 rax=1ffffffff [5000]:4=7",
	     "rax=ffffffff"),
	DONE("setle", LONG, "\x0f\x9e\x03", "fl=o rbx=5000", "[5000]:1=1"),
	DONE("setg", LONG, "\x0f\x9f\x03", "fl=o rbx=5000 [5000]:1=5", "[5000]:1=0"),
	DONE("rf is cleared", LONG, "\x90", "efl=10000", "fl="),
};

static const struct row arithmetic[] = {
	DONE("or imm8 on a device register", LONG, "\x80\x0b\x80", "rbx=5000 [5000]:1=1",
	     "[5000]:1=81 fl=sp"),
	DONE("and imm32 sign-extended", LONG, "\x48\x81\x23\xff\xff\xff\x7f",
	     "fl=co rbx=5000 [5000]:8=ffffffffffffffff", "[5000]:8=7fffffff fl=p"),
	DONE("add sets carry", LONG, "\x01\x03", "rbx=5000 rax=1 [5000]:4=ffffffff", "[5000]:4=0 fl=cpaz"),
	DONE("add from memory", PROT32, "\x03\x03", "rbx=5000 rax=1 [5000]:4=7fffffff",
	     "rax=80000000 fl=paso"),
	DONE("adc", LONG, "\x11\x03", "fl=c rbx=5000 rax=1 [5000]:4=1", "[5000]:4=3 fl=p"),
	DONE("sbb", LONG, "\x83\x1b\x00", "fl=c rbx=5000 [5000]:4=0", "[5000]:4=ffffffff fl=cpas"),
	DONE("sub real mode", REAL, "\x29\x07", "rax=1 [20000]:2=1", "[20000]:2=0 fl=zp"),
	DONE("xor accumulators", LONG, "\x34\xff", "rax=aa", "rax=55 fl=p"),
	DONE("cmp memory", LONG, "\x39\x03", "rbx=5000 rax=2 [5000]:4=1", "fl=cpas"),
	DONE("cmp reads a read-only page", LONG, "\x39\x03", "page5=ro rbx=5000 rax=2 [5000]:4=1", "fl=cpas"),
	DONE("test imm", LONG, "\xf6\x03\x80", "rbx=5000 [5000]:1=80", "fl=s"),
	DONE("test imm 64", LONG, "\x48\xf7\x03\x00\x00\x00\x80", "rbx=5000 [5000]:8=8000000000000000",
	     "fl=sp"),
	DONE("not", LONG, "\xf7\x13", "fl=cz rbx=5000 [5000]:4=f0f0f0f0", "[5000]:4=f0f0f0f"),
	DONE("neg", LONG, "\xf6\x1b", "rbx=5000 [5000]:1=1", "[5000]:1=ff fl=cpas"),
	DONE("inc keeps carry", LONG, "\xff\x03", "fl=c rbx=5000 [5000]:4=ffffffff", "[5000]:4=0 fl=cpaz"),
	DONE("dec register, 32-bit mode", PROT32, "\x48", "rax=1", "rax=0 fl=pz"),
	DONE("inc register, real mode", REAL, "\x40", "rax=1ffff", "rax=10000 fl=paz"),
	DONE("shl 1", LONG, "\xd1\x23", "rbx=5000 [5000]:4=c0000000", "[5000]:4=80000000 fl=cps"),
	DONE("shr cl", LONG, "\xd3\x2b", "rbx=5000 rcx=24 [5000]:4=ff", "[5000]:4=f fl=cp"),
	DONE("shift by 0 keeps flags", LONG, "\xc1\x23\x20", "fl=coz rbx=5000 [5000]:4=1", ""),
	DONE("sar", LONG, "\xc0\x3b\x07", "rbx=5000 [5000]:1=80", "[5000]:1=ff fl=ps"),
	DONE("rol 8 by 8 moves carry only", LONG, "\xc0\x03\x08", "rbx=5000 [5000]:1=81", "fl=c"),
	DONE("rcl 9 bits", LONG, "\xd2\x13", "fl=c rbx=5000 rcx=9 [5000]:1=55", "fl=?"),
	DONE("rcr", LONG, "\xd0\x1b", "fl=c rbx=5000 [5000]:1=0", "[5000]:1=80 fl=o"),
	DONE("shld", LONG, "\x0f\xa4\x03\x08", "rbx=5000 rax=ab000000 [5000]:4=11223344",
	     "[5000]:4=223344ab fl=c"),
	DONE("shrd cl", LONG, "\x0f\xad\x03", "rbx=5000 rcx=8 rax=ab [5000]:4=11223344",
	     "[5000]:4=ab112233 fl=?"),
	DONE("mul", LONG, "\xf7\x23", "rbx=5000 rax=ffffffff [5000]:4=2", "rax=fffffffe rdx=1 fl=co"),
	DONE("mul byte", LONG, "\xf6\x23", "rbx=5000 rax=ff10 [5000]:1=10", "rax=100 fl=co"),
	DONE("imul", LONG, "\x48\xf7\x2b", "rbx=5000 rax=2 [5000]:8=ffffffffffffffff",
	     "rax=fffffffffffffffe rdx=ffffffffffffffff"),
	DONE("imul three operands", LONG, "\x6b\x03\xfe", "rbx=5000 [5000]:4=3", "rax=fffffffa"),
	DONE("imul two operands", LONG, "\x0f\xaf\x03", "rbx=5000 rax=10000 [5000]:4=10000", "rax=0 fl=co"),
	DONE("div", LONG, "\xf7\x33", "rbx=5000 rdx=1 rax=0 [5000]:4=3", "rax=55555555 rdx=1 fl=?"),
	DONE("div 64", LONG, "\x48\xf7\x33", "rbx=5000 rdx=1 rax=0 [5000]:8=10",
	     "rax=1000000000000000 rdx=0 fl=?"),
	DONE("idiv byte", LONG, "\xf6\x3b", "rbx=5000 rax=fff9 [5000]:1=2", "rax=fffd fl=?"),
	FAULT("div by zero", LONG, "\xf7\x33", "rbx=5000 rax=1", DE_VECTOR),
	FAULT("div overflow", LONG, "\xf7\x33", "rbx=5000 rdx=3 [5000]:4=3", DE_VECTOR),
	FAULT("idiv overflow", LONG, "\x48\xf7\x3b",
	      "rbx=5000 rax=8000000000000000 rdx=ffffffffffffffff [5000]:8=ffffffffffffffff", DE_VECTOR),
	DONE("xchg", LONG, "\x87\x03", "rbx=5000 rax=1 [5000]:4=2", "rax=2 [5000]:4=1"),
	DONE("xchg is locked", LONG, "\x87\x03", "races=2 rbx=5000 rax=1 [5000]:4=2",
	     "races=0 rax=4 [5000]:4=1"),
	DONE("xadd", LONG, "\xf0\x0f\xc1\x03", "rbx=5000 rax=1 [5000]:4=2", "rax=2 [5000]:4=3 fl=p"),
	DONE("lock add retries", LONG, "\xf0\x01\x03", "races=3 rbx=5000 rax=1 [5000]:4=10",
	     "races=0 [5000]:4=14 fl=p"),
	AGAIN("lock gives up for a while", LONG, "\xf0\x01\x03", "races=10 rbx=5000 rax=1 [5000]:4=10",
	      "races=0 [5000]:4=20"),
	DONE("cmpxchg equal", LONG, "\xf0\x0f\xb1\x0b", "rbx=5000 rax=1 rcx=2 [5000]:4=1",
	     "[5000]:4=2 fl=pz"),
	DONE("cmpxchg different", LONG, "\xf0\x0f\xb1\x0b", "rbx=5000 rax=2 rcx=2 [5000]:4=1", "rax=1 fl="),
	DONE("cmpxchg loses a race", LONG, "\xf0\x0f\xb1\x0b", "races=1 rbx=5000 rax=1 rcx=2 [5000]:4=1",
	     "races=0 rax=2 [5000]:4=2 fl=cpas"),
	DONE("cmpxchg8b equal", PROT32, "\xf0\x0f\xc7\x0b", "rbx=5000", "rax=0 [5000]:8=5000 fl=z"),
	DONE("cmpxchg8b different", LONG, "\x0f\xc7\x0e", "fl=zc rsi=5000 [5000]:8=1122334455667788",
	     "rax=55667788 rdx=11223344 fl=c"),
	DONE("cmpxchg16b", LONG, "\xf0\x48\x0f\xc7\x0e", "rsi=5000 rax=1 rdx=1 rbx=7 rcx=7 [5000]:10=1",
	     "[5000]:10=7 fl=z"),
	DONE("cmpxchg16b retries", LONG, "\xf0\x48\x0f\xc7\x0e",
	     "races=1 rsi=5000 rax=2 rdx=1 rbx=7 rcx=7 [5000]:10=1",
	     "races=0 [5000]:10=7 fl=z"),
	FAULT("cmpxchg16b unaligned", LONG, "\x48\x0f\xc7\x0e", "rsi=5008", GP_VECTOR),
	FAULT("cmpxchg8b register", LONG, "\x0f\xc7\xc9", "", UD_VECTOR),
	DONE("bt imm", LONG, "\x0f\xba\x23\x21", "rbx=5000 [5000]:4=2", "fl=c"),
	DONE("bts bit string up", LONG, "\x0f\xab\x03", "rbx=5000 rax=23", "[5004]:4=8"),
	DONE("btr bit string down", LONG, "\x0f\xb3\x03", "rbx=5010 rax=ffffffdf [5008]:4=80000000",
	     "[5008]:4=0 fl=c"),
	DONE("btc 64", LONG, "\xf0\x48\x0f\xbb\x03", "rbx=5000 rax=41", "[5008]:8=2"),
	DONE("bts 16-bit offset is signed", REAL, "\x0f\xab\x07", "rbx=10 rax=fff0", "[2000e]:2=1"),
};

static const struct row stack_and_branches[] = {
	DONE("push mem", LONG, "\xff\x33", "rsp=7000 rbx=5000 [5000]:8=1122334455667788",
	     "rsp=6ff8 [6ff8]:8=1122334455667788"),
	DONE("push mem 16", LONG, "\x66\xff\x33", "rsp=7000 rbx=5000 [5000]:8=7788", "rsp=6ffe [6ffe]:2=7788"),
	DONE("push esp-relative", PROT32, "\xff\x74\x24\x04", "rsp=7000 [7004]:4=9", "rsp=6ffc [6ffc]:4=9"),
	DONE("push imm8", LONG, "\x6a\xff", "rsp=7000", "rsp=6ff8 [6ff8]:8=ffffffffffffffff"),
	DONE("push imm16", REAL, "\x68\x34\x12", "rsp=1100", "rsp=10fe [310fe]:2=1234"),
	DONE("push rsp", LONG, "\x54", "rsp=7000", "rsp=6ff8 [6ff8]:8=7000"),
	DONE("push wraps a 16-bit stack", REAL, "\x50", "rax=7 rsp=ffff0000", "rsp=fffffffe [3fffe]:2=7"),
	DONE("pop mem", LONG, "\x8f\x03", "rsp=7000 rbx=5000 [7000]:8=5", "rsp=7008 [5000]:8=5"),
	DONE("pop rsp-relative", LONG, "\x8f\x44\x24\x08", "rsp=7000 [7000]:8=5", "rsp=7008 [7010]:8=5"),
	DONE("pop rsp", LONG, "\x5c", "rsp=7000 [7000]:8=5", "rsp=5"),
	DONE("pop real mode", REAL, "\x8f\x07", "rsp=100 [30100]:2=5", "rsp=102 [20000]:2=5"),
	DONE("call mem", LONG, "\xff\x13", "rsp=7000 rbx=5000 [5000]:8=1234",
	     "rip=1234 rsp=6ff8 [6ff8]:8=1002"),
	DONE("call mem 16", REAL, "\xff\x17", "rsp=100 [20000]:2=1234", "rip=1234 rsp=fe [300fe]:2=102"),
	DONE("jmp mem", PROT32, "\xff\x23", "rbx=5000 [5000]:4=1234", "rip=1234"),
	FAULT("jmp beyond CS", PROT16, "\x66\xff\x27", "[20000]:4=12340", GP_VECTOR),
	FAULT("call non-canonical", LONG, "\xff\x13", "rsp=7000 rbx=5000 [5000]:8=800000000000",
	      GP_VECTOR),
	DONE("call with 66 in 64-bit mode", LONG, "\x66\xff\x13", "rsp=7000 rbx=5000 [5000]:8=11234",
	     "rip=11234 rsp=6ff8 [6ff8]:8=1003"),
	DONE("call with 66 in 64-bit mode, AMD", LONG, "\x66\xff\x13", "cpu=amd rsp=7000 rbx=5000 [5000]:8=11234",
	     "rip=1234 rsp=6ffe [6ffe]:2=1003"),
	FAULT("push beyond the stack limit", REAL, "\x50", "rsp=1", SS_VECTOR),
	FAULT("push to a missing stack page", LONG, "\x50", "rsp=7000 page6=none", PF_VECTOR),
};

static const struct row strings[] = {
	DONE("movsb", LONG, "\xa4", "rsi=5000 rdi=6000 [5000]:1=7", "rsi=5001 rdi=6001 [6000]:1=7"),
	DONE("movsq down", LONG, "\x48\xa5", "fl=d rsi=5000 rdi=6000 [5000]:8=7",
	     "rsi=4ff8 rdi=5ff8 [6000]:8=7"),
	DONE("xlat", LONG, "\xd7", "rbx=5000 rax=ff10 [5010]:1=7", "rax=ff07"),
	DONE("xlat, 16-bit address and segment", REAL, "\x64\xd7", "rbx=fff8 rax=10 [8008]:1=7", "rax=7"),
	AGAIN("rep movsd first", LONG, "\xf3\xa5", "rcx=2 rsi=5000 rdi=6000 [5000]:4=7",
	      "rcx=1 rsi=5004 rdi=6004 [6000]:4=7"),
	DONE("rep movsd last", LONG, "\xf3\xa5", "rcx=1 rsi=5000 rdi=6000 [5000]:4=7",
	     "rcx=0 rsi=5004 rdi=6004 [6000]:4=7"),
	DONE("rep movsd none", LONG, "\xf3\xa5", "rsi=5000 rdi=6000 [5000]:4=7", ""),
	AGAIN("rep movsw real mode", REAL, "\xf3\xa5", "rcx=10002 rsi=10 rdi=ffff0020 [20010]:2=7",
	      "rcx=10001 rsi=12 rdi=ffff0022 [28020]:2=7"),
	DONE("movs source override", PROT32, "\x64\xa4", "rsi=10 rdi=6000 [8010]:1=7",
	     "rsi=11 rdi=6001 [6000]:1=7"),
	DONE("movs 32-bit addresses", LONG, "\x67\xa4", "rsi=100005000 rdi=6000 [5000]:1=7",
	     "rsi=5001 rdi=6001 [6000]:1=7"),
	AGAIN("rep stosb", LONG, "\xf3\xaa", "rcx=3 rax=55 rdi=6000", "rcx=2 rdi=6001 [6000]:1=55"),
	DONE("stosq", LONG, "\x48\xab", "rax=1122334455667788 rdi=6000",
	     "rdi=6008 [6000]:8=1122334455667788"),
	DONE("lodsb", LONG, "\xac", "rax=ffff rsi=5000 [5000]:1=7", "rax=ff07 rsi=5001"),
	DONE("lodsd", LONG, "\xad", "rax=ffffffffffffffff rsi=5000 [5000]:4=7", "rax=7 rsi=5004"),
	DONE("scasb", LONG, "\xae", "rax=7 rdi=5000 [5000]:1=7", "rdi=5001 fl=pz"),
	AGAIN("repne scasb goes on", LONG, "\xf2\xae", "rcx=5 rax=7 rdi=5000 [5000]:1=6",
	      "rcx=4 rdi=5001 fl="),
	DONE("repne scasb stops", LONG, "\xf2\xae", "rcx=5 rax=7 rdi=5000 [5000]:1=7",
	     "rcx=4 rdi=5001 fl=pz"),
	AGAIN("repe cmpsb goes on", LONG, "\xf3\xa6", "rcx=5 rsi=5000 rdi=6000",
	      "rcx=4 rsi=5001 rdi=6001 fl=pz"),
	DONE("repe cmpsb stops", LONG, "\xf3\xa6", "rcx=5 rsi=5000 rdi=6000 [5000]:1=2 [6000]:1=1",
	     "rcx=4 rsi=5001 rdi=6001 fl="),
	FAULT("movs into a read-only page", LONG, "\xa4", "rsi=5000 rdi=6000 page6=ro", PF_VECTOR),
	FAULT("stos beyond ES", REAL, "\xab", "rdi=ffff", GP_VECTOR),
};

static const struct row ports[] = {
	DONE("in al, imm", LONG, "\xe4\x80", "rax=ff00", "rax=ff00"),
	DONE("in eax, dx", LONG, "\xed", "rdx=123 rax=ffffffffffffffff", "rax=3020100"),
	DONE("in with rex.w", LONG, "\x48\xed", "rdx=123 rax=ffffffffffffffff", "rax=3020100"),
	DONE("in ax, real mode", REAL, "\xed", "rdx=123 rax=ffffffff", "rax=ffff0100"),
	DONE("out imm", LONG, "\xe6\x80", "rax=ff12", ""),
	DONE("out dx", PROT32, "\xef", "rdx=123 rax=ff12", ""),
	DONE("insb", LONG, "\x6c", "rdx=3f8 rdi=5000 [5000]:1=ff", "rdi=5001 [5000]:1=0"),
	DONE("rep insw", LONG, "\x66\xf3\x6d", "rcx=3 rdx=3f8 rdi=5000",
	     "rcx=0 rdi=5006 [5000]:2=100 [5002]:2=302 [5004]:2=504"),
	AGAIN("rep insb stops at the page", LONG, "\xf3\x6c", "rcx=8 rdx=3f8 rdi=5ffe [5ffe]:4=ffffffff",
	      "rcx=6 rdi=6000 [5ffe]:2=100"),
	DONE("ins across pages", LONG, "\x6d", "rdx=3f8 rdi=5ffe", "rdi=6002 [5ffe]:4=3020100"),
	AGAIN("rep insb down is single", LONG, "\xf3\x6c", "fl=d rcx=8 rdx=3f8 rdi=5100 [5100]:1=7",
	      "rcx=7 rdi=50ff [5100]:1=0"),
	DONE("rep insb none", LONG, "\xf3\x6c", "rdx=3f8 rdi=5000", ""),
	AGAIN("rep insb respects the limit", PROT32, "\xf3\x6c", "rcx=8 rdi=5000 es.limit=5001 [5000]:1=5",
	      "rcx=7 rdi=5001 [5000]:1=0"),
	FAULT("ins to a read-only page", LONG, "\x6c", "rdi=5000 page5=ro", PF_VECTOR),
	DONE("rep outsd", LONG, "\xf3\x6f", "rcx=2 rsi=5000 rdx=3f8", "rcx=0 rsi=5008"),
	DONE("rep outsb none", LONG, "\xf3\x6e", "rsi=5000", ""),
	FAULT("outsb beyond the limit", REAL, "\x6f", "rsi=ffff", GP_VECTOR),
	FAULT("outsb from a missing page", LONG, "\x6e", "rsi=5000 page5=none", PF_VECTOR),
	DONE("outsb with fs", LONG, "\x64\x6e", "rsi=10 rdx=3f8", "rsi=11"),
	FAULT("in denied by the bitmap", PROT32, "\xec", "cpl=3 pio=deny", GP_VECTOR),
	DONE("in allowed by the bitmap", PROT32, "\xec", "cpl=3 rdx=1003 pio=deny [38268]:1=f7", "rax=0"),
	FAULT("in of two allowed by the bitmap, one not", PROT32, "\x66\xed", "cpl=3 rdx=1007 pio=deny [38268]:1=0",
	      GP_VECTOR),
	FAULT("in beyond the bitmap", PROT32, "\xec", "cpl=3 rdx=1003 tr.limit=268", GP_VECTOR),
	FAULT("in with a 16-bit TSS", PROT32, "\xec", "cpl=3 rdx=1003 tr.attr=83", GP_VECTOR),
	DONE("in allowed by IOPL", PROT32, "\xec", "cpl=3 pio=deny efl=3000", "rax=0"),
	FAULT("virtual-8086 always asks", REAL, "\xec", "cr0=11 cpl=3 efl=23000 pio=deny", GP_VECTOR),
	FAULT("outs denied", LONG, "\x6e", "cpl=3 pio=deny rsi=5000", GP_VECTOR),
};

static const struct row vectors[] = {
	DONE("movups load", LONG, "\x0f\x10\x0b", "rbx=5001 v1.2=9 [5001]:10=1122334455667788",
	     "v1=1122334455667788 v1.1=1122334455667788"),
	DONE("movups store", LONG, "\x44\x0f\x11\x0b", "rbx=5001 v9=7 v9.1=8", "[5001]:8=7 [5009]:8=8"),
	FAULT("movaps unaligned", LONG, "\x0f\x28\x0b", "rbx=5001", GP_VECTOR),
	DONE("movaps store", PROT32, "\x0f\x29\x0b", "rbx=5010 v1=7 v1.1=8", "[5010]:8=7 [5018]:8=8"),
	DONE("movss load clears", LONG, "\xf3\x0f\x10\x0b", "rbx=5000 v1=9999999999999999 v1.1=9 [5000]:4=1",
	     "v1=1 v1.1=0"),
	DONE("movlps keeps high", LONG, "\x0f\x12\x0b", "rbx=5000 v1.1=9 [5000]:8=1", "v1=1"),
	DONE("movhps load", LONG, "\x0f\x16\x0b", "rbx=5000 v1=9 [5000]:8=1", "v1.1=1"),
	DONE("movhps store", LONG, "\x0f\x17\x0b", "rbx=5000 v1.1=9", "[5000]:8=9"),
	DONE("movdqu page crossing", LONG, "\xf3\x0f\x7f\x0b", "rbx=5ff9 v1=7 v1.1=8",
	     "[5ff9]:8=7 [6001]:8=8"),
	DONE("movd", LONG, "\x66\x0f\x7e\x0b", "rbx=5000 v1=1122334455667788", "[5000]:4=55667788"),
	DONE("movq rex.w", LONG, "\x66\x48\x0f\x6e\x0b", "rbx=5000 v1.1=5 [5000]:8=1122334455667788",
	     "v1=1122334455667788 v1.1=0"),
	DONE("movntdq", LONG, "\x66\x0f\xe7\x0b", "rbx=5000 v1=1 v1.1=2", "[5000]:8=1 [5008]:8=2"),
	DONE("movntdqa", LONG, "\x66\x0f\x38\x2a\x0b", "rbx=5000 [5000]:10=3", "v1=3 v1.1=3"),
	DONE("vmovdqu 256", LONG, "\xc5\xfe\x6f\x0b", "rbx=5003 [5003]:20=4", "v1=4 v1.1=4 v1.2=4 v1.3=4"),
	DONE("vmovdqu 128 clears above", LONG, "\xc5\xfa\x6f\x0b", "rbx=5003 v1.2=1 v1.3=1 [5003]:10=4",
	     "v1=4 v1.1=4 v1.2=0 v1.3=0"),
	DONE("vmovdqa 256 store", LONG, "\xc5\xfd\x7f\x0b", "rbx=5020 v1=1 v1.1=2 v1.2=3 v1.3=4",
	     "[5020]:8=1 [5028]:8=2 [5030]:8=3 [5038]:8=4"),
	FAULT("vmovdqa 256 wants 32", LONG, "\xc5\xfd\x7f\x0b", "rbx=5010", GP_VECTOR),
	DONE("vmovhps takes vvvv", LONG, "\xc5\xe8\x16\x0b", "rbx=5000 v2=7 v1.2=1 [5000]:8=9",
	     "v1=7 v1.1=9 v1.2=0"),
	DONE("vmovdqu in 32-bit mode", PROT32, "\xc5\xfa\x7f\x0b", "cr4=40600 rbx=5000 v1=1", "[5000]:8=1"),
	FAULT("vex without osxsave", PROT32, "\xc5\xfa\x7f\x0b", "rbx=5000", UD_VECTOR),
	FAULT("vex in real mode", REAL, "\xc5\xfa\x7f\x0f", "cr4=40600", UD_VECTOR),
	FAULT("vex vvvv must be unused", LONG, "\xc5\xea\x6f\x0b", "rbx=5000", UD_VECTOR),
	FAULT("vex.l with movq", LONG, "\xc5\xfe\x7e\x0b", "rbx=5000", UD_VECTOR),
	FAULT("66 before vex", LONG, "\x66\xc5\xfa\x6f\x0b", "rbx=5000", UD_VECTOR),
	FAULT("sse without osfxsr", LONG, "\x0f\x10\x0b", "cr4=20 rbx=5000", UD_VECTOR),
	FAULT("sse with em", LONG, "\x0f\x10\x0b", "cr0=80000015 rbx=5000", UD_VECTOR),
	FAULT("sse with ts", LONG, "\x0f\x10\x0b", "cr0=80000019 rbx=5000", NM_VECTOR),
	UNKNOWN("movups register", LONG, "\x0f\x10\xc1", ""),
	DONE("mmx movq load", LONG, "\x44\x0f\x6f\x0b", "rbx=5000 [5000]:8=1122334455667788", "m1=1122334455667788"),
	DONE("mmx movq store", PROT32, "\x0f\x7f\x0b", "rbx=5000 m1=1122334455667788", "[5000]:8=1122334455667788"),
	DONE("mmx movd load", LONG, "\x0f\x6e\x13", "rbx=5000 m2=ffffffffffffffff [5000]:8=1122334455667788",
	     "m2=55667788"),
	DONE("mmx movd store, rex.w", LONG, "\x48\x0f\x7e\x13", "rbx=5000 m2=1122334455667788",
	     "[5000]:8=1122334455667788"),
	DONE("movntq", LONG, "\x0f\xe7\x0b", "rbx=5000 m1=7", "[5000]:8=7"),
	FAULT("mmx with em", LONG, "\x0f\x6f\x0b", "cr0=80000015 rbx=5000", UD_VECTOR),
	FAULT("mmx with ts", LONG, "\x0f\x6f\x0b", "cr0=80000019 rbx=5000", NM_VECTOR),
	FAULT("mmx with an x87 exception waiting", LONG, "\x0f\x6f\x0b", "sw=80 rbx=5000", MF_VECTOR),
	FAULT("mmx with vex", LONG, "\xc5\xf8\x6f\x0b", "rbx=5000", UD_VECTOR),
	UNKNOWN("vex map 8", LONG, "\xc4\xe8\x78\x10\x0b", "rbx=5000"),
	UNKNOWN("evex map 7", LONG, "\x62\xf7\x7c\x48\x10\x0b", "rbx=5000"),
	FAULT("66 before evex", LONG, "\x66\x62\xf1\x7c\x48\x10\x0b", "rbx=5000", UD_VECTOR),
	UNKNOWN("evex", LONG, "\x62\xf1\x7c\x48\x10\x0b", "rbx=5000"),
};

static const struct row segmentation[] = {
	FAULT("beyond the limit", REAL, "\x8b\x07", "rbx=ffff", GP_VECTOR),
	FAULT("stack segment limit", REAL, "\x8b\x46\x00", "rbp=ffff", SS_VECTOR),
	FAULT("32-bit limit", PROT32, "\x8b\x03", "rbx=5000 ds.limit=5002", GP_VECTOR),
	DONE("32-bit limit, last byte", PROT32, "\x8b\x03", "rbx=5000 ds.limit=5003 [5000]:4=1", "rax=1"),
	FAULT("4 GiB wrap", PROT32, "\x8b\x03", "rbx=fffffffe", GP_VECTOR),
	UNKNOWN("operand wraps in the linear space", PROT32, "\x8b\x03", "ds.base=1000 rbx=ffffeffe"),
	FAULT("null selector", PROT32, "\x8b\x03", "rbx=5000 ds.attr=0", GP_VECTOR),
	FAULT("null stack", PROT32, "\x8b\x04\x24", "rsp=5000 ss.attr=0", SS_VECTOR),
	FAULT("read-only data", PROT32, "\x89\x03", "rbx=5000 ds.attr=c91", GP_VECTOR),
	DONE("read-only data is readable", PROT32, "\x8b\x03", "rbx=5000 ds.attr=c91 [5000]:4=1", "rax=1"),
	FAULT("write to code", PROT32, "\x2e\x89\x03", "rbx=5000", GP_VECTOR),
	DONE("read from code", PROT32, "\x2e\x8b\x03", "rbx=5000 [5000]:4=1", "rax=1"),
	FAULT("execute-only code", PROT32, "\x2e\x8b\x03", "cs.attr=c99 rbx=5000", GP_VECTOR),
	FAULT("expand-down below", PROT32, "\x8b\x03", "rbx=5000 ds.attr=c97 ds.limit=5000", GP_VECTOR),
	DONE("expand-down above", PROT32, "\x8b\x03", "rbx=5001 ds.attr=c97 ds.limit=5000 [5001]:4=1",
	     "rax=1"),
	FAULT("expand-down 16-bit top", PROT32, "\x8b\x03", "rbx=fffe ds.attr=97 ds.limit=5000", GP_VECTOR),
	DONE("real mode ignores rights", REAL, "\x89\x07", "ds.attr=1 rax=1", "[20000]:2=1"),
	DONE("big real mode", REAL, "\x67\x8b\x03", "ds.base=0 ds.limit=ffffffff rbx=30000 [30000]:2=1",
	     "rax=1"),
	FAULT("non-canonical", LONG, "\x8b\x03", "rbx=800000000000", GP_VECTOR),
	FAULT("non-canonical stack", LONG, "\x8b\x04\x24", "rsp=800000000000", SS_VECTOR),
	FAULT("non-canonical last byte", LONG, "\x8b\x03", "rbx=7ffffffffffe", GP_VECTOR),
	FAULT("canonical with 57 bits", LONG, "\x8b\x03", "cr4=41620 rbx=800000000000", PF_VECTOR),
	FAULT("fs wraps to non-canonical", LONG, "\x64\x8b\x03", "rbx=7ffffffff000", GP_VECTOR),
	FAULT("alignment check", LONG, "\x8b\x03", "cpl=3 cr0=80040011 efl=40000 rbx=5001", AC_VECTOR),
	DONE("no alignment check in ring 0", LONG, "\x8b\x03", "cr0=80040011 efl=40000 rbx=5001 [5001]:4=1",
	     "rax=1"),
	FAULT("missing page", LONG, "\x8b\x03", "rbx=5000 page5=none", PF_VECTOR),
	FAULT("second page missing", LONG, "\x8b\x03", "rbx=5ffe page6=none", PF_VECTOR),
	FAULT("read-modify-write of a read-only page", LONG, "\x83\x0b\x01", "rbx=5000 page5=ro", PF_VECTOR),
	FAULT("second page read-only", LONG, "\x01\x03", "rbx=5ffe page6=ro", PF_VECTOR),
};

static const struct row encodings[] = {
	FAULT("lock mov", LONG, "\xf0\x89\x03", "rbx=5000", UD_VECTOR),
	FAULT("lock with register", LONG, "\xf0\x01\xc3", "", UD_VECTOR),
	FAULT("lock cmp", LONG, "\xf0\x39\x03", "rbx=5000", UD_VECTOR),
	FAULT("lock load form", LONG, "\xf0\x03\x03", "rbx=5000", UD_VECTOR),
	FAULT("lock bt", LONG, "\xf0\x0f\xba\x23\x01", "rbx=5000", UD_VECTOR),
	FAULT("lock nop", LONG, "\xf0\x90", "", UD_VECTOR),
	DONE("15 bytes", LONG, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x89\x03",
	     "rbx=5000 rax=7", "[5000]:2=7"),
	FAULT("16 bytes", LONG, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x89\x03",
	      "rbx=5000", GP_VECTOR),
	DONE("rex before 66 does not count", LONG, "\x48\x66\x89\x03", "rbx=5000 rax=1122334455667788",
	     "[5000]:2=7788"),
	DONE("last segment prefix wins", PROT32, "\x64\x65\x8b\x03", "[c000]:4=5", "rax=5"),
	DONE("fs survives ds in 64-bit mode", LONG, "\x64\x3e\x8b\x03", "[8000]:4=5", "rax=5"),
	FAULT("ud2", LONG, "\x0f\x0b", "", UD_VECTOR),
	FAULT("push es in 64-bit mode", LONG, "\x06", "", UD_VECTOR),
	FAULT("82 in 64-bit mode", LONG, "\x82\x03\x01", "rbx=5000", UD_VECTOR),
	DONE("82 in 32-bit mode", PROT32, "\x82\x0b\x01", "rbx=5000", "[5000]:1=1 fl="),
	FAULT("les register in real mode", REAL, "\xc4\xc0\x00", "", UD_VECTOR),
	UNKNOWN("0f04", LONG, "\x0f\x04", ""),
	FAULT("code page missing", LONG, "\x90", "rip=1fff page1=none", PF_VECTOR),
	FAULT("code beyond CS", PROT32, "\x8b\x03", "cs.limit=1000", GP_VECTOR),
	FAULT("non-canonical rip", LONG, "\x90", "rip=7fffffffffff0000", GP_VECTOR),
	DONE("32-bit rip wraps", PROT32, "\x90", "rip=100001000", "rip=1001"),
};

static const struct table tables[] = {
	TABLE(moves),	TABLE(arithmetic), TABLE(stack_and_branches), TABLE(strings),
	TABLE(ports),	TABLE(vectors),	   TABLE(segmentation),	      TABLE(encodings),
};

static struct insn_machine now;

/* The batches of string I/O, which the tables do not show. */
static void test_batches(void **state)
{
	bool any;

	(void)state;
	machine_init(&now, LONG);
	machine_code(&now, "\xf3\x6f", 2);
	assert_true(machine_apply(&now, "rcx=1000 rsi=5100 rdx=1f0 [5100]:1=77", &any));
	assert_int_equal(machine_step(&now), INSN_AGAIN);
	assert_int_equal(now.pio_count, INSN_IO_BATCH / 4);
	assert_int_equal(now.pio_size, 4);
	assert_int_equal(now.pio_port, 0x1f0);
	assert_int_equal(now.pio_out[0], 0x77);
	assert_int_equal(now.ctx.r.gpr[1], 0x1000 - INSN_IO_BATCH / 4);
	assert_int_equal(now.ctx.r.gpr[6], 0x5100 + INSN_IO_BATCH);
	assert_int_equal(now.ctx.r.rip, 0x1000);

	machine_init(&now, REAL);
	machine_code(&now, "\xf3\x6c", 2);
	assert_true(machine_apply(&now, "rcx=20 rdi=fff0 rdx=1f0", &any));
	assert_int_equal(machine_step(&now), INSN_AGAIN);
	assert_int_equal(now.pio_count, 15);
	assert_int_equal(machine_step(&now), INSN_AGAIN);
	assert_int_equal(now.pio_count, 1);
	assert_int_equal(now.ctx.r.gpr[7], 0);
	assert_int_equal(machine_step(&now), INSN_DONE);
	assert_int_equal(now.pio_count, 16);

	/* To and from a device: element by element. */
	machine_init(&now, LONG);
	machine_code(&now, "\xf3\x6d", 2);
	assert_true(machine_apply(&now, "rcx=20 rdi=5100 rdx=1f0 page5=dev", &any));
	assert_int_equal(machine_step(&now), INSN_AGAIN);
	assert_int_equal(now.pio_count, 1);
	assert_int_equal(now.ctx.r.gpr[7], 0x5104);
	machine_code(&now, "\xf3\x6f", 2);
	assert_true(machine_apply(&now, "rcx=20 rsi=5100", &any));
	now.answers = 1;
	assert_int_equal(machine_step(&now), INSN_AGAIN);
	assert_int_equal(now.pio_count, 1);
	assert_int_equal(now.ctx.r.gpr[6], 0x5104);
}

/* No more bytes are fetched than needed. */
static void test_fetch_stops_at_page(void **state)
{
	bool any;

	(void)state;
	machine_init(&now, LONG);
	assert_true(machine_apply(&now, "rip=1ffe rbx=5000 rax=7 page2=none", &any));
	machine_code(&now, "\x89\x03", 2);
	assert_int_equal(machine_step(&now), INSN_DONE);
	assert_int_equal(now.mem[0x5000], 7);
	assert_int_equal(now.ctx.r.rip, 0x2000);

	assert_true(machine_apply(&now, "rip=1fff", &any));
	now.mem[0x1fff] = 0x89;
	assert_int_equal(machine_step(&now), INSN_FAULT);
	assert_int_equal(now.ctx.fault.vector, PF_VECTOR);
	assert_int_equal(now.ctx.fault.cr2, 0x2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "moves", rows_test, NULL, NULL, (void *)&tables[0] },
		{ "arithmetic", rows_test, NULL, NULL, (void *)&tables[1] },
		{ "stack and branches", rows_test, NULL, NULL, (void *)&tables[2] },
		{ "strings", rows_test, NULL, NULL, (void *)&tables[3] },
		{ "ports", rows_test, NULL, NULL, (void *)&tables[4] },
		{ "vectors", rows_test, NULL, NULL, (void *)&tables[5] },
		{ "segmentation", rows_test, NULL, NULL, (void *)&tables[6] },
		{ "encodings", rows_test, NULL, NULL, (void *)&tables[7] },
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_fetch_stops_at_page),
	};

	return cmocka_run_group_tests_name("insn", tests, NULL, NULL);
}
