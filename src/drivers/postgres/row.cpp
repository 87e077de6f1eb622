// SPDX-License-Identifier: Apache-2.0
// PostgresRow: COPY BINARY's layout is a 16-bit field count, then for each field a 32-bit length (-1: NULL)
// and its bytes, all big-endian (PostgreSQL documentation, COPY, "Binary Format"). The count is taken off by
// the driver.
#include <algorithm>
#include <cstdint>

#include "drivers/postgres/postgres.hpp"

namespace keyshift::drivers {
namespace {

template <class Unsigned>
Unsigned big_endian(std::string_view bytes) {
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
        value = static_cast<Unsigned>(value << 8U | static_cast<unsigned char>(bytes[i]));
    return value;
}

// PostgreSQL counts microseconds from 2000-01-01.
constexpr base::Duration kPostgresEpoch = std::chrono::seconds{946'684'800};

}  // namespace

std::optional<std::string_view> PostgresRow::field() {
    if (bad_ || bytes_.size() < 4) {
        bad_ = true;
        return std::nullopt;
    }
    const auto size = static_cast<std::int32_t>(big_endian<std::uint32_t>(bytes_));
    bytes_.remove_prefix(4);
    if (size == -1) return std::nullopt;
    if (size < 0 || static_cast<std::size_t>(size) > bytes_.size()) {
        bad_ = true;
        return std::nullopt;
    }
    const std::string_view value = bytes_.substr(0, static_cast<std::size_t>(size));
    bytes_.remove_prefix(value.size());
    return value;
}

std::optional<std::string_view> PostgresRow::text() {
    return field();
}

std::optional<base::Time> PostgresRow::time() {
    const auto value = field();
    if (!value) return std::nullopt;
    if (value->size() != 8) {
        bad_ = true;
        return std::nullopt;
    }
    const auto micros = static_cast<std::int64_t>(big_endian<std::uint64_t>(*value));
    if (micros == INT64_MAX) return base::kInfiniteFuture;
    if (micros == INT64_MIN) return base::kInfinitePast;
    // The server's last centuries lie beyond what 64 bits from 1970 can say.
    constexpr std::int64_t kLast = INT64_MAX - std::chrono::microseconds(kPostgresEpoch).count();
    return base::Time{base::Duration{std::min(micros, kLast)} + kPostgresEpoch};
}

std::optional<bool> PostgresRow::flag() {
    const auto value = field();
    if (!value) return std::nullopt;
    if (value->size() != 1) {
        bad_ = true;
        return std::nullopt;
    }
    return (*value)[0] != 0;
}

std::optional<std::int32_t> PostgresRow::number() {
    const auto value = field();
    if (!value) return std::nullopt;
    if (value->size() != 4) {
        bad_ = true;
        return std::nullopt;
    }
    return static_cast<std::int32_t>(big_endian<std::uint32_t>(*value));
}

}  // namespace keyshift::drivers
