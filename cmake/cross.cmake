# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The runtime for another machine than the one we build on: libfarcall.so, far-host and libfarseg.a for aarch64, by a build
# of this same project inside of this build (FARCALL_RUNTIME_ONLY), into lib/farcall/aarch64-linux-gnu. All tools handle
# segments of both machines in any case; this is what services and clients need to be linked and run.
set(FARCALL_CROSS AUTO CACHE STRING "Build the runtime for aarch64 too: AUTO (where its C library is installed), ON or OFF")
set_property(CACHE FARCALL_CROSS PROPERTY STRINGS AUTO ON OFF)

set(FAR_CROSS_TRIPLE aarch64-linux-gnu)
set(FAR_CROSS_FOLDER ${PROJECT_BINARY_DIR}/lib/farcall/${FAR_CROSS_TRIPLE})
set(FAR_CROSS_BUILT OFF)
set(FAR_CROSS_FLAGS -mbranch-protection=standard -mno-outline-atomics)

# Can this compiler make a program for that machine? A C library for it must be there, and libgcc.
function(_far_cross_try out why)
  set(folder ${PROJECT_BINARY_DIR}/cross/try)
  file(WRITE ${folder}/try.c "#include <pthread.h>\n#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n")
  execute_process(
    COMMAND ${FAR_CROSS_CLANG} --target=${FAR_CROSS_TRIPLE} -fuse-ld=lld -o ${folder}/try ${folder}/try.c
    RESULT_VARIABLE result ERROR_VARIABLE errors OUTPUT_VARIABLE ignored)
  string(REGEX MATCH "[^\n]*error:[^\n]*" first "${errors}")
  set(${why} "${first}" PARENT_SCOPE)
  if(result EQUAL 0)
    set(${out} ON PARENT_SCOPE)
  else()
    set(${out} OFF PARENT_SCOPE)
  endif()
endfunction()

function(_far_cross_add)
  include(ExternalProject)
  string(JOIN " " flags ${FAR_CROSS_FLAGS})
  set(products ${FAR_CROSS_FOLDER}/far-host ${FAR_CROSS_FOLDER}/libfarcall.so ${FAR_CROSS_FOLDER}/libfarseg.a)
  ExternalProject_Add(cross-aarch64
    SOURCE_DIR ${PROJECT_SOURCE_DIR}
    BINARY_DIR ${PROJECT_BINARY_DIR}/cross/aarch64
    PREFIX ${PROJECT_BINARY_DIR}/cross/project
    CMAKE_ARGS
      -DFARCALL_RUNTIME_ONLY=ON -DFARCALL_OUTPUT=${FAR_CROSS_FOLDER}
      -DFARCALL_UNITS=${PROJECT_BINARY_DIR}/unit-aarch64
      -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64
      -DCMAKE_C_COMPILER=${FAR_CROSS_CLANG} -DCMAKE_ASM_COMPILER=${FAR_CROSS_CLANG}
      -DCMAKE_C_COMPILER_TARGET=${FAR_CROSS_TRIPLE} -DCMAKE_ASM_COMPILER_TARGET=${FAR_CROSS_TRIPLE}
      -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER}
      -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
      -DCMAKE_C_FLAGS=${flags} -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld -DCMAKE_SHARED_LINKER_FLAGS=-fuse-ld=lld
    BUILD_ALWAYS ON
    INSTALL_COMMAND ""
    BUILD_BYPRODUCTS ${products})
  ExternalProject_Get_Property(cross-aarch64 BINARY_DIR)
  set_property(DIRECTORY APPEND PROPERTY ADDITIONAL_CLEAN_FILES ${BINARY_DIR})
  install(DIRECTORY ${FAR_CROSS_FOLDER} DESTINATION lib/farcall USE_SOURCE_PERMISSIONS)
endfunction()

if(FARCALL_CROSS STREQUAL "OFF")
  message(STATUS "Runtime for aarch64: not built (FARCALL_CROSS=OFF)")
else()
  find_program(FAR_CROSS_CLANG NAMES clang-19 clang REQUIRED)
  _far_cross_try(works why)
  if(works)
    message(STATUS "Runtime for aarch64: built, into lib/farcall/${FAR_CROSS_TRIPLE}")
    set(FAR_CROSS_BUILT ON)
    _far_cross_add()
  elseif(FARCALL_CROSS STREQUAL "ON")
    message(FATAL_ERROR "FARCALL_CROSS=ON, but ${FAR_CROSS_CLANG} makes no programs for ${FAR_CROSS_TRIPLE}: ${why}\n"
      "On Debian, install libc6-dev-arm64-cross and libgcc-12-dev-arm64-cross.")
  else()
    message(STATUS "Runtime for aarch64: not built: ${why}; on Debian, libc6-dev-arm64-cross and "
      "libgcc-12-dev-arm64-cross are what it needs")
  endif()
endif()
