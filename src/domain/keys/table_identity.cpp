// SPDX-License-Identifier: Apache-2.0
#include "domain/keys/table_identity.hpp"

namespace keyshift::domain {
namespace {

constexpr char kBetween = '\n';

}  // namespace

std::string TableIdentity::printable() const {
    return "table " + table + " in database " + database + " of server " + system;
}

std::string TableIdentity::text() const {
    return system + kBetween + database + kBetween + relations + kBetween + table;
}

std::optional<TableIdentity> TableIdentity::parse(std::string_view text) {
    TableIdentity out;
    for (std::string* const part : {&out.system, &out.database, &out.relations}) {
        const std::size_t end = text.find(kBetween);
        if (end == std::string_view::npos) return std::nullopt;
        *part = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
    // The name comes last: it may have any character.
    out.table = text;
    return out;
}

}  // namespace keyshift::domain
