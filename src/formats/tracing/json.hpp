// SPDX-License-Identifier: Apache-2.0
// Lines of `tracing`'s JSON form, nested or flattened:
//
//     {"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG","fields":{"message":"Cached"},"target":"a::b"}
//     {"timestamp":"2026-11-22T11:56:47.949528Z","level":"DEBUG","message":"Cached","target":"a::b"}
//
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "formats/text/json_line.hpp"
#include "formats/tracing/tracing.hpp"

namespace keyshift::formats {

class TracingJson {
 public:
    /// `line` without its newline. False, with `out` undefined, when it is no JSON object or has no level.
    /// What `out` holds is valid until the next call, with the line. A line without a message has an empty
    /// one.
    bool parse(std::string_view line, TracingLine& out);
    /// The same without the way for the lines that are most frequent: what it must be equal to.
    bool parse_slowly(std::string_view line, TracingLine& out);
    /// Whether the last line holds nothing but what `out` says.
    bool is_bare() const { return is_bare_; }
    /// Of the line that parse_slowly() was last true for.
    JsonLine& fields() { return json_; }

 private:
    bool parse_frequent(std::string_view line, TracingLine& out);

    JsonLine json_;
    std::string unescaped_;
    bool is_bare_ = false;
};

}  // namespace keyshift::formats
