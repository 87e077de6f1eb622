// SPDX-License-Identifier: Apache-2.0
// process.hpp: the figures are those of this process. Reads /proc.
#include "exposition/families/process.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/time.hpp"
#include "exposition/drop_invalid.hpp"
#include "unit/exposition/families.hpp"

namespace keyshift::exposition {
namespace {

double value(const std::string& name) {
    std::vector<MetricFamily> families;
    Process().append_families(families);
    const auto found = std::ranges::find(families, name, &MetricFamily::name);
    return found == families.end()              ? -1
           : found->type == MetricType::Counter ? found->metric.at(0).counter.value
                                                : found->metric.at(0).gauge.value;
}

TEST(Process, HasTheStandardFamiliesAndAllAreFit) {
    std::vector<MetricFamily> families;
    Process().append_families(families);
    std::vector<std::string> names;
    names.reserve(families.size());
    for (const MetricFamily& known : families) names.push_back(known.name);
    EXPECT_EQ(names,
              (std::vector<std::string>{"process_cpu_seconds_total", "process_max_fds", "process_open_fds",
                                        "process_resident_memory_bytes", "process_start_time_seconds",
                                        "process_virtual_memory_bytes", "process_virtual_memory_max_bytes"}));
    EXPECT_EQ(drop_invalid(families), 0U);
}

TEST(Process, FiguresAreThisProcesss) {
    const double resident = value("process_resident_memory_bytes");
    EXPECT_GT(resident, 500e3);
    EXPECT_GE(value("process_virtual_memory_bytes"), resident);
    EXPECT_GE(value("process_max_fds"), value("process_open_fds"));
    EXPECT_GE(value("process_cpu_seconds_total"), 0);
    const double age = base::to_unix_seconds(base::now()) - value("process_start_time_seconds");
    EXPECT_GE(age, -2) << "clock ticks and boot time are rounded";
    EXPECT_LT(age, 600);
}

TEST(Process, CountsDescriptors) {
    const double before = value("process_open_fds");
    const int extra = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(value("process_open_fds"), before + 1);
    ::close(extra);
    EXPECT_EQ(value("process_open_fds"), before);
}

}  // namespace
}  // namespace keyshift::exposition
