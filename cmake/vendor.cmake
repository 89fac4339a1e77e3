# The Python packages that have no rosdep key for apt, above all llama-cpp-python: pip puts them into the build directory,
# the install step into lib/glm4v_ros/vendor. That folder is on no path: glm4v_ros/vendor.py says who looks there.

option(GLM4V_CUDA "Build llama.cpp for the NVIDIA GPU" OFF)
option(GLM4V_READER "Bring the second reader, which checks the print that an answer quotes (100 MB)" ON)
option(GLM4V_PIPER "Bring the voice Piper, whose licence is the GPL-3.0" OFF)
option(GLM4V_REMOTE "Bring the client of the remote engine" OFF)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(vendor ${CMAKE_CURRENT_BINARY_DIR}/vendor)
set(cuda)
if(GLM4V_CUDA)
  set(cuda --cuda ${CMAKE_CUDA_ARCHITECTURES})
endif()
set(parts)
if(GLM4V_READER)
  list(APPEND parts reader)
endif()
if(GLM4V_PIPER)
  list(APPEND parts piper)
endif()
if(GLM4V_REMOTE)
  list(APPEND parts remote)
endif()
# -B: nothing is written into the source directory.
add_custom_target(${PROJECT_NAME}_vendor ALL
  COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/scripts/vendor.py ${vendor} ${cuda} --parts ${parts}
  COMMENT "Python packages without a rosdep key" USES_TERMINAL VERBATIM)

set(installed "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/${PROJECT_NAME}/vendor")
if(AMENT_CMAKE_SYMLINK_INSTALL)
  install(CODE "
    file(MAKE_DIRECTORY \"${installed}/..\")
    file(REMOVE_RECURSE \"${installed}\")
    file(CREATE_LINK \"${vendor}\" \"${installed}\" SYMBOLIC)")
else()
  # What an update leaves out must not stay: a package's old metadata would name a version that is gone.
  install(CODE "
    execute_process(COMMAND \"${CMAKE_COMMAND}\" -E compare_files \"${vendor}/stamp\" \"${installed}/stamp\"
      RESULT_VARIABLE differs OUTPUT_QUIET ERROR_QUIET)
    if(differs OR IS_SYMLINK \"${installed}\")
      file(REMOVE_RECURSE \"${installed}\")
    endif()")
  install(DIRECTORY ${vendor}/ DESTINATION lib/${PROJECT_NAME}/vendor)
endif()
