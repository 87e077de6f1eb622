// SPDX-License-Identifier: Apache-2.0
// Any bytes as the log of a container's runtime, read in two goes: what whole_messages lets through makes the
// same messages as all at once, no message holds a newline, and nothing grows. Then the same with any prefix,
// understood or not. A line "#" stands for a long line of somebody else's.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "formats/lines/messages.hpp"

namespace {

constexpr std::size_t kLongLine = 30'000;

using keyshift::formats::LinePrefix;

std::string unwrapped(std::string_view block, LinePrefix prefix) {
    std::string out;
    keyshift::formats::LogMessages(prefix).each(block, [&](std::string_view message) {
        out.append(message) += '\n';
        return true;
    });
    return out;
}

void check_every(std::string_view block) {
    using keyshift::formats::LogMessages;
    using keyshift::formats::Understood;
    for (std::size_t i = 0; i < keyshift::formats::kLinePrefixes; ++i) {
        const auto prefix = static_cast<LinePrefix>(i);
        for (const Understood understood : {Understood::some, Understood::all}) {
            std::size_t asked = 0;
            LogMessages(prefix, understood).each(block, [&](std::string_view message) {
                return message.size() % 2 == 0 && ++asked > 0;
            });
        }
        if (keyshift::formats::whole_messages(block, prefix) > block.size()) std::abort();
    }
}

std::string lines(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line == "#")
            out.append(kLongLine, '#');
        else
            out += line;
        out += '\n';
    }
    return out;
}

void check_cut(std::string_view block, std::size_t cut, const std::string& all, LinePrefix prefix) {
    const std::size_t whole = keyshift::formats::whole_messages(block.substr(0, cut), prefix);
    if (whole > cut || (whole > 0 && block[whole - 1] != '\n')) std::abort();
    if (unwrapped(block.substr(0, whole), prefix) + unwrapped(block.substr(whole), prefix) != all)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string block = lines({reinterpret_cast<const char*>(data), size});
    if (block.size() > 40 * kLongLine) return 0;
    check_every(block);
    for (const LinePrefix prefix : {LinePrefix::docker, LinePrefix::cri}) {
        const std::string all = unwrapped(block, prefix);
        if (all.size() > block.size()) std::abort();
        const auto newlines = std::count(all.begin(), all.end(), '\n');
        if (newlines > std::count(block.begin(), block.end(), '\n')) std::abort();
        for (std::size_t cut = block.find('\n'); cut != std::string::npos; cut = block.find('\n', cut + 1))
            check_cut(block, cut + 1, all, prefix);
    }
    return 0;
}
