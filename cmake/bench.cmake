# The benchmarks.  bench/<family>_bench.c measures mproc, bench/<family>_bench_*.c is a part of it; <family>_<peer>.c is a program
# without mproc, built where what it needs is installed; the rest is what they all share.

file(GLOB bench_common CONFIGURE_DEPENDS bench/*.c)
list(FILTER bench_common EXCLUDE REGEX "_(bench|bench_[a-z]+|openmp|boost|zeromq|glib|lmdb)\\.c$")
add_library(mproc_bench_common STATIC ${bench_common})
target_compile_definitions(mproc_bench_common PUBLIC _GNU_SOURCE)
target_link_libraries(mproc_bench_common PRIVATE mproc_flags PUBLIC Threads::Threads)

file(GLOB bench_sources CONFIGURE_DEPENDS bench/*_bench.c)
set(benches_with_net manager_bench redis_bench)
foreach(source IN LISTS bench_sources)
  cmake_path(GET source STEM name)
  file(GLOB parts CONFIGURE_DEPENDS bench/${name}_*.c)
  if(NOT name IN_LIST benches_with_net)
    mproc_add_program(bench ${source} mproc_bench_common mproc_shared)
  elseif(use_net)
    mproc_add_program(bench ${source} mproc_bench_common mproc_net_shared)
  else()
    continue()
  endif()
  target_sources(${name} PRIVATE ${parts})
endforeach()

# Build bench/*_@peer.c, each linked to the rest of the arguments.
function(mproc_add_peers peer)
  file(GLOB sources CONFIGURE_DEPENDS bench/*_${peer}.c)
  foreach(source IN LISTS sources)
    mproc_add_program(bench ${source} mproc_bench_common ${ARGN})
  endforeach()
endfunction()

find_package(OpenMP COMPONENTS C)
if(OpenMP_C_FOUND)
  mproc_add_peers(openmp OpenMP::OpenMP_C)
endif()

pkg_check_modules(ZEROMQ IMPORTED_TARGET libzmq)
if(ZEROMQ_FOUND)
  mproc_add_peers(zeromq PkgConfig::ZEROMQ)
endif()

pkg_check_modules(GLIB IMPORTED_TARGET glib-2.0)
if(GLIB_FOUND)
  mproc_add_peers(glib PkgConfig::GLIB)
endif()

# Its keys and checksums are made as ours are.
pkg_check_modules(LMDB IMPORTED_TARGET lmdb libcrypto)
if(LMDB_FOUND)
  mproc_add_peers(lmdb PkgConfig::LMDB)
  target_include_directories(cache_lmdb SYSTEM PRIVATE ${XXHASH_INCLUDE_DIR})
endif()

# Boost is C++: a library of its own, which has none of the flags of C.
find_path(MPROC_BOOST_FOLDER boost/interprocess/ipc/message_queue.hpp)
mark_as_advanced(MPROC_BOOST_FOLDER)
include(CheckLanguage)
check_language(CXX)
if(MPROC_BOOST_FOLDER AND CMAKE_CXX_COMPILER)
  enable_language(CXX)
  add_library(mproc_boost_queue STATIC bench/boost_queue.cpp)
  target_include_directories(mproc_boost_queue SYSTEM PRIVATE ${MPROC_BOOST_FOLDER})
  target_compile_options(mproc_boost_queue PRIVATE -Wall -Wextra)
  mproc_add_peers(boost mproc_boost_queue)
endif()
