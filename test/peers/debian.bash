# Debian roots for the peers and the real image: where they are kept, where they come from, how one is made.

peers_dir=$(realpath -m "${OCIPUSH_PEERS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ocipush-peers}")

# One build at a time: a second caller waits, then finds everything in place.
lock_peers() {
  mkdir -p "$peers_dir"
  exec 9>"$peers_dir/lock"
  flock 9
}

# The mirror this machine's own release comes from; empty when apt names none, and then mmdebstrap takes its default.
debian_mirror() {
  local codename targets
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  targets=(apt-get indextargets --format '$(COMPONENT) $(CODENAME) $(LABEL) $(REPO_URI)' 'Created-By: Packages')
  # apt lists what it has the indexes of; slim images come without any.
  if [ -z "$("${targets[@]}")" ]; then apt-get update -qq >&2; fi
  "${targets[@]}" | awk -v wanted="main $codename Debian" '!uri && $1 " " $2 " " $3 == wanted { uri = $4 } END { print uri }'
}

# debian_root SUITE DIRECTORY [mmdebstrap option…]: makes a root with the host's apt, so with its proxies and certificates.
debian_root() {
  local suite=$1 root=$2 mirror
  shift 2
  rm -rf --one-file-system "$root"
  mirror=$(debian_mirror)
  (umask 077 && apt-config dump | grep '^Acquire::' >"$root.apt")
  # A mount namespace of its own: a build that is killed leaves no mounts behind.
  unshare --mount mmdebstrap --mode=root --aptopt="$root.apt" "$@" "$suite" "$root" ${mirror:+"$mirror"}
  # The options may hold a proxy's password, and both name this machine's network.
  rm -rf "$root.apt" "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
}
