# mproc_flags: warnings, hardening and sanitizers, for everything that is built here and nothing that is installed.

add_library(mproc_flags INTERFACE)

target_compile_options(mproc_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings
  -Wvla -Wformat=2 -Wundef
  $<$<BOOL:${MPROC_WERROR}>:-Werror>
  -fstack-protector-strong)
target_link_options(mproc_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)

if(MPROC_SANITIZE)
  set(sanitizer_options -fsanitize=${MPROC_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(mproc_flags INTERFACE ${sanitizer_options})
  target_link_options(mproc_flags INTERFACE ${sanitizer_options})
else()
  # Fortified functions need the optimizer, and hide from the sanitizers what they look for.
  target_compile_options(mproc_flags INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
