# Programs that use the library as a stranger would: the shared library, and nothing but include/.

# Build @source as build/<preset>/<folder>/<name>.
function(mproc_add_program folder source)
  cmake_path(GET source STEM name)
  add_executable(${name} ${source})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
  target_link_libraries(${name} PRIVATE mproc_flags m ${ARGN})
endfunction()

if(MPROC_EXAMPLES)
  file(GLOB example_sources CONFIGURE_DEPENDS examples/*.c)
  foreach(source IN LISTS example_sources)
    mproc_add_program(examples ${source} mproc_shared)
  endforeach()
endif()

# bench/*_bench.c measures mproc; bench/*_openmp.c is a peer, a program without mproc; the rest is what they share.
if(MPROC_BENCH)
  file(GLOB bench_common CONFIGURE_DEPENDS bench/*.c)
  list(FILTER bench_common EXCLUDE REGEX "_(bench|openmp)\\.c$")
  add_library(mproc_bench_common STATIC ${bench_common})
  target_compile_definitions(mproc_bench_common PUBLIC _GNU_SOURCE)
  target_link_libraries(mproc_bench_common PRIVATE mproc_flags PUBLIC Threads::Threads)

  file(GLOB bench_sources CONFIGURE_DEPENDS bench/*_bench.c)
  foreach(source IN LISTS bench_sources)
    mproc_add_program(bench ${source} mproc_bench_common mproc_shared)
  endforeach()

  file(GLOB openmp_sources CONFIGURE_DEPENDS bench/*_openmp.c)
  find_package(OpenMP COMPONENTS C)
  if(OpenMP_C_FOUND)
    foreach(source IN LISTS openmp_sources)
      mproc_add_program(bench ${source} mproc_bench_common OpenMP::OpenMP_C)
    endforeach()
  endif()
endif()
