// SPDX-License-Identifier: Apache-2.0
// /api/v1/verdict, and `keyshift verdict --format json`. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/judged.hpp"
#include "base/error.hpp"
#include "domain/model.hpp"

namespace keyshift::api {

struct Verdict : Judged {
    template <class Archive, class Self>
    static void describe(Archive& a, Self& self) {
        Answer::describe(a, self.answer);
        Judged::describe_origin(a, self);
        Judged::describe_configuration(a, self);
    }
};

/// At `now` of the database's clock.
Verdict verdict(const domain::Model& model, base::Time now, std::string_view from);

std::string encode(const Verdict& verdict);
/// Errors: parse.
base::Result<Verdict> decode_verdict(std::string_view text);

}  // namespace keyshift::api
