// SPDX-License-Identifier: Apache-2.0
// What a client puts behind the '?' of /api/v1: its parameters, cursors among them, and the part of a path.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/query.hpp"
#include "inventory/key_query.hpp"
#include "inventory/lists.hpp"
#include "inventory/owners.hpp"
#include "unit/inventory/index_fixture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift;
    static const auto index = inventory::index_of({{.id = "a", .name = "n", .owner = "o"},
                                                   {.id = "b", .owner = "p", .last_used = 5},
                                                   {.id = "c", .phase = domain::Phase::retired}});
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(http::decode_path_part(text));
    const auto parameters = http::parse_query(text);
    if (!parameters) return 0;
    const base::Time now{std::chrono::seconds{1'700'000'000}};
    if (const auto query = inventory::KeyQuery::parse(*parameters, now)) {
        const auto page = select(*index, *query);
        if (page.rows.size() > query->limit || page.rows.size() > page.total) std::abort();
    }
    if (const auto query = inventory::OwnerQuery::parse(*parameters))
        if (owner_page(*index, *query, {}).items.size() > query->limit) std::abort();
    static_cast<void>(inventory::TimeQuery::parse(*parameters, now));
    return 0;
}
