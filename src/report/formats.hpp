// SPDX-License-Identifier: Apache-2.0
// One factory per file of this folder that writes a format: what make_writer() chooses from.
// As there, `out` must outlive the writer.
#pragma once

#include <memory>
#include <string>

#include "report/writer.hpp"

namespace keyshift::report {

std::unique_ptr<Writer> make_text(Grouping grouping, std::string& out);
std::unique_ptr<Writer> make_json(Grouping grouping, std::string& out);
std::unique_ptr<Writer> make_csv(std::string& out);
std::unique_ptr<Writer> make_markdown(Grouping grouping, std::string& out);
std::unique_ptr<Writer> make_html(Grouping grouping, std::string& out);

}  // namespace keyshift::report
