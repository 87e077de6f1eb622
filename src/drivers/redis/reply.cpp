// SPDX-License-Identifier: Apache-2.0
#include "drivers/redis/reply.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using Kind = RedisReply::Kind;

constexpr std::size_t kMaxOpen = 8;  // arrays
constexpr std::string_view kEnd = "\r\n";

Error malformed(const std::string& what) {
    return {Errc::parse, "its answer cannot be understood: " + what,
            "is this the port of a Redis server? For TLS write rediss://"};
}

/// The number that the whole text is.
std::optional<long long> number_of(std::string_view text) {
    long long number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

/// RESP3's verbatim string says before its text how to show it: "txt:# Server".
std::string text_of(char type, std::string_view bytes) {
    constexpr std::size_t kFormat = 4;
    const bool verbatim = type == '=' && bytes.size() >= kFormat && bytes[kFormat - 1] == ':';
    return std::string(verbatim ? bytes.substr(kFormat) : bytes);
}

}  // namespace

/// The element that `rest` begins with, cut from it: of an array only that it begins. None when it has not
/// all come.
Result<std::optional<RedisReader::Element>> RedisReader::cut(std::string_view& rest) {
    const char type = rest.front();
    if (std::string_view("+-:$*=").find(type) == std::string_view::npos)
        return malformed("it begins with " + base::escape_unsafe(rest.substr(0, 1)));
    const std::size_t end = rest.find(kEnd);
    if (std::min(end, rest.size()) > kMaxLine) return malformed("a line of more than 64 KiB");
    if (end == std::string_view::npos) return std::optional<Element>();
    const std::string_view line = rest.substr(1, end - 1);
    std::string_view after = rest.substr(end + kEnd.size());

    Element element;
    if (type == '+' || type == '-') {
        element.reply = {type == '+' ? Kind::text : Kind::error, std::string(line)};
    } else if (type == ':') {
        const auto number = number_of(line);
        if (!number) return malformed("no number");
        element.reply = {Kind::integer, {}, *number};
    } else {
        const auto size = number_of(line);
        if (!size || *size < -1) return malformed("no size");
        if (type == '*' && *size >= 0) {
            if (*size > std::numeric_limits<int>::max())
                return malformed("a reply of more than a million elements");
            element = {RedisReply{Kind::array}, static_cast<int>(*size)};
        } else if (*size >= 0) {
            const auto bytes = static_cast<std::size_t>(*size);
            if (bytes > kMaxBytes) return malformed("a reply of more than 64 MiB");
            if (after.size() < bytes + kEnd.size()) return std::optional<Element>();
            if (after.substr(bytes, kEnd.size()) != kEnd) return malformed("more text than announced");
            element.reply = {Kind::text, text_of(type, after.substr(0, bytes))};
            after.remove_prefix(bytes + kEnd.size());
        }
    }
    rest = after;
    return std::optional<Element>(std::move(element));
}

/// Puts a complete reply into the array that waits for it, and that one, when it lacked only this, into its
/// own. What no array waits for is the answer.
std::optional<RedisReply> RedisReader::place(RedisReply reply) {
    while (!open_.empty()) {
        Element& array = open_.back();
        array.reply.elements.push_back(std::move(reply));
        if (--array.missing > 0) return {};
        reply = std::move(array.reply);
        open_.pop_back();
    }
    return reply;
}

Result<std::optional<RedisReply>> RedisReader::feed(std::string_view bytes) {
    taken_ += bytes.size();
    if (taken_ > kMaxBytes) return malformed("a reply of more than 64 MiB");
    pending_ += bytes;
    std::string_view rest = pending_;
    std::optional<RedisReply> answer;
    while (!answer && !rest.empty()) {
        auto element = cut(rest);
        if (!element) return element.error();
        if (!*element) break;
        if (++elements_ > kMaxElements) return malformed("a reply of more than a million elements");
        if ((*element)->missing == 0) {
            answer = place(std::move((*element)->reply));
        } else if (open_.size() < kMaxOpen) {
            open_.push_back(std::move(**element));
        } else {
            return malformed("arrays nested more than seven deep");
        }
    }
    pending_.erase(0, pending_.size() - rest.size());
    if (!answer) return std::optional<RedisReply>();
    if (!pending_.empty()) return malformed("more than was asked for");
    taken_ = 0;
    elements_ = 0;
    return answer;
}

std::string encode_redis_command(const std::vector<std::string_view>& words) {
    std::string out = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view word : words)
        out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
    return out;
}

}  // namespace keyshift::drivers
