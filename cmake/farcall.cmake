# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# How every target of ours is compiled. far_target(NAME) is called once for each of them.

# The machine, as it stands in the names of what is one file a machine: gate_x86_64.S, gate_aarch64.S.
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" FAR_MACHINE)
if(FAR_MACHINE STREQUAL "amd64")
  set(FAR_MACHINE x86_64)
elseif(FAR_MACHINE STREQUAL "arm64")
  set(FAR_MACHINE aarch64)
endif()
if(NOT EXISTS ${PROJECT_SOURCE_DIR}/runtime/lib/gate_${FAR_MACHINE}.S)
  message(FATAL_ERROR "farcall does not know the machine '${FAR_MACHINE}': there is no runtime/lib/gate_${FAR_MACHINE}.S")
endif()

if(NOT FARCALL_RUNTIME_ONLY)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(LIBELF REQUIRED IMPORTED_TARGET libelf)
  pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
  pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
  pkg_check_modules(FFI REQUIRED IMPORTED_TARGET libffi)
  pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
  pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.12)
  pkg_check_modules(SSL REQUIRED IMPORTED_TARGET libssl libcrypto)
  # Without it there is everything but the transport of that name.
  pkg_check_modules(UCX IMPORTED_TARGET ucx)
endif()

set(FAR_WARNINGS -Wall -Wextra -Wshadow -Wundef -Wvla -Wpointer-arith -Wwrite-strings -Werror)
set(FAR_WARNINGS_C -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition)
if(FARCALL_SANITIZE AND FARCALL_SANITIZE_THREAD)
  message(FATAL_ERROR "FARCALL_SANITIZE and FARCALL_SANITIZE_THREAD exclude each other")
endif()
set(FAR_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
if(FARCALL_SANITIZE_THREAD)
  # ThreadSanitizer keeps the addresses of the usual window for itself: runtime/segment.h has one for it.
  set(FAR_SANITIZERS -fsanitize=thread -fno-omit-frame-pointer -DFARCALL_WINDOW_LOW)
endif()

function(far_target target)
  target_compile_options(${target} PRIVATE
    ${FAR_WARNINGS} $<$<COMPILE_LANGUAGE:C>:${FAR_WARNINGS_C}> -fno-common -D_GNU_SOURCE)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  if(FARCALL_SANITIZE OR FARCALL_SANITIZE_THREAD)
    target_compile_options(${target} PRIVATE $<$<NOT:$<COMPILE_LANGUAGE:ASM>>:${FAR_SANITIZERS}>)
    if(FARCALL_FUZZ)
      target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C>:-fsanitize=fuzzer-no-link>)
    endif()
    target_link_options(${target} PRIVATE ${FAR_SANITIZERS})
  else()
    target_compile_options(${target} PRIVATE
      $<$<NOT:$<COMPILE_LANGUAGE:ASM>>:-fstack-protector-strong> $<$<AND:$<CONFIG:Release,RelWithDebInfo>,$<NOT:$<COMPILE_LANGUAGE:ASM>>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
  endif()
endfunction()

# Sources that run before libc and the sanitizers are ready (IFUNC resolvers): nothing instrumented, nothing called.
set(FAR_EARLY_OPTIONS -fno-sanitize=all -fno-stack-protector -ffreestanding -fno-builtin -U_FORTIFY_SOURCE)
