# rw_module(NAME name SOURCES … [DEPS module…] [LIBS target…] [TESTS file…] [TEST_LIBS target…])
#
# Declares the library runwright_<name> from the files of src/<name>, and one test binary for its
# _test.cc files (a unity build: one compiler run instead of one a file). DEPS are the only modules
# whose headers it may include; tools/check_modules.py reads the same lines and proves it.
function(rw_module)
  cmake_parse_arguments(M "" "NAME" "SOURCES;DEPS;LIBS;TESTS;TEST_LIBS" ${ARGN})
  add_library(runwright_${M_NAME} STATIC ${M_SOURCES})
  foreach(dep ${M_DEPS})
    target_link_libraries(runwright_${M_NAME} PUBLIC runwright_${dep})
  endforeach()
  target_link_libraries(runwright_${M_NAME} PUBLIC ${M_LIBS})
  if(M_TESTS)
    add_executable(${M_NAME}_test ${M_TESTS})
    set_target_properties(${M_NAME}_test PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    target_link_libraries(${M_NAME}_test PRIVATE runwright_${M_NAME} ${M_TEST_LIBS} GTest::gtest_main)
    add_test(NAME ${M_NAME}_test COMMAND ${M_NAME}_test
             WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  endif()
endfunction()

# rw_mutants(file…): files that hold planted mutants. Only the simulator's build compiles them in; all other
# files are the same in every build, so the compiler cache serves them.
function(rw_mutants)
  if(RW_SIM_MUTANTS)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_DEFINITIONS RW_SIM_MUTANTS)
  endif()
endfunction()
