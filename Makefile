# The front door: what is needed is installed, CMake does the work.  `make help` lists the targets.

.DEFAULT_GOAL := release
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

BENCH ?= *
CMAKE_ARGS ?=
CRASH ?=
DESTDIR ?=
FUZZ_SECONDS ?= 12
PREFIX ?= /usr/local
REPORT ?= quick
TESTS ?= .

BUILD = cmake --build build/$(1) $(if $(2),--target $(2))
# The figures of the pool are those of two programs.
BENCH_PROGRAMS = $(patsubst %,build/release/bench/%_bench,$(if $(filter pool,$(BENCH)),map pool,$(BENCH)))
# Two at a time: they wait more than they compute.
CTEST = ctest --test-dir build/$(1) -j 2 --output-on-failure --no-tests=error -R '$(TESTS)'

.PHONY: help release debug deps demo test errors check san crash fuzz random bench docs report check-report install uninstall deb check-deb check-deps clean format deps-build deps-test deps-check deps-deb deps-bench deps-docs check-arm64 check-musl

help:
	@echo 'make              build the library, the examples and the benchmarks, with check installed the tests too'
	@echo 'make demo         find primes on a pool of processes'
	@echo 'make test         run the tests      [TESTS=pattern]'
	@echo 'make errors       after make test: was each error that the headers document given to a test?'
	@echo 'make check        format, warnings, static analysis, layers, documentation'
	@echo 'make san          run the tests under the sanitizers    [TESTS=pattern]'
	@echo 'make crash        kill operations at every instruction  [CRASH=--quick]'
	@echo 'make fuzz         feed made-up input to all that reads what strangers send    [FUZZ_SECONDS=12]'
	@echo 'make check-arm64  build for arm64, and run the core tests in a virtual machine; takes an hour    [TESTS=pattern]'
	@echo 'make check-musl   build with musl, and run the core tests    [TESTS=pattern]'
	@echo 'make random       look for faults in the random numbers, with dieharder; takes minutes'
	@echo 'make bench        measure            [BENCH=map]'
	@echo 'make report       run every experiment of the tutorials, and write build/report/index.html    [REPORT=full]'
	@echo 'make check-report look whether the report comes out right in a browser; installs one; takes minutes'
	@echo 'make docs         the reference from the headers: HTML and the guide in build/docs/html, manual pages in build/docs/man'
	@echo 'make install      install the library   [PREFIX=/usr/local] [DESTDIR=] [CMAKE_ARGS=-DMPROC_HWLOC=OFF]'
	@echo 'make uninstall    remove what the last make install has installed   [DESTDIR=]'
	@echo 'make deb          build the Debian packages of what is committed, into build/deb'
	@echo 'make check-deb    use them in a clean Debian, and remove them again; takes minutes'
	@echo 'make check-deps   build all this in a Debian that has nothing but make; takes minutes'
	@echo 'make deps-bench   install what the benchmarks compare mproc with, where it comes as a package'
	@echo 'make deps         install from Debian whatever any of these needs'
	@echo 'make format       lay out the code'
	@echo 'make debug, make clean'

deps: deps-check

deps-build:
	@tools/deps build

deps-test:
	@tools/deps build test

deps-check:
	@tools/deps build test check

deps-deb:
	@tools/deps build deb

deps-bench:
	@tools/deps build bench

deps-docs:
	@tools/deps docs

# Configured again, for the case that what an example or the tests need has come since.
release debug: deps-build
	cmake --preset $@
	$(call BUILD,$@)

demo: deps-build
	cmake --preset release
	$(call BUILD,release,find_primes verify_prime shared_dict cached_primes cache_stats)
	build/release/examples/find_primes --with all
	build/release/examples/verify_prime --with all 112272535095295 100109100129100151
	build/release/examples/shared_dict --top 5 README.md
	build/release/examples/cached_primes --below 5000000 build/demo-cache
	build/release/examples/cached_primes --below 5000000 build/demo-cache
	build/release/examples/cache_stats build/demo-cache
	build/release/examples/cache_stats --clear build/demo-cache
	build/release/examples/verify_prime --with manager 112272535095295 100109100129100151

# Configured again, for the case that the test library has come since.
test: deps-test
	cmake --preset release
	$(call BUILD,release)
ifeq ($(TESTS),.)
	@tools/check-errors --begin build/release/seen_errors
endif
	$(call CTEST,release)

# What the tests noted: all of them, as root, with libmproc-net.
errors:
	@tools/check-errors build/release/seen_errors

san: deps-test
	cmake --preset asan
	$(call BUILD,asan)
	$(call CTEST,asan)
	cmake --preset tsan
	$(call BUILD,tsan)
	$(call CTEST,tsan)

crash: deps-test
	cmake --preset release
	$(call BUILD,release,crash)
	cmake --preset debug
	$(call BUILD,debug,crash)
	build/release/tests/crash $(CRASH)
	build/debug/tests/crash $(CRASH)

fuzz: deps-check
	cmake --preset fuzz
	cmake --build --preset fuzz
	@tools/fuzz build/fuzz $(FUZZ_SECONDS)

random: deps-test
	@tools/deps random
	cmake --preset release
	$(call BUILD,release,random_numbers)
	@tools/check-random build/release

check-arm64: deps-test
	@tools/deps arm64
	@tools/check-arm64 '$(TESTS)'

check-musl: deps-test
	@tools/deps musl
	@tools/check-musl '$(TESTS)'

# Configured again, for the case that something to compare with has come since.
bench: deps-build
	cmake --preset release
	$(call BUILD,release)
	@set -e; for program in $(BENCH_PROGRAMS); do $$program; done

# Configured again, for the case that OpenMP or what an example needs has come since.
report: deps-build
	@tools/deps report
	cmake --preset release
	$(call BUILD,release,example_programs report_peers)
	@tools/report build/release build/report/index.html $(REPORT)

check-report: deps-build
	@tools/deps report report-test
	cmake --preset release
	$(call BUILD,release,example_programs report_peers)
	@tools/check-report build/release

docs: deps-docs
	@tools/docs build/docs

check: deps-check
	@tools/check

# The library alone, so that who wants no more needs no test library.  Options of an earlier call are forgotten.
# Everybody may read what root installs, whatever root's umask: CMake leaves new folders to that.
install: deps-build
	cmake --fresh --preset release -B build/install -DCMAKE_INSTALL_PREFIX='$(PREFIX)' $(CMAKE_ARGS) \
		-DMPROC_TESTS=OFF -DMPROC_EXAMPLES=OFF -DMPROC_BENCH=OFF
	$(call BUILD,install)
	umask 022 && DESTDIR='$(DESTDIR)' cmake --install build/install
ifeq ($(DESTDIR),)
ifneq ($(filter /usr /usr/local,$(PREFIX)),)
	@ldconfig 2>/dev/null || echo 'ldconfig needs root: export LD_LIBRARY_PATH=$(PREFIX)/lib, or link with -Wl,-rpath'
else
	@libraries=$$(sed -n 's|/pkgconfig/mproc\.pc$$||p' build/install/install_manifest.txt) && \
		echo "export PKG_CONFIG_PATH='$$libraries/pkgconfig' LD_LIBRARY_PATH='$$libraries'"
endif
endif

uninstall:
	@tools/uninstall build/install '$(DESTDIR)'

deb: deps-deb
	@tools/deb

check-deb: deb
	@tools/check-deb

check-deps: deps-deb
	@tools/check-deps

format: deps-check
	tools/check-format --fix

clean:
	rm -rf build
