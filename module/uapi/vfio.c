// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's VFIO device (KVM_DEV_TYPE_VFIO): through it user space names the VFIO
 * files (groups, or devices bound to an iommufd) of the host devices that it
 * gives to the guest. What the VM takes from that is whether the DMA of all of
 * them is coherent with the CPU's caches. While it is not, the guest's memory
 * types are honored and its WBINVD is done (vm->noncoherent_dma).
 *
 * The module works without vfio.ko: its functions are looked up for each call.
 * A registered file keeps it loaded. vfio_file_set_kvm() is never called: it
 * hands a struct kvm to drivers, which take references on it by KVM's own
 * functions, and a struct vm is not one. Drivers that cannot do without
 * (mediated GPUs) see no VM and refuse to be opened.
 *
 * Life: the device's file is the device. It holds a reference on the VM; when
 * it is closed the registered files are let go, and the VM may have another.
 *
 * Locks: vm->lock guards vm->vfio, dev->lock the files. Coherency changes
 * under dev->lock, which is taken before mem->lock.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

#include "base/backend.h"
#include "base/compat.h"
#include "base/vcpu.h"
#include "mem/memslot.h"
#include "run/vm.h"
#include "vfio.h"
#include "vm_fd.h"

struct vfio_dev {
	struct vm *vm;
	struct mutex lock;
	struct list_head files;
	bool noncoherent; /* counted in vm->noncoherent_dma */
};

struct vfio_entry {
	struct list_head link;
	struct file *file;
};

static bool vfio_is_vfio_file(struct file *file)
{
	bool (*is_valid)(struct file *file) = symbol_get(hv_vfio_file_is_valid);
	bool valid;

	if (!is_valid)
		return false;
	valid = is_valid(file);
	symbol_put(hv_vfio_file_is_valid);
	return valid;
}

static bool vfio_is_coherent(struct file *file)
{
	bool (*is_coherent)(struct file *file) = symbol_get(vfio_file_enforced_coherent);
	bool coherent;

	if (!is_coherent)
		return false;
	coherent = is_coherent(file);
	symbol_put(vfio_file_enforced_coherent);
	return coherent;
}

/* All files are asked anew: devices that share an IOMMU domain share what it can do. */
static void vfio_update_coherency(struct vfio_dev *dev)
{
	struct vfio_entry *e;
	bool noncoherent = false;

	list_for_each_entry(e, &dev->files, link)
		noncoherent = noncoherent || !vfio_is_coherent(e->file);
	if (noncoherent == dev->noncoherent)
		return;
	dev->noncoherent = noncoherent;
	if (noncoherent)
		atomic_inc(&dev->vm->noncoherent_dma);
	else
		atomic_dec(&dev->vm->noncoherent_dma);
	if (hv->tdp_guest_pat)
		mem_remap_all(dev->vm);
}

/* dev->lock held. */
static struct vfio_entry *vfio_find(struct vfio_dev *dev, const struct file *file)
{
	struct vfio_entry *e;

	list_for_each_entry(e, &dev->files, link) {
		if (e->file == file)
			return e;
	}
	return NULL;
}

static int vfio_add(struct vfio_dev *dev, struct file *file)
{
	struct vfio_entry *e;

	if (!vfio_is_vfio_file(file))
		return -EINVAL;
	if (vfio_find(dev, file))
		return -EEXIST;
	e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);
	if (!e)
		return -ENOMEM;
	e->file = get_file(file);
	list_add_tail(&e->link, &dev->files);
	WRITE_ONCE(dev->vm->host_mmio, true);
	return 0;
}

static void vfio_forget(struct vfio_entry *e)
{
	list_del(&e->link);
	fput(e->file);
	kfree(e);
}

static int vfio_del(struct vfio_dev *dev, struct file *file)
{
	struct vfio_entry *e = vfio_find(dev, file);

	if (!e)
		return -ENOENT;
	vfio_forget(e);
	return 0;
}

