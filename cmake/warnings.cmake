# One interface target that every layer, test and benchmark links: warnings as errors, sanitizers, hardening.
add_library(keyshift_flags INTERFACE)
target_compile_options(keyshift_flags INTERFACE
  -Werror -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
  # Some libraries ask for it; precompiled headers fit where it is everywhere.
  -pthread
  -fstack-protector-strong -fstack-clash-protection
  $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection> $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},aarch64>:-mbranch-protection=standard>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarm of GCC 12 out of Asio's coroutine frames, which comes and goes with what is inlined.
  target_compile_options(keyshift_flags INTERFACE -Wno-mismatched-new-delete)
endif()
# src/boost.cpp has what this leaves out everywhere else.
target_compile_definitions(keyshift_flags INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
# Sanitizers have their own checks, and see less where these stand before them.
if(CMAKE_BUILD_TYPE MATCHES "^Rel" AND NOT KEYSHIFT_SANITIZE)
  target_compile_definitions(keyshift_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
target_compile_definitions(keyshift_flags INTERFACE KEYSHIFT_VERSION="${PROJECT_VERSION}")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
target_link_options(keyshift_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now)
if(NOT KEYSHIFT_SANITIZE)
  # With a sanitizer it would leave libcrypt out, whose crypt_r() the sanitizer seems to have.
  target_link_options(keyshift_flags INTERFACE -Wl,--as-needed)
else()
  target_compile_options(keyshift_flags INTERFACE -fsanitize=${KEYSHIFT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(keyshift_flags INTERFACE -fsanitize=${KEYSHIFT_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False alarms of GCC out of std::optional in instrumented code; the plain build has the warning.
    target_compile_options(keyshift_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
if(KEYSHIFT_FUZZ)
  # clang 14 cannot split coroutines that carry the function sanitizer's prologue.
  target_compile_options(keyshift_flags INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize=function)
endif()
if(KEYSHIFT_SANITIZE STREQUAL "thread")
  # GCC warns that it cannot follow Asio's fences; Asio does not rely on them where there are threads here.
  target_compile_options(keyshift_flags INTERFACE -Wno-tsan)
endif()
if(KEYSHIFT_COVERAGE)
  target_compile_options(keyshift_flags INTERFACE --coverage)
  target_link_options(keyshift_flags INTERFACE --coverage)
endif()
