# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# The unit tests of the runtime, for another machine than the one that builds them: testsuite/aarch64/units.test runs them
# under an emulator. Those that need nothing but the runtime itself.
file(GLOB runtime_tests CONFIGURE_DEPENDS
  ${CMAKE_CURRENT_SOURCE_DIR}/unit/gate_*.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/marshal_*.c
  ${CMAKE_CURRENT_SOURCE_DIR}/unit/astack_*.c)
# It counts open descriptors, and under QEMU's user mode there is one more after a message that is refused.
list(FILTER runtime_tests EXCLUDE REGEX "/gate_descriptors\\.c$")
set(runtime_helpers ${CMAKE_CURRENT_SOURCE_DIR}/unit/make_record.c ${CMAKE_CURRENT_SOURCE_DIR}/unit/make_rich.c)
foreach(source ${runtime_tests})
  get_filename_component(name ${source} NAME_WE)
  add_executable(unit_${name} ${source} ${runtime_helpers})
  far_target(unit_${name})
  set_target_properties(unit_${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${FARCALL_UNITS} OUTPUT_NAME ${name}.unit)
  target_link_libraries(unit_${name} PRIVATE farhostcore farcallcore)
endforeach()
