#!/bin/sh
# tricky-image.sh NAME: builds NAME:1 to NAME:4 in the storage of the caller, with all that makes layers hard to rebuild.
# Needs to be root, or root of a user namespace (buildah unshare).
set -eu

name=$1

# from BASE: makes a container and goes into its files.
from() {
  container=$(buildah from --quiet --pull=never "$1")
  cd "$(buildah mount "$container")"
}

# commit TAG: makes an image of the container.
commit() {
  cd /
  buildah umount "$container" >/dev/null
  buildah commit --quiet --rm "$container" "$name:$1" >/dev/null
}

# xattr FILE NAME VALUE: by the system call, for setfattr is not everywhere; 188 is setxattr on x86_64.
xattr() {
  perl -e '($file, $name, $value) = @ARGV; $value = pack("H*", $value);
    syscall(188, $file, $name, $value, length($value), 0) == 0 or die "setxattr $file $name: $!\n"' "$@"
}

component=$(printf '%0120d' 0)
capability=$(printf '%s' 0100000200040000 000000000000000000000000)

from scratch
mkdir -p etc bin opaque/sub gone link-target private "long/$component/$component"
echo plain >etc/plain
: >etc/empty
echo hello >bin/tool
ln bin/tool bin/hard-linked
ln -s tool bin/symbolic
ln -s /link-target absolute
ln -s nowhere dangling
xattr bin/tool security.capability "$capability"
xattr etc/plain user.comment 6120622063
head -c 3000000 /dev/urandom >etc/noise
truncate -s 5000000 sparse
printf middle | dd of=sparse bs=1 seek=2500000 conv=notrunc 2>/dev/null
echo long >"long/$component/$component/$component"
echo bytes >"$(printf 'latin\351')"
mkdir "$(printf 'dir-\377')"
echo inside >"$(printf 'dir-\377/file')"
echo unicode >'ünï-文'
echo old >opaque/sub/old
echo gone >gone/file
echo replaced >replaced
mkfifo pipe
echo secret >private/none
chmod 000 private/none
chmod 000 private
echo foreign >foreign
chown 1234:5678 foreign
chmod 600 foreign
touch -d '1969-12-31T23:59:59.123456789Z' etc/ancient
# Devices are for root alone.
mknod null c 1 3 2>/dev/null || true
commit 1

from "$name:1"
rm -r gone opaque replaced bin/hard-linked
mkdir opaque
echo new >opaque/new
mkdir replaced
echo below >replaced/file
ln etc/plain etc/second-name
commit 2

from "$name:2"
commit 3

from "$name:3"
i=0
while [ $i -lt 400 ]; do
  echo "file $i" >"etc/small-$i"
  i=$((i + 1))
done
rm 'ünï-文' "$(printf 'latin\351')"
commit 4
