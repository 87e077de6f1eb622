// SPDX-License-Identifier: Apache-2.0
// The families of a page in Prometheus' text format, which may come in any order. No thread rule: each page
// its own. Kept inside src/formats.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "formats/exposition_line.hpp"

namespace keyshift::formats {

class TextFamilies {
 public:
    Problem help(std::string_view name);
    Problem type(std::string_view name, std::string_view word);
    Problem sample(const SampleLine& sample);

    /// Of the family that the last call was about.
    MetricType type() const { return last_->type; }

 private:
    struct Family {
        MetricType type = MetricType::unknown;
        bool has_type = false;
        bool has_help = false;
        bool has_samples = false;
    };
    Family& find(std::string_view name);
    const Family* whole(std::string_view sample) const;

    std::map<std::string, Family, std::less<>> families_;  // a tree: no names can make it slow
    std::string_view sample_name_;                         ///< of the last sample, in families_
    Family* sample_family_ = nullptr;
    const Family* sample_type_ = nullptr;
    const Family* last_ = nullptr;
};

}  // namespace keyshift::formats
