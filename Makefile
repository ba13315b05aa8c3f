# SPDX-License-Identifier: GPL-2.0-only
#
# Everything is built inside the lab root (lab/mkroot), so that the machine
# itself needs only make and the packages that lab/mkroot installs.
# Output goes to build/ (TAXCUT_BUILD); the source tree stays clean.

IN_ROOT := lab/in-root --

.PHONY: all help lab module module-6.1 tool guest bench unit api fuzz lint check check-guests check-vfio check-intel check-stress compat demo plots bench-path bench-path-baseline build-bench-path native install uninstall clean distclean
.PHONY: check-quick coverage compile_commands.json
.PHONY: guest-module native-guest install-guest uninstall-guest

all: module tool guest

help:
	@echo 'make            build the module, the tool and the guest programs'
	@echo 'make lab        build the lab root (once, in the user cache)'
	@echo 'make module     build taxcut.ko for the lab kernel (Debian 13)'
	@echo 'make module-6.1 build taxcut.ko for the Debian 12 kernel'
	@echo 'make guest-module  build the modules for guests, for both kernels'
	@echo 'make tool       build the taxcut command'
	@echo 'make guest      build the guest programs, initrds and disk image'
	@echo 'make unit       build and run the unit tests'
	@echo 'make api        build the API tests, which run in the lab'
	@echo 'make fuzz       build the fuzzers'
	@echo 'make lint       style and static checks'
	@echo 'make check      run all tests except the slow ones'
	@echo 'make check-quick  lint of changed files, unit tests, fuzzers, some API tests: under 2 minutes'
	@echo 'make coverage   line coverage of module/model/ by the unit tests'
	@echo 'make compile_commands.json  for clangd'
	@echo 'make check-guests  run all guest tests, including the slow ones'
	@echo 'make check-vfio  all host devices in guests, in all modes'
	@echo 'make check-intel  all tests on the emulated Intel host'
	@echo 'make check-stress  stress tests of interrupts, timers, wake-ups and memory (STRESS_SECONDS=60 per test)'
	@echo 'make compat     run KVM'"'"'s selftests on stock KVM and on taxcut and compare (COMPAT=NAMES)'
	@echo 'make demo       boot a dedicated Debian instance and print its tax bill'
	@echo 'make bench-path count the instructions per kind of exit'
	@echo 'make bench-path-baseline  the same, stored as the baseline of make check'
	@echo 'make bench      measure the effect of each cut, with stock KVM and the host for comparison (BENCH=OPTIONS of bench/run)'
	@echo 'make plots      draw the plots of docs/ again'
	@echo 'make native     build the module and the tool for this machine, with its own compiler'
	@echo 'make install    install the output of make native (prefix=, DESTDIR=, KVER=)'
	@echo 'make uninstall  remove the installed files'
	@echo 'make native-guest  in a guest: build taxcut_guest.ko for its kernel'
	@echo 'make install-guest  install taxcut_guest.ko (prefix=, DESTDIR=, KVER=)'
	@echo 'make uninstall-guest  remove it'
	@echo 'make clean      remove build/'
	@echo 'make distclean  remove build/ and the cached lab roots'

lab:
	@lab/mkroot

module: lab
	@$(IN_ROOT) lab/build-module current

module-6.1: lab
	@$(IN_ROOT) lab/build-module old

guest-module: lab
	@$(IN_ROOT) lab/build-module --guest old
	@$(IN_ROOT) lab/build-module --guest current

tool: lab
	@$(IN_ROOT) make --no-print-directory -C tool O=/build/tool all

guest: lab guest-module
	@$(IN_ROOT) make --no-print-directory -C guest O=/build/guest all

unit: lab
	@$(IN_ROOT) make --no-print-directory -C tests/unit O=/build/unit all run

api: lab
	@$(IN_ROOT) make --no-print-directory -C tests/api O=/build/api all

fuzz: lab
	@$(IN_ROOT) make --no-print-directory -C tests/fuzz O=/build/fuzz all

lint: lab
	@tests/run lint

# Lint of files changed since HEAD~1, and a subset of the API tests.
check-quick: lab
	@LINT_CHANGED=1 FUZZ_SECONDS=1 API_TESTS="cpu_* irq_a* timer_exits" tests/run lint unit fuzz api

coverage: lab
	@$(IN_ROOT) make --no-print-directory -s -C tests/unit O=/build/coverage COVERAGE=1 coverage

compile_commands.json: module tool
	@lab/compile-commands >$@

check: lab
	@tests/run

check-guests: lab module
	@GUEST_ALL=1 tests/run guest

