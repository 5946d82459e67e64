# libmproc, shared and static, from the same objects.

file(GLOB library_sources RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS src/*/*.c)
list(FILTER library_sources EXCLUDE REGEX "_test\\.c$")
# Those are a library of their own: net.cmake.
list(FILTER library_sources EXCLUDE REGEX "^src/(manager|remote)/")

if(NOT MPROC_HWLOC STREQUAL OFF)
  pkg_check_modules(HWLOC hwloc>=2.8)
  if(MPROC_HWLOC STREQUAL ON AND NOT HWLOC_FOUND)
    message(FATAL_ERROR "MPROC_HWLOC is ON, but pkg-config does not find hwloc")
  endif()
endif()
if(MPROC_HWLOC STREQUAL OFF OR NOT HWLOC_FOUND)
  set(use_hwloc OFF)
  list(FILTER library_sources EXCLUDE REGEX "/topology_hwloc\\.c$")
  message(STATUS "CPU topology: read without hwloc")
else()
  set(use_hwloc ON)
  list(FILTER library_sources EXCLUDE REGEX "/topology_plain\\.c$")
  message(STATUS "CPU topology: read with hwloc ${HWLOC_VERSION}")
endif()

# For its headers alone: the library is loaded when the first key is used (decision 010).
pkg_check_modules(CRYPTO REQUIRED libcrypto>=3.0)

# Random123 is nothing but headers, and has no file for pkg-config.
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
# Of xxHash only the headers are used.
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
mark_as_advanced(RANDOM123_INCLUDE_DIR XXHASH_INCLUDE_DIR)

# "folder/file.h", and not <folder/file.h>: <sys/poll.h> is not ours.
add_library(mproc_inside INTERFACE)
target_compile_options(mproc_inside INTERFACE -iquote ${PROJECT_SOURCE_DIR}/src)

# Its cleanup handler then costs a new process nothing, where it would otherwise have to call sigsetjmp.
set_source_files_properties(src/process/role.c PROPERTIES COMPILE_OPTIONS -fexceptions)
# The same numbers where the processor can multiply and add in one.
set_source_files_properties(src/base/random_normal.c PROPERTIES COMPILE_OPTIONS -ffp-contract=off)

add_library(mproc_objects OBJECT ${library_sources})
set_target_properties(mproc_objects PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_compile_definitions(mproc_objects PRIVATE _GNU_SOURCE)
target_include_directories(mproc_objects PRIVATE include)
target_link_libraries(mproc_objects PRIVATE mproc_flags mproc_inside Threads::Threads)
target_include_directories(mproc_objects SYSTEM PRIVATE ${CRYPTO_INCLUDE_DIRS} ${RANDOM123_INCLUDE_DIR} ${XXHASH_INCLUDE_DIR})
if(use_hwloc)
  target_include_directories(mproc_objects SYSTEM PRIVATE ${HWLOC_INCLUDE_DIRS})
endif()

add_library(mproc_shared SHARED $<TARGET_OBJECTS:mproc_objects>)
set_target_properties(mproc_shared PROPERTIES
  OUTPUT_NAME mproc
  VERSION ${PROJECT_VERSION}
  SOVERSION 0
  LINK_DEPENDS ${PROJECT_SOURCE_DIR}/src/libmproc.map)
target_link_options(mproc_shared PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/src/libmproc.map)
# What it exports it calls itself without a detour.
target_compile_options(mproc_objects PRIVATE -fno-semantic-interposition)
target_link_options(mproc_shared PRIVATE -Wl,-Bsymbolic)
# Threads that used it call it when they end; so it stays when a program unloads it.
target_link_options(mproc_shared PRIVATE -Wl,-z,nodelete)
if(NOT MPROC_SANITIZE) # whose run time comes with the program
  target_link_options(mproc_shared PRIVATE -Wl,-z,defs)
endif()

add_library(mproc_static STATIC $<TARGET_OBJECTS:mproc_objects>)
set_target_properties(mproc_static PROPERTIES OUTPUT_NAME mproc)

# The same names for who has this as a folder of another project and for who finds it installed.
add_library(mproc::mproc ALIAS mproc_shared)
add_library(mproc::mproc_static ALIAS mproc_static)

foreach(library mproc_shared mproc_static)
  set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:mproc_flags> Threads::Threads m)
  if(use_hwloc)
    target_link_libraries(${library} PRIVATE
      "$<BUILD_INTERFACE:${HWLOC_LINK_LIBRARIES}>" $<INSTALL_INTERFACE:hwloc>)
  endif()
endforeach()
