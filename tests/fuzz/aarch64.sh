#!/usr/bin/env bash
# Compares the NEON kernel with Pillow's wheel for aarch64, under qemu, on Debian or Ubuntu:
#
#   tests/fuzz/aarch64.sh [CASES]
#
# Takes apt-get install qemu-user gcc-aarch64-linux-gnu. A Debian Python for aarch64 and Pillow are downloaded into
# build/aarch64, and nothing is installed. 1,000 cases take a minute.
set -euo pipefail
cd "$(dirname "$0")/../.."

place=$PWD/build/aarch64 pillow=${PILLOW:-12.3.0} cases=${1:-1000}
root=$place/root
mkdir -p "$place"/{apt/lists/partial,apt/cache/archives/partial,debs,wheel} "$root"
touch "$place/apt/status"

apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
  -o "Dir::State::lists=$place/apt/lists" -o "Dir::Cache=$place/apt/cache" -o "Dir::State::status=$place/apt/status")

# python3 depends on the version of this release: python3.11, python3.13, ...
if [[ ! -e $root/usr/bin/python3 ]]; then
  "${apt[@]}" update
  (cd "$place/debs" && "${apt[@]}" download python3-minimal \
    && version=$(dpkg-deb -f python3-minimal_*.deb Pre-Depends Depends | grep -om 1 'python3\.[0-9]*') \
    && "${apt[@]}" download "$version-minimal" "lib$version-minimal" "lib$version-stdlib" "lib$version-dev" \
      libc6 libexpat1 zlib1g libssl3 libffi8 libbz2-1.0 liblzma5 libgcc-s1 libstdc++6 libuuid1)
  for package in "$place"/debs/*.deb; do dpkg-deb -x "$package" "$root"; done
fi
version=$(basename "$(readlink "$root/usr/bin/python3")")
"${PYTHON:-python3}" -m pip download --quiet --no-deps --only-binary :all: --implementation cp \
  --python-version "${version#python}" --abi "cp${version//[^0-9]/}" --platform manylinux_2_28_aarch64 \
  --platform manylinux_2_27_aarch64 --dest "$place" "pillow==$pillow"
"${PYTHON:-python3}" -m zipfile -e "$place"/pillow-"$pillow"-*.whl "$place/wheel"

aarch64-linux-gnu-gcc -O3 -shared -fPIC -ffp-contract=off -Wall -Wextra -Werror \
  -I"$root/usr/include/$version" -I"$root/usr/include" transforms/imaging/native/*.c -o "$place/_resample.so" -lm

QEMU_LD_PREFIX=$root PYTHONPATH=$place/wheel:$PWD exec qemu-aarch64 "$root/usr/bin/$version" \
  -m tests.fuzz.resample --cases "$cases" --library "$place/_resample.so"
