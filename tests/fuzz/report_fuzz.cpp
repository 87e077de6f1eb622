// SPDX-License-Identifier: Apache-2.0
// Any bytes as a name and as a replacement's id: text stays in its line and its terminal, HTML in its cell.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "report/writer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace keyshift;
    const std::string_view name(reinterpret_cast<const char*>(data), size);
    for (const auto format : {report::Format::text, report::Format::json, report::Format::csv,
                              report::Format::markdown, report::Format::html}) {
        const auto render = [&](std::string_view text) {
            std::string out;
            const auto writer = report::make_writer(format, report::Grouping::none, out);
            domain::Key key;
            key.id = "id";
            key.name = text;
            key.owner = text;
            key.legacy = true;
            report::Header header;
            header.legacy_keys = 1;
            header.phases = true;
            report::KeyPhase phase;
            phase.rule = domain::PairRule::name;
            phase.replacement = text;
            writer->begin(header);
            writer->key(key, phase);
            writer->end();
            return out;
        };
        const std::string harmless = render("name");
        const std::string out = render(name);
        const auto control = [](char c) {
            return (c >= 0 && c < 0x20 && c != '\n' && c != '\r') || c == 0x7F;
        };
        if (std::any_of(out.begin(), out.end(), control)) std::abort();
        // Whatever the name, there are as many lines and as many tags as with a harmless one.
        for (const char c : {'\n', '<'})
            if ((c == '\n' || format == report::Format::html) &&
                std::count(out.begin(), out.end(), c) != std::count(harmless.begin(), harmless.end(), c))
                std::abort();
    }
    return 0;
}
