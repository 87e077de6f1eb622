// SPDX-License-Identifier: Apache-2.0
// What Redis says, RESP2 (https://redis.io/docs/reference/protocol-spec) and the verbatim strings of RESP3,
// which some servers give to INFO, from bytes as they come. No I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace keyshift::drivers {

/// Owns its memory.
struct RedisReply {
    enum class Kind { nil, text, integer, array, error };
    Kind kind = Kind::nil;
    std::string text = {};  ///< of text, and of an error its message
    long long integer = 0;
    std::vector<RedisReply> elements = {};

    bool is_text() const { return kind == Kind::text; }
    bool is_integer() const { return kind == Kind::integer; }
    bool is_array() const { return kind == Kind::array; }
};

/// Takes bytes in pieces of any size. Used by one thread at a time. After an error it is of no more use.
class RedisReader {
 public:
    static constexpr std::size_t kMaxBytes = 64U << 20U;     ///< of one reply
    static constexpr std::size_t kMaxElements = 1'000'000U;  ///< of one reply, all arrays together
    static constexpr std::size_t kMaxLine = 64U << 10U;      ///< of a line that is no bulk string

    /// Takes `bytes` over and gives the reply that they complete, if they do. Errc::parse: no RESP2, above
    /// one of the limits, arrays nested more than seven deep, or bytes after the reply, which nobody asked
    /// for.
    base::Result<std::optional<RedisReply>> feed(std::string_view bytes);

 private:
    struct Element {
        RedisReply reply;
        int missing = 0;  ///< elements of an array that have not come
    };

    static base::Result<std::optional<Element>> cut(std::string_view& rest);
    std::optional<RedisReply> place(RedisReply reply);

    std::string pending_;        // the beginning of an element that is not complete
    std::vector<Element> open_;  // arrays, each in the one before
    std::size_t taken_ = 0;      // bytes of the reply that is being read
    std::size_t elements_ = 0;   // of it
};

/// A command as RESP2's array of bulk strings.
std::string encode_redis_command(const std::vector<std::string_view>& words);

}  // namespace keyshift::drivers
