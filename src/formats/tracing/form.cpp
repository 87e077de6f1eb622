// SPDX-License-Identifier: Apache-2.0
#include "formats/tracing/form.hpp"

#include <algorithm>

namespace keyshift::formats {
namespace {

constexpr std::size_t kMostCrates = 32;

}  // namespace

void TracingForm::learn_target(std::string_view target) {
    const std::size_t path = target.find("::");
    if (path == std::string_view::npos) return;
    ++targets.yes;
    const std::string_view crate = target.substr(0, path);
    if (crates.size() < kMostCrates && !is_crate(crate)) crates.emplace_back(crate);
}

bool TracingForm::is_crate(std::string_view name) const {
    return std::ranges::find(crates, name) != crates.end();
}

std::string TracingForm::text() const {
    std::string out = pretty ? "pretty" : full ? "full" : compact ? "compact" : "full or compact";
    if (bold_targets) out += " of before 0.3.17";
    if (coloured) out += ", coloured";
    if (targets.only_no()) out += ", without targets";
    if (threads) out += ", with threads";
    return out;
}

}  // namespace keyshift::formats
