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

if(MPROC_EXAMPLES)
  file(GLOB example_sources CONFIGURE_DEPENDS examples/*.c)
  foreach(source IN LISTS example_sources)
    mproc_add_program(examples ${source} mproc_shared)
  endforeach()
endif()

if(MPROC_BENCH)
  include(cmake/bench.cmake)
endif()