static bool vfio_has_attr(const struct kvm_device_attr *attr)
{
	return attr->group == KVM_DEV_VFIO_GROUP &&
	       (attr->attr == KVM_DEV_VFIO_GROUP_ADD || attr->attr == KVM_DEV_VFIO_GROUP_DEL);
}

static int vfio_set_attr(struct vfio_dev *dev, const struct kvm_device_attr *attr)
{
	struct file *file;
	s32 fd;
	int r;

	if (!vfio_has_attr(attr))
		return -ENXIO;
	if (get_user(fd, (s32 __user *)(unsigned long)attr->addr))
		return -EFAULT;
	file = fget(fd);
	if (!file)
		return -EBADF;
	mutex_lock(&dev->lock);
	r = attr->attr == KVM_DEV_VFIO_GROUP_ADD ? vfio_add(dev, file) : vfio_del(dev, file);
	if (!r)
		vfio_update_coherency(dev);
	mutex_unlock(&dev->lock);
	fput(file);
	return r;
}

static long vfio_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vfio_dev *dev = file->private_data;
	struct kvm_device_attr attr;
	int r = vm_check_caller(dev->vm);

	if (r)
		return r;
	switch (cmd) {
	case KVM_SET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		break;
	case KVM_GET_DEVICE_ATTR:
		return -EPERM; /* there is nothing to get */
	default:
		return -ENOTTY;
	}
	if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
		return -EFAULT;
	if (cmd == KVM_HAS_DEVICE_ATTR)
		return vfio_has_attr(&attr) ? 0 : -ENXIO;
	return vfio_set_attr(dev, &attr);
}

/* Not published any more, or not yet. */
static void vfio_free(struct vfio_dev *dev)
{
	struct vfio_entry *e, *next;

	mutex_lock(&dev->lock);
	list_for_each_entry_safe(e, next, &dev->files, link)
		vfio_forget(e);
	vfio_update_coherency(dev);
	mutex_unlock(&dev->lock);
	kfree(dev);
}

static int vfio_release(struct inode *inode, struct file *file)
{
	struct vfio_dev *dev = file->private_data;
	struct vm *vm = dev->vm;

	mutex_lock(&vm->lock);
	vm->vfio = NULL;
	mutex_unlock(&vm->lock);
	vfio_free(dev);
	vm_put(vm);
	return 0;
}

static const struct file_operations vfio_fops = {
	.owner = THIS_MODULE,
	.release = vfio_release,
	.unlocked_ioctl = vfio_ioctl,
	.llseek = noop_llseek,
};

/* The VM's only one; vm->lock held. */
static struct file *vfio_open(struct vm *vm)
{
	struct vfio_dev *dev;
	struct file *file;

	if (vm->vfio)
		return ERR_PTR(-EBUSY);
	dev = kzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->vm = vm;
	mutex_init(&dev->lock);
	INIT_LIST_HEAD(&dev->files);
	file = anon_inode_getfile("kvm-vfio", &vfio_fops, dev, O_RDWR);
	if (IS_ERR(file)) {
		kfree(dev);
		return file;
	}
	vm_get(vm);
	vm->vfio = dev;
	return file;
}

int vfio_create_device(struct vm *vm, void __user *arg)
{
	struct kvm_create_device cd;
	struct file *file;
	int fd;

	if (copy_from_user(&cd, arg, sizeof(cd)))
		return -EFAULT;
	if (cd.type != KVM_DEV_TYPE_VFIO)
		return -ENODEV;
	if (cd.flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	mutex_lock(&vm->lock);
	file = vfio_open(vm);
	mutex_unlock(&vm->lock);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	cd.fd = fd;
	if (copy_to_user(arg, &cd, sizeof(cd))) {
		fput(file);
		put_unused_fd(fd);
		return -EFAULT;
	}
	fd_install(fd, file);
	return 0;
}
