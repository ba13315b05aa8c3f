# One guest under QEMU: start it, send it commands, wait for it, check its console.
# Runs on the emulated host.
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# A test is a function test_NAME that runs in its own subshell and directory; it
# succeeds, or calls `die WHY`.  The guest's console is the file console, QEMU's
# messages are in qemu.err, its QMP socket is qmp.

device=${TAXCUT_DEV:-/dev/taxcut}
images=/build/guest
limit=240	# time limit of a guest in seconds
patience=120	# limit of a guest's silence in seconds
initrd=
qemu_pid=
listener=
input=/dev/null

# Bochs, the emulated Intel host, is slow; guests run on the CPUs that the suite
# isolates. SeaBIOS waits there for a second CPU without end (docs/emulator-bugs.md).
quick=
qemu="qemu-system-x86_64"
cut_cpus=none
if grep -qw vmx /proc/cpuinfo; then
	# shellcheck source=tests/guest/quick.sh
	. "${BASH_SOURCE[0]%/*}/quick.sh"
	qemu=/src/lab/host/qemu-qboot
	cut_cpus=1-4
	limit=900
	patience=300
fi

die()
{
	echo "$*" >why
	exit 1
}

# The options of all guests: machine TYPE with IRQCHIP and VCPUS. $cpu_flags are added to -cpu.
#
# QEMU emulates the second IOAPIC itself, even if the first is the hypervisor's;
# it then gets no EOI, so its first level-triggered interrupt would be the last.
# shellcheck disable=SC2054 # commas are QEMU's
machine()
{
	local type=$1 irqchip=$2 vcpus=$3

	bus=device
	case $type-$irqchip in
	microvm-split) args=(-M microvm,pit=off,pic=off,rtc=off,isa-serial=on) ;;
	microvm-on) args=(-M microvm,isa-serial=on,ioapic2=off) ;;
	q35-*) args=(-M q35,smm=off); bus=pci ;;
	esac
	args+=(-accel "kvm,device=$device,kernel-irqchip=$irqchip" -cpu "host${cpu_flags:+,$cpu_flags}" -smp "$vcpus" -m 256
	       -nodefaults -no-user-config -display none)
}

# kernel VERSION SCENARIO [WORD...]: boots Debian's kernel into a scenario; $initrd selects a larger initrd (tools,
# devices).
kernel()
{
	local version=$1 scenario=$2

	shift 2
	args+=(-kernel "$images/vmlinuz-$version" -initrd "$images/initrd-${initrd:+$initrd-}$version.img"
	       -append "console=ttyS0 panic=-1 quiet tc.run=$scenario $quick $*")
}

# disk FILE [KEY=VALUE]: adds a virtio disk.
disk()
{
	args+=(-drive "if=none,id=disk,format=raw,file=$1${2:+,$2}" -device "virtio-blk-$bus,drive=disk")
}

# network: QEMU's user-mode network with a TFTP server on the directory tftp.
network()
{
	local rom=''

	[ "$bus" = device ] || rom=,romfile=
	args+=(-netdev "user,id=net,tftp=$PWD/tftp" -device "virtio-net-$bus,netdev=net$rom")
}

# start NAME [OPTION...]: starts QEMU in the background, with the console in the file NAME.
start()
{
	launch "$1" "file:$1" "${@:2}"
}

# The same with a console that also accepts input (see answer).
start_talking()
{
	mkfifo talk.in talk.out
	cat talk.out >"$1" &
	listener=$!
	launch "$1" chardev:talk -chardev pipe,id=talk,path=talk "${@:2}"
}

# answer MARK [COMMAND...]: waits until the guest prints MARK, runs COMMAND..., and lets the guest continue.
answer()
{
	await "TC: mark=$1"
	"${@:2}"
	echo >talk.in
}

# launch NAME SERIAL [OPTION...]
launch()
{
	local serial=$2

	console=$1
	shift 2
	timeout -k 5 "$limit" "$qemu" "${args[@]}" -serial "$serial" \
		-qmp "unix:qmp,server=on,wait=off" "$@" </dev/null >qemu.err 2>&1 &
	qemu_pid=$!
}

