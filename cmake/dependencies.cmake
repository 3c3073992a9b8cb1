find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)

# Libraries other than glibc are linked statically: loading OpenSSL and SQLite dynamically costs an executor
# 4 ms of its start, and a run starts one.
option(RW_STATIC "link OpenSSL, SQLite and libstdc++ statically" ON)
if(RW_STATIC)
  set(OPENSSL_USE_STATIC_LIBS ON)
  add_link_options(-static-libstdc++ -static-libgcc -no-pie)
endif()
find_package(OpenSSL REQUIRED)

add_library(runwright_sqlite INTERFACE)
find_library(SQLITE_LIBRARY NAMES libsqlite3.a sqlite3 REQUIRED)
target_link_libraries(runwright_sqlite INTERFACE ${SQLITE_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS} m)
