# Manual pages, one for each public function and header, in build/<preset>/man: made where there is python3, and installed.
# The reference in HTML is made by `make docs`.

find_program(PYTHON3 python3)
if(NOT PYTHON3)
  message(STATUS "no python3: the manual pages are left out")
  return()
endif()

set(man_pages ${PROJECT_BINARY_DIR}/man)
set(without_net)
if(NOT use_net)
  set(without_net --without-net)
endif()
file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS include/*.h)
add_custom_command(OUTPUT ${man_pages}/man7/mproc.7
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${man_pages}
  COMMAND ${PYTHON3} ${PROJECT_SOURCE_DIR}/tools/man-pages ${without_net} ${man_pages}
  DEPENDS tools/man-pages tools/public_headers.py examples/quickstart.c ${public_headers}
  COMMENT "Writing the manual pages")
add_custom_target(man ALL DEPENDS ${man_pages}/man7/mproc.7)
install(DIRECTORY ${man_pages}/ DESTINATION ${CMAKE_INSTALL_MANDIR})