# instance WORDS [OPTION...]: `taxcut run' in the background, under the name $name; console from $input.
instance()
{
	local words=$1

	shift
	name=${PWD##*/}
	console=console
	timeout -k 5 "$limit" taxcut run --device "$device" --qemu "$qemu" --name "$name" --mem 256M "$@" \
		--kernel "$images/vmlinuz-13" --initrd "$images/initrd-13.img" --no-reboot \
		--append "console=ttyS0 quiet panic=-1 $words $quick" <"$input" >console 2>qemu.err &
	qemu_pid=$!
}

# finish: waits until the guest ends by itself and QEMU exits without an error.
finish()
{
	local status=0

	wait "$qemu_pid" || status=$?
	qemu_pid=
	[ -z "$listener" ] || wait "$listener" # the rest of the console
	[ "$status" -ne 124 ] || die "no end after $limit s"
	[ "$status" -eq 0 ] || die "QEMU ended with status $status: $(tail -n 1 qemu.err)"
	# QEMU ended without an error, but the guest has not printed its last line: it was shut down.
	grep -qa "TC: status=" "$console" || : >shut-down
}

# said TEXT...: the console must have each TEXT as a line.
said()
{
	local text

	for text in "$@"; do
		# Not through a pipe: it would fail when grep exits early.
		grep -qaE "TC: $text"$'\r?$' "$console" || die "the guest does not say '$text'"
	done
}

# value NAME: the value that the guest reported under NAME.
value()
{
	tr -d '\r' <"$console" | sed -n "s/^TC: $1=//p" | tail -n 1
}

# same WHAT A B
same()
{
	[ "$2" = "$3" ] || die "$1: ${2:-nothing} instead of ${3:-nothing}"
}

# await TEXT: waits until the console has TEXT; fails after $patience seconds without output.
await()
{
	local size old=0 deadline=$((SECONDS + patience))

	until grep -qaF "$1" "$console" 2>/dev/null; do
		if ! kill -0 "$qemu_pid" 2>/dev/null; then
			: >shut-down
			die "QEMU ended before '$1': $(tail -n 1 qemu.err)"
		fi
		size=$(stat -c %s "$console" 2>/dev/null || echo 0)
		if [ "$size" -ne "$old" ]; then
			old=$size
			deadline=$((SECONDS + patience))
		fi
		[ "$SECONDS" -lt "$deadline" ] || die "no '$1' on the console, nothing new for $patience s"
		sleep 0.2
	done
}

# qmp COMMAND [ARGUMENTS]: prints the answer; dies when QEMU refuses.
qmp()
{
	local command answer

	until [ -S qmp ]; do
		kill -0 "$qemu_pid" 2>/dev/null || die "QEMU ended: $(tail -n 1 qemu.err)"
		sleep 0.1
	done
	command="{\"execute\":\"$1\"${2:+,\"arguments\":$2}}"
	answer=$(printf '%s\n' '{"execute":"qmp_capabilities"}' "$command" |
		timeout 20 socat -t 15 - UNIX-CONNECT:qmp 2>&1 | awk '/"return"|"error"/ && ++n == 2 { print; exit }')
	case $answer in
	*'"return"'*) printf '%s\n' "$answer" ;;
	*) die "QMP $1: ${answer:-no answer}" ;;
	esac
}

# counter NAME: a statistic, summed over all vCPUs.
counter()
{
	qmp query-stats "{\"target\":\"vcpu\",\"providers\":[{\"provider\":\"kvm\",\"names\":[\"$1\"]}]}" |
		jq -e '[.return[].stats[].value] | add'
}

# ticks: the last count of the counting guest, from its last complete line.
ticks()
{
	head -n "$(wc -l <"$console")" "$console" | tr -d '\r' |
		awk -F= '/^TC: tick=/ { n = $2 } END { print n + 0 }'
}
