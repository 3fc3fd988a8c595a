# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What lets other projects use an installation: a CMake package and a pkg-config file. Both find the prefix from where they
# lie themselves. They are made in the build tree, which mirrors an installation, so both can be used from there as well.
include(CMakePackageConfigHelpers)

# Every program finds its parts relative to itself, so these places are fixed.
foreach(folder BINDIR=bin LIBDIR=lib INCLUDEDIR=include)
  string(REGEX MATCH "^([A-Z]+)=(.*)$" ignored ${folder})
  if(NOT CMAKE_INSTALL_${CMAKE_MATCH_1} STREQUAL CMAKE_MATCH_2)
    message(FATAL_ERROR "CMAKE_INSTALL_${CMAKE_MATCH_1} is '${CMAKE_INSTALL_${CMAKE_MATCH_1}}', but the programs look for "
      "their parts in PREFIX/${CMAKE_MATCH_2}; leave it at '${CMAKE_MATCH_2}' and choose the prefix")
  endif()
endforeach()

get_target_property(FARCALL_SOVERSION farcall SOVERSION)
set(package ${PROJECT_BINARY_DIR}/lib/cmake/Farcall)
configure_package_config_file(cmake/FarcallConfig.cmake.in ${package}/FarcallConfig.cmake
  INSTALL_DESTINATION lib/cmake/Farcall)
write_basic_package_version_file(${package}/FarcallConfigVersion.cmake COMPATIBILITY SameMajorVersion)
configure_file(cmake/FarcallServices.cmake ${package}/FarcallServices.cmake COPYONLY)
configure_file(cmake/farcc-launch ${package}/farcc-launch COPYONLY)
configure_file(cmake/farcall.pc.in ${PROJECT_BINARY_DIR}/lib/pkgconfig/farcall.pc @ONLY)

install(FILES ${package}/FarcallConfig.cmake ${package}/FarcallConfigVersion.cmake ${package}/FarcallServices.cmake
  DESTINATION lib/cmake/Farcall)
install(PROGRAMS ${package}/farcc-launch DESTINATION lib/cmake/Farcall)
install(FILES ${PROJECT_BINARY_DIR}/lib/pkgconfig/farcall.pc DESTINATION lib/pkgconfig)
install(DIRECTORY include/farcall DESTINATION include)
