#!/usr/bin/env bash
# Sets up a machine for Plategate: Debian packages, npm packages, build. Safe to run again: it does only what is
# missing and says what it does.
#
#   bash hw/bootstrap.sh           what running the appliance needs
#   bash hw/bootstrap.sh --test    also what the tests need (a broker to test against, an RTSP server, a browser)
#   bash hw/bootstrap.sh --train   also what training the models needs (Python with PyTorch); may stand beside --test
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'bootstrap: %s\n' "$*"; }
fail() { printf 'bootstrap: %s\n' "$*" >&2; exit 1; }

node_major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
[ "$node_major" -ge 20 ] || fail "Node 20 or newer is needed, found '$(node --version 2>/dev/null || echo none)'; install it (for example from nodesource) and start again."

packages=(
  # GStreamer at run time: elements for files, RTSP, V4L2, H.264 and MP4
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav
  # compiling better-sqlite3, epoll and the GStreamer binding
  build-essential python3 pkg-config libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
)
for option in "$@"; do
  case $option in
    --test) packages+=(mosquitto mosquitto-clients python3-gi gir1.2-gst-rtsp-server-1.0 systemd chromium) ;;
    --train) packages+=(python3-torch libopenblas0-pthread python3-onnx python3-opencv python3-numpy python3-pil) ;;
    *) fail "there is no option $option; it takes --test and --train." ;;
  esac
done

install_packages() {
  command -v dpkg-query >/dev/null || { say "no dpkg here: please make sure that these are installed: ${packages[*]}"; return; }
  local missing=() p
  for p in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing and there is no sudo: run as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing Debian packages: ${missing[*]}"
  # A packaged broker starts itself on installation; the tests start their own on a free port.
  "${as_root[@]}" apt-get update -qq || say "the package lists could not be brought up to date; going on with those that are here"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "apt-get could not install: ${missing[*]}"
}

# Native packages compile against Node's headers. Where Node came with them, nothing is downloaded for that.
use_own_headers() {
  local prefix
  prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
  if [ -f "$prefix/include/node/node.h" ]; then export npm_config_nodedir="$prefix"; fi
}

stamp() { cat package.json package-lock.json .npmrc "$0" <(node --version; uname -m) | sha256sum; }

install_modules() {
  local mark=node_modules/.plategate-stamp
  if [ -f "$mark" ] && [ "$(cat "$mark")" = "$(stamp)" ]; then return 0; fi
  use_own_headers
  say "installing npm packages (compiling three of them takes a minute or two)"
  # ONNX Runtime's own script would fetch CUDA libraries; the CPU library is in the package.
  export ONNXRUNTIME_NODE_INSTALL=skip ONNXRUNTIME_NODE_INSTALL_CUDA=skip
  npm ci --no-fund --no-audit --loglevel=error || fail "npm ci failed; the lines above say why."
  node -e 'const D = require("better-sqlite3"); new D(":memory:").close(); require("gstreamer-superficial"); require("epoll"); require("onnxruntime-node"); require("sharp")' ||
    fail "a native npm package does not load on this machine; the lines above say which."
  stamp >"$mark"
}

build() {
  local mark=dist/.built
  if [ -f "$mark" ] && [ -z "$(find src test tsconfig.json package-lock.json -newer "$mark" \( -name '*.ts' -o -name '*.json' \) -print -quit)" ]; then return 0; fi
  say "building"
  rm -rf dist
  node_modules/.bin/tsc -p . || fail "the build failed; the lines above say where."
  chmod +x dist/src/cli.js
  touch "$mark"
}

install_packages
install_modules
build
