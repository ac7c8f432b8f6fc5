#!/bin/busybox sh
# First process of the lab. Root becomes the machine that the lab runs on: its / over 9p, read-only, under a writable
# layer in memory. Then /out/start is run on the console hvc0, and its exit code is left in /out/rc.
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
# What qplug remembers of VMs: none of the machine's own, and meant to stay, so not looked for.
mkdir -p var/lib/qplug; mount -t tmpfs -o mode=700 state var/lib/qplug
# What was written since the boot, anywhere but in /run, /dev and /out: the harness looks here for files left behind.
mount --bind /rw/upper run/lab/written
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 out out || poweroff -f
hostname lab
ip link set lo up
setsid -c chroot /new /bin/sh /out/start < dev/hvc0 > dev/hvc0 2>&1
echo $? > out/rc
dmesg > out/dmesg.log
sync
poweroff -f
