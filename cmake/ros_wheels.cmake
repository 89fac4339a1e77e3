# For a ROS from Python wheels (-DGLM4V_ROS_WHEELS=ON, as setup.py says for .venv), behind rosidl_generate_interfaces.
# A distribution's ROS needs none of this.

# The wheels export include directories that existed only where they were built.
get_property(imported_targets DIRECTORY PROPERTY IMPORTED_TARGETS)
foreach(target IN LISTS imported_targets)
  get_target_property(directories ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(directories)
    set(existing)
    foreach(directory IN LISTS directories)
      if(directory MATCHES "^\\$<" OR EXISTS "${directory}")
        list(APPEND existing "${directory}")
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${existing}")
  endif()
endforeach()

# Their generator exports NumPy's headers. In a virtual environment below this directory CMake would refuse that.
set(python_library ${PROJECT_NAME}__rosidl_generator_py)
get_target_property(directories ${python_library} INTERFACE_INCLUDE_DIRECTORIES)
if(directories)
  list(TRANSFORM directories REPLACE "^(${CMAKE_CURRENT_SOURCE_DIR}/.*)$" "$<BUILD_INTERFACE:\\1>")
  set_target_properties(${python_library} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${directories}")
endif()
