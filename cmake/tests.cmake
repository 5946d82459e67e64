# Tests: every src/<folder>/<name>_test.c (label unit) and tests/[<folder>/]<name>_test.c (label cross) is one program,
# build/<preset>/tests/<folder>_<name>_test, and one entry of ctest, <folder>/<name>.  They see the internal headers.

pkg_check_modules(CHECK IMPORTED_TARGET check>=0.15)
if(NOT CHECK_FOUND)
  message(STATUS "pkg-config does not find check: the tests are left out")
  return()
endif()
enable_testing()

set(threads_only 0)
set(time_factor 1)
if(MPROC_SANITIZE)
  set(time_factor 4)
endif()
if(MPROC_SANITIZE MATCHES thread)
  set(threads_only 1)
endif()
set(test_environment
  CK_TIMEOUT_MULTIPLIER=${time_factor}
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  UBSAN_OPTIONS=print_stacktrace=1
  TSAN_OPTIONS=die_after_fork=0:halt_on_error=1:second_deadlock_stack=1)

# What all test programs are built with: the library with its inside, and the C library's too.
add_library(mproc_test_base INTERFACE)
target_compile_definitions(mproc_test_base INTERFACE _GNU_SOURCE)
target_link_libraries(mproc_test_base INTERFACE mproc_static mproc_inside mproc_flags m)

# Tests note which errors they got from which public function, in build/<preset>/seen_errors, if that is there:
# tools/check-errors looks whether all that are documented were among them.
find_program(PYTHON3 python3 REQUIRED)
set(seen_calls ${PROJECT_BINARY_DIR}/generated/seen_calls.h)
file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS include/*.h)
add_custom_command(OUTPUT ${seen_calls}
  COMMAND ${PYTHON3} ${PROJECT_SOURCE_DIR}/tools/watch-errors ${PROJECT_SOURCE_DIR} ${seen_calls}
  DEPENDS ${PROJECT_SOURCE_DIR}/tools/watch-errors ${PROJECT_SOURCE_DIR}/tools/public_headers.py ${public_headers})

add_library(mproc_test_support STATIC tests/support/people.c tests/support/seen.c tests/support/support.c ${seen_calls})
target_compile_definitions(mproc_test_support PRIVATE
  SUPPORT_THREADS_ONLY=${threads_only} SEEN_FILE="${PROJECT_BINARY_DIR}/seen_errors")
target_compile_options(mproc_test_support INTERFACE "SHELL:-include ${seen_calls}")
target_include_directories(mproc_test_support PUBLIC tests/support)
target_link_libraries(mproc_test_support PUBLIC mproc_test_base PkgConfig::CHECK)

# What is tested on other machines too (tools/check-arm64, tools/check-musl): of libmproc each module, and the suites over start
# methods, backends and queues.  The file core_tests has their names.
add_custom_target(core_tests)

function(mproc_add_test label source)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME folder)
  cmake_path(GET source STEM name)
  set(program ${folder}_${name})
  string(REGEX REPLACE "_test$" "" name ${name})
  # What libmproc-net is needed for.
  if("${folder}/${name}" MATCHES "^(manager/|remote/|examples/remote_examples$)" AND NOT use_net)
    return()
  endif()

  add_executable(${program} ${source})
  set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(${program} PRIVATE mproc_test_support)
  if(folder MATCHES "^(manager|remote)$")
    target_link_libraries(${program} PRIVATE mproc_net_inside)
  endif()
  if(label STREQUAL unit AND NOT folder MATCHES "^(manager|remote)$" OR name MATCHES "^conformance")
    add_dependencies(core_tests ${program})
    set_property(GLOBAL APPEND PROPERTY core_tests ${program})
  endif()
  add_test(NAME ${folder}/${name} COMMAND ${program})
  set_tests_properties(${folder}/${name} PROPERTIES
    LABELS ${label} TIMEOUT 900 ENVIRONMENT "${test_environment}")
endfunction()

file(GLOB unit_tests CONFIGURE_DEPENDS src/*/*_test.c)
foreach(source IN LISTS unit_tests)
  mproc_add_test(unit ${source})
endforeach()

file(GLOB cross_tests CONFIGURE_DEPENDS tests/*_test.c tests/*/*_test.c)
foreach(source IN LISTS cross_tests)
  mproc_add_test(cross ${source})
endforeach()

# A thread that looks at a whole dict holds nearly as many locks as TSan's search for deadlocks can count, and gives up beyond.
set(tsan_without_deadlocks ${test_environment})
list(TRANSFORM tsan_without_deadlocks REPLACE "^TSAN_OPTIONS=" "TSAN_OPTIONS=detect_deadlocks=0:")
set_tests_properties(collections/dict_crowd PROPERTIES ENVIRONMENT "${tsan_without_deadlocks}")

get_property(core_tests GLOBAL PROPERTY core_tests)
list(JOIN core_tests "\n" core_tests)
file(WRITE ${PROJECT_BINARY_DIR}/core_tests "${core_tests}\n")

