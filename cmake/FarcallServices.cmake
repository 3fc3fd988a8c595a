# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Services and their clients in a CMake project. Part of find_package(Farcall).
#
#   farcall_add_service(NAME
#     HEADER header.h                    the annotated header
#     [SOURCES a.c b.c …]                compiled by farcc, as the object library NAME_objects
#     [LIBRARIES x.a target Farcall::other …]
#     [INCLUDE_DIRECTORIES dir …]        for the header and the sources
#     [COMPILE_OPTIONS option …]
#     [PREVIOUS old.seg]                 operations keep the slots they had there
#     [FARLD_OPTIONS option …]
#     [OUTPUT NAME.seg])                 below the binary directory
#
# The target NAME, part of `all`, makes the segment and the import library. Farcall::NAME is the import library: link
# clients with it, from any directory. Without SOURCES the record comes from faridl alone, and the code from LIBRARIES:
# archives, static library targets, or Farcall::… of other services, which are then called across the boundary.
# The target's properties say where things are: FARCALL_SEGMENT, FARCALL_IMPORT_LIBRARY, FARCALL_HEADER.
#
#   farcall_add_client(TARGET SERVICES NAME …)
#
# The target calls these services.

set(_farcall_launch "${CMAKE_CURRENT_LIST_DIR}/farcc-launch")

# Stop with what is wrong and where.
function(_farcall_refuse name what)
  message(FATAL_ERROR "farcall_add_service(${name}): ${what}")
endfunction()

