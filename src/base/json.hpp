// SPDX-License-Identifier: Apache-2.0
// Writing JSON: strings, and whole documents. Pure: safe from any thread; a writer is used by one.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"

namespace keyshift::base {

/// Appends `text` as a JSON string with its quotes. Treacherous code points (utf8.hpp) become \uXXXX, so that
/// the value survives and cannot drive a terminal; invalid bytes become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Writes one document without spaces, in the order of the calls; commas are its own affair. Precondition:
/// the calls come in an order that JSON has a place for.
class JsonWriter {
 public:
    JsonWriter& begin_object() { return begin('{'); }
    JsonWriter& end_object() { return end('}'); }
    JsonWriter& begin_array() { return begin('['); }
    JsonWriter& end_array() { return end(']'); }
    /// Of the member whose value comes next.
    JsonWriter& key(std::string_view name);

    JsonWriter& null() { return raw("null"); }
    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view(text)); }
    JsonWriter& value(std::same_as<bool> auto truth) { return raw(truth ? "true" : "false"); }
    template <std::integral Number>
        requires(!std::same_as<Number, bool>)
    JsonWriter& value(Number number) {
        return raw(std::to_string(number));
    }
    /// The shortest text that reads back as the same number; null where it is infinite or none.
    JsonWriter& value(double number);
    /// As RFC 3339.
    JsonWriter& value(Time time) { return value(std::string_view(format_rfc3339(time))); }

    std::string take() { return std::move(out_); }

 private:
    JsonWriter& begin(char bracket);
    JsonWriter& end(char bracket);
    JsonWriter& raw(std::string_view text);
    void separate();

    std::string out_;
    bool first_ = true;  // no value stands before the next one that a comma would part from it
};

}  // namespace keyshift::base
