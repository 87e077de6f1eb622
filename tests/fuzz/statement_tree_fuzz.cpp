// SPDX-License-Identifier: Apache-2.0
// Reads any text as a statement: never a crash, and what it says of tables holds together. A statement with a
// comment and blanks around it says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "formats/statements/text.hpp"
#include "formats/statements/tree.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using keyshift::formats::read_statement;
    const std::string_view sql(reinterpret_cast<const char*>(data), size);
    keyshift::formats::shown_statement(sql);
    const auto tree = read_statement(sql);
    if (!tree) return 0;
    for (const auto& table : tree->tables)
        for (const auto& join : table.joins)
            if (join.table >= tree->tables.size()) std::abort();
    const auto again = read_statement("/* c */ \n" + std::string(sql));
    if (again && again->tables.size() != tree->tables.size()) std::abort();
    return 0;
}
