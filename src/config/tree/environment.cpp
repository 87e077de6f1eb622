// SPDX-License-Identifier: Apache-2.0
#include "config/tree/environment.hpp"

#include <map>
#include <memory>

#include <unistd.h>

namespace keyshift::config {

Environment process_environment() {
    auto variables = std::make_shared<std::map<std::string, std::string, std::less<>>>();
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos)
            variables->emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return [variables](std::string_view name) -> std::optional<std::string> {
        const auto found = variables->find(name);
        if (found == variables->end()) return std::nullopt;
        return found->second;
    };
}

std::optional<std::string> non_empty(const Environment& environment, std::string_view name) {
    auto value = environment(name);
    if (value && value->empty()) value.reset();
    return value;
}

}  // namespace keyshift::config
