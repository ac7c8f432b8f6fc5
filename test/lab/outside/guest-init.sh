#!/bin/busybox sh
# A guest for the VM inside the lab. It prints one line of JSON on the serial console, with the USB devices that it sees and the first
# sector of each disk, and then powers off. It waits for as many as its command line says:
#   lab.usb=N (devices without hubs)  lab.disks=N  lab.wait=SECONDS
#   lab.times=N: prints the line N times, each time after its disks have all left and come back
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" 2> /dev/null; done < /modules/order
option() { tr ' ' '\n' < /proc/cmdline | sed -n "s/^lab\\.$1=//p"; }
usb=$(option usb); disks=$(option disks); wait=$(option wait); times=$(option times)
devices() { for d in /sys/bus/usb/devices/*; do
  case ${d##*/} in *:* | usb*) continue ;; esac
  [ "$(cat "$d/bDeviceClass")" = 09 ] || echo "$d"
done; }
text() { tr -cd ' !#-[]-~' < "$1" 2> /dev/null; }
usb_of() { readlink -f "/sys/block/$1/device" | tr / '\n' | grep -E '^[0-9]+-[0-9.]+$' | tail -n 1; }
present() { ls -d /sys/block/sd* 2> /dev/null | wc -l; }
until_true() {
  left=$((${wait:-60} * 5))
  while [ $left -gt 0 ]; do
    "$@" && break
    left=$((left - 1)); usleep 200000
  done
}
all_there() { [ "$(devices | wc -l)" -ge "${usb:-0}" ] && [ "$(present)" -ge "${disks:-0}" ]; }
all_gone() { [ "$(present)" = 0 ]; }
tell() {
  printf 'GUEST {"devices":['
  comma=
  for d in $(devices); do
    printf '%s{"name":"%s","speed":%s,"id":"%s:%s","product":"%s","serial":"%s"}' "$comma" "${d##*/}" "$(cat "$d/speed")" \
      "$(cat "$d/idVendor")" "$(cat "$d/idProduct")" "$(text "$d/product")" "$(text "$d/serial")"
    comma=,
  done
  printf '],"disks":['
  comma=
  for b in /sys/block/sd*; do
    [ -e "$b" ] || continue
    printf '%s{"name":"%s","usb":"%s","bytes":%s,"head":"%s"}' "$comma" "${b##*/}" "$(usb_of "${b##*/}")" \
      "$(($(cat "$b/size") * 512))" "$(dd if="/dev/${b##*/}" bs=512 count=1 2> /dev/null | hexdump -v -e '1/1 "%02x"')"
    comma=,
  done
  echo ']}'
}
count=${times:-1}
while true; do
  until_true all_there
  tell > /line
  cat /line > /dev/ttyS0
  count=$((count - 1))
  [ $count -gt 0 ] || break
  until_true all_gone
done
sync
poweroff -f
