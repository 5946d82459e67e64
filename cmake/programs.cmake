# Programs that use the library as a stranger would: the shared library, and nothing but include/.

# Build @source as build/<preset>/<folder>/<name>, with the other sources of the program, if any: <name>/*.c beside it.
function(mproc_add_program folder source)
  cmake_path(GET source STEM name)
  cmake_path(GET source PARENT_PATH directory)
  file(GLOB parts CONFIGURE_DEPENDS ${directory}/${name}/*.c)
  add_executable(${name} ${source} ${parts})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
  target_link_libraries(${name} PRIVATE mproc_flags m ${ARGN})
endfunction()

# What examples need besides, by its name in pkg-config.  Where it is missing, they are left out.
set(examples_with_needs compute_pi crack pi_algorithms render resize)
set(compute_pi_needs mpfr)
set(crack_needs libcrypto)
set(pi_algorithms_needs mpfr)
set(render_needs libpng)
set(resize_needs libpng)

function(mproc_add_example source)
  cmake_path(GET source STEM name)
  set(library ${${name}_needs})
  if(NOT library)
    mproc_add_program(examples ${source} mproc_shared)
    return()
  endif()
  pkg_check_modules(${library} QUIET IMPORTED_TARGET ${library})
  if(${library}_FOUND)
    mproc_add_program(examples ${source} mproc_shared PkgConfig::${library})
  else()
    message(STATUS "pkg-config does not find ${library}: the example ${name} is left out")
  endif()
endfunction()

# The test of an example may use what the example needs, and is disabled where that is missing.
function(mproc_share_needs)
  foreach(name IN LISTS examples_with_needs)
    if(TARGET examples_${name}_test AND TARGET ${name})
      target_link_libraries(examples_${name}_test PRIVATE PkgConfig::${${name}_needs})
    elseif(TARGET examples_${name}_test)
      set_target_properties(examples_${name}_test PROPERTIES EXCLUDE_FROM_ALL TRUE)
      set_tests_properties(examples/${name} PROPERTIES DISABLED TRUE)
    endif()
  endforeach()
endfunction()

if(MPROC_EXAMPLES)
  file(GLOB example_sources CONFIGURE_DEPENDS examples/*.c)
  foreach(source IN LISTS example_sources)
    mproc_add_example(${source})
  endforeach()
endif()
# At the end: the tests are not there yet.
cmake_language(DEFER CALL mproc_share_needs)

if(MPROC_BENCH)
  include(cmake/bench.cmake)
endif()
