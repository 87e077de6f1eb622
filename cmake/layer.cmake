# keyshift_layer(name [USES layer ...] [LINKS third-party ...])
# One static library per folder of src/, made of every .cpp in it and its rooms. USES are the layers below it; LINKS are third-party
# libraries, kept PRIVATE so that they stay out of headers. Each header must compile alone. One with a .cpp of its name does
# when that compiles, which includes it first (tests/architecture looks at that); the others are compiled by
# all_verify_interface_header_sets.
function(keyshift_layer name)
  cmake_parse_arguments(layer "" "" "USES;LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.hpp)
  if(NOT sources)
    return()
  endif()
  add_library(keyshift_${name} STATIC ${sources})
  target_sources(keyshift_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}/src FILES ${headers})
  list(TRANSFORM sources REPLACE "\\.cpp$" ".hpp" OUTPUT_VARIABLE included_first)
  list(REMOVE_ITEM headers ${included_first})
  target_sources(keyshift_${name} PUBLIC FILE_SET alone TYPE HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}/src FILES ${headers})
  list(TRANSFORM layer_USES PREPEND keyshift_)
  target_link_libraries(keyshift_${name} PUBLIC ${layer_USES} PRIVATE keyshift_flags ${layer_LINKS})
  target_precompile_headers(keyshift_${name} REUSE_FROM keyshift_headers)
  keyshift_precompiled(keyshift_${name})
  # Where KEYSHIFT_UNITY is on (presets dev and demo), the files of a room are compiled as one: their private names must differ.
  set_target_properties(keyshift_${name} PROPERTIES UNITY_BUILD ${KEYSHIFT_UNITY} UNITY_BUILD_MODE GROUP)
  if(KEYSHIFT_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A coroutine's frame holds what is private to its file, which is no longer the main one.
    target_compile_options(keyshift_${name} PRIVATE -Wno-subobject-linkage)
  endif()
  foreach(source ${sources})
    get_filename_component(room ${source} DIRECTORY)
    string(MAKE_C_IDENTIFIER ${room} room)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${room})
  endforeach()
  set_target_properties(keyshift_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON INTERFACE_HEADER_SETS_TO_VERIFY alone)
endfunction()

# keyshift_precompiled(target): it makes or uses precompiled headers.
function(keyshift_precompiled target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    # ccache can then tell whether they have changed.
    target_compile_options(${target} PRIVATE -fpch-preprocess)
    # GCC 12 and 14 forget that they are the system's, and give their known false alarms out of std::string. The presets of
    # sanitizers look for these: they have no precompiled headers.
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endfunction()
