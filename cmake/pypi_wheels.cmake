# Loaded through -DCMAKE_PROJECT_INCLUDE=... only when building against the ROS 2 wheels from PyPI.
# Their exported targets carry include directories of the machine that built the wheels, and CMake refuses to generate
# with a directory that does not exist.
function(automot_drop_missing_includes)
  get_property(_targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(_target IN LISTS _targets)
    get_target_property(_directories ${_target} INTERFACE_INCLUDE_DIRECTORIES)
    if(_directories)
      set(_kept)
      foreach(_directory IN LISTS _directories)
        if(NOT _directory MATCHES "^/opt/python/" OR EXISTS "${_directory}")
          list(APPEND _kept "${_directory}")
        endif()
      endforeach()
      set_target_properties(${_target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${_kept}")
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL automot_drop_missing_includes)
