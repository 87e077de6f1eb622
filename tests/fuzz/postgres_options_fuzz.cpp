// SPDX-License-Identifier: Apache-2.0
// Any bytes as options of a connection string: no crash, every setting has a name, and every error says
// something.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "drivers/dsn/postgres_options.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto settings = keyshift::drivers::parse_postgres_options(text);
    if (!settings) {
        if (settings.error().what.empty()) std::abort();
        return 0;
    }
    for (const auto& [name, value] : *settings) {
        if (name.empty() || name == "role" || name == "row_security") std::abort();
        if (name.size() + value.size() >= size) std::abort();
    }
    return 0;
}
