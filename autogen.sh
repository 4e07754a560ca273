#!/bin/sh
# Make ./configure and the Makefile.in files from configure.ac and Makefile.am.
set -eu
cd "$(dirname "$0")"
mkdir -p m4 build-aux
exec autoreconf --install --force
