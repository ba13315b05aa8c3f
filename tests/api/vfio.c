// SPDX-License-Identifier: GPL-2.0-only
/* KVM_CREATE_DEVICE and KVM's VFIO device, without a host device; with one: tests/vfio. */
#include "harness.h"

#include <sys/eventfd.h>
#include <sys/wait.h>

#define BAD_POINTER ((void *)16)

static int create_device(struct vm *vm, u32 type, u32 flags)
{
	struct kvm_create_device cd = { .type = type, .flags = flags };

	return ioctl(vm->fd, KVM_CREATE_DEVICE, &cd) < 0 ? -1 : (int)cd.fd;
}

static int attr_ioctl(int fd, unsigned long cmd, u32 group, u64 attr, const void *addr)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)addr };

	return ioctl(fd, cmd, &a);
}

static int set_file(int device, u64 attr, int fd)
{
	return attr_ioctl(device, KVM_SET_DEVICE_ATTR, KVM_DEV_VFIO_FILE, attr, &fd);
}

TEST(vfio_create)
{
	struct vm *vm = vm_create(CHIP_NONE), *other = vm_create_bare();
	int device;

	CHECK_EQ(capability(KVM_CAP_DEVICE_CTRL), 1);
	ERR(ioctl(vm->fd, KVM_CREATE_DEVICE, BAD_POINTER), EFAULT);
	ERR(create_device(vm, 0, 0), ENODEV);
	ERR(create_device(vm, KVM_DEV_TYPE_FSL_MPIC_20, 0), ENODEV);
	ERR(create_device(vm, KVM_DEV_TYPE_VFIO + 1, 0), ENODEV);
	ERR(create_device(vm, 0xffffffff, 0), ENODEV);
	ERR(create_device(vm, 0xffffffff, KVM_CREATE_DEVICE_TEST), ENODEV);
	/* KVM_CREATE_DEVICE_TEST creates no device, with or without an existing one. */
	CHECK_EQ(create_device(vm, KVM_DEV_TYPE_VFIO, KVM_CREATE_DEVICE_TEST), 0);
	device = OK(create_device(vm, KVM_DEV_TYPE_VFIO, 0));
	CHECK(device > vm->fd);
	CHECK_EQ(create_device(vm, KVM_DEV_TYPE_VFIO, KVM_CREATE_DEVICE_TEST), 0);
	ERR(create_device(vm, KVM_DEV_TYPE_VFIO, 0), EBUSY);
	OK(create_device(other, KVM_DEV_TYPE_VFIO, 0));
}

TEST(vfio_create_again)
{
	struct vm *vm = vm_create_bare();

	for (int i = 0; i < 3; i++)
		OK(close(OK(create_device(vm, KVM_DEV_TYPE_VFIO, 0))));
}

TEST(vfio_attributes)
{
	int device = OK(create_device(vm_create_bare(), KVM_DEV_TYPE_VFIO, 0)), fd = device;

	OK(attr_ioctl(device, KVM_HAS_DEVICE_ATTR, KVM_DEV_VFIO_FILE, KVM_DEV_VFIO_FILE_ADD, NULL));
	OK(attr_ioctl(device, KVM_HAS_DEVICE_ATTR, KVM_DEV_VFIO_FILE, KVM_DEV_VFIO_FILE_DEL, NULL));
	ERR(attr_ioctl(device, KVM_HAS_DEVICE_ATTR, KVM_DEV_VFIO_FILE, 0, NULL), ENXIO);
	ERR(attr_ioctl(device, KVM_HAS_DEVICE_ATTR, KVM_DEV_VFIO_FILE, 3, NULL), ENXIO);
	ERR(attr_ioctl(device, KVM_HAS_DEVICE_ATTR, 0, KVM_DEV_VFIO_FILE_ADD, NULL), ENXIO);
	ERR(attr_ioctl(device, KVM_SET_DEVICE_ATTR, KVM_DEV_VFIO_FILE, 0, &fd), ENXIO);
	ERR(attr_ioctl(device, KVM_SET_DEVICE_ATTR, KVM_DEV_VFIO_FILE, 1ULL << 32 | KVM_DEV_VFIO_FILE_ADD, &fd), ENXIO);
	ERR(attr_ioctl(device, KVM_SET_DEVICE_ATTR, 2, KVM_DEV_VFIO_FILE_ADD, &fd), ENXIO);
	ERR(attr_ioctl(device, KVM_GET_DEVICE_ATTR, KVM_DEV_VFIO_FILE, KVM_DEV_VFIO_FILE_ADD, &fd), EPERM);
	ERR(ioctl(device, KVM_SET_DEVICE_ATTR, BAD_POINTER), EFAULT);
	ERR(ioctl(device, KVM_HAS_DEVICE_ATTR, BAD_POINTER), EFAULT);
	ERR(ioctl(device, KVM_GET_DEVICE_ATTR, BAD_POINTER), EPERM);
	ERR(ioctl(device, KVM_RUN, 0), ENOTTY);
	ERR(ioctl(device, KVM_CREATE_DEVICE, &fd), ENOTTY);
}

TEST(vfio_files)
{
	struct vm *vm = vm_create_bare();
	int device = OK(create_device(vm, KVM_DEV_TYPE_VFIO, 0)), other = OK(eventfd(0, 0));

	for (u64 attr = KVM_DEV_VFIO_FILE_ADD; attr <= KVM_DEV_VFIO_FILE_DEL; attr++) {
		ERR(attr_ioctl(device, KVM_SET_DEVICE_ATTR, KVM_DEV_VFIO_FILE, attr, BAD_POINTER), EFAULT);
		ERR(set_file(device, attr, -1), EBADF);
		ERR(set_file(device, attr, 999), EBADF);
	}
	ERR(set_file(device, KVM_DEV_VFIO_FILE_ADD, other), EINVAL);
	ERR(set_file(device, KVM_DEV_VFIO_FILE_ADD, device), EINVAL);
	ERR(set_file(device, KVM_DEV_VFIO_FILE_ADD, vm->fd), EINVAL);
	ERR(set_file(device, KVM_DEV_VFIO_FILE_DEL, other), ENOENT);
}

/* The device holds a reference to the VM, and accepts ioctls from its creator only. */
TEST(vfio_owner)
{
	struct vm *vm = vm_create_bare();
	int device = OK(create_device(vm, KVM_DEV_TYPE_VFIO, 0)), status = -1;
	pid_t child;

	OK(close(vm->fd));
	OK(attr_ioctl(device, KVM_HAS_DEVICE_ATTR, KVM_DEV_VFIO_FILE, KVM_DEV_VFIO_FILE_ADD, NULL));
	child = OK(fork());
	if (!child) {
		ERR(attr_ioctl(device, KVM_HAS_DEVICE_ATTR, KVM_DEV_VFIO_FILE, KVM_DEV_VFIO_FILE_ADD, NULL), EIO);
		ERR(ioctl(device, KVM_RUN, 0), EIO);
		_exit(0);
	}
	CHECK_EQ(OK(waitpid(child, &status, 0)), child);
	CHECK_EQ(status, 0);
}
