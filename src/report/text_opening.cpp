// SPDX-License-Identifier: Apache-2.0
#include "report/text_opening.hpp"

#include "report/append.hpp"
#include "report/escape.hpp"

namespace keyshift::report {
namespace {

void append_phase(std::string& out, const Header& header) {
    if (header.phase.empty()) return;
    out += " in phase ";
    append_visible(out, header.phase);
}

}  // namespace

void append_nothing_found(std::string& out, const Header& header) {
    if (header.phase.empty()) {
        out += "✅ All keys have lookup_hash populated!\n   No action needed.\n";
        return;
    }
    out += "✅ No API keys without lookup_hash";
    append_phase(out, header);
    out += '\n';
}

void append_something_found(std::string& out, const Header& header) {
    out += "\n⚠️  Found ";
    append_number(out, header.legacy_keys);
    out += " API keys without lookup_hash";
    append_phase(out, header);
}

}  // namespace keyshift::report
