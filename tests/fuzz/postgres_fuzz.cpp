// SPDX-License-Identifier: Apache-2.0
// Rows as a broken server could send them, and connection strings as people mistype them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/postgres/postgres.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    drivers::PostgresRow row(bytes);
    while (!row.bad()) {
        row.text();
        row.time();
        row.flag();
    }
    const auto target = drivers::PostgresTarget::parse(base::Secret(std::string(bytes)));
    if (target) drivers::without_host(target->parameters, 0);
    return 0;
}
