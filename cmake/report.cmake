# What the report compares mproc with: report/openmp/<name>.c is build/<preset>/report/<name>, target report_<name>; report_peers is
# all of them.

find_package(OpenMP COMPONENTS C)
add_custom_target(report_peers)
# What libgomp does is hidden from the sanitizers.
if(NOT OpenMP_C_FOUND OR MPROC_SANITIZE)
  return()
endif()

pkg_check_modules(mpfr QUIET IMPORTED_TARGET mpfr)
file(GLOB report_sources CONFIGURE_DEPENDS report/openmp/*.c)
foreach(source IN LISTS report_sources)
  cmake_path(GET source STEM name)
  if(name STREQUAL compute_pi AND NOT mpfr_FOUND)
    continue()
  endif()
  add_executable(report_${name} ${source})
  set_target_properties(report_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/report)
  target_link_libraries(report_${name} PRIVATE mproc_flags m mproc_shared OpenMP::OpenMP_C)
  add_dependencies(report_peers report_${name})
endforeach()
if(TARGET report_compute_pi)
  target_link_libraries(report_compute_pi PRIVATE PkgConfig::mpfr)
endif()
