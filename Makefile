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
TESTS ?= .

BUILD = cmake --build build/$(1) $(if $(2),--target $(2))
# The figures of the pool are those of two programs.
BENCH_PROGRAMS = $(patsubst %,build/release/bench/%_bench,$(if $(filter pool,$(BENCH)),map pool,$(BENCH)))
CTEST = ctest --test-dir build/$(1) --output-on-failure --no-tests=error -R '$(TESTS)'

.PHONY: help release debug deps demo test check san crash fuzz random bench install clean format deps-build deps-test deps-check deps-bench

help:
	@echo 'make              build the library, the examples and the benchmarks'
	@echo 'make demo         find primes on a pool of processes'
	@echo 'make test         run the tests      [TESTS=pattern]'
	@echo 'make check        format, warnings, static analysis, layers, documentation'
	@echo 'make san          run the tests under the sanitizers    [TESTS=pattern]'
	@echo 'make crash        kill operations at every instruction  [CRASH=--quick]'
	@echo 'make fuzz         feed made-up input to all that reads what strangers send    [FUZZ_SECONDS=12]'
	@echo 'make random       look for faults in the random numbers, with dieharder; takes minutes'
	@echo 'make bench        measure            [BENCH=map]'
	@echo 'make install      install the library   [PREFIX=/usr/local] [DESTDIR=] [CMAKE_ARGS=-DMPROC_HWLOC=OFF]'
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

deps-bench:
	@tools/deps build bench

build/%/build.ninja: | deps-build
	cmake --preset $*

release debug: %: build/%/build.ninja
	$(call BUILD,$*)

demo: build/release/build.ninja
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
	$(call CTEST,release)

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

# Configured again, for the case that something to compare with has come since.
bench: deps-build
	cmake --preset release
	$(call BUILD,release)
	@set -e; for program in $(BENCH_PROGRAMS); do $$program; done

check: deps-check
	@tools/check

# The library alone, so that who wants no more needs no test library.
install: deps-build
	cmake --preset release -B build/install -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_ARGS) \
		-DMPROC_TESTS=OFF -DMPROC_EXAMPLES=OFF -DMPROC_BENCH=OFF
	$(call BUILD,install)
	DESTDIR=$(DESTDIR) cmake --install build/install
ifeq ($(DESTDIR),)
ifneq ($(filter /usr /usr/local,$(PREFIX)),)
	@ldconfig 2>/dev/null || echo 'ldconfig needs root: export LD_LIBRARY_PATH=$(PREFIX)/lib, or link with -Wl,-rpath'
else
	@echo 'export PKG_CONFIG_PATH=$(PREFIX)/lib/pkgconfig LD_LIBRARY_PATH=$(PREFIX)/lib'
endif
endif

format: deps-check
	tools/check-format --fix

clean:
	rm -rf build
