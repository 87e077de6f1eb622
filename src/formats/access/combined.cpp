// SPDX-License-Identifier: Apache-2.0
// ADDRESS IDENT USER [TIME] "REQUEST" STATUS BYTES "REFERER" "USER AGENT". The user's name, the request and
// all behind it may be chosen by a client; a '"' of theirs is written \x22 by nginx and \" by Apache, so that
// the first one that is not escaped begins the request. ADDRESS is one, or a host's name, so that no prefix
// can pass for it.
#include <bit>
#include <cstring>

#include "formats/access/fields.hpp"
#include "formats/access/line.hpp"
#include "formats/text/bytes64.hpp"
#include "formats/text/client_word.hpp"
#include "formats/text/log_time.hpp"
#include "formats/tracing/words.hpp"

namespace keyshift::formats {
namespace {

/// "[25/Nov/2026:13:10:37 +0000] "
/// A mask with the high bit of each byte that is `c`.
constexpr Word equal_bytes(Word word, char c) {
    constexpr Word kLow = ~kHighBits;
    const Word differs = word ^ kOnes * static_cast<unsigned char>(c);
    return ~(((differs & kLow) + kLow) | differs | kLow);
}

/// The size of what looks like an address at the beginning of `text`, of which 16 bytes can be read: digits
/// and three dots. 0: have a closer look. No branch depends on how long each of its numbers is.
std::size_t size_of_ipv4(const char* text) {
    if constexpr (std::endian::native != std::endian::little) return 0;
    const char* const end = text + 2 * kWord;
    const char* const stop =
        first_stop(text, end, [](Word word) { return bytes_below(word, '.') | bytes_above(word, '9'); });
    const auto size = static_cast<std::size_t>(stop - text);
    if (size < kWord || stop == end) return 0;
    // The last word begins with bytes of the first.
    const Word last = equal_bytes(load(stop - kWord + 1), '.') & ~Word{0} << 8 * (2 * kWord - 1 - size);
    const Word dots = (equal_bytes(load(text), '.') >> 7U) + (last >> 7U);
    return dots * kOnes >> 8 * (kWord - 1) == 3 ? size : 0;
}

/// Whether `before` begins with ADDRESS IDENT USER. nginx writes "-" for IDENT, and so does Apache but where
/// it asks the client's identd, which nobody does by name.
bool begins_with_client(std::string_view before) {
    const std::size_t end = before.find(' ');
    const std::string_view client = before.substr(0, end);
    std::string_view rest = before.substr(end + 1);
    if (rest.starts_with("- "))
        return client == "-" || is_ipv4(client) || is_bare_address(client) || is_host_name(client) ||
               client.starts_with("unix:");
    const std::string_view ident = rest.substr(0, rest.find(' '));
    return !ident.empty() && is_bare_address(client) && !is_address(ident);
}

/// The size of what stands before the request, where it is as in most lines: `ADDRESS - - [TIME] `.
std::size_t size_of_frequent(std::string_view line) {
    constexpr std::string_view kNobody = " - - [";
    constexpr std::size_t kLeast = 2 * kWord + kNobody.size() + kCommonTimeField;
    if (line.size() < kLeast) return 0;
    const std::size_t address = size_of_ipv4(line.data());
    if (address == 0 || std::memcmp(line.data() + address, kNobody.data(), kNobody.size()) != 0) return 0;
    const std::size_t size = address + kNobody.size() - 1 + kCommonTimeField;
    return std::memcmp(line.data() + size - 2, "] \"", 3) == 0 ? size : 0;
}

constexpr auto are_blanks = [](const Bytes64& bytes) KEYSHIFT_INLINED { return bytes.are(' '); };
constexpr auto are_marks = [](const Bytes64& bytes)
                               KEYSHIFT_INLINED { return bytes.are('"') | bytes.are('\\'); };
constexpr auto are_no_digits = [](const Bytes64& bytes)
                                   KEYSHIFT_INLINED { return bytes.are_below('0') | bytes.are_above('9'); };

/// The number of up to eight digits before `end`, of which eight bytes can be read; all digits at once.
std::uint64_t number_before(const char* end, std::size_t digits) {
    constexpr Word kZeros = kOnes * '0';
    constexpr Word kFirstOfFour = 0xFF000000FFU;
    const Word wanted = ~Word{0} << 8 * (kWord - digits);
    Word word = (load(end - kWord) & wanted) - (kZeros & wanted);
    word = word * 10 + (word >> 8U);  // now pairs, each in the first of two bytes
    constexpr Word kHundredAndMillion = 100 + (Word{1'000'000} << 32U);
    constexpr Word kOneAndTenThousand = 1 + (Word{10'000} << 32U);
    return ((word & kFirstOfFour) * kHundredAndMillion + (word >> 16U & kFirstOfFour) * kOneAndTenThousand) >>
           32U;
}

/// Reads `METHOD TARGET PROTOCOL" STATUS BYTES` and a blank, where they stand in 64 bytes and nothing is
/// escaped or missing: where they begin and end is known from masks. False: have a closer look.
bool read_frequent(const char* line, const char* at, const char* end, AccessLine& out) {
    if constexpr (std::endian::native != std::endian::little) return false;
    if (at == end) return false;
    const Window window(line, at, end);
    const std::uint64_t blanks = window.mask(are_blanks);
    const std::uint64_t marks = window.mask(are_marks);
    const std::uint64_t no_digits = window.mask(are_no_digits);
    if (marks == 0) return false;
    const auto quote = static_cast<unsigned>(std::countr_zero(marks));
    const std::uint64_t request = marks & (~marks + 1);  // only the bit of the first mark
    const std::uint64_t first = blanks & (request - 1);
    const std::uint64_t second = first & (first - 1);
    // Behind the request come a blank, three digits, a blank.
    constexpr std::uint64_t kStatus = 0x11;
    constexpr std::uint64_t kFive = 0x1F;
    const bool status =
        (no_digits >> quote >> 1U & kFive) == kStatus && (blanks >> quote >> 1U & kFive) == kStatus;
    const std::uint64_t behind = no_digits >> quote >> 1U >> 5U;
    const auto digits = static_cast<unsigned>(std::countr_zero(behind));
    if (at[quote] != '"' || second == 0 || !status || behind == 0 || digits == 0 || digits > kWord)
        return false;
    const char* const bytes_end = at + quote + 6 + digits;
    if (*bytes_end != ' ') return false;
    const auto method_size = static_cast<std::size_t>(std::countr_zero(first));
    const auto target_end = static_cast<std::size_t>(std::countr_zero(second));
    out.method = {at, method_size};
    out.target = {at + method_size + 1, target_end - method_size - 1};
    out.status = static_cast<unsigned>(number_before(at + quote + 5, 3));
    out.bytes = number_before(bytes_end, digits);
    out.behind = {bytes_end, static_cast<std::size_t>(end - bytes_end)};
    return true;
}

class Combined final : public AccessReader {
 public:
    bool read(std::string_view line, AccessLine& out) override {
        const std::size_t frequent = size_of_frequent(line);
        const std::size_t skipped = frequent == 0 ? 0 : frequent + 1;
        Cursor cursor({line.data() + skipped, line.size() - skipped});
        std::string_view request;
        if (frequent != 0) {
            out.before = {line.data(), frequent};
            if (read_frequent(line.data(), line.data() + skipped, line.data() + line.size(), out))
                return true;
        } else if (!cursor.until_quote(out.before) || !ends_in_common_time(out.before) ||
                   !begins_with_client(out.before)) {
            return false;
        }
        if (!cursor.until_quote(request)) return false;
        if (!cursor.consume(' ') || !cursor.status(out.status) || !cursor.consume(' ') ||
            !cursor.bytes(out.bytes))
            return false;
        split_request(request, out);
        out.behind = cursor.rest();
        return true;
    }

    void complete(AccessLine& out) override {
        out.peer = nothing_if_dash(out.before.substr(0, out.before.find(' ')));
        out.forwarded = {};
        out.at = time(out.before.substr(out.before.size() - kCommonTimeField + 1, kCommonTimeSize));
        out.user_agent = {};
        Cursor cursor(out.behind);
        std::string_view referer;
        std::string_view user_agent;
        if (!cursor.consume(" \"") || !cursor.until_quote(referer) || !cursor.consume(" \"")) return;
        if (cursor.until_quote(user_agent)) out.user_agent = nothing_if_dash(user_agent);
    }

    AccessTells tells() const override { return {.escape = AccessEscape::backslash}; }

 private:
    /// Many lines have the time of the one before.
    std::optional<base::Time> time(std::string_view text) {
        if (text == last_text_) return last_time_;
        last_text_ = text;
        return last_time_ = parse_common_time(text);
    }

    std::string last_text_;
    std::optional<base::Time> last_time_;
};

}  // namespace

std::unique_ptr<AccessReader> make_combined_reader() {
    return std::make_unique<Combined>();
}

}  // namespace keyshift::formats
