// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing/json.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "formats/text/bytes64.hpp"
#include "formats/text/text.hpp"
#include "formats/tracing/words.hpp"

namespace keyshift::formats {
namespace {

/// What ends a text that can be taken as it stands: a quotation mark, a backslash, a control character.
constexpr auto are_special = [](const Bytes64& bytes) KEYSHIFT_INLINED {
    return bytes.are('"') | bytes.are('\\') | bytes.are_below(' ');
};

constexpr auto are_not_ascii = [](const Bytes64& bytes) KEYSHIFT_INLINED { return bytes.are_not_ascii(); };

/// Reads a line from its beginning, as long as it is as tracing writes most of them.
class Reader {
 public:
    Reader(std::string_view line, std::string& unescaped)
        : line_(line.data()), at_(line_), end_(line_ + line.size()), unescaped_(unescaped) {}

    template <std::size_t kSize>
    bool skip(const char (&text)[kSize]) {
        constexpr std::size_t kLength = kSize - 1;
        if (left() < kLength || !is_next(text)) return false;
        at_ += kLength;
        return true;
    }
    bool time(std::string_view& out) {
        if (left() < kTimeSize || !is_tracing_time(at_)) return false;
        out = {at_, kTimeSize};
        at_ += kTimeSize;
        return true;
    }
    /// With the quotation mark behind it. All are compared: which it is differs from line to line.
    bool level(TracingLevel& out) {
        struct Written {
            Word text, mask;
        };
        static constexpr auto kWritten = [](std::string_view text) {
            return Written{word_of(text), word_of(std::string_view("\xff\xff\xff\xff\xff\xff", text.size()))};
        };
        static constexpr std::array<Written, kTracingLevels> kLevels{kWritten("ERROR\""), kWritten("WARN\""),
                                                                     kWritten("INFO\""), kWritten("DEBUG\""),
                                                                     kWritten("TRACE\"")};
        if (left() < kWord) return false;
        const Word next = load(at_);
        unsigned found = 0;
        for (unsigned i = 0; i < kTracingLevels; ++i)
            found |= (next & kLevels[i].mask) == kLevels[i].text ? i + 1 : 0;
        if (found == 0) return false;
        out = static_cast<TracingLevel>(found - 1);
        at_ += out == TracingLevel::info || out == TracingLevel::warn ? 5 : 6;
        return true;
    }
    /// What stands up to the next quotation mark, past which it moves.
    bool text(std::string_view& out) {
        const char* const begin = at_;
        bool ascii = plain();
        if (at_ == end_) return false;
        if (*at_ == '\\') {
            unescaped_.assign(begin, at_);
            if (!escaped(ascii)) return false;
            out = unescaped_;
        } else {
            out = {begin, static_cast<std::size_t>(at_ - begin)};
        }
        return at_ != end_ && *at_++ == '"' && (ascii || valid_utf8(out));
    }
    /// The same where nothing is escaped and all is ASCII.
    bool plain_text(std::string_view& out) {
        const char* const begin = at_;
        const bool ascii = plain();
        out = {begin, static_cast<std::size_t>(at_ - begin)};
        return at_ != end_ && *at_++ == '"' && ascii;
    }
    bool at_end() const { return at_ == end_; }

 private:
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    template <std::size_t kSize>
    bool is_next(const char (&text)[kSize]) const {
        if constexpr (kSize > kWord) return begins_with(at_, text);
        return std::memcmp(at_, text, kSize - 1) == 0;
    }
    /// Goes on to what is special. Whether all that was passed is ASCII.
    bool plain() {
        std::uint64_t others = 0;
        while (at_ != end_) {
            const Window window(line_, at_, end_);
            const std::uint64_t special = window.mask(are_special);
            const std::uint64_t not_ascii = window.mask(are_not_ascii);
            if (special != 0) {
                others |= not_ascii & (special ^ (special - 1));
                at_ += std::countr_zero(special);
                break;
            }
            others |= not_ascii;
            at_ += std::min(left(), Bytes64::kSize);
        }
        return others == 0;
    }
    /// Text with escapes, but for \u, into unescaped_.
    bool escaped(bool& ascii) {
        while (left() >= 2 && *at_ == '\\') {
            constexpr std::string_view kWritten = "\"\\/bfnrt";
            constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
            const std::size_t which = kWritten.find(at_[1]);
            if (which == std::string_view::npos) return false;
            unescaped_.push_back(kMeant[which]);
            at_ += 2;
            const char* const begin = at_;
            ascii = plain() && ascii;
            unescaped_.append(begin, at_);
        }
        return true;
    }

    const char* line_;
    const char* at_;
    const char* end_;
    std::string& unescaped_;
};

}  // namespace

bool TracingJson::parse(std::string_view line, TracingLine& out) {
    // Cut off, or none of tracing's at all.
    if (line.empty() ||
        (line.back() != '}' && std::string_view(" \t\r\n").find(line.back()) == std::string_view::npos))
        return false;
    is_bare_ = parse_frequent(line, out);
    return is_bare_ || parse_slowly(line, out);
}

bool TracingJson::parse_frequent(std::string_view line, TracingLine& out) {
    Reader reader(line, unescaped_);
    if (!reader.skip(R"({"timestamp":")") || !reader.time(out.time) || !reader.skip(R"(","level":")") ||
        !reader.level(out.level))
        return false;
    const bool nested = reader.skip(R"(,"fields":{"message":")");
    if (!nested && !reader.skip(R"(,"message":")")) return false;
    if (!reader.text(out.message) || (nested && !reader.skip("}")) || !reader.skip(R"(,"target":")"))
        return false;
    return reader.plain_text(out.target) && reader.skip("}") && reader.at_end();
}

bool TracingJson::parse_slowly(std::string_view line, TracingLine& out) {
    is_bare_ = false;
    if (!json_.parse(line)) return false;
    const auto level = tracing_level_named(json_.text_at("level").value_or(std::string_view()));
    if (!level) return false;
    out.level = *level;
    out.time = json_.text_at("timestamp").value_or(std::string_view());
    out.target = json_.text_at("target").value_or(std::string_view());
    auto message = json_.text_at("fields", "message");
    if (!message) message = json_.text_at("message");
    out.message = message.value_or(std::string_view());
    return true;
}

}  // namespace keyshift::formats
