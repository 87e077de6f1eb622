// SPDX-License-Identifier: Apache-2.0
// A line that is one JSON object, and its fields by dotted path. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace keyshift::formats {

class JsonLine {
 public:
    JsonLine();
    ~JsonLine();
    JsonLine(JsonLine&&) noexcept;
    JsonLine& operator=(JsonLine&&) noexcept;

    /// False when all of `line`, but for white space around it, is not one valid JSON object. What was taken
    /// of the line before is void.
    bool parse(std::string_view line);
    /// The value at "a.b.c" of the line that parse() was true for: texts unescaped, numbers, true, false and
    /// null as JSON writes them. Empty when it is not there, or is an object or a list. Of a field that is
    /// there twice, the first. A name may itself have dots in it. Valid until the next parse().
    std::optional<std::string_view> text(std::string_view path);
    /// The text, which is no number, of that name in the object itself, or in an object in it. Likewise
    /// valid.
    std::optional<std::string_view> text_at(std::string_view name) const;
    std::optional<std::string_view> text_at(std::string_view object_name, std::string_view name) const;

 private:
    struct Document;
    std::unique_ptr<Document> document_;
};

}  // namespace keyshift::formats
