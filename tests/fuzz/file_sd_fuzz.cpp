// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file of targets: no crash, no endless work; what is taken for a target can stand in a URL.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/tree/file_sd.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift::config;
    const auto targets = parse_file_sd({reinterpret_cast<const char*>(data), size});
    if (!targets) {
        if (targets.error().what.empty() || targets.error().hint.empty()) std::abort();
        return 0;
    }
    for (const FileTarget& target : *targets) {
        const bool plain = std::all_of(target.address.begin(), target.address.end(),
                                       [](char c) { return c > ' ' && c <= '~' && c != '/' && c != '@'; });
        if (target.address.empty() || !plain) std::abort();
        if (!target.scheme.empty() && target.scheme != "http" && target.scheme != "https") std::abort();
        if (!target.path.empty() && target.path.front() != '/') std::abort();
    }
    return 0;
}
