#!/bin/sh
# Runs as the first process of a mount and PID namespace of its own. Builds the root that Lambda gives a function: this
# machine's programs and libraries, the image's /var/task and /opt, all read-only, with a /tmp of the size asked for;
# then runs Node there, as Lambda's own user.
set -eu
root=$1 image=$2 node=$3 runtime=$4 worker=$5 ephemeral_mb=$6 directory=$7
shift 7
# Debian keeps it where only root's own PATH looks; the handler's PATH stays as it is.
chroot=$(PATH=$PATH:/usr/sbin:/sbin command -v chroot)

bind() { # bind <from> <to>, read-only
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

mount -t tmpfs -o mode=755,size=8m tmpfs "$root"
cd "$root"
mkdir -p proc dev tmp etc var/lang/bin var/runtime var/task run/worker
for name in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then
    cp -P "/$name" "$name"
  elif [ -d "/$name" ]; then
    mkdir "$name"
    bind "/$name" "$name"
  fi
done
for name in ssl ca-certificates alternatives resolv.conf hosts nsswitch.conf ld.so.cache localtime; do
  if [ -d "/etc/$name" ]; then
    mkdir "etc/$name"
    bind "/etc/$name" "etc/$name"
  elif [ -f "/etc/$name" ]; then
    cp "/etc/$name" "etc/$name"
  fi
done
for name in null zero full random urandom; do
  : >"dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
ln -s /proc/self/fd dev/fd
bind "$image/var/task" var/task
if [ -d "$image/opt" ]; then
  mkdir opt
  bind "$image/opt" opt
fi
: >var/lang/bin/node
bind "$node" var/lang/bin/node
bind "$runtime" var/runtime
bind "$worker" run/worker
echo '{"type":"module"}' >run/package.json
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t tmpfs -o "mode=1777,nosuid,nodev,size=${ephemeral_mb}m" tmpfs tmp
mount -o remount,ro "$root"
# Not exec: this shell stays the namespace's first process. It keeps the signal it gets when its parent dies, which a
# change of user would clear, and with it everything in the namespace ends.
"$chroot" --userspec=993:990 --groups= . \
  /bin/sh -c 'cd "$0" 2>/dev/null || cd /var/task; exec /var/lang/bin/node "$@"' "$directory" "$@"
