// SPDX-License-Identifier: Apache-2.0
// Writes HTML. What is a literal of this program is markup; every other text is text, and is escaped
// (report/escape.hpp), so that nothing that a database or a client has written can become markup. Pure; a
// writer is used by one thread.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.hpp"

namespace keyshift::page {

/// Text that others have written. It stands in an element of its own, so that letters that run from right to
/// left do not reorder what is around them.
struct Data {
    std::string_view text;
};

/// A point in time for people, with its distance to `now`; "never" where there is none.
struct When {
    std::optional<base::Time> at;
    base::Time now;
};

/// The same without the distance.
struct At {
    base::Time at;
    base::Time now;
};

/// A sentence of the program in which times of RFC 3339 become times for people.
struct Sentence {
    std::string_view text;
    base::Time now;
};

class Html {
 public:
    template <class... Parts>
    Html& operator()(const Parts&... parts) {
        (add(parts), ...);
        return *this;
    }
    std::string take() { return std::move(out_); }

 private:
    template <std::size_t Size>
    void add(const char (&markup)[Size]) {
        out_.append(markup, Size - 1);
    }
    void add(const Html& part) { out_ += part.out_; }
    void add(std::string_view text);
    void add(const std::string& text) { add(std::string_view(text)); }
    void add(Data data);
    void add(const When& when);
    void add(const At& at);
    void add(const Sentence& sentence);
    /// "1,234,567".
    template <std::integral Number>
    void add(Number number) {
        add_number(static_cast<std::uint64_t>(number));
    }
    void add_number(std::uint64_t number);

    std::string out_;
};

/// A number with commas: "1,234,567".
std::string grouped(std::uint64_t number);
/// `text` as a part of a path or a value of a query: what is not a letter, a digit or one of -._~ as %XX.
std::string url_part(std::string_view text);
/// With a capital letter, as sentences begin.
std::string begun(std::string text);
/// "1 key", "2 keys".
std::string some(std::uint64_t number, std::string_view noun);

}  // namespace keyshift::page
