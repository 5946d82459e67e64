# libmproc-net, shared and static: src/manager and src/remote.  use_net says whether it is built.

set(use_net OFF)
if(NOT MPROC_NET STREQUAL OFF)
  pkg_check_modules(LIBUV IMPORTED_TARGET libuv>=1.44)
  pkg_check_modules(HIREDIS IMPORTED_TARGET hiredis>=0.14)
  if(HIREDIS_FOUND AND HIREDIS_VERSION VERSION_GREATER_EQUAL 1.0)
    pkg_check_modules(HIREDIS_SSL IMPORTED_TARGET hiredis_ssl)
    set(HIREDIS_FOUND ${HIREDIS_SSL_FOUND})
  endif()
  pkg_check_modules(OPENSSL IMPORTED_TARGET openssl>=3.0)
  # Its lists are macros: a header, and nothing for pkg-config.
  find_path(UTLIST_INCLUDE_DIR utlist.h)
  mark_as_advanced(UTLIST_INCLUDE_DIR)
  if(LIBUV_FOUND AND HIREDIS_FOUND AND OPENSSL_FOUND AND UTLIST_INCLUDE_DIR)
    set(use_net ON)
  elseif(MPROC_NET STREQUAL ON)
    message(FATAL_ERROR "MPROC_NET is ON, but not all of libuv, hiredis, openssl and utlist.h are there")
  else()
    message(STATUS "libmproc-net is left out: not all of libuv, hiredis, openssl and utlist.h are there")
  endif()
endif()
if(NOT use_net)
  return()
endif()

file(GLOB net_sources RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS src/manager/*.c src/remote/*.c)
list(FILTER net_sources EXCLUDE REGEX "_test\\.c$")

# hiredis 1.0 has other types for the functions that make replies, and can be had with encryption.
if(HIREDIS_VERSION VERSION_LESS 1.0)
  list(FILTER net_sources EXCLUDE REGEX "/tls_hiredis\\.c$")
  message(STATUS "rediss:// is refused: hiredis ${HIREDIS_VERSION} has no TLS")
else()
  list(FILTER net_sources EXCLUDE REGEX "/tls_none\\.c$")
  target_link_libraries(PkgConfig::HIREDIS INTERFACE PkgConfig::HIREDIS_SSL)
endif()

set(net_needs PkgConfig::LIBUV PkgConfig::HIREDIS PkgConfig::OPENSSL)

# The functions that Redis runs for the client, as the bytes of an array.
set(functions_lua ${PROJECT_SOURCE_DIR}/src/remote/functions.lua)
set(functions_header ${PROJECT_BINARY_DIR}/generated/functions.lua.h)
add_custom_command(OUTPUT ${functions_header}
  COMMAND ${CMAKE_COMMAND} -DINPUT=${functions_lua} -DOUTPUT=${functions_header} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${functions_lua} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)

add_library(mproc_net_objects OBJECT ${net_sources} ${functions_header})
set_target_properties(mproc_net_objects PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_compile_definitions(mproc_net_objects PRIVATE _GNU_SOURCE MPROC_VERSION_TEXT="${PROJECT_VERSION}")
target_include_directories(mproc_net_objects PRIVATE include ${PROJECT_BINARY_DIR}/generated)
target_include_directories(mproc_net_objects SYSTEM PRIVATE ${XXHASH_INCLUDE_DIR} ${UTLIST_INCLUDE_DIR})
target_link_libraries(mproc_net_objects PRIVATE
  mproc_flags mproc_inside ${net_needs} Threads::Threads)

add_library(mproc_net_shared SHARED $<TARGET_OBJECTS:mproc_net_objects>)
set_target_properties(mproc_net_shared PROPERTIES
  OUTPUT_NAME mproc-net
  VERSION ${PROJECT_VERSION}
  SOVERSION 0
  LINKER_LANGUAGE C
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/libmproc.map)
target_link_options(mproc_net_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/src/libmproc.map)
# A fork calls it.
target_link_options(mproc_net_shared PRIVATE -Wl,-z,nodelete)
if(NOT MPROC_SANITIZE)
  target_link_options(mproc_net_shared PRIVATE -Wl,-z,defs)
endif()
target_link_libraries(mproc_net_shared PUBLIC mproc_shared)

add_library(mproc_net_static STATIC $<TARGET_OBJECTS:mproc_net_objects>)
set_target_properties(mproc_net_static PROPERTIES OUTPUT_NAME mproc-net LINKER_LANGUAGE C)
target_link_libraries(mproc_net_static PUBLIC mproc_static)

add_library(mproc::mproc_net ALIAS mproc_net_shared)
add_library(mproc::mproc_net_static ALIAS mproc_net_static)

foreach(library mproc_net_shared mproc_net_static)
  target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:mproc_flags> m
    "$<BUILD_INTERFACE:${net_needs}>" "$<INSTALL_INTERFACE:uv;hiredis;ssl;crypto>")
endforeach()

# For tests, which see the inside.
add_library(mproc_net_inside INTERFACE)
target_include_directories(mproc_net_inside SYSTEM INTERFACE ${XXHASH_INCLUDE_DIR} ${UTLIST_INCLUDE_DIR})
target_link_libraries(mproc_net_inside INTERFACE
  mproc_net_static ${net_needs})
