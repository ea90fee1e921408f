#!/bin/sh
# real-system.sh NAME: builds a system that runs upon the tricky images NAME:1 to NAME:4: NAME:oci, and NAME:docker in Docker's format.
# Needs to be root, and has programs of this machine in it.
set -eu

name=$1
sh "${0%/*}/tricky-image.sh" "$name"

container=$(buildah from --quiet --pull=never "$name:4")
root=$(buildah mount "$container")
mkdir -p "$root/proc" "$root/dev" "$root/sys" "$root/tmp" "$root/run"
for program in dash ls cat readlink stat; do
  cp -L "/usr/bin/$program" "$root/bin/"
  ldd "/usr/bin/$program" | grep -o '/[^ ]*'
done | sort -u | while read -r library; do
  mkdir -p "$root${library%/*}"
  cp -L "$library" "$root$library"
done
ln "$root/bin/dash" "$root/bin/sh"
buildah umount "$container" >/dev/null
buildah config --cmd '["/bin/sh"]' --env 'A=<1> & "2"' --label '10=ten' --label '9=é' --port 80/tcp --volume /tmp \
  --workingdir /etc --user 1234:5678 --stop-signal SIGINT --author 'A <a@example.com>' "$container"
buildah commit --quiet "$container" "$name:oci" >/dev/null
# What only Docker knows.
buildah config --healthcheck 'CMD /bin/ls' --shell '/bin/sh -ec' "$container"
buildah commit --quiet --rm --format docker "$container" "$name:docker" >/dev/null
