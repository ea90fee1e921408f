#!/bin/sh
# corpus-umoci.sh DIR: has umoci make two images in OCI layouts below DIR, each with the tag 1; needs to be root.
set -eu

cd "$1"
mkdir umoci-files
echo one >umoci-files/one
echo two >umoci-files/two

umoci init --layout umoci
umoci new --image umoci:1
umoci insert --image umoci:1 umoci-files /data
umoci insert --image umoci:1 umoci-files/one /one
umoci config --image umoci:1 --architecture arm64 --author 'A <a@example.com>' \
  --config.cmd /one --config.env 'A=<1> & "2"' --config.label '10=ten' \
  --manifest.annotation 'org.example=<1> & é' --history.comment '<configured>'

# A layer that takes something away.
cp -r umoci umoci-repacked
umoci unpack --image umoci-repacked:1 umoci-bundle
rm umoci-bundle/rootfs/data/two
umoci repack --image umoci-repacked:1 umoci-bundle
