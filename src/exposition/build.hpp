// SPDX-License-Identifier: Apache-2.0
// Short ways to build metric families. Pure. Kept inside src/exposition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/time.hpp"
#include "exposition/family.hpp"

namespace keyshift::exposition::build {

inline double number(std::uint64_t value) {
    return static_cast<double>(value);
}

inline std::optional<double> seconds(std::optional<base::Time> t) {
    return t ? std::optional(base::to_unix_seconds(*t)) : std::nullopt;
}

inline Family family(Type type, std::string name, std::string help) {
    Family out;
    out.name = std::move(name);
    out.help = std::move(help);
    out.type = type;
    return out;
}

/// Without labels; no sample where there is no value.
inline Family single(Type type, std::string name, std::string help, std::optional<double> value) {
    Family out = family(type, std::move(name), std::move(help));
    if (value) out.samples.push_back({{}, *value});
    return out;
}

}  // namespace keyshift::exposition::build
