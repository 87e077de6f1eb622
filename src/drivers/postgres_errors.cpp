// SPDX-License-Identifier: Apache-2.0
// classify_sqlstate and quote_literal: pure parts of the driver.
#include "drivers/postgres.hpp"

namespace keyshift::drivers {
base::Errc classify_sqlstate(std::string_view sqlstate) {
    using base::Errc;
    const std::string_view group = sqlstate.substr(0, 2);
    if (sqlstate == "42501") return Errc::permission;
    if (sqlstate == "42P01" || sqlstate == "42703" || sqlstate == "3F000" || sqlstate == "3D000" ||
        sqlstate == "42883" || sqlstate == "42804")
        return Errc::schema;
    if (sqlstate == "57014" || sqlstate == "55P03" || sqlstate == "25P03" || sqlstate == "57P05")
        return Errc::timeout;
    if (group == "28") return Errc::auth;
    if (group == "08" || group == "53" || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03")
        return Errc::connect;
    return Errc::other;
}

std::string quote_literal(std::string_view text) {
    // E'' with doubled backslashes reads the same whatever standard_conforming_strings says.
    std::string out = " E'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += c;
        out += c;
    }
    return out + "'";
}

}  // namespace keyshift::drivers
