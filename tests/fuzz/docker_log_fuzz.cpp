// SPDX-License-Identifier: Apache-2.0
// Any bytes as Docker's log, read in two goes: what docker_whole lets through makes the same messages as all
// at once, no message holds a newline, and nothing grows. A line "#" stands for a long line of somebody
// else's.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "formats/docker_log.hpp"

namespace {

constexpr std::size_t kLongLine = 30'000;

std::string unwrapped(std::string_view block) {
    std::string out;
    keyshift::formats::docker_unwrap(block, out);
    return out;
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

void check_cut(std::string_view block, std::size_t cut, const std::string& all) {
    const std::size_t whole = keyshift::formats::docker_whole(block.substr(0, cut));
    if (whole > cut || (whole > 0 && block[whole - 1] != '\n')) std::abort();
    if (unwrapped(block.substr(0, whole)) + unwrapped(block.substr(whole)) != all) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string block = lines({reinterpret_cast<const char*>(data), size});
    if (block.size() > 40 * kLongLine) return 0;
    const std::string all = unwrapped(block);
    if (all.size() > block.size()) std::abort();
    const auto newlines = std::count(all.begin(), all.end(), '\n');
    if (newlines > std::count(block.begin(), block.end(), '\n')) std::abort();
    for (std::size_t cut = block.find('\n'); cut != std::string::npos; cut = block.find('\n', cut + 1))
        check_cut(block, cut + 1, all);
    return 0;
}
