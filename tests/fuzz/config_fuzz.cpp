// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration file: no crash, no endless work, and every problem has a text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "config/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto environment = [](std::string_view) { return std::optional<std::string>("value"); };
    struct Nothing final : CollectorOptions {};
    const CollectorTypes types{{.name = "keys",
                                .default_when = {.variable = "X", .credential = "x"},
                                .schedule = {},
                                .read = [](OptionsReader& reader, const Gateway&) {
                                    reader.duration("wait", {}, {.min = {}, .max = std::chrono::hours{1}});
                                    return std::make_shared<const Nothing>();
                                }}};
    for (const Problem& problem : parse(text, "fuzz.yaml", environment, types).problems)
        if (problem.text().empty()) std::abort();
    return 0;
}
