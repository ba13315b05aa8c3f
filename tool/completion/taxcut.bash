# bash completion for taxcut
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash

_taxcut_instances()
{
	taxcut list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# Completes the value of an option; false for an option without a list of values.
_taxcut_value()
{
	local option=$1 word=$2 values

	case $option in
	--machine|-M) values='microvm q35' ;;
	--irqchip) values='split on' ;;
	--hugepages) values='2M 1G' ;;
	--net) values='user none tap=' ;;
	--console) values='stdio none' ;;
	--cores) values='pinned owned' ;;
	--device) values='/dev/taxcut /dev/kvm' ;;
	--cpus) values="none $(cat /sys/devices/system/cpu/isolated 2>/dev/null)" ;;
	--vm) values=$(_taxcut_instances) ;;
	--cut)
		values=$(printf '%s=on %s=off ' ipi ipi exits exits hint hint timer-advance timer-advance \
			halt-poll halt-poll guest-poll guest-poll timer timer pv-eoi pv-eoi \
			pv-tlb-flush pv-tlb-flush sched-yield sched-yield pv-unhalt pv-unhalt steal-time steal-time)
		;;
	--set) values=$(taxcut bench --list --json 2>/dev/null | jq -r '.sets[].name' 2>/dev/null) ;;
	--config) values=$(taxcut bench --list --json 2>/dev/null | jq -r '.configs[].name' 2>/dev/null) ;;
	--work) values=$(taxcut bench --list --json 2>/dev/null | jq -r '.works[].name' 2>/dev/null) ;;
	--kernel|-k|--initrd|--tools-initrd|--disk|--drive|--qemu|--qmp|--module|--work-module)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return 0
		;;
	--share|--programs|--output|-o)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return 0
		;;
	--append|--cpu|--housekeeping|--vcpus|--mem|-m|--name|-n|--interval|-i|--count|-c|--rounds|--timeout)
		return 0
		;;
	*) return 1 ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
}

_taxcut_options()
{
	case $1 in
	doctor) echo '--json --device --qemu' ;;
	run)
		echo '--kernel --initrd --append --disk --cpus --cores --vcpus --housekeeping --cut --cpu' \
			'--mem --hugepages --lock --drive --net --share --console --machine' \
			'--irqchip --no-reboot --name --device --qemu --qmp --quiet --dry-run --json'
		;;
	stat) echo '--vm --qmp --interval --count --per-vcpu --total --all --json' ;;
	top) echo '--interval --count --json' ;;
	list) echo '--json' ;;
	bench)
		echo 'report --set --config --work --rounds --quick --list --vcpus --cpus --housekeeping --kernel --initrd' \
			'--tools-initrd --programs --work-module --module --append --qemu --timeout --output --json --html'
		;;
	version) echo '--json --qemu' ;;
	esac
}

_taxcut()
{
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'doctor run stat top list bench version --help --version' -- "$word")
		return
	fi
	# readline splits words at '=': "--cut ipi=o" is "--cut" "ipi" "=" "o".
	if [ "$previous" = = ] && [ "$COMP_CWORD" -gt 3 ] && [ "${COMP_WORDS[COMP_CWORD - 3]}" = --cut ]; then
		mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$word")
		return
	fi
	_taxcut_value "$previous" "$word" ||
		mapfile -t COMPREPLY < <(compgen -W "$(_taxcut_options "${COMP_WORDS[1]}") --help" -- "$word")
}

complete -F _taxcut taxcut