# tests/programs/<name>.c is a program that tests run, build/<preset>/tests/programs/<name>.
file(GLOB program_sources CONFIGURE_DEPENDS tests/programs/*.c)
foreach(source IN LISTS program_sources)
  mproc_add_program(tests/programs ${source} mproc_shared)
  cmake_path(GET source STEM name)
  target_sources(${name} PRIVATE tests/support/seen.c ${seen_calls})
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE SEEN_FILE="${PROJECT_BINARY_DIR}/seen_errors")
  target_compile_options(${name} PRIVATE "SHELL:-include ${seen_calls}")
endforeach()

# The manager's server in the foreground, build/<preset>/tests/manager_serve.
if(use_net)
  add_executable(manager_serve tests/manager/serve.c)
  set_target_properties(manager_serve PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(manager_serve PRIVATE mproc_test_base mproc_net_inside)
endif()

# The tests of remote objects once more, with a manager instead of Redis: remote/<name>_manager.  But for those that need no
# server, or scripts in it.
if(use_net)
  file(GLOB remote_tests CONFIGURE_DEPENDS src/remote/*_test.c)
  list(FILTER remote_tests EXCLUDE REGEX "/(url|lease_answers)_test\\.c$")
  foreach(source IN LISTS remote_tests)
    cmake_path(GET source STEM program)
    string(REGEX REPLACE "_test$" "" name ${program})
    add_dependencies(remote_${program} manager_serve)
    add_test(NAME remote/${name}_manager COMMAND remote_${program})
    set_tests_properties(remote/${name}_manager PROPERTIES
      LABELS unit TIMEOUT 900 ENVIRONMENT "${test_environment};MPROC_TEST_SERVER=manager")
  endforeach()
endif()

# What other programs are, is told by a script.
if(use_net)
  target_compile_definitions(manager_clients_test PRIVATE
    CLIENTS_SCRIPT="${PROJECT_SOURCE_DIR}/tests/manager/clients.py")
endif()

# What the report compares mproc with: scripts, and programs where there is OpenMP.
target_compile_definitions(report_peers_test PRIVATE
  PEERS_FOLDER="${PROJECT_SOURCE_DIR}/report/python" ANSWERS_SCRIPT="${PROJECT_SOURCE_DIR}/tests/report/answers.py"
  HAS_OPENMP_PEERS=$<TARGET_EXISTS:report_compute_pi>)

# What fails system calls, or kills at them, shares a harness, and sees what the library asks malloc for.
file(GLOB fault_sources CONFIGURE_DEPENDS tests/fault/*.c)
list(FILTER fault_sources EXCLUDE REGEX "(_test|/scenario|/mistakes)\\.c$")
target_sources(fault_start_test PRIVATE tests/fault/scenario.c tests/fault/mistakes.c)
target_sources(store_kill_test PRIVATE tests/store/operations.c)
target_sources(store_fault_test PRIVATE tests/store/operations.c)
foreach(program fault_start_test store_kill_test store_fault_test)
  target_sources(${program} PRIVATE ${fault_sources})
  target_include_directories(${program} PRIVATE tests/fault)
  target_link_options(${program} PRIVATE
    -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc -Wl,--wrap=aligned_alloc -Wl,--wrap=free)
endforeach()

# Its kernel has other pages and addresses than the one that runs.
target_link_options(sys_memory_test PRIVATE -Wl,--wrap=sysconf -Wl,--wrap=madvise -Wl,--wrap=mmap)

# The conformance suite of pools: the same tests in one program for each backend.  The plugin comes only by dlopen.
file(GLOB pool_sources CONFIGURE_DEPENDS tests/pool/conformance*.c)
list(FILTER pool_sources EXCLUDE REGEX "_test\\.c$")
add_library(pool_plugin MODULE tests/pool/plugin.c)
target_include_directories(pool_plugin PRIVATE include)
target_link_libraries(pool_plugin PRIVATE mproc_flags)
target_link_options(pool_plugin PRIVATE -Wl,--build-id)
set_target_properties(pool_plugin PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_library(pool_conformance OBJECT ${pool_sources})
target_compile_definitions(pool_conformance PRIVATE POOL_PLUGIN="$<TARGET_FILE_NAME:pool_plugin>")
target_link_libraries(pool_conformance PUBLIC mproc_test_support ${CMAKE_DL_LIBS})
foreach(backend processes threads serial)
  target_link_libraries(pool_conformance_${backend}_test PRIVATE pool_conformance)
  add_dependencies(pool_conformance_${backend}_test pool_plugin)
endforeach()

include(cmake/conformance.cmake)
include(cmake/fuzz.cmake)

# What the pages of the guide show is compiled, and run with the programs of this build.
if(MPROC_EXAMPLES AND NOT MPROC_SANITIZE)
  add_test(NAME guide COMMAND ${PROJECT_SOURCE_DIR}/tools/test-guide ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER})
  set_tests_properties(guide PROPERTIES LABELS cross TIMEOUT 300)
endif()

# The crash harness kills operations at every instruction; `make crash` runs it.
file(GLOB crash_sources CONFIGURE_DEPENDS tests/crash/*.c)
list(FILTER crash_sources EXCLUDE REGEX "_test\\.c$")
if(use_net)
  list(FILTER crash_sources EXCLUDE REGEX "/no_manager\\.c$")
else()
  list(FILTER crash_sources EXCLUDE REGEX "/crash_manager\\.c$")
endif()
if(crash_sources)
  add_executable(crash ${crash_sources})
  set_target_properties(crash PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(crash PRIVATE mproc_test_base)
  if(use_net)
    target_link_libraries(crash PRIVATE mproc_net_inside)
  endif()
endif()
