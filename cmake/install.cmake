# What `make install` puts where: headers, both libraries, mproc.pc, and the CMake package with mproc::mproc (shared)
# and mproc::mproc_static.  Where libmproc-net is built, the same of that: mproc-net.pc, mproc::mproc_net, mproc::mproc_net_static.

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mproc)

set_target_properties(mproc_shared PROPERTIES EXPORT_NAME mproc)
install(TARGETS mproc_shared mproc_static EXPORT mproc)
set(net_headers "^.*/(mproc-net|manager|remote[a-z_]*)\\.h$")
install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" REGEX ${net_headers} EXCLUDE)
if(use_net)
  set_target_properties(mproc_net_shared PROPERTIES EXPORT_NAME mproc_net)
  install(TARGETS mproc_net_shared mproc_net_static EXPORT mproc)
  install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING REGEX ${net_headers})
endif()

install(EXPORT mproc NAMESPACE mproc:: DESTINATION ${package_dir} FILE mprocTargets.cmake)
file(WRITE ${PROJECT_BINARY_DIR}/mprocConfig.cmake [[
include(CMakeFindDependencyMacro)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/mprocTargets.cmake)
# find_package(mproc COMPONENTS net) asks for libmproc-net.
foreach(component IN LISTS mproc_FIND_COMPONENTS)
  if(mproc_FIND_REQUIRED_${component} AND NOT TARGET mproc::mproc_${component})
    set(mproc_FOUND FALSE)
    set(mproc_NOT_FOUND_MESSAGE "this mproc was built without ${component}")
  endif()
endforeach()
]])
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mprocConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mprocConfig.cmake ${PROJECT_BINARY_DIR}/mprocConfigVersion.cmake
  DESTINATION ${package_dir})

if(use_hwloc)
  # Not Requires.private: that asks for what hwloc itself is made of, of which Debian has no static libraries.
  set(pc_libs_private "-lhwloc ")
endif()
# From where the file lies, so that an installed tree can be moved.  The system's own is not moved, and there tools must see
# that its folders are the compiler's in any case.
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_includedir)
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE pc_libdir)
if(CMAKE_INSTALL_PREFIX MATCHES "^/(usr/?)?$")
  set(pc_prefix ${CMAKE_INSTALL_PREFIX})
else()
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${pc_libdir}/pkgconfig OUTPUT_VARIABLE pc_prefix)
  string(PREPEND pc_prefix "\${pcfiledir}/")
endif()
cmake_path(RELATIVE_PATH pc_includedir BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX})
cmake_path(RELATIVE_PATH pc_libdir BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/mproc.pc.in mproc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mproc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(use_net)
  configure_file(cmake/mproc-net.pc.in mproc-net.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/mproc-net.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
