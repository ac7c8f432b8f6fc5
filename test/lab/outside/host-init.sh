#!/bin/busybox sh
# The first process of the lab. It makes the root of the machine that the lab runs on the lab's root: its / over 9p, read-only, under
# a writable layer in memory. Then it runs /out/start on the console hvc0, and writes the exit code into /out/rc.
/bin/busybox mkdir -p /proc /sys /dev /lower /rw /new
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" 2> /dev/null; done < /modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro root /lower || poweroff -f
mount -t tmpfs -o size=75% rw /rw
mkdir -p /rw/upper /rw/work
mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work overlay /new || poweroff -f
cd /new
mkdir -p proc sys dev run tmp out
mount -t proc proc proc; mount -t sysfs sys sys; mount -t devtmpfs dev dev; mount -t tmpfs run run
mount -t configfs config sys/kernel/config
mkdir -p dev/pts dev/shm run/lab/written
mount -t devpts pts dev/pts; mount -t tmpfs shm dev/shm
# qplug's saved state of VMs: hides that of this machine. qplug keeps it on purpose, so the harness does not look for it.
mkdir -p var/lib/qplug; mount -t tmpfs -o mode=700 state var/lib/qplug
# All that was written since the boot, except in /run, /dev and /out: the harness looks here for leftover files.
mount --bind /rw/upper run/lab/written
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out out || poweroff -f
hostname lab
ip link set lo up
setsid -c chroot /new /bin/sh /out/start < dev/hvc0 > dev/hvc0 2>&1
echo $? > out/rc
dmesg > out/dmesg.log
sync
poweroff -f
