# SPDX-License-Identifier: Apache-2.0
# cmake -DFOLDER=... -DOUTPUT=... -P embed.cmake: writes the files of a folder as a C++ source, as they are and compressed by gzip
# (an essential package of Debian). src/page/assets.hpp says what of.
file(GLOB files ${FOLDER}/*)
list(SORT files)
get_filename_component(made ${OUTPUT} DIRECTORY)
set(data "")
set(list "")
set(hashes "")
set(type.css "text/css; charset=utf-8")
set(type.js "text/javascript; charset=utf-8")
set(type.svg "image/svg+xml")

# A string literal is at most 64 KiB long in other compilers, and bytes in braces have no such limit.
function(append_bytes name file)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "char(0x\\1)," bytes "${hex}")
  string(REGEX REPLACE "(char\\(0x..\\),char\\(0x..\\),char\\(0x..\\),char\\(0x..\\),char\\(0x..\\),char\\(0x..\\),char\\(0x..\\),char\\(0x..\\),)" "\\1\n" bytes "${bytes}")
  set(data "${data}constexpr char ${name}[] = {${bytes}};\n" PARENT_SCOPE)
endfunction()

set(number 0)
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  get_filename_component(extension ${file} LAST_EXT)
  file(SHA256 ${file} hash)
  string(APPEND hashes "${name} ${hash}\n")
  execute_process(COMMAND gzip -9 -n -c ${file} OUTPUT_FILE ${made}/embedded.gz COMMAND_ERROR_IS_FATAL ANY)
  append_bytes(kBytes${number} ${file})
  append_bytes(kGzipped${number} ${made}/embedded.gz)
  string(APPEND list
    "    {\"${name}\", \"${type${extension}}\", {kBytes${number}, sizeof kBytes${number}}, {kGzipped${number}, sizeof kGzipped${number}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(SHA256 hash "${hashes}")
string(SUBSTRING ${hash} 0 16 hash)

file(WRITE ${OUTPUT} "// Made by cmake/embed.cmake.
#include <array>

#include \"page/assets.hpp\"

namespace keyshift::page {
namespace {

${data}
constexpr std::array<Asset, ${number}> kAssets{{
${list}}};

}  // namespace

std::span<const Asset> assets() {
    return kAssets;
}

const std::string& asset_folder() {
    static const std::string folder = \"assets/${hash}/\";
    return folder;
}

}  // namespace keyshift::page
")
