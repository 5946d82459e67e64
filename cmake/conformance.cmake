# The conformance suite of start methods, tests/process: the same tests in one program for each method.  The
# tests are process/conformance_<method>; with MPROC_VARIANTS also variant/<variant>_<method>, where the
# same programs are linked in other ways (tools/check-variants).

option(MPROC_VARIANTS "build the conformance suite also with the shared library, without PIE, and static" OFF)
set(start_methods fork server spawn)

file(GLOB conformance_sources CONFIGURE_DEPENDS tests/process/conformance*.c)
list(FILTER conformance_sources EXCLUDE REGEX "_test\\.c$")

# One that the programs are linked with, and one that only dlopen brings.
add_library(process_library SHARED tests/process/library.c)
add_library(process_plugin MODULE tests/process/library.c)
foreach(library process_library process_plugin)
  target_include_directories(${library} PRIVATE tests/process include)
  target_link_libraries(${library} PRIVATE mproc_flags)
  target_link_options(${library} PRIVATE -Wl,--build-id)
  set_target_properties(${library} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
endforeach()
set(conformance_plugin CONFORMANCE_PLUGIN="$<TARGET_FILE_NAME:process_plugin>")

add_library(process_conformance OBJECT ${conformance_sources})
target_compile_definitions(process_conformance PRIVATE ${conformance_plugin})
target_link_libraries(process_conformance PUBLIC mproc_test_support ${CMAKE_DL_LIBS})
foreach(method IN LISTS start_methods)
  target_link_libraries(process_conformance_${method}_test PRIVATE process_conformance process_library)
  add_dependencies(process_conformance_${method}_test process_plugin)
endforeach()

if(NOT MPROC_VARIANTS)
  return()
endif()

# The suite knows the public headers alone, and support.c nothing of the library: so it can do with the
# shared one.
function(mproc_add_conformance_objects name)
  add_library(${name} OBJECT EXCLUDE_FROM_ALL ${conformance_sources} tests/support/support.c)
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE SUPPORT_THREADS_ONLY=0)
  target_include_directories(${name} PUBLIC tests/process tests/support include)
  target_link_libraries(${name} PRIVATE mproc_flags)
endfunction()

function(mproc_add_variant variant objects)
  foreach(method IN LISTS start_methods)
    set(program variant_${variant}_${method})
    add_executable(${program} EXCLUDE_FROM_ALL tests/process/conformance_${method}_test.c)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    target_compile_options(${program} PRIVATE $<TARGET_PROPERTY:${objects},COMPILE_OPTIONS>)
    target_link_libraries(${program} PRIVATE ${objects} mproc_flags ${ARGN})
    add_dependencies(variants ${program})
    add_test(NAME variant/${variant}_${method} COMMAND ${program})
    set_tests_properties(variant/${variant}_${method} PROPERTIES
      LABELS variant TIMEOUT 300 ENVIRONMENT "${test_environment}")
  endforeach()
endfunction()

add_custom_target(variants)
add_dependencies(variants process_plugin)
mproc_add_conformance_objects(conformance_pie)
mproc_add_conformance_objects(conformance_fixed)
mproc_add_conformance_objects(conformance_static)
target_compile_definitions(conformance_pie PRIVATE ${conformance_plugin})
target_compile_definitions(conformance_fixed PRIVATE ${conformance_plugin})
target_compile_options(conformance_pie PRIVATE -fpie)
target_compile_options(conformance_fixed PRIVATE -fno-pie)
target_compile_options(conformance_static PRIVATE -fno-pie)
set(with_library PkgConfig::CHECK process_library m ${CMAKE_DL_LIBS})
mproc_add_variant(pie conformance_pie mproc_static ${with_library} -pie)
mproc_add_variant(pie_shared conformance_pie mproc_shared ${with_library} -pie)
mproc_add_variant(fixed conformance_fixed mproc_static ${with_library} -no-pie)
mproc_add_variant(fixed_shared conformance_fixed mproc_shared ${with_library} -no-pie)

# hwloc is no static library.
find_library(CHECK_ARCHIVE libcheck.a)
find_library(SUBUNIT_ARCHIVE libsubunit.a)
if(NOT use_hwloc AND CHECK_ARCHIVE)
  target_sources(conformance_static PRIVATE tests/process/library.c)
  mproc_add_variant(static conformance_static
    mproc_static ${CHECK_ARCHIVE} $<$<BOOL:${SUBUNIT_ARCHIVE}>:${SUBUNIT_ARCHIVE}> rt m -static)
endif()
