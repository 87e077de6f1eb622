// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing/json.hpp"

#include <algorithm>
#include <cstring>

#include "formats/text/text.hpp"
#include "formats/tracing/words.hpp"

namespace keyshift::formats {
namespace {

/// Whether one of eight bytes ends what can be taken as it stands: a quotation mark, a backslash, a control.
bool has_special(Word word) {
    return (zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\') | bytes_below(word, ' ')) != 0;
}

/// Reads a line from its beginning, as long as it is as tracing writes most of them.
class Reader {
 public:
    Reader(std::string_view line, std::string& unescaped)
        : at_(line.data()), end_(at_ + line.size()), unescaped_(unescaped) {}

    template <std::size_t kSize>
    bool skip(const char (&text)[kSize]) {
        constexpr std::size_t kLength = kSize - 1;
        if (left() < kLength || std::memcmp(at_, text, kLength) != 0) return false;
        at_ += kLength;
        return true;
    }
    bool time(std::string_view& out) {
        if (left() < kTimeSize || !is_tracing_time(at_)) return false;
        out = {at_, kTimeSize};
        at_ += kTimeSize;
        return true;
    }
    bool level(TracingLevel& out) {
        out = TracingLevel::debug;
        if (skip("DEBUG")) return true;
        out = TracingLevel::info;
        if (skip("INFO")) return true;
        out = TracingLevel::warn;
        if (skip("WARN")) return true;
        out = TracingLevel::error;
        return skip("ERROR");
    }
    /// What stands up to the next quotation mark, which is left.
    bool text(std::string_view& out) {
        const char* const begin = at_;
        Word all = plain();
        if (at_ == end_) return false;
        if (*at_ == '\\') {
            unescaped_.assign(begin, at_);
            if (!escaped(all)) return false;
            out = unescaped_;
        } else {
            out = {begin, static_cast<std::size_t>(at_ - begin)};
        }
        return at_ != end_ && *at_ == '"' && ((all & kHighBits) == 0 || valid_utf8(out));
    }
    /// The same where nothing is escaped and all is ASCII.
    bool plain_text(std::string_view& out) {
        const char* const begin = at_;
        const Word all = plain();
        out = {begin, static_cast<std::size_t>(at_ - begin)};
        return at_ != end_ && *at_ == '"' && (all & kHighBits) == 0;
    }
    bool at_end() const { return at_ == end_; }

 private:
    std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    /// Goes on to what is special; gives all bytes passed, one over the other.
    Word plain() {
        Word all = 0;
        for (; left() >= kWord && !has_special(load(at_)); at_ += kWord) all |= load(at_);
        for (; at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20; ++at_)
            all |= static_cast<unsigned char>(*at_);
        return all;
    }
    /// Text with escapes, but for \u, into unescaped_.
    bool escaped(Word& all) {
        while (left() >= 2 && *at_ == '\\') {
            constexpr std::string_view kWritten = "\"\\/bfnrt";
            constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
            const std::size_t which = kWritten.find(at_[1]);
            if (which == std::string_view::npos) return false;
            unescaped_.push_back(kMeant[which]);
            at_ += 2;
            const char* const begin = at_;
            all |= plain();
            unescaped_.append(begin, at_);
        }
        return true;
    }

    const char* at_;
    const char* end_;
    std::string& unescaped_;
};

}  // namespace

bool TracingJson::parse(std::string_view line, TracingLine& out) {
    // Cut off, or none of tracing's at all.
    if (line.empty() || std::string_view("} \t\r\n").find(line.back()) == std::string_view::npos)
        return false;
    return parse_frequent(line, out) || parse_slowly(line, out);
}

bool TracingJson::parse_frequent(std::string_view line, TracingLine& out) {
    Reader reader(line, unescaped_);
    if (!reader.skip(R"({"timestamp":")") || !reader.time(out.time) || !reader.skip(R"(","level":")") ||
        !reader.level(out.level) || !reader.skip(R"(",")"))
        return false;
    const bool nested = reader.skip(R"(fields":{"message":")");
    if (!nested && !reader.skip(R"(message":")")) return false;
    if (!reader.text(out.message) || !reader.skip("\"") || (nested && !reader.skip("}")) ||
        !reader.skip(R"(,"target":")"))
        return false;
    return reader.plain_text(out.target) && reader.skip(R"("})") && reader.at_end();
}

bool TracingJson::parse_slowly(std::string_view line, TracingLine& out) {
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