function(_farcall_check_service name)
  get_property(several GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(several)
    _farcall_refuse(${name} "a generator of several configurations is not supported; use Ninja or Unix Makefiles")
  elseif(NOT "C" IN_LIST languages)
    _farcall_refuse(${name} "the project needs the language C: project(… LANGUAGES C)")
  elseif(NOT name MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
    _farcall_refuse(${name} "a service's name is a C identifier")
  elseif(TARGET ${name} OR TARGET Farcall::${name})
    _farcall_refuse(${name} "there is a target of that name already")
  elseif(NOT service_HEADER)
    _farcall_refuse(${name} "HEADER is missing")
  elseif(service_UNPARSED_ARGUMENTS)
    _farcall_refuse(${name} "unknown arguments: ${service_UNPARSED_ARGUMENTS}")
  elseif(service_KEYWORDS_MISSING_VALUES)
    _farcall_refuse(${name} "without a value: ${service_KEYWORDS_MISSING_VALUES}")
  elseif(NOT service_SOURCES AND NOT service_LIBRARIES AND NOT service_FARLD_OPTIONS)
    _farcall_refuse(${name} "name SOURCES, or LIBRARIES that hold the service's code")
  endif()
  foreach(library IN LISTS service_LIBRARIES)
    if(library MATCHES "^-")
      _farcall_refuse(${name} "LIBRARIES ${library}: name the archive's file (find_library), or say FARLD_OPTIONS ${library}")
    endif()
  endforeach()
endfunction()

# Files are named from the current source directory. A file need not be there yet: a command may make it.
function(_farcall_absolute out path)
  if(path)
    get_filename_component(path "${path}" ABSOLUTE)
  endif()
  set(${out} "${path}" PARENT_SCOPE)
endfunction()

# A target's name, also of one that is added later, or a file: a file's name has a dot or a slash.
function(_farcall_is_target out library)
  if(TARGET ${library} OR library MATCHES "::" OR NOT library MATCHES "[/.<]")
    set(${out} TRUE PARENT_SCOPE)
  else()
    set(${out} FALSE PARENT_SCOPE)
  endif()
endfunction()

# Each of LIBRARIES as a file for farld.
function(_farcall_library_files out)
  set(files "")
  foreach(library IN LISTS ARGN)
    _farcall_is_target(is_target "${library}")
    if(is_target)
      set(library "$<TARGET_FILE:${library}>")
    elseif(NOT library MATCHES "<")
      _farcall_absolute(library "${library}")
    endif()
    list(APPEND files "${library}")
  endforeach()
  set(${out} "${files}" PARENT_SCOPE)
endfunction()

# make sees only the files of one target; whole targets are what it puts in order.
function(_farcall_order name)
  if(service_SOURCES)
    add_dependencies(${name} ${name}_objects)
  else()
    add_dependencies(${name} ${name}_layouts)
  endif()
  foreach(library IN LISTS service_LIBRARIES)
    _farcall_is_target(is_target "${library}")
    if(is_target)
      add_dependencies(${name} ${library})
    endif()
  endforeach()
endfunction()

# What compiles against the header: its folder, the annotations, and what the libraries say of themselves.
function(_farcall_set_usage target scope)
  get_filename_component(folder "${service_HEADER}" DIRECTORY)
  target_include_directories(${target} ${scope} "${folder}" ${service_INCLUDE_DIRECTORIES})
  target_compile_options(${target} ${scope} ${service_COMPILE_OPTIONS})
  target_link_libraries(${target} ${scope} Farcall::headers)
  foreach(library IN LISTS service_LIBRARIES)
    _farcall_is_target(is_target "${library}")
    if(is_target)
      target_link_libraries(${target} ${scope} ${library})
    endif()
  endforeach()
endfunction()

# An ordinary object library, so that properties, dependencies and compile_commands.json are those of any target; only
# its C compiler is farcc. What instruments code for its process or leaves no machine code cannot be in a segment.
function(_farcall_add_objects name)
  add_library(${name}_objects OBJECT ${service_SOURCES})
  _farcall_set_usage(${name}_objects PRIVATE)
  target_compile_options(${name}_objects PRIVATE -fno-sanitize=all -fno-lto)
  set_target_properties(${name}_objects PROPERTIES
    C_COMPILER_LAUNCHER "${_farcall_launch};${Farcall_farcc}"
    POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
  if(service_PREVIOUS)
    target_compile_options(${name}_objects PRIVATE "--farcall-previous=${service_PREVIOUS}")
    set_property(SOURCE ${service_SOURCES} APPEND PROPERTY OBJECT_DEPENDS "${service_PREVIOUS}")
  endif()
endfunction()

# The project's flags for all of its C, those of them that matter to a preprocessor.
function(_farcall_common_flags out)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
  separate_arguments(flags NATIVE_COMMAND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${build_type}}")
  list(FILTER flags INCLUDE REGEX "^-([DUIfmO]|std=|ansi|pthread)")
  set(${out} "${flags}" PARENT_SCOPE)
endfunction()

# The record of a header whose code nobody compiles here, by the project's own compiler with its own flags. What that
# compiler thinks of every layout in the record it says in an object of its own, NAME_layouts, which is nowhere linked;
# it also brings the header's flags into compile_commands.json.
function(_farcall_add_record name output)
  set(layouts "${CMAKE_CURRENT_BINARY_DIR}/${name}_layouts.c")
  add_library(${name}_layouts OBJECT "${layouts}")
  _farcall_set_usage(${name}_layouts PRIVATE)
  set_source_files_properties("${layouts}" PROPERTIES COMPILE_OPTIONS "-include;${service_HEADER}")
  _farcall_common_flags(common)
  set(folders "$<FILTER:$<TARGET_PROPERTY:${name}_layouts,INCLUDE_DIRECTORIES>,EXCLUDE,^/usr/include$>")
  set(definitions "$<TARGET_PROPERTY:${name}_layouts,COMPILE_DEFINITIONS>")
  set(previous "")
  if(service_PREVIOUS)
    set(previous "--previous=${service_PREVIOUS}")
  endif()
  add_custom_command(OUTPUT "${output}" "${layouts}"
    COMMAND "${Farcall_faridl}" "${service_HEADER}" -o "${output}" "--assertions=${layouts}" -MD -MF "${output}.d" ${previous}
      "--cc=${CMAKE_C_COMPILER}" ${common} "$<TARGET_PROPERTY:${name}_layouts,COMPILE_OPTIONS>"
      "$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},;-D>>" "$<$<BOOL:${folders}>:-I$<JOIN:${folders},;-I>>"
    DEPENDS "${service_HEADER}" ${service_PREVIOUS} "${Farcall_faridl}"
    DEPFILE "${output}.d" COMMENT "faridl: ${name}" COMMAND_EXPAND_LISTS VERBATIM)
endfunction()

# The import library is only written when it changes, and the stamp says that it was looked at: a change of the
# service's code relinks no client.
function(_farcall_add_import_library name segment library)
  add_custom_command(OUTPUT "${library}.stamp" BYPRODUCTS "${library}"
    COMMAND "${Farcall_far}" implib "${segment}" -o "${library}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${library}.stamp"
    DEPENDS "${segment}" "${Farcall_far}"
    COMMENT "far implib: lib${name}.so" VERBATIM)
  add_library(Farcall::${name} SHARED IMPORTED GLOBAL)
  get_filename_component(folder "${service_HEADER}" DIRECTORY)
  set_target_properties(Farcall::${name} PROPERTIES
    IMPORTED_LOCATION "${library}" IMPORTED_SONAME "lib${name}.so"
    INTERFACE_INCLUDE_DIRECTORIES "${folder}" IMPORTED_NO_SYSTEM ON
    INTERFACE_LINK_LIBRARIES Farcall::farcall)
  add_dependencies(Farcall::${name} ${name})
endfunction()

function(farcall_add_service name)
  cmake_parse_arguments(PARSE_ARGV 1 service "" "HEADER;PREVIOUS;OUTPUT"
    "SOURCES;LIBRARIES;INCLUDE_DIRECTORIES;COMPILE_OPTIONS;FARLD_OPTIONS")
  _farcall_check_service(${name})
  _farcall_absolute(service_HEADER "${service_HEADER}")
  _farcall_absolute(service_PREVIOUS "${service_PREVIOUS}")
  if(NOT service_OUTPUT)
    set(service_OUTPUT ${name}.seg)
  endif()
  get_filename_component(segment "${service_OUTPUT}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  get_filename_component(folder "${segment}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  _farcall_library_files(libraries ${service_LIBRARIES})

  if(service_SOURCES)
    _farcall_add_objects(${name})
    set(objects "$<TARGET_OBJECTS:${name}_objects>")
    set(confirmed "")
  else()
    set(objects "${CMAKE_CURRENT_BINARY_DIR}/${name}.iface.o")
    _farcall_add_record(${name} "${objects}")
    set(confirmed "$<TARGET_OBJECTS:${name}_layouts>")
  endif()

  add_custom_command(OUTPUT "${segment}"
    COMMAND "${Farcall_farld}" -o "${segment}" ${objects} ${libraries} ${service_FARLD_OPTIONS}
    DEPENDS ${objects} ${confirmed} ${libraries} "${Farcall_farld}" "${Farcall_LIB_DIR}/libfarseg.a"
    COMMENT "farld: ${name}" COMMAND_EXPAND_LISTS VERBATIM)
  set(library "${folder}/lib${name}.so")
  add_custom_target(${name} ALL DEPENDS "${segment}" "${library}.stamp")
  _farcall_order(${name})
  _farcall_add_import_library(${name} "${segment}" "${library}")
  set_target_properties(${name} PROPERTIES
    FARCALL_SEGMENT "${segment}" FARCALL_IMPORT_LIBRARY "${library}" FARCALL_HEADER "${service_HEADER}")
endfunction()

# -fPIE, so that &operation is the operation's one address in the client too.
function(farcall_add_client target)
  cmake_parse_arguments(PARSE_ARGV 1 client "" "" "SERVICES")
  if(NOT TARGET ${target})
    message(FATAL_ERROR "farcall_add_client(${target}): there is no such target; call add_executable(${target} …) first")
  elseif(client_UNPARSED_ARGUMENTS OR NOT client_SERVICES)
    message(FATAL_ERROR "farcall_add_client(${target}): name the services: farcall_add_client(${target} SERVICES NAME …)")
  endif()
  list(TRANSFORM client_SERVICES PREPEND Farcall::)
  target_link_libraries(${target} PRIVATE ${client_SERVICES})
  get_target_property(independent ${target} POSITION_INDEPENDENT_CODE)
  if(independent STREQUAL "independent-NOTFOUND")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
endfunction()
