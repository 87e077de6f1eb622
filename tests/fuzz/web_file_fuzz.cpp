// SPDX-License-Identifier: Apache-2.0
// Any bytes as a web configuration file: no crash, no endless work, every problem has a text and a hint, and
// what is taken keeps its promises.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/web_file/web_file.hpp"
#include "http/login/credentials.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const LoadedWebFile loaded = parse_web_file(text, "fuzz.yaml");
    for (const auto* const list : {&loaded.problems, &loaded.warnings})
        for (const Problem& problem : *list)
            if (problem.text().empty()) std::abort();
    for (const auto& [name, value] : loaded.file.headers)
        if (value.empty() || value.find_first_of("\r\n") != std::string::npos) std::abort();
    if (loaded.problems.empty())
        for (const auto& [name, hash] : loaded.file.users)
            if (hash.reveal().size() < 59) std::abort();
    keyshift::http::parse_credentials(text);
    return 0;
}
