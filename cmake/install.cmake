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
]])
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mprocConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mprocConfig.cmake ${PROJECT_BINARY_DIR}/mprocConfigVersion.cmake
  DESTINATION ${package_dir})

if(use_hwloc)
  # Not Requires.private: that asks for what hwloc itself is made of, of which Debian has no static libraries.
  set(pc_libs_private "-lhwloc ")
endif()
# From where the file lies, so that an installed tree can be moved.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/mproc.pc.in mproc.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mproc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(use_net)
  configure_file(cmake/mproc-net.pc.in mproc-net.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/mproc-net.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
