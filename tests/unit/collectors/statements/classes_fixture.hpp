// SPDX-License-Identifier: Apache-2.0
// What tests of statements share: a gateway by its configuration, and a statement's class by its name.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "collectors/shared/statement_class.hpp"

namespace keyshift::collectors {

inline config::Gateway gateway(const std::string& yaml) {
    const auto loaded =
        config::parse("gateway: {" + yaml + "}", "k.yaml", [](std::string_view) { return std::nullopt; }, {});
    for (const auto& problem : loaded.problems)
        if (problem.key.starts_with("gateway")) ADD_FAILURE() << problem.text();
    return loaded.config.gateway;
}

inline std::string class_of(const StatementClasses& classes, std::string_view sql) {
    const auto found = classes.of(sql);
    return found ? std::string(class_name(found->of)) : "none";
}

}  // namespace keyshift::collectors