check-vfio: lab module guest
	@lab/lab --devices vfio-noncoherent --timeout 5000 -- tests/vfio/run --all
	@lab/lab --devices vfio --timeout 1500 -- tests/vfio/run legacy-msi iommufd-msi

check-intel: lab
	@INTEL_ALL=1 tests/run intel

STRESS_SECONDS ?= 60

check-stress: lab module api guest
	@lab/lab --smp 4 --mem 2048 --timeout 3600 -- /build/api/api --stress $(STRESS_SECONDS) 'stress_*'
	@lab/lab --smp 4 --mem 4096 --timeout 3600 -- env STORM_SECONDS=$(STRESS_SECONDS) tests/guest/run 'storm-*'

compat: lab module
	@tests/compat/run $(COMPAT)

build-bench-path: lab
	@$(IN_ROOT) make --no-print-directory -C bench/path O=/build/bench-path all

bench-path: module build-bench-path
	@bench/path.sh

bench-path-baseline: module build-bench-path
	@bench/path.sh --update

plots: lab
	@$(IN_ROOT) make --no-print-directory -C docs/plots O=/build/plots all
	@$(IN_ROOT) /build/plots/timer_advance >docs/timer-advance.svg

demo: lab module tool guest
	@bench/demo

BENCH ?= --set cuts,halt-poll

bench: lab module tool guest
	@bench/run $(BENCH)

# On a machine that runs instances. Needs its kernel's headers, gcc, libjansson-dev, libncurses-dev.
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
NATIVE ?= $(CURDIR)/build/native
MODULE ?= $(NATIVE)/module/taxcut.ko
prefix ?= /usr/local
udevdir ?= /usr/lib/udev/rules.d

native:
	@[ -d $(KDIR) ] || { echo "no kernel headers at $(KDIR): install them (Debian: linux-headers-$(KVER))" >&2; exit 1; }
	@lab/link-module host $(NATIVE)/module
	$(MAKE) -C $(KDIR) M=$(NATIVE)/module --no-print-directory modules
	$(MAKE) -C tool O=$(NATIVE)/tool --no-print-directory all

install:
	@[ -e $(MODULE) ] || { echo 'nothing to install: make native first' >&2; exit 1; }
	$(MAKE) -C tool O=$(NATIVE)/tool --no-print-directory prefix=$(prefix) DESTDIR=$(DESTDIR) install
	install -D -m 644 $(MODULE) $(DESTDIR)/lib/modules/$(KVER)/updates/taxcut.ko
	install -D -m 644 packaging/60-taxcut.rules $(DESTDIR)$(udevdir)/60-taxcut.rules
	[ -n '$(DESTDIR)' ] || depmod $(KVER)

uninstall:
	rm -f $(DESTDIR)/lib/modules/$(KVER)/updates/taxcut.ko $(DESTDIR)$(udevdir)/60-taxcut.rules
	rm -f $(DESTDIR)$(prefix)/bin/taxcut $(DESTDIR)$(prefix)/share/bash-completion/completions/taxcut
	rm -f $(DESTDIR)$(prefix)/share/man/man1/taxcut.1 $(DESTDIR)$(prefix)/share/man/man1/taxcut-*.1
	[ -n '$(DESTDIR)' ] || depmod $(KVER)

# In a guest. Needs its kernel's headers and gcc.
GUEST_MODULE ?= $(NATIVE)/guest-module/taxcut_guest.ko

native-guest:
	@[ -d $(KDIR) ] || { echo "no kernel headers at $(KDIR): install them (Debian: linux-headers-$(KVER))" >&2; exit 1; }
	@lab/link-module guest $(NATIVE)/guest-module
	$(MAKE) -C $(KDIR) M=$(NATIVE)/guest-module --no-print-directory modules

install-guest:
	@[ -e $(GUEST_MODULE) ] || { echo 'nothing to install: make native-guest first' >&2; exit 1; }
	install -D -m 644 $(GUEST_MODULE) $(DESTDIR)/lib/modules/$(KVER)/updates/taxcut_guest.ko
	install -D -m 644 guest/taxcut_guest.4 $(DESTDIR)$(prefix)/share/man/man4/taxcut_guest.4
	[ -n '$(DESTDIR)' ] || depmod $(KVER)

uninstall-guest:
	rm -f $(DESTDIR)/lib/modules/$(KVER)/updates/taxcut_guest.ko $(DESTDIR)$(prefix)/share/man/man4/taxcut_guest.4
	[ -n '$(DESTDIR)' ] || depmod $(KVER)

clean:
	rm -rf build

distclean: clean
	lab/mkroot --remove
