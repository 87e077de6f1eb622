// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/record.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace keyshift::drivers {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::string_view kNone = "-";

// The text: version, flags, generation, earlier one, path, each behind a space. A generation is offset, tail
// and the hashes of the head, with commas between. Numbers are hexadecimal.

template <class Number>
std::string hex(Number number) {
    std::array<char, 20> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16);
    return {text.data(), end.ptr};
}

template <class Number>
bool read_hex(std::string_view text, Number& number) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    return end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

/// Takes what stands before the next `separator`, or all.
std::string_view consume_until(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

bool is_plain(char c) {
    return c > ' ' && c < 0x7f && c != '%';
}

std::string escape(std::string_view path) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_plain(c)) {
            out += c;
        } else {
            out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
        }
    }
    return out;
}

std::optional<std::string> unescape(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        if (!is_plain(text.front()) && text.front() != '%') return std::nullopt;
        unsigned char byte = 0;
        const bool escaped = text.front() == '%';
        if (escaped && (text.size() < 3 || !read_hex(text.substr(1, 2), byte))) return std::nullopt;
        out += escaped ? static_cast<char>(byte) : text.front();
        text.remove_prefix(escaped ? 3 : 1);
    }
    return out;
}

std::string encode_generation(const Generation& generation) {
    std::string out = hex(generation.offset) + ',' + hex(generation.tail);
    for (std::size_t i = 0; i < generation.head.count(); ++i) out += ',' + hex(generation.head.hash(i));
    return out;
}

std::optional<Generation> decode_generation(std::string_view text) {
    Generation generation;
    if (!read_hex(consume_until(text, ','), generation.offset) ||
        !read_hex(consume_until(text, ','), generation.tail))
        return std::nullopt;
    std::array<std::uint64_t, Head::kHashes> hashes{};
    std::size_t count = 0;
    while (!text.empty()) {
        if (count == hashes.size() || !read_hex(consume_until(text, ','), hashes[count])) return std::nullopt;
        ++count;
    }
    generation.head = Head::from(hashes.data(), count);
    return generation;
}

/// 'o' and 'O': this or the earlier generation is within an oversized line.
std::string encode_flags(const FileRecord& record) {
    std::string flags;
    if (record.rotated) flags += 'r';
    if (record.finished) flags += 'f';
    if (record.generation.in_oversized) flags += 'o';
    if (record.earlier && record.earlier->in_oversized) flags += 'O';
    return flags.empty() ? std::string(kNone) : flags;
}

}  // namespace

std::string record_name(const FileId& id) {
    return hex(id.device) + ':' + hex(id.inode) + ':' + hex(id.birth_ns);
}

std::optional<FileId> decode_record_name(std::string_view name) {
    FileId id;
    if (!read_hex(consume_until(name, ':'), id.device) || !read_hex(consume_until(name, ':'), id.inode))
        return std::nullopt;
    if (!read_hex(name, id.birth_ns)) return std::nullopt;
    return id;
}

std::string encode_record(const FileRecord& record) {
    std::string out(kVersion);
    out += ' ' + encode_flags(record) + ' ' + encode_generation(record.generation) + ' ';
    out += record.earlier ? encode_generation(*record.earlier) : std::string(kNone);
    return out + ' ' + escape(record.path);
}

std::optional<FileRecord> decode_record(std::string_view name, std::string_view text) {
    const auto id = decode_record_name(name);
    if (!id || consume_until(text, ' ') != kVersion) return std::nullopt;
    FileRecord record{.id = *id};
    const std::string_view flags = consume_until(text, ' ');
    const auto generation = decode_generation(consume_until(text, ' '));
    if (!generation) return std::nullopt;
    record.generation = *generation;
    if (const std::string_view earlier = consume_until(text, ' '); earlier != kNone) {
        record.earlier = decode_generation(earlier);
        if (!record.earlier) return std::nullopt;
        record.earlier->in_oversized = flags.find('O') != std::string_view::npos;
    }
    record.rotated = flags.find('r') != std::string_view::npos;
    record.finished = flags.find('f') != std::string_view::npos;
    record.generation.in_oversized = flags.find('o') != std::string_view::npos;
    auto path = unescape(text);
    if (!path || path->empty()) return std::nullopt;
    record.path = std::move(*path);
    return record;
}

}  // namespace keyshift::drivers
