#!/bin/sh
# corpus.sh DIR: has real programs make small images and lists, each at DIR/NAME; needs to be root.
# A NAME that ends in .dir is for dir:, others are OCI layouts with the tag 1.
set -eu

mkdir "$1"
cd "$1"
at=$PWD

# copy FROM TO [FLAG…]: with skopeo, quietly.
copy() {
  from=$1 to=$2
  shift 2
  skopeo --insecure-policy copy --quiet "$@" "$from" "$to"
}

# stored IMAGE NAME [FLAG…]: from storage to a layout, or to a directory.
stored() {
  image=$1 name=$2
  shift 2
  case $name in
  *.dir) copy "containers-storage:localhost/$image" "dir:$at/$name" "$@" ;;
  *) copy "containers-storage:localhost/$image" "oci:$at/$name:1" "$@" ;;
  esac
}

mkdir files
echo one >files/one
echo two >files/two
head -c 2000 /dev/zero >files/zeros
printf '\061\0' >files/binary

# Two layers, and every member of a config that both formats have.
container=$(buildah from scratch)
buildah copy --quiet "$container" files/one files/zeros /data/ >/dev/null
buildah config --created-by 'COPY <one> & "zeros"' "$container"
buildah commit --quiet "$container" localhost/base >/dev/null
buildah rm "$container" >/dev/null
container=$(buildah from --pull-never localhost/base)
buildah copy --quiet "$container" files/two /data/ >/dev/null
buildah config --author 'A <a@example.com>' --env 'A=<1> & "2"' --label '10=ten' --label '9=é <&>' \
  --port 80/tcp --volume /data --workingdir /data --user 1234:5678 --stop-signal SIGINT \
  --entrypoint '["/data/one"]' --cmd '--x' --add-history "$container"
buildah commit --quiet --format docker "$container" localhost/docker >/dev/null
buildah config --annotation 'org.example=<1> & é' --annotation '2=two' "$container"
buildah commit --quiet "$container" localhost/oci >/dev/null
buildah commit --quiet --squash "$container" localhost/squashed >/dev/null
buildah commit --quiet --omit-history "$container" localhost/untold >/dev/null
buildah commit --quiet --omit-history --format docker "$container" localhost/untold-docker >/dev/null
buildah config --os windows --arch amd64 --os-version 10.0.1 --os-feature win32k "$container"
buildah commit --quiet "$container" localhost/windows >/dev/null
buildah rm "$container" >/dev/null

# Steps that leave no layer, before, between and after those that do.
cat >files/Containerfile <<'END'
FROM scratch
ENV A=1
COPY one /a
LABEL b=<2> "c d"="é"
COPY two /b
CMD ["/a"]
EXPOSE 80
END
podman build --quiet --layers --format oci --tag localhost/built files >/dev/null
podman build --quiet --layers --format docker --tag localhost/built-docker files >/dev/null
podman build --quiet --layers --no-cache --platform linux/arm64/v8 --tag localhost/built-arm files >/dev/null
podman build --quiet --layers --no-cache --format docker --platform linux/arm64/v8 --tag localhost/built-arm-docker files >/dev/null
podman build --quiet --layers --no-cache --platform linux/s390x --tag localhost/built-s390x files >/dev/null

tar -cf files.tar files
podman import --quiet --change 'CMD ["/files/one"]' --message '<imported>' files.tar localhost/imported >/dev/null

stored oci buildah-oci
stored oci buildah-oci-plain --dest-oci-accept-uncompressed-layers
stored oci buildah-oci-zstd --dest-compress-format zstd
stored oci buildah-oci-chunked --dest-compress-format zstd:chunked
stored oci buildah-oci-plain.dir
stored oci buildah-oci-to-docker.dir --format v2s2 --dest-compress
stored oci buildah-oci-to-schema1.dir --format v2s1
stored docker buildah-docker-plain.dir
stored docker buildah-docker.dir --dest-compress
stored docker buildah-docker-to-oci
stored docker buildah-docker-to-oci-zstd --dest-compress-format zstd
stored docker buildah-docker-to-schema1.dir --format v2s1 --dest-compress
stored squashed buildah-squashed
stored untold buildah-untold
stored untold-docker buildah-untold-docker.dir --dest-compress
stored windows buildah-windows
stored built podman-built
stored built podman-built-zstd --dest-compress-format zstd
stored built podman-built-plain --dest-oci-accept-uncompressed-layers
stored built-docker podman-built-docker.dir --dest-compress
stored built-docker podman-built-docker-plain.dir
stored built-docker podman-built-to-schema1.dir --format v2s1 --dest-compress
stored imported podman-imported
stored imported podman-imported-plain.dir
stored imported podman-imported-to-schema1.dir --format v2s1 --dest-compress

# list NAME IMAGE…: an index in storage, its descriptors annotated.
list() {
  name=$1
  shift
  podman manifest create "localhost/$name" >/dev/null
  for image; do
    podman manifest add --annotation "org.example.of=<$image>" "localhost/$name" \
      "containers-storage:localhost/$image" >/dev/null
  done
}

# listed LIST NAME [FLAG…]: a list from storage to a layout, or to a directory.
listed() {
  list=$1 name=$2
  shift 2
  case $name in
  *.dir) podman manifest push --quiet --all "$@" "localhost/$list" "dir:$at/$name" ;;
  *) podman manifest push --quiet --all "$@" "localhost/$list" "oci:$at/$name:1" ;;
  esac
}

list three built built-arm built-s390x
podman manifest annotate --index --annotation 'org.example=<index>' localhost/three
list two-docker built-docker built-arm-docker
list with-artifact built built-arm
podman manifest add --artifact --artifact-type application/x-example --annotation 'of=<it>' \
  localhost/with-artifact files/one files/binary >/dev/null
listed three podman-list
listed three podman-list-zstd --compression-format zstd
listed three podman-list-both --add-compression zstd
listed three podman-list-plain.dir
listed three podman-list-to-docker.dir --format v2s2
listed two-docker podman-list-docker.dir --format v2s2
listed with-artifact podman-list-artifact
copy "dir:$at/podman-list-docker.dir" "oci:$at/skopeo-list-to-oci:1" --all
copy "dir:$at/podman-list-docker.dir" "oci:$at/skopeo-list-to-oci-zstd:1" --all --dest-compress-format zstd
copy "oci:$at/podman-list:1" "dir:$at/skopeo-list-one.dir"

cd files
echo '{"name":"chart","version":"0.1.0"}' >chart.json
gzip -n <../files.tar >chart.tgz
oras push --oci-layout "$at/oras-helm:1" --config chart.json:application/vnd.cncf.helm.config.v1+json \
  --annotation 'org.opencontainers.image.title=<chart>' chart.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip >/dev/null
oras push --oci-layout "$at/oras-wasm:1" --config chart.json:application/vnd.wasm.config.v0+json \
  binary:application/wasm >/dev/null
oras push --oci-layout "$at/oras-artifact:1" --artifact-type application/x-example one two >/dev/null
oras push --oci-layout "$at/oras-old-artifact:1" --image-spec v1.0 --artifact-type application/x-example one >/dev/null
oras push --oci-layout "$at/oras-layers:1" --artifact-type application/x-example \
  chart.tgz:application/vnd.oci.image.layer.v1.tar+gzip ../files.tar:application/vnd.oci.image.layer.v1.tar \
  --disable-path-validation >/dev/null
oras push --oci-layout "$at/oras-nothing:1" --artifact-type application/x-example >/dev/null
