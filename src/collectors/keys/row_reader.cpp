// SPDX-License-Identifier: Apache-2.0
#include "collectors/keys/row_reader.hpp"

namespace keyshift::collectors {

using base::Errc;
using base::Error;
using base::Result;
using domain::HashKind;

namespace {

constexpr const char* kSlow =
    "holds values that begin like a slow hash (bcrypt, PBKDF2, scrypt, argon2): it is not only lookup hashes "
    "that "
    "stand in it";

std::string two_lengths(const std::string& one, const std::string& other) {
    return "holds values of " + one + " and of " + other + " octets: only one of them can be a lookup hash";
}

Error hash_as_id(const KeySource& source) {
    return {
        Errc::schema,
        "the ids of table " + source.title() +
            " hold a password hash, as djangorestframework-api-key's primary key does: they are not shown",
        "name a column without a hash in gateway.columns.id, such as the prefix of the key"};
}

}  // namespace

Error unclear_lookup(const std::string& table, const std::string& column, const std::string& seen) {
    return {Errc::schema, "column " + column + " of " + table + " " + seen,
            "say what tells legacy keys, gateway.legacy_when: {column: " + column +
                ", begins_with: [...]} or {column: " + column +
                ", length: N}, or how a lookup hash looks, gateway.columns.lookup_hash: {column: " + column +
                ", length: N}"};
}

Result<domain::KeyRow> RowReader::row(drivers::PostgresRow& bytes) {
    domain::KeyRow row = KeySource::read(bytes);
    if (bytes.bad()) return Error{Errc::parse, "a row of the key table is not in the expected format", {}};
    if (domain::holds_a_hash(row.id)) return hash_as_id(source_);
    if (row.hash == HashKind::slow) return unclear_lookup(source_.title(), source_.lookup_name(), kSlow);
    if (row.plain_length >= domain::kShortestHash) {
        if (length_ && length_ != row.plain_length) {
            return unclear_lookup(source_.title(), source_.lookup_name(),
                                  two_lengths(std::to_string(*length_), std::to_string(*row.plain_length)));
        }
        length_ = row.plain_length;
    }
    row.hash_shared =
        !shared_.empty() && row.hash == HashKind::modern && shared_.count(domain::hash_id(row.id)) != 0;
    beyond_index_ = beyond_index_ || (row.hash != HashKind::modern && row.hash != HashKind::legacy);
    return row;
}

Result<domain::Key> RowReader::key(drivers::PostgresRow& bytes) {
    const auto read = row(bytes);
    if (!read) return read.error();
    return domain::plausible(*read, data_at_);
}

Result<void> check_forms(drivers::PostgresTransaction& transaction, const KeySource& source,
                         base::Deadline deadline) {
    if (auto told = source.can_tell(); !told) return told;
    const std::string select = source.select_forms();
    if (select.empty()) return {};
    const auto rows = transaction.query(select, deadline);
    if (!rows) return rows.error();
    if (rows->size() != 1) return Error{Errc::parse, "the database gave no count of values", {}};
    if (rows->at(0, 2) == "t") return unclear_lookup(source.title(), source.lookup_name(), kSlow);
    const auto length = [&](std::size_t column) {
        return std::stoi(std::string(rows->at(0, column).value_or("0"))) - domain::kPlainLength;
    };
    if (rows->at(0, 0) == rows->at(0, 1)) return {};
    return unclear_lookup(source.title(), source.lookup_name(),
                          two_lengths(std::to_string(length(0)), std::to_string(length(1))));
}

}  // namespace keyshift::collectors
