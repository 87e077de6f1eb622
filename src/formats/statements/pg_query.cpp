// SPDX-License-Identifier: Apache-2.0
#include "formats/statements/pg_query.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

#include <pg_query.h>

#include "base/ascii.hpp"
#include "base/shared_library.hpp"

namespace keyshift::formats {

using base::Errc;
using base::Error;
using base::Result;

namespace {

struct Library {
    decltype(&pg_query_parse) parse = nullptr;
    decltype(&pg_query_free_parse_result) free_parsed = nullptr;
    decltype(&pg_query_scan) scan = nullptr;
    decltype(&pg_query_free_scan_result) free_scanned = nullptr;
};

/// Loaded once, for good; null where it is not there.
const Library* library() {
    static const Library* const loaded = []() -> const Library* {
        static Library out;
        const base::SharedLibrary file(KEYSHIFT_PG_QUERY);
        const bool whole = file.find("pg_query_parse", out.parse) &&
                           file.find("pg_query_free_parse_result", out.free_parsed) &&
                           file.find("pg_query_scan", out.scan) &&
                           file.find("pg_query_free_scan_result", out.free_scanned);
        return whole ? &out : nullptr;
    }();
    return loaded;
}

Result<void> readable(std::string_view sql) {
    if (auto loaded = load_pg_query(); !loaded) return loaded;
    if (sql.size() > kLongestStatement) return Error{Errc::parse, "the statement is longer than 32 KiB", {}};
    if (sql.find('\0') != std::string_view::npos)
        return Error{Errc::parse, "the statement holds a NUL character", {}};
    return {};
}

/// Where a "$1" stands at which the grammar stopped; `cursor` counts characters from 1.
std::optional<std::size_t> parameter_at(const std::string& sql, int cursor) {
    std::size_t at = 0;
    for (int left = cursor - 1; left > 0 && at < sql.size(); ++at)
        if (at + 1 >= sql.size() || (static_cast<unsigned char>(sql[at + 1]) & 0xC0U) != 0x80U) --left;
    if (at + 1 >= sql.size() || sql[at] != '$' || !base::is_digit(sql[at + 1])) return std::nullopt;
    return at;
}

/// Of a message of protobuf: the number that begins `in`, which it is taken from.
std::uint64_t consume_varint(std::string_view& in) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; !in.empty() && shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(in.front());
        in.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80U) break;
    }
    return value;
}

/// A field of a message: its number, and its value or its bytes.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;
    std::string_view bytes = {};
};

std::optional<Field> consume_field(std::string_view& in) {
    if (in.empty()) return std::nullopt;
    const std::uint64_t tag = consume_varint(in);
    Field field{tag >> 3U};
    field.value = consume_varint(in);
    if ((tag & 7U) == 0) return field;
    if ((tag & 7U) != 2 || field.value > in.size()) return std::nullopt;
    field.bytes = in.substr(0, field.value);
    in.remove_prefix(field.value);
    return field;
}

/// ScanToken of pg_query.proto: where it begins and ends.
std::string_view token_of(std::string_view message, std::string_view sql) {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    while (const auto field = consume_field(message)) {
        if (field->number == 1) begin = field->value;
        if (field->number == 2) end = field->value;
    }
    if (begin > end || end > sql.size()) return {};
    return sql.substr(begin, end - begin);
}

}  // namespace

Result<void> load_pg_query() {
    if (library() != nullptr) return {};
    return Error{Errc::config, "PostgreSQL's parser is not installed: there is no " KEYSHIFT_PG_QUERY,
                 "run: apt-get install " KEYSHIFT_PG_QUERY_PACKAGE};
}

Result<std::string> parse_sql(std::string_view sql) {
    if (auto can = readable(sql); !can) return can.error();
    std::string text(sql);
    constexpr int kMostReplaced = 4;
    for (int replaced = 0;; ++replaced) {
        const PgQueryParseResult parsed = library()->parse(text.c_str());
        Result<std::string> out = parsed.error == nullptr
                                      ? Result<std::string>(parsed.parse_tree)
                                      : Error{Errc::parse, std::string(parsed.error->message), {}};
        const int cursor = parsed.error == nullptr ? 0 : parsed.error->cursorpos;
        library()->free_parsed(parsed);
        const auto parameter = out ? std::nullopt : parameter_at(text, cursor);
        if (!parameter || replaced == kMostReplaced) return out;
        std::size_t end = *parameter + 1;
        while (end < text.size() && base::is_digit(text[end])) ++end;
        text.replace(*parameter, end - *parameter, "''");
    }
}

Result<std::vector<std::string_view>> scan_sql(std::string_view sql) {
    if (auto can = readable(sql); !can) return can.error();
    const std::string text(sql);
    const PgQueryScanResult scanned = library()->scan(text.c_str());
    std::vector<std::string_view> tokens;
    std::optional<Error> failed;
    if (scanned.error != nullptr) failed = Error{Errc::parse, std::string(scanned.error->message), {}};
    std::string_view message(scanned.pbuf.data, scanned.error == nullptr ? scanned.pbuf.len : 0);
    while (const auto field = consume_field(message))
        if (field->number == 2) tokens.push_back(token_of(field->bytes, sql));
    library()->free_scanned(scanned);
    if (failed) return *failed;
    return tokens;
}

}  // namespace keyshift::formats
