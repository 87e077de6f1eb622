// SPDX-License-Identifier: Apache-2.0
// The families of a page of metrics and their types. They may come in any order and mix, as Prometheus takes
// them; only what would make two things of one number is refused. No thread rule: each page its own. Kept
// inside src/formats.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "formats/metrics/exposition_line.hpp"

namespace keyshift::formats {

class MetricFamilies {
 public:
    explicit MetricFamilies(ExpositionFormat format) : format_(format) {}

    void help(std::string_view name) { family_of(name); }
    Problem type(std::string_view name, std::string_view word);
    Problem unit(std::string_view name, std::string_view text);
    void sample(std::string_view name);

    /// Of the family that the last call was about.
    MetricType type() const { return last_->type; }

 private:
    struct Family {
        MetricType type = MetricType::unknown;
        bool has_type = false;
        bool has_samples = false;
    };
    Family& family_of(std::string_view name);
    Family* whole(std::string_view sample);

    ExpositionFormat format_;
    std::map<std::string, Family, std::less<>> families_;  // a tree: no names can make it slow
    std::string_view sample_name_;                         ///< of the last sample, in families_
    Family* sample_family_ = nullptr;
    Family* sample_type_ = nullptr;
    const Family* last_ = nullptr;
};

}  // namespace keyshift::formats
