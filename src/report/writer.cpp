// SPDX-License-Identifier: Apache-2.0
#include "report/writer.hpp"

#include <array>
#include <utility>

#include "report/formats.hpp"

namespace keyshift::report {

std::optional<Format> parse_format(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, Format>, 5> kNames{{{"text", Format::text},
                                                                         {"json", Format::json},
                                                                         {"csv", Format::csv},
                                                                         {"markdown", Format::markdown},
                                                                         {"html", Format::html}}};
    for (const auto& [known, format] : kNames)
        if (known == name) return format;
    return std::nullopt;
}

std::unique_ptr<Writer> make_writer(Format format, Grouping grouping, std::string& out) {
    switch (format) {
        case Format::text:
            return make_text(grouping, out);
        case Format::json:
            return make_json(grouping, out);
        case Format::csv:
            return make_csv(out);
        case Format::markdown:
            return make_markdown(grouping, out);
        case Format::html:
            return make_html(grouping, out);
    }
    return nullptr;  // unreachable: every format has its case, and the compiler checks that
}

}  // namespace keyshift::report
