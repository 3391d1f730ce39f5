#!/bin/sh
# The first process of the kernel that tools/test-kernel boots, from its first filesystem: makes
# the host's files the root, read-only, and goes on with kernel_guest.sh there.
# shellcheck shell=sh
busybox=/bin/busybox
$busybox mount -t proc proc /proc
$busybox mount -t devtmpfs dev /dev
for module in /modules/*; do $busybox insmod "$module"; done
$busybox mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 system /system
$busybox mount -t tmpfs run /system/run
$busybox cp /settings /system/run/settings
$busybox umount /proc
guest=''
# shellcheck source=/dev/null
. /settings
exec $busybox switch_root /system /bin/bash "$guest"
