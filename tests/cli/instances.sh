# Instances of the stand-in for QEMU, pinned on this machine; source lib.sh first.
# $hk is the housekeeping CPU of the described host, $own the isolated one.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154

new_host
k=$tmp/vmlinuz
make_kernel "$k"

# The first two CPUs of this machine that the test may use.
allowed=$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)
# shellcheck disable=SC2086
mapfile -t real < <(for r in ${allowed//,/ }; do seq "${r%-*}" "${r#*-}"; done)
if [ "${#real[@]}" -lt 2 ]; then
	echo '# one CPU only: nothing can be pinned here'
	ok "instances (not tried: one CPU)"
	finish
fi
hk=${real[0]}
own=${real[1]}
put sys/devices/system/cpu/online "$hk,$own"
put sys/devices/system/cpu/isolated "$own"

run()
{
	rm -f "$FAKE_LOG"
	taxcut run --qemu "$FAKEQEMU" --kernel "$k" --name "${name:-t}" "$@"
}

# run_bg ARG...: starts taxcut run in the background, and waits until the guest is started.
run_bg()
{
	rm -f "$FAKE_LOG"
	"$TAXCUT" run --qemu "$FAKEQEMU" --kernel "$k" --name "${name:-t}" "$@" \
		>"$tmp/bg.out" 2>"$tmp/bg.err" </dev/null &
	runner=$!
	wait_for 20 grep -q '^qmp cont' "$FAKE_LOG" || echo "# no cont: $(cat "$tmp/bg.err")"
}

end_bg()
{
	wait "$runner"
	status=$?
	cp "$tmp/bg.err" "$tmp/err"
	: >"$tmp/out"
}
