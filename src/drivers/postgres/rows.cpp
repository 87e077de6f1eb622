// SPDX-License-Identifier: Apache-2.0
// PostgresRows: libpqxx copies the whole result's handle with each row and each field that it hands out. So a
// row is taken apart once, when its first field is asked for.
#include <cstdint>

#include <pqxx/result>

#include "drivers/postgres/postgres.hpp"

namespace keyshift::drivers {

struct PostgresRows::Held {
    explicit Held(const pqxx::result& rows) : result(rows), row(result.begin()) {}

    void go_to(std::size_t wanted);

    pqxx::result result;
    pqxx::result::const_iterator row;
    std::size_t number = SIZE_MAX;  // of the row that `fields` are of
    std::vector<std::optional<std::string_view>> fields;
};

void PostgresRows::Held::go_to(std::size_t wanted) {
    if (number == wanted) return;
    const auto from = number == SIZE_MAX ? std::size_t{0} : number;
    row +=
        static_cast<pqxx::result::difference_type>(wanted) - static_cast<pqxx::result::difference_type>(from);
    number = wanted;
    fields.resize(static_cast<std::size_t>(result.columns()));
    auto field = row.begin();
    for (auto& read : fields) {
        read.reset();
        if (!field.is_null()) read.emplace(field.c_str(), static_cast<std::size_t>(field.size()));
        ++field;
    }
}

PostgresRows::PostgresRows(const pqxx::result& result) : held_(std::make_shared<Held>(result)) {}

std::size_t PostgresRows::size() const {
    return static_cast<std::size_t>(held_->result.size());
}

std::optional<std::string_view> PostgresRows::at(std::size_t row, std::size_t column) const {
    held_->go_to(row);
    return held_->fields[column];
}

}  // namespace keyshift::drivers
