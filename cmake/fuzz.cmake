# tests/fuzz/<name>_fuzz.c is a target for made-up input.  In every build it is the test fuzz/<name>, which goes through
# tests/fuzz/corpus/<name>/; with MPROC_FUZZ, which takes clang, also build/<preset>/tests/<name>_fuzz, which makes up more
# (`make fuzz`).

option(MPROC_FUZZ "build the fuzzers (needs clang)" OFF)

file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/*_fuzz.c)
add_custom_target(fuzzers)
# What the manager and its client read.
set(net_fuzzers reply request)
foreach(source IN LISTS fuzz_sources)
  cmake_path(GET source STEM target)
  string(REGEX REPLACE "_fuzz$" "" name ${target})
  set(inside mproc_test_base)
  if(name IN_LIST net_fuzzers)
    if(NOT use_net)
      continue()
    endif()
    list(APPEND inside mproc_net_inside)
  endif()

  add_executable(fuzz_${name}_test ${source} tests/fuzz/replay.c)
  set_target_properties(fuzz_${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  target_link_libraries(fuzz_${name}_test PRIVATE ${inside})
  add_test(NAME fuzz/${name} COMMAND fuzz_${name}_test ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  set_tests_properties(fuzz/${name} PROPERTIES LABELS cross TIMEOUT 60 ENVIRONMENT "${test_environment}")

  if(MPROC_FUZZ)
    add_executable(${target} ${source})
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_link_libraries(${target} PRIVATE ${inside})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    add_dependencies(fuzzers ${target})
  endif()
endforeach()
